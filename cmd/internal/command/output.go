package command

import (
	"bytes"
	"strings"
	"sync"
	"unicode"
)

// lineLimit is how much of the first line is kept, in bytes: it ends up in
// logs and in a table on a screen.
const lineLimit = 200

// firstLine is a writer that keeps the first line that is not blank and swallows
// the rest, so that a program that prints much is neither stored nor stopped.
type firstLine struct {
	mu   sync.Mutex
	kept []byte
	done bool
}

// Write implements io.Writer.
func (f *firstLine) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range p {
		switch {
		case f.done:
			return len(p), nil
		case b != '\n':
			f.kept = append(f.kept, b)
			f.done = len(f.kept) == lineLimit
		case len(bytes.TrimSpace(f.kept)) == 0:
			f.kept = f.kept[:0]
		default:
			f.done = true
		}
	}
	return len(p), nil
}

// String returns the line, with spaces for what could confuse a terminal.
func (f *firstLine) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	printable := func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}
	return strings.TrimSpace(strings.Map(printable, string(f.kept)))
}
