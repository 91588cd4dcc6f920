package configs

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// The parts of a line: a key with the space around it, the key, and the value.
var pair = regexp.MustCompile(`^(\s*([\w.-]+)\s*)=(.*)$`)

// The common slips of a line.
var (
	noEquals   = regexp.MustCompile(`^\s*([a-z_0-9]+)\s*(:|\s)\s*([^\s=:].*)$`)
	bareArray  = regexp.MustCompile(`^\[([^"'\[\]{}#]*)\]$`)
	zeroes     = regexp.MustCompile(`^[+-]?0+([1-9]\d*)$`)
	integer    = regexp.MustCompile(`^[+-]?[\d_]+$|^0[xob][\dA-Fa-f_]+$`)
	oneString  = regexp.MustCompile(`^("(?:[^"\\]|\\.)*"|'[^']*')`)
	truthWords = map[string]string{"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}
)

// pair cures a line that is, or should be, a key and its value.
func (x *repair) pair(n int, pe toml.ParseError) {
	m := pair.FindStringSubmatch(x.lines[n-1])
	if m == nil {
		x.noPair(n, pe)
		return
	}
	key, v := m[2], withoutComment(m[3])
	set := func(value string) { x.lines[n-1] = m[1] + "= " + value }
	word, isTruth := truthWords[strings.ToLower(v)]
	switch {
	case strings.Contains(pe.Message, "already been defined"), strings.Contains(pe.Message, "already created"):
		x.slip(n, "%s is in the table already: remove one of the two", key)
		x.lines[n-1] = "#"
	case v == "":
		x.slip(n, "%s has no value", key)
		x.out(n)
	case strings.Contains(pe.Message, "out of range") && integer.MatchString(v):
		x.tooLarge(n, v, set)
	case isTruth && v != word:
		x.slip(n, "%s %s: write %s, in small letters and without quotes", key, v, word)
		set(word)
	case zeroes.MatchString(v):
		decimal := zeroes.FindStringSubmatch(v)[1]
		x.slip(n, "%s %s: a number does not begin with 0: write %s", key, v, decimal)
		set(decimal)
	case strings.ContainsAny(v, "“”„‘’«»"):
		x.slip(n, "%s: quotes are straight in TOML, as in %s", key, quoted(key, strings.Trim(v, "“”„‘’«»")))
		set(quote(strings.Trim(v, "“”„‘’«»")))
	case bareArray.MatchString(v):
		list := strings.FieldsFunc(bareArray.FindStringSubmatch(v)[1], func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
		x.slip(n, "%s: each element needs quotes%s", key, inCase(!mayTell(key), ": "+key+" = "+quoteAll(list)))
		set(quoteAll(list))
	case strings.ContainsAny(v[:1], `"'`):
		x.afterString(n, key, v, pe, set)
	case strings.ContainsAny(v[:1], "[{"):
		x.bracket(n, key, v, pe)
	default:
		x.slip(n, "%s: a text needs quotes: %s", key, quoted(key, v))
		set(quote(v))
	}
}

// noPair has a line without =.
func (x *repair) noPair(n int, pe toml.ParseError) {
	line := x.lines[n-1]
	if m := noEquals.FindStringSubmatch(line); m != nil {
		value := withoutComment(m[3])
		if mayTell(m[1]) {
			value = "…"
		}
		x.slip(n, "%s: the = between key and value is missing: %s = %s", m[1], m[1], value)
		x.lines[n-1] = m[1] + " = " + m[3]
		return
	}
	if s := strings.TrimSpace(line); strings.HasPrefix(s, "//") || strings.HasPrefix(s, ";") || strings.HasPrefix(s, "!") {
		x.slip(n, "a comment begins with #")
	} else {
		x.slip(n, "%s", x.plainly(line, pe))
	}
	x.out(n)
}

// tooLarge has the largest number stand for one that is larger.
func (x *repair) tooLarge(n int, v string, set func(string)) {
	used := strconv.FormatInt(1<<63-1, 10)
	if strings.HasPrefix(v, "-") {
		used = strconv.FormatInt(-1<<63, 10)
	}
	x.seen[n] = true
	x.large = append(x.large, large{n, v, used})
	set(used)
}

// afterString has a string that does not end, or something behind it.
func (x *repair) afterString(n int, key, v string, pe toml.ParseError, set func(string)) {
	s := oneString.FindString(v)
	switch {
	case s == "" || strings.Contains(pe.Message, "cannot contain newlines"):
		x.slip(n, "%s: the quote at the end is missing", key)
		x.out(n)
	case s != v && !strings.HasPrefix(v, s[:1]+s[:1]+s[:1]):
		x.slip(n, "%s: after the value the line has to end: a comment begins with #, and every key has a line of its own", key)
		set(s)
	default:
		x.slip(n, "%s: %s", key, x.plainly(x.lines[n-1], pe))
		x.out(n)
	}
}

// bracket has an array or a table in which something is wrong.
func (x *repair) bracket(n int, key, v string, pe toml.ParseError) {
	end := map[byte]string{'[': "]", '{': "}"}[v[0]]
	switch at := lineOf(strings.Join(x.lines, "\n"), pe); {
	case at != n && (strings.Contains(pe.Message, "terminator") || strings.Contains(pe.Message, "EOF")):
		x.slip(n, "%s: the %s at the end, or a comma, is missing: noticed in line %d", key, end, at)
	default:
		x.slip(n, "%s: %s", key, x.plainly(x.lines[n-1], pe))
	}
	x.out(n)
}

// plainly returns the decoder's words, unless they may have a secret in them.
func (x *repair) plainly(line string, pe toml.ParseError) string {
	if mayTell(line) {
		return "not valid TOML: a text needs quotes, and parts are separated by commas"
	}
	return pe.Message
}

// inCase returns s, or "".
func inCase(ok bool, s string) string {
	if ok {
		return s
	}
	return ""
}

// withoutComment returns a value without what follows #, if no quotes are around.
func withoutComment(v string) string {
	if !strings.ContainsAny(v, `"'`) {
		v, _, _ = strings.Cut(v, "#")
	}
	return strings.TrimSpace(v)
}
