package importer

import (
	"fmt"
	"regexp"
	"strings"
)

// definition is a parameter: $NAME=VALUE.
var definition = regexp.MustCompile(`(?s)^\$([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// use is where a parameter is used: ${NAME}, or $NAME before a space or the end.
var use = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*\}|\$[A-Za-z_][A-Za-z0-9_]*(?:[ \t\n]|$)`)

func isDefinition(s string) bool { return definition.MatchString(s) }

// conditionless returns a line without the @ID in front.
func conditionless(s string) string {
	if !strings.HasPrefix(s, "@") {
		return s
	}
	_, rest, _ := strings.Cut(s, " ")
	return strings.TrimSpace(rest)
}

// maxDepth bounds parameters that are used in parameters.
const maxDepth = 32

// expand resolves the conditions and parameters of a line, which may become several.
func (r *lineReader) expand(at position, s string, depth int) error {
	if r.steps++; depth > maxDepth || r.steps > maxLines || len(s) > maxLine {
		return fmt.Errorf("%s:%d: %w", at.file, at.line, errTooMuch)
	}
	s, ok := r.condition(at, s)
	if m := definition.FindStringSubmatch(s); ok && m != nil {
		r.defs[m[1]] = strings.TrimLeft(m[2], "\n")
		return nil
	}
	switch {
	case !ok || s == "":
		return nil
	case strings.HasPrefix(s, "~SEQ"), strings.HasPrefix(s, "~LST"):
		end := strings.IndexByte(s, ')')
		r.not(at, s[:end+1], "repetition is not supported: write the lines out")
		return nil
	}
	out, changed, err := r.substituted(s)
	switch {
	case err != nil:
		return fmt.Errorf("%s:%d: %w", at.file, at.line, err)
	case !changed:
		if r.bytes += len(s); r.bytes > maxText {
			return fmt.Errorf("%s:%d: %w", at.file, at.line, errTooMuch)
		}
		r.lines = append(r.lines, sourceLine{at, s})
		return nil
	}
	for line := range strings.SplitSeq(out, "\n") {
		if err := r.expand(at, strings.TrimSpace(line), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// condition returns a line without its @ID, and whether it holds here.
func (r *lineReader) condition(at position, s string) (string, bool) {
	if !strings.HasPrefix(s, "@") {
		return s, true
	}
	end := strings.IndexAny(s, " \t\n")
	if end < 0 {
		return "", false
	}
	id, rest := s[1:end], strings.TrimSpace(s[end:])
	if r.options.ConfigID == "" {
		r.not(at, conditional(s), fmt.Sprintf("it is for one of several routers: say which this is to be, with --config-id %s or another", strings.TrimPrefix(id, "^")))
		return "", false
	}
	id, other := strings.CutPrefix(id, "^")
	return rest, (id == r.options.ConfigID) != other
}

// conditional is a conditional line for a remark, without its secret.
func conditional(s string) string {
	if name, _, ok := strings.Cut(s, "="); ok && strings.Contains(name, "$") {
		return name + "=…"
	}
	return masked(strings.Fields(s), 1)
}

// substituted puts the values of parameters in. What is not defined stays, as in
// keepalived.
func (r *lineReader) substituted(s string) (out string, changed bool, err error) {
	var b strings.Builder
	end := 0
	for _, m := range use.FindAllStringIndex(s, -1) {
		name := strings.Trim(s[m[0]:m[1]], "${} \t\n")
		value, ok := r.parameter(name)
		if !ok {
			continue
		}
		b.WriteString(s[end:m[0]])
		b.WriteString(value)
		if end = m[1]; strings.ContainsAny(s[end-1:end], " \t\n") {
			end-- // the space is not of the name
		}
		if changed = true; b.Len() > maxLine {
			return "", false, errTooMuch
		}
	}
	b.WriteString(s[end:])
	return b.String(), changed, nil
}

func (r *lineReader) parameter(name string) (value string, ok bool) {
	if value, ok = r.defs[name]; !ok && name == "_INSTANCE" {
		value = r.options.ConfigID
		ok = value != ""
	}
	return value, ok
}
