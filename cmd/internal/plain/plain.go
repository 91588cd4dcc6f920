// Package plain keeps text that others have written from doing more than being
// read: names of interfaces, what arrived in a packet, the output of a program.
// On a terminal such text could hide lines, and in a log it could make new ones.
package plain

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Line returns s with all that does more than be read in the form of \u001b, line
// ends and tabs included. That form is the same in JSON and TOML. What is not
// UTF-8 becomes U+FFFD.
func Line(s string) string {
	if fine(s, acts) {
		return s
	}
	return string(escape(nil, s, acts))
}

// acts reports whether a terminal, or a reader of lines, does something with r:
// controls, and what turns text around or hides it. All of them are below 0x10000.
func acts(r rune) bool {
	switch {
	case unicode.IsControl(r), r == '\u2028', r == '\u2029', r == '\ufeff', r == '\u061c':
		return true
	}
	return r >= '\u200b' && r <= '\u200f' || r >= '\u202a' && r <= '\u202e' || r >= '\u2060' && r <= '\u2069'
}

// actsOnScreen is acts for whole texts, which have lines and columns of their own.
func actsOnScreen(r rune) bool { return r != '\n' && r != '\t' && acts(r) }

func fine(s string, bad func(rune) bool) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, bad) < 0
}

func escape(dst []byte, s string, bad func(rune) bool) []byte {
	for _, r := range s { // an invalid byte is U+FFFD
		if bad(r) {
			dst = fmt.Appendf(dst, `\u%04x`, r)
		} else {
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// Writer returns a writer that passes text on to w as Line does, lines and tabs
// excepted. It is for text, JSON and TOML; a rune may come in several pieces.
func Writer(w io.Writer) io.Writer { return &writer{to: w} }

type writer struct {
	to   io.Writer
	mu   sync.Mutex
	part []byte // of a rune
}

// Write implements io.Writer. Its count is that of b. Several goroutines may
// call it.
func (w *writer) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := append(w.part, b...)
	whole := len(text) - unfinished(text)
	w.part = append([]byte(nil), text[whole:]...)
	text = text[:whole]
	if s := string(text); !fine(s, actsOnScreen) {
		text = escape(nil, s, actsOnScreen)
	}
	if len(text) > 0 {
		if _, err := w.to.Write(text); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

// unfinished returns how many bytes at the end of b begin a rune that they do not
// end.
func unfinished(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}
