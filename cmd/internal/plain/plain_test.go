package plain

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"eth1":               "eth1",
		"Größe – 界 😀":        "Größe – 界 😀",
		"\x1b[2Jeth1":        `\u001b[2Jeth1`,
		"a\nb\tc\r":          `a\u000ab\u0009c\u000d`,
		"\u009b31m\x7f":      `\u009b31m\u007f`,
		"\u202eabc\u2066":    `\u202eabc\u2066`,
		"\x9b31m":            "\ufffd31m",
		"\u200b\ufeff\u2028": `\u200b\ufeff\u2028`,
	} {
		if got := Line(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestWriterKeepsLinesAndRunesInPieces(t *testing.T) {
	const in, want = "é\tx\n\x1b]0;title\a\u009b1m é\n", "é\tx\n\\u001b]0;title\\u0007\\u009b1m é\n"
	for size := 1; size < 5; size++ {
		var b bytes.Buffer
		w := Writer(&b)
		for rest := in; rest != ""; {
			n := min(size, len(rest))
			if got, err := w.Write([]byte(rest[:n])); got != n || err != nil {
				t.Fatal(got, err)
			}
			rest = rest[n:]
		}
		if b.String() != want {
			t.Errorf("in pieces of %d: %q, want %q", size, b.String(), want)
		}
	}
}

// The JSON that comes out says the same.
func FuzzWriter(f *testing.F) {
	for _, s := range []string{"", "\x1b", "\u009b", "a\xffb", "\u202e", "\u2028\u2029", "😀\U000e0001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var b bytes.Buffer
		if err := json.NewEncoder(Writer(&b)).Encode(s); err != nil {
			t.Fatal(err)
		}
		var got string
		if err := json.Unmarshal(b.Bytes(), &got); err != nil || got != strings.ToValidUTF8(s, "\ufffd") && utf8.ValidString(s) {
			t.Errorf("%q became %q, %v", s, got, err)
		}
		if i := strings.IndexFunc(b.String(), actsOnScreen); i >= 0 {
			t.Errorf("%q is not plain", b.String())
		}
	})
}
