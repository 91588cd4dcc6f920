package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocumentedExamples parses every configuration that the documentation shows.
func TestDocumentedExamples(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, page := range append(pages, "../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for n, block := range blocks(string(text)) {
			seen[filepath.Base(page)]++
			if _, err := Parse(page, []byte(whole(block))); err != nil {
				t.Errorf("%s, example %d:\n%v\n%s", page, n+1, err, block)
			}
		}
	}
	if seen["README.md"] < 2 || seen["interop.md"] == 0 {
		t.Errorf("examples found: %v", seen)
	}
}

// whole gives a table of a group, shown alone, the group that it belongs to.
func whole(block string) string {
	switch {
	case strings.HasPrefix(block, "[hsrp."):
		return "[[hsrp]]\ninterface = \"eth1\"\ngroup = 10\nvirtual_ips = [\"192.0.2.1\"]\n" + block
	case strings.HasPrefix(block, "[vrrp."):
		return "[[vrrp]]\ninterface = \"eth1\"\nvrid = 10\nvirtual_ips = [\"fe80::1\"]\n" + block
	}
	return block
}

// blocks returns the TOML of a page.
func blocks(page string) (list []string) {
	for rest := page; ; {
		_, after, ok := strings.Cut(rest, "```toml\n")
		if !ok {
			return list
		}
		block, next, _ := strings.Cut(after, "```")
		list, rest = append(list, block), next
	}
}
