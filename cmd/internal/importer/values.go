package importer

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// seconds reads a number of seconds, which may have a fraction.
func seconds(s string) (time.Duration, bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > 1e8 {
		return 0, false
	}
	return time.Duration(math.Round(f*1e6)) * time.Microsecond, true
}

// number reads a decimal number between two limits.
func number(s string, low, high int) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= low && n <= high
}

// outside says which values are taken.
func outside(low, high int) string {
	return fmt.Sprintf("want a number of %d to %d", low, high)
}

// hostPrefix reads an address, with the length of its subnet or its whole length.
func hostPrefix(s string) (netip.Prefix, bool) {
	if pfx, err := netip.ParsePrefix(s); err == nil {
		return pfx, true
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

// argv splits a command at its spaces, as keepalived does: quotes keep together, a
// backslash takes the next byte as it is, and nothing else is special.
func argv(s string) []string { return split(s, func(byte) bool { return true }) }

// fields splits a line at its spaces. Quotes of either kind keep together, with
// nothing special between them but, in double ones, a backslash.
func fields(line string) []string { return split(line, func(quote byte) bool { return quote == '"' }) }

// split splits s at its spaces. Between quotes, of which escapes gets the kind, 0
// outside of them, a backslash takes the next byte as it is where escapes says so.
func split(s string, escapes func(quote byte) bool) (words []string) {
	var word strings.Builder
	var quote byte
	in := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && escapes(quote):
			i++
			word.WriteByte(s[i])
			in = true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteByte(c)
		case c == '"' || c == '\'':
			quote, in = c, true
		case c == ' ' || c == '\t':
			if in {
				words = append(words, word.String())
				word.Reset()
				in = false
			}
		default:
			word.WriteByte(c)
			in = true
		}
	}
	if in {
		words = append(words, word.String())
	}
	return words
}

// forShell reports whether a command looks as if it was written for a shell.
func forShell(args []string) bool {
	for _, a := range args {
		if strings.ContainsAny(a, "|&;<>$`*") {
			return true
		}
	}
	return false
}
