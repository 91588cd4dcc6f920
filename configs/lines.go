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
	s := &scanner{rest: withoutMark(text), line: 1, lines: map[string]int{}, elems: map[string]int{}}
	for s.blank(); s.rest != ""; s.blank() {
		before := len(s.rest)
		if s.at("[") {
			s.header()
		} else {
			s.pair(s.table)
		}
		if len(s.rest) == before {
			s.take(1)
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
	rest   string // of the text
	line   int
	depth  int            // of arrays and inline tables around rest
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
	s.rest = ""
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

// at reports whether the rest begins with a text.
func (s *scanner) at(text string) bool { return strings.HasPrefix(s.rest, text) }

// take moves on by n bytes, at most to the end, and returns them.
func (s *scanner) take(n int) string {
	n = min(n, len(s.rest))
	taken := s.rest[:n]
	s.rest = s.rest[n:]
	s.line += strings.Count(taken, "\n")
	return taken
}

// until takes what comes before the first of some characters.
func (s *scanner) until(any string) string {
	n := strings.IndexAny(s.rest, any)
	if n < 0 {
		n = len(s.rest)
	}
	return s.take(n)
}

// while takes what consists of some characters.
func (s *scanner) while(only string) string {
	return s.take(len(s.rest) - len(strings.TrimLeft(s.rest, only)))
}

const space = " \t\r"

// blank skips space, line ends and comments.
func (s *scanner) blank() {
	for s.while(space + "\n"); s.at("#"); s.while(space + "\n") {
		s.until("\r\n")
	}
}

// header reads [a.b] or [[a.b]] and makes it the current table.
func (s *scanner) header() {
	line, array := s.line, s.at("[[")
	s.while("[")
	keys := s.keys(']')
	s.while("]")
	if array {
		s.tables++
	}
	if s.tables > maxTables {
		s.refuse("more than %d [[tables]]", maxTables)
	}
	s.table = ""
	for i, k := range keys {
		s.table = join(s.table, k)
		if array && i == len(keys)-1 {
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
	if s.at("=") {
		s.take(1)
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
		s.while(space)
		if s.rest == "" {
			return keys
		}
		switch c := s.rest[0]; c {
		case end, '=', '\n', ']', '}', ',':
			return keys
		case '.':
			s.take(1)
		case '"', '\'':
			keys = append(keys, unquote(s.str()))
		default:
			keys = append(keys, s.until(" \t\r\n.=]},\"'"))
		}
	}
}

// value reads any value and notes where it and its parts start.
func (s *scanner) value(path string) {
	s.while(space)
	if !s.note(path, s.line) {
		return
	}
	switch {
	case s.at(`"`), s.at("'"):
		s.str()
	case s.at("["):
		s.within(path, "]")
	case s.at("{"):
		s.within(path, "}")
	default:
		s.until(",]}#\n")
	}
}

// within reads an array or an inline table from its opening bracket to end.
func (s *scanner) within(path, end string) {
	if s.depth++; s.depth > maxDepth {
		s.refuse("arrays and tables nested more than %d deep", maxDepth)
	}
	s.take(1)
	s.blank()
	for i := 0; s.rest != "" && !s.at(end); i++ {
		switch {
		case end == "}":
			s.pair(path)
		case i >= maxElements:
			s.refuse("an array of more than %d elements", maxElements)
		default:
			s.value(elem(path, i))
		}
		s.blank()
		if !s.at(end) {
			s.take(1) // a comma, or what is wrong: the scan has to go on
		}
		s.blank()
	}
	s.take(1)
	s.depth--
}

// str reads a string of any of the four kinds.
func (s *scanner) str() string {
	all, quote := s.rest, s.rest[:1]
	end := quote
	if s.at(strings.Repeat(quote, 3)) {
		end = strings.Repeat(quote, 3)
	}
	s.take(len(end))
	for s.rest != "" && !s.at(end) {
		if quote == `"` && s.at(`\`) {
			s.take(1)
		}
		s.take(1)
	}
	s.take(len(end))
	// A multi-line string may end in up to two quotes of its own.
	for i := 0; i < 2 && len(end) == 3 && s.at(quote); i++ {
		s.take(1)
	}
	return all[:len(all)-len(s.rest)]
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
