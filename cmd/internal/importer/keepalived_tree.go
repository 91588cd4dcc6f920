package importer

import (
	"fmt"
	"slices"
	"strings"
)

// statement is words, and what follows them in braces.
type statement struct {
	at    position
	words []string
	block []*statement
	has   bool // braces, be there nothing in them
}

// arg returns word n, "" where there is none.
func (s *statement) arg(n int) string {
	if n < len(s.words) {
		return s.words[n]
	}
	return ""
}

// secretWords are statements whose words are not repeated to a person.
var secretWords = []string{"auth_pass", "key", "key-string", "authentication", "password", "encrypted-password", "plaintext-password", "md5"}

// String returns the statement for a remark.
func (s *statement) String() string {
	text := masked(s.words, 0)
	if s.has {
		text += " { }"
	}
	return text
}

// masked returns words for a remark. What follows a word of authentication, from
// word first on, is left out.
func masked(words []string, first int) string {
	for n, w := range words {
		if n >= first && slices.Contains(secretWords, w) && n+1 < len(words) {
			return strings.Join(words[:n+1], " ") + " …"
		}
		if n > first {
			break
		}
	}
	return strings.Join(words, " ")
}

// all returns the words of the statements of a block, for lists of names.
func (s *statement) all() (list []*statement) {
	for _, b := range s.block {
		for _, w := range b.words {
			list = append(list, &statement{at: b.at, words: []string{w}})
		}
	}
	return list
}

// maxNested is far beyond what keepalived has.
const maxNested = 32

// tree builds statements of lines. A brace stands for itself wherever it is, but for
// quotes and parameters that nobody defined.
func tree(lines []sourceLine) ([]*statement, error) {
	root := &statement{}
	stack := []*statement{root}
	for _, l := range lines {
		var words []string
		flush := func() {
			if len(words) > 0 {
				top := stack[len(stack)-1]
				top.block = append(top.block, &statement{at: l.at, words: words})
				words = nil
			}
		}
		for _, t := range tokens(l.text) {
			switch {
			case t == "{":
				flush()
				open, err := opened(stack[len(stack)-1], l.at)
				if err != nil || len(stack) > maxNested {
					return nil, fmt.Errorf("%s:%d: a { without a statement in front of it, or too deep", l.at.file, l.at.line)
				}
				stack = append(stack, open)
			case t == "}":
				flush()
				if len(stack) == 1 {
					return nil, fmt.Errorf("%s:%d: a } without {: it is not keepalived's configuration, or a line above lacks its {", l.at.file, l.at.line)
				}
				stack = stack[:len(stack)-1]
			default:
				words = append(words, unquoted(t))
			}
		}
		flush()
	}
	if top := stack[len(stack)-1]; top != root {
		return nil, fmt.Errorf("%s:%d: %s: the } at its end is missing", top.at.file, top.at.line, top)
	}
	return root.block, nil
}

// opened returns the statement that a brace belongs to: the last, if it has none.
func opened(top *statement, at position) (*statement, error) {
	if n := len(top.block); n > 0 && !top.block[n-1].has {
		s := top.block[n-1]
		s.has = true
		return s, nil
	}
	return nil, fmt.Errorf("line %d", at.line)
}

// tokens splits a line into braces and words; those in quotes keep them.
func tokens(s string) (list []string) {
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\n':
			i++
		case c == '{' || c == '}':
			list = append(list, s[i:i+1])
			i++
		default:
			end := wordEnd(s, i)
			list = append(list, s[i:end])
			i = end
		}
	}
	return list
}

func wordEnd(s string, i int) int {
	quoted := false
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case strings.HasPrefix(s[i:], "${"):
			if end := strings.IndexByte(s[i:], '}'); end > 0 {
				i += end
			}
		case c == ' ' || c == '\t' || c == '\n' || c == '{' || c == '}':
			return i
		}
	}
	return i
}

// unquoted returns a word without the quotes around it.
func unquoted(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}
