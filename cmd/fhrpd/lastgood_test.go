package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/configs"
)

// goodFile is a configuration with a secret, and what is kept of it.
func goodFile(t *testing.T) (path string, c *configs.Config, l *lastGood) {
	t.Helper()
	t.Setenv("STATE_DIRECTORY", t.TempDir())
	path = filepath.Join(t.TempDir(), "f.toml")
	put(t, path, "[[hsrp]]\ninterface = \"eth1\"\ngroup = 10\nvirtual_ips = [\"192.0.2.1\"]\nauth = { md5 = \"secret\" }\n")
	c, err := configs.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	l = lastGoodOf(path)
	if err := l.keep(c); err != nil {
		t.Fatal(err)
	}
	return path, c, l
}

func printed(t *testing.T, c *configs.Config) string {
	t.Helper()
	var b strings.Builder
	if err := configs.Print(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFaultyFileIsReplacedByWhatRanLast(t *testing.T) {
	path, want, l := goodFile(t)
	for text, word := range map[string]string{"[[hsrp]]\ngroup = 5000\nhello = 3\n": "and more faults: ", "[[hsrp]\n": "f.toml:1"} {
		put(t, path, text)
		c, why := l.instead()
		if c == nil {
			t.Fatalf("%q: nothing takes its place", text)
		}
		if diff := cmp.Diff(printed(t, want), printed(t, c)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
		if !strings.Contains(why, word) || !strings.Contains(why, "fhrpd check --config "+path) {
			t.Errorf("%q: %s", text, why)
		}
	}
	if fi, err := os.Stat(l.path); err != nil || fi.Mode() != 0o600 {
		t.Errorf("what is kept has secrets, and mode %v, error %v", fi.Mode(), err)
	}
}

func TestNothingIsReplacedWhereSomebodyWantsNone(t *testing.T) {
	path, _, l := goodFile(t)
	for name, change := range map[string]func(){
		"a good file":         func() {},
		"a removed file":      func() { os.Remove(path) },
		"nothing kept":        func() { put(t, path, "[[hsrp]\n"); os.Remove(l.path) },
		"faults in the other": func() { put(t, path, "[[hsrp]\n"); put(t, l.path, "[[hsrp]\n") },
	} {
		t.Run(name, func(t *testing.T) {
			path, _, l = goodFile(t)
			change()
			if c, why := l.instead(); c != nil {
				t.Errorf("replaced: %s", why)
			}
		})
	}
	t.Setenv("STATE_DIRECTORY", "")
	if l := lastGoodOf(path); l != nil {
		t.Error("kept without a service")
	}
}
