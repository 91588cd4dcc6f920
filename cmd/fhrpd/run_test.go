package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file with faults is a failure of run, whose exit codes are 0 and 1, and
// not the answer to a question as it is for check.
func TestRunExits1ForAFaultyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.toml")
	if err := os.WriteFile(path, []byte("[[hsrp]]\ngroup = 5000\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, word := range map[string]string{path: "group 5000 must be", path + ".gone": "no such file"} {
		r := fhrpd(t.Context(), "run", "--config", name, "--control", filepath.Join(t.TempDir(), "c.sock"))
		if r.code != 1 || !strings.Contains(r.stderr, word) {
			t.Errorf("exit %d, %q; want 1 and %q", r.code, r.stderr, word)
		}
	}
}

// Whatever keeps the daemon from running is a line of JSON where the log is.
func TestFatalErrorsObeyTheFormatOfTheLog(t *testing.T) {
	const groups = "[[hsrp]]\ninterface = \"eth1\"\ngroup = 10\nvirtual_ips = [\"192.0.2.1\"]\n"
	dir := t.TempDir()
	socket, nowhere := filepath.Join(dir, "c.sock"), filepath.Join(dir, "json.toml", "c.sock") // below a file
	for name, tt := range map[string]struct{ file, text, control, word string }{
		"no socket":      {"json.toml", "[daemon]\nformat = \"json\"\n" + groups, nowhere, "not a directory"},
		"faults":         {"faults.toml", "daemon.format = \"json\"\n[[hsrp]]\ngroup = 5000\nhello = 3\n", socket, "group 5000 must be"},
		"not even TOML":  {"broken.toml", " [ daemon ] # mine\n  format= 'json'\n[[hsrp]\n", socket, "broken.toml:"},
		"text no socket": {"text.toml", "[daemon]\nformat = \"text\"\n" + groups, nowhere, "fhrpd: "},
		"text faults":    {"text2.toml", "# format = \"json\"\n[[track]]\nformat = \"json\"\n", socket, "text2.toml:"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, tt.file)
			if err := os.WriteFile(path, []byte(tt.text), 0o644); err != nil {
				t.Fatal(err)
			}
			if nowhere == tt.control {
				if err := os.WriteFile(filepath.Join(dir, "json.toml"), []byte(tt.text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			r := fhrpd(t.Context(), "run", "--config", path, "--control", tt.control)
			if r.code != 1 || !strings.Contains(r.stderr, tt.word) {
				t.Errorf("exit %d, %q; want 1 and %q", r.code, r.stderr, tt.word)
			}
			for line := range strings.Lines(r.stderr) {
				if is := json.Valid([]byte(line)); is == strings.HasPrefix(name, "text") {
					t.Errorf("JSON %t: %s", is, line)
				}
			}
		})
	}
}
