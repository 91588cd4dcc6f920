package configs

import (
	"strings"
	"testing"
)

// The decoder recurses as deep as the text does; what goes beyond a limit must
// not reach it.
func TestFileBeyondALimitIsRefusedWithTheLine(t *testing.T) {
	deep := func(open, end string, n int) string { return strings.Repeat(open, n) + "1" + strings.Repeat(end, n) }
	for _, tt := range []struct{ name, text, want string }{
		{"arrays in each other", "[daemon]\nx = " + deep("[", "]", maxDepth+1), "f:2: arrays and tables nested more than 16 deep"},
		{"arrays without end", "x = " + strings.Repeat("[", maxSize-4), "f:1: arrays and tables nested more than 16 deep"},
		{"inline tables in each other", "x = " + deep("{a=", "}", maxDepth+1), "f:1: arrays and tables nested more than 16 deep"},
		{"both in each other, over lines", "x = " + deep("[\n{a=", "}]", maxDepth), "f:9: arrays and tables nested more than 16 deep"},
		{"dotted key", "\n" + strings.Repeat("a.", maxDepth) + "a = 1", "f:2: a key of more than 16 parts"},
		{"dotted header", "[" + strings.Repeat("a.", maxSize/2-2) + "a]", "f:1: a key of more than 16 parts"},
		{"dotted keys in each other", "x = " + deep("{a.b.c.d.e.f.g.h.i.j.k.l.m=", "}", 6), "is too long: at most 128 bytes"},
		{"long key", strings.Repeat("k", maxPath+1) + " = 1", "f:1: the key " + strings.Repeat("k", 32) + "... is too long: at most 128 bytes with its tables"},
		{"long quoted header", `["` + strings.Repeat("k", maxSize-4) + `"]`, "is too long"},
		{"array", "x = [" + strings.Repeat("\n1,", maxElements+1) + "]", "f:4098: an array of more than 4096 elements"},
		{"tables", strings.Repeat("[[hsrp]]\n", maxTables+1), "f:16385: more than 16384 [[tables]]"},
		{"behind a mark that is none of UTF-8", "\xff\xfe#\"\nx = " + strings.Repeat("[", 99), "nested more than"},
		{"behind a comment that a carriage return ends", "#\"\rx = " + strings.Repeat("[", 99), ""},
		{"behind a broken string", "x = \"\ny = " + strings.Repeat("[", 99), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("f", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %.200v, want %q", err, tt.want)
			}
		})
	}
}

func TestFileWithinTheLimitsIsRead(t *testing.T) {
	for _, text := range []string{
		"x = " + strings.Repeat("[", maxDepth) + "1" + strings.Repeat("]", maxDepth),
		"x = [" + strings.Repeat("[{a=[1]}],", 2*maxDepth) + "]",
		strings.Repeat("a.", maxDepth-1) + "a = 1",
		strings.Repeat("k", maxPath) + " = 1",
		"x = [" + strings.Repeat("1,", maxElements) + "]",
		"x = \"" + strings.Repeat("[", maxDepth+1) + "\"",
		"# " + strings.Repeat("[", maxDepth+1) + "\nx = 1",
		"x = \"\"\"\n" + strings.Repeat("[a.b", maxDepth+1) + "\"\"\"",
	} {
		// The keys are unknown, which only a text that was decoded can be
		// blamed for.
		if _, err := Parse("f", []byte(text)); err == nil || !strings.Contains(err.Error(), "unknown key") {
			t.Errorf("%.60q: %.200v", text, err)
		}
	}
}
