package configs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentedExamples parses every configuration that the documentation shows.
func TestDocumentedExamples(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	seen, dir := map[string]int{}, t.TempDir()
	for _, page := range append(pages, "../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for n, block := range blocks(string(text)) {
			seen[filepath.Base(page)]++
			for _, key := range secretFile.FindAllStringSubmatch(block, -1) {
				if err := os.WriteFile(filepath.Join(dir, key[1]), []byte(strings.Repeat("k", 32)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Parse(filepath.Join(dir, filepath.Base(page)), []byte(whole(block))); err != nil {
				t.Errorf("%s, example %d:\n%v\n%s", page, n+1, err, block)
			}
		}
	}
	if seen["README.md"] < 2 || seen["interop.md"] == 0 {
		t.Errorf("examples found: %v", seen)
	}
}

var secretFile = regexp.MustCompile(`secret_file = "([^"/]+)"`)

// whole gives a table or a key of a group, shown alone, what it belongs to.
func whole(block string) string {
	switch {
	case strings.HasPrefix(block, "[hsrp."):
		return "[[hsrp]]\ninterface = \"eth1\"\ngroup = 10\nvirtual_ips = [\"192.0.2.1\"]\n" + block
	case strings.HasPrefix(block, "[vrrp."):
		return "[[vrrp]]\ninterface = \"eth1\"\nvrid = 10\nvirtual_ips = [\"fe80::1\"]\n" + block
	}
	if strings.HasPrefix(block, "auth = ") {
		return "[[keychain]]\nname = \"lan\"\nkeys = [{ id = 1, secret = \"a passphrase of at least 32 bytes\" }]\n" + "[[vrrp]]\ninterface = \"eth1\"\nvrid = 11\nvirtual_ips = [\"192.0.2.1\"]\n" + block
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
