package configs

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// indexLines maps the path of every table and value of a TOML text, such as
// hsrp[1].announce.count or vrrp[0].virtual_ips[2], to the line it starts on.
//
// The decoder knows positions only for what it rejects, and keeps one for all
// elements of an array of tables, so a rule that fails after decoding could not
// say where. The scan also comes first, because the decoder takes any depth
// until the stack is full: a text beyond the limits below is refused. It has to
// be right only about what is valid TOML up to where it looks, for the decoder
// stops at the first error, and has to end on anything.
func indexLines(text string) (map[string]int, *Fault) {
	s := &scanner{text: withoutMark(text), line: 1,
		lines: map[string]int{}, elems: map[string]int{}}
	for s.blank(true); !s.done(); s.blank(true) {
		start := s.pos
		if s.peek() == '[' {
			s.header()
		} else {
			s.pair(s.table)
		}
		if s.pos == start {
			s.step()
		}
	}
	return s.lines, s.over
}

// Limits of a file, far beyond what one with 4096 groups has.
const (
	maxDepth    = 16      // arrays and inline tables inside each other; parts of a dotted key
	maxPath     = 128     // bytes of a path as indexLines writes it
	maxElements = 1 << 12 // of one array
	maxTables   = 1 << 14 // [[…]] headers
)

// withoutMark leaves out the byte order mark, as the decoder does.
func withoutMark(text string) string {
	for _, mark := range []string{"\ufeff", "\xff\xfe", "\xfe\xff"} {
		if rest, ok := strings.CutPrefix(text, mark); ok {
			return rest
		}
	}
	return text
}

type scanner struct {
	text   string
	pos    int
	line   int
	depth  int            // of arrays and inline tables around pos
	tables int            // [[…]] headers so far
	table  string         // path of the table in whose body the scan is
	lines  map[string]int // result
	elems  map[string]int // how many [[…]] headers a path has had
	over   *Fault         // why the scan has ended early, if it has
}

// refuse ends the scan.
func (s *scanner) refuse(format string, args ...any) {
	if s.over == nil {
		s.over = &Fault{Line: s.line, Msg: fmt.Sprintf(format, args...)}
	}
	s.pos = len(s.text)
}

// note remembers the line of a path and reports whether it may be used.
func (s *scanner) note(path string, line int) bool {
	if len(path) > maxPath {
		s.refuse("the key %s... is too long: at most %d bytes with its tables", path[:32], maxPath)
		return false
	}
	if _, ok := s.lines[path]; !ok {
		s.lines[path] = line
	}
	return true
}

func (s *scanner) done() bool { return s.pos >= len(s.text) }

// peek returns the next byte, or 0 at the end.
func (s *scanner) peek() byte {
	if s.done() {
		return 0
	}
	return s.text[s.pos]
}

// step moves on by one byte, and stays at the end.
func (s *scanner) step() {
	if s.done() {
		return
	}
	if s.peek() == '\n' {
		s.line++
	}
	s.pos++
}

// blank skips space and, when asked, line ends and comments.
func (s *scanner) blank(lines bool) {
	for !s.done() {
		switch c := s.peek(); {
		case c == ' ' || c == '\t' || c == '\r':
		case lines && c == '\n':
		case lines && c == '#':
			for !s.done() && s.peek() != '\n' && s.peek() != '\r' {
				s.step()
			}
			continue
		default:
			return
		}
		s.step()
	}
}

// header reads [a.b] or [[a.b]] and makes it the current table.
func (s *scanner) header() {
	line, array := s.line, strings.HasPrefix(s.text[s.pos:], "[[")
	for s.peek() == '[' {
		s.step()
	}
	keys := s.keys(']')
	for s.peek() == ']' {
		s.step()
	}
	if array {
		s.tables++
	}
	if s.tables > maxTables {
		s.refuse("more than %d [[tables]]", maxTables)
	}
	s.table = ""
	for i, k := range keys {
		s.table = join(s.table, k)
		last := i == len(keys)-1
		if last && array {
			s.elems[s.table]++
		}
		if n := s.elems[s.table]; n > 0 {
			s.table = elem(s.table, n-1)
		}
	}
	s.note(s.table, line)
}

// pair reads one key = value below the table at path.
func (s *scanner) pair(path string) {
	line := s.line
	for _, k := range s.keys('=') {
		path = join(path, k)
		if !s.note(path, line) {
			return
		}
	}
	if s.peek() == '=' {
		s.step()
		s.value(path)
	}
}

// keys reads a dotted key up to, and without, the byte end or the line's end.
func (s *scanner) keys(end byte) []string {
	var keys []string
	for {
		if len(keys) > maxDepth {
			s.refuse("a key of more than %d parts", maxDepth)
		}
		s.blank(false)
		start := s.pos
		switch c := s.peek(); {
		case c == end || c == '=' || c == '\n' || s.done() || c == ']' || c == '}' || c == ',':
			return keys
		case c == '.':
			s.step()
		case c == '"' || c == '\'':
			s.str()
			keys = append(keys, unquote(s.text[start:s.pos]))
		default:
			for !s.done() && !strings.ContainsRune(" \t\r\n.=]},\"'", rune(s.peek())) {
				s.step()
			}
			keys = append(keys, s.text[start:s.pos])
		}
	}
}

// value reads any value and notes where it and its parts start.
func (s *scanner) value(path string) {
	s.blank(false)
	if !s.note(path, s.line) {
		return
	}
	switch s.peek() {
	case '"', '\'':
		s.str()
	case '[':
		s.within(path, ']')
	case '{':
		s.within(path, '}')
	default:
		for !s.done() && !strings.ContainsRune(",]}#\n", rune(s.peek())) {
			s.step()
		}
	}
}

// within reads an array or an inline table from its opening bracket to end.
func (s *scanner) within(path string, end byte) {
	if s.depth++; s.depth > maxDepth {
		s.refuse("arrays and tables nested more than %d deep", maxDepth)
	}
	s.step()
	s.blank(true)
	for i := 0; !s.done() && s.peek() != end; i++ {
		switch {
		case end == '}':
			s.pair(path)
		case i >= maxElements:
			s.refuse("an array of more than %d elements", maxElements)
		default:
			s.value(elem(path, i))
		}
		// Whatever is neither a comma nor the end is skipped too, so that the scan
		// goes on.
		s.blank(true)
		if s.peek() != end {
			s.step()
		}
		s.blank(true)
	}
	s.step()
	s.depth--
}

// str skips a string of any of the four kinds.
func (s *scanner) str() {
	quote := s.text[s.pos : s.pos+1]
	end := quote
	if strings.HasPrefix(s.text[s.pos:], strings.Repeat(quote, 3)) {
		end = strings.Repeat(quote, 3)
	}
	for range len(end) {
		s.step()
	}
	for !s.done() && !strings.HasPrefix(s.text[s.pos:], end) {
		if s.peek() == '\\' && quote == `"` {
			s.step()
		}
		s.step()
	}
	// A multi-line string may end in up to two quotes of its own.
	for i := 0; !s.done() && (i < len(end) || len(end) == 3 && i < 5 && s.text[s.pos:s.pos+1] == quote); i++ {
		s.step()
	}
}

func unquote(key string) string {
	if u, err := strconv.Unquote(key); err == nil {
		return u
	}
	return strings.Trim(key, `"'`)
}

// join returns the path of key inside the table at path.
func join(path, key string) string {
	key = toml.Key{key}.String()
	if path == "" {
		return key
	}
	return path + "." + key
}

// elem returns the path of element i of the array at path.
func elem(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
