package configs

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// mostSlips is how many faults of syntax are looked for. Each costs a decoding, so
// in a large file it is fewer, two at least.
const mostSlips = 20

// repair is a text that the decoder has refused, on its way to one that it takes.
// The decoder stops at the first fault. What is wrong behind it is found when that
// one is cured, or its value is taken out, and its line stays its line.
type repair struct {
	*report
	lines  []string
	failed map[int]bool // lines, from 1, whose value is unknown
	seen   map[int]bool // lines that have their fault
	large  []large      // numbers
}

// large is a number that no integer holds. Another one stands for it, so that the
// rule for the key tells what it allows.
type large struct {
	line          int
	written, used string
}

// decoded decodes a text, repaired where it has to be. ok says that doc has all
// that could be read, and that a rule may look at it.
func decoded(r *report, text string) (doc map[string]any, fix *repair, ok bool) {
	fix = &repair{report: r, lines: strings.Split(text, "\n"), failed: map[int]bool{}, seen: map[int]bool{}}
	doc, err := decode(text)
	if err == nil && len(lone(doc)) == 0 {
		return doc, fix, true
	}
	fix.doubleBrackets()
	for range max(2, min(mostSlips, maxSize/(len(text)+1))) {
		text := strings.Join(fix.lines, "\n")
		if _, over := indexLines(text); over != nil {
			return nil, fix, false
		}
		doc, err := decode(text)
		if err == nil {
			return doc, fix, true
		}
		if !fix.cure(text, err) {
			return nil, fix, false
		}
	}
	return nil, fix, false
}

func decode(text string) (map[string]any, error) {
	doc := map[string]any{}
	_, err := toml.Decode(text, &doc)
	return doc, err
}

// arrays are the tables of which a file has many.
func arrays() (names []string) {
	for _, f := range rawFields(reflect.TypeFor[rawConfig]()) {
		if strings.HasPrefix(f.Type.Name(), "list[") {
			names = append(names, f.Tag.Get("toml"))
		}
	}
	return names
}

// lone returns the arrays of a document that were written as one table.
func lone(doc map[string]any) []string {
	return slices.DeleteFunc(arrays(), func(name string) bool {
		_, single := doc[name].(map[string]any)
		return !single
	})
}

var header = regexp.MustCompile(`^\s*\[+\s*([\w.-]+)\s*(\]*)\s*(?:#.*)?$`)

// doubleBrackets makes [hsrp] what was meant.
func (x *repair) doubleBrackets() {
	for i, line := range x.lines {
		m := header.FindStringSubmatch(line)
		if m != nil && slices.Contains(arrays(), m[1]) && strings.Count(line, "[") == 1 && m[2] == "]" {
			x.slip(i+1, "[%s] is for a table of which there is one: write [[%[1]s]]", m[1])
			x.lines[i] = "[[" + m[1] + "]]"
		}
	}
}

// slip complains about a line, once.
func (x *repair) slip(line int, format string, args ...any) {
	if !x.seen[line] {
		x.fault(position{line: line}, format, args...)
	}
	x.seen[line] = true
}

// cure removes the fault that the decoder has met, and reports whether it could.
func (x *repair) cure(text string, err error) bool {
	pe, ok := errors.AsType[toml.ParseError](err)
	if !ok {
		x.fault(position{}, "%v", err)
		return false
	}
	n := x.statement(pe, min(lineOf(text, pe), len(x.lines)))
	line := strings.TrimSpace(x.lines[n-1])
	switch {
	case strings.HasPrefix(line, "["):
		return x.header(n, pe)
	case x.seen[n] && x.failed[n]: // a value is out, and it is still wrong
		x.lines[n-1] = "#"
		return line != "#"
	case x.seen[n]:
		x.out(n)
		return true
	}
	x.pair(n, pe)
	return true
}

// lineOf returns the line, from 1, on which the decoder noticed. Its own count is
// one too many where a line ends too soon.
func lineOf(text string, pe toml.ParseError) int {
	text = withoutMark(text)
	return 1 + strings.Count(text[:min(max(pe.Position.Start, 0), len(text))], "\n")
}

// statement returns the line, from 1, on which what is wrong began, where it was
// noticed on line n.
func (x *repair) statement(pe toml.ParseError, n int) int {
	key := pe.LastKey[strings.LastIndexByte(pe.LastKey, '.')+1:]
	if !strings.Contains(pe.Message, "terminator") && !strings.Contains(pe.Message, "EOF") && pair.MatchString(x.lines[n-1]) {
		return n
	}
	// An array or a table that is not closed, or the rest of a value.
	for at := n; at > 0; at-- {
		if m := pair.FindStringSubmatch(x.lines[at-1]); m != nil && (m[2] == key || strings.Contains(pe.LastKey, "."+m[2]+".")) {
			return at
		}
		if strings.HasPrefix(strings.TrimSpace(x.lines[at-1]), "[[") {
			break
		}
	}
	return n
}

// header closes the brackets of a table.
func (x *repair) header(n int, pe toml.ParseError) bool {
	m := header.FindStringSubmatch(x.lines[n-1])
	if m == nil || x.seen[n] {
		x.slip(n, "%s", pe.Message)
		return false
	}
	want := "[" + m[1] + "]"
	if slices.Contains(arrays(), m[1]) {
		want = "[" + want + "]"
	}
	if strings.Join(strings.Fields(x.lines[n-1]), "") == want {
		x.slip(n, "%s is in the file already: a table of this name may stand only once in the one that it belongs to", want)
		return false
	}
	x.slip(n, "%s is not the head of a table: write %s", strings.TrimSpace(x.lines[n-1]), want)
	x.lines[n-1] = want
	return true
}

// out takes the value of a line out, and what hangs on below it.
func (x *repair) out(n int) {
	x.failed[n] = true
	if m := pair.FindStringSubmatch(x.lines[n-1]); m != nil {
		x.lines[n-1] = m[1] + "= false"
	} else {
		x.lines[n-1] = "#"
	}
	for i := n; i < len(x.lines) && !begins(x.lines[i]); i++ {
		x.lines[i] = "#"
	}
}

// begins reports whether a line is not the rest of another.
func begins(line string) bool {
	s := strings.TrimSpace(line)
	return s == "" || s[0] == '#' || s[0] == '[' && header.MatchString(s) || pair.MatchString(line)
}

// restore puts back in a fault the number that was in the file.
func (x *repair) restore() {
	for _, l := range x.large {
		told := false
		for i := range x.faults {
			f := &x.faults[i]
			f.Path = strings.ReplaceAll(f.Path, l.used, l.written)
			if f.Line == l.line {
				told = true
				f.Msg = strings.ReplaceAll(f.Msg, l.used, l.written)
			}
		}
		if !told {
			x.fault(position{line: l.line}, "%s is too large a number", l.written)
		}
	}
}

// mayTell reports whether the value of a key must not be repeated.
func mayTell(line string) bool {
	for _, word := range []string{"auth", "md5", "text", "secret", "http", "key"} {
		if strings.Contains(line, word) {
			return true
		}
	}
	return false
}

func quoted(key, v string) string {
	if mayTell(key) || mayTell(v) {
		v = "…"
	}
	return fmt.Sprintf("%s = %s", key, quote(v))
}
