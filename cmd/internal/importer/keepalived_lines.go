package importer

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// sourceLine is a line of keepalived's configuration after includes, conditions and
// definitions.
type sourceLine struct {
	at   position
	text string
}

// lineReader turns files into lines, as keepalived's own reader does.
type lineReader struct {
	*draft
	defs  map[string]string // a value of several lines has newlines
	open  []string          // the files that are being read, for circles
	lines []sourceLine
	bytes int // of what was read and written
	steps int
}

var errTooMuch = errors.New("its includes and definitions grow beyond all bounds")

// maxLine bounds one line after its parameters.
const maxLine = 1 << 20

func (r *lineReader) file(path string, text string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	r.open = append(r.open, abs)
	defer func() { r.open = r.open[:len(r.open)-1] }()
	r.defs["_PWD"] = filepath.Dir(abs)
	defer func() {
		if n := len(r.open); n > 1 {
			r.defs["_PWD"] = filepath.Dir(r.open[n-2])
		}
	}()
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for n := 0; n < len(lines); n++ {
		at := position{path, n + 1}
		line, more := uncommented(lines[n])
		if isDefinition(conditionless(line)) { // the only lines that go on
			for more && n+1 < len(lines) {
				var next string
				n++
				next, more = uncommented(lines[n])
				line += "\n" + next
			}
		}
		if err := r.line(at, line); err != nil {
			return err
		}
	}
	return nil
}

// uncommented returns a line without comment and the space around it. more says that
// it ends with a backslash.
func uncommented(s string) (line string, more bool) {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
			b.WriteByte(c)
		case c == '\\' && strings.TrimSpace(s[i+1:]) == "":
			return strings.TrimSpace(b.String()), true
		case c == '\\' && !quoted && (s[i+1] == '#' || s[i+1] == '!'):
			i++
			b.WriteByte(s[i])
		case c == '\\':
			i++
			b.WriteByte(c)
			b.WriteByte(s[i])
		case !quoted && (c == '#' || c == '!'):
			return strings.TrimSpace(b.String()), false
		default:
			b.WriteByte(c)
		}
	}
	return strings.TrimSpace(b.String()), false
}

// line handles one line of a file.
func (r *lineReader) line(at position, s string) error {
	word := s
	if end := strings.IndexAny(s, " \t\n"); end >= 0 {
		word = s[:end]
	}
	if slices.Contains(includes, word) {
		return r.include(at, word, strings.TrimSpace(s[len(word):]))
	}
	return r.expand(at, s, 0)
}

var includes = []string{"include", "includer", "includem", "includew", "includeb", "includea"}

func (r *lineReader) include(at position, word, pattern string) error {
	what := word + " " + pattern
	pattern = strings.Trim(pattern, `"`)
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(filepath.Dir(at.file), pattern)
	}
	names, err := r.options.Files.Glob(pattern)
	switch {
	case err != nil:
		r.not(at, what, err.Error())
	case len(names) == 0 && !strings.ContainsAny(pattern, "*?[{"):
		r.not(at, what, "there is no such file")
	case len(names) == 0:
		r.not(at, what, "no file has such a name")
	}
	for _, name := range names {
		if err := r.included(at, what, name); err != nil {
			return err
		}
	}
	return nil
}

func (r *lineReader) included(at position, what, name string) error {
	abs, err := filepath.Abs(name)
	if err == nil && slices.Contains(r.open, abs) {
		r.not(at, what, name+" is being read already: a circle")
		return nil
	}
	text, err := r.options.Files.Read(name)
	if err != nil {
		r.not(at, what, err.Error())
		return nil
	}
	if r.bytes += len(text); r.bytes > maxText {
		return fmt.Errorf("%s:%d: %s: %w", at.file, at.line, what, errTooMuch)
	}
	return r.file(name, string(text))
}
