package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// written returns the path of a file with a text.
func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestImport(t *testing.T) {
	const router = "interface Vlan10\n standby 10 ip 192.0.2.1\n"
	for _, tt := range []struct {
		name, dialect, text string
		more                []string
		code                int
		stderr              string // begins so, after the path
	}{
		{"all of it", "frr", "interface eth1\n vrrp 5 ip 192.0.2.1\n", nil, 0, ":2: note: "},
		{"in part", "ios", router, nil, 5, ":1: not translated: interface Vlan10: "},
		{"all once the name is known", "ios", router, []string{"--interface", "vlan10=eth1"}, 0, ""},
		{"for one of two", "keepalived", "@main vrrp_instance a {\n@main interface eth1\n@main virtual_router_id 1\n@main virtual_ipaddress { 192.0.2.1 }\n@main }\n", []string{"--config-id", "main"}, 0, ""},
		{"nothing in it", "vyos", "high-availability {\n}\n", nil, 1, ": not translated: no high-availability vrrp group"},
		{"not such a file", "keepalived", "}\n", nil, 2, "fhrpd: "},
	} {
		path := written(t, tt.text)
		r := fhrpd(t.Context(), append([]string{"import", tt.dialect, path}, tt.more...)...)
		said := strings.TrimPrefix(r.stderr, path)
		if r.code != tt.code || !strings.HasPrefix(said, tt.stderr) || tt.stderr == "" && said != "" {
			t.Errorf("%s: exit %d, %q; want %d, %q", tt.name, r.code, said, tt.code, tt.stderr)
		}
		if written := r.stdout != ""; written != (tt.code == 0 || tt.code == 5) {
			t.Errorf("%s: exit %d, printed %q", tt.name, r.code, r.stdout)
		}
		if r.stdout == "" {
			continue
		}
		if check := fhrpd(t.Context(), "check", "--config", written(t, r.stdout)); check.code != 0 {
			t.Errorf("%s: the translation is refused: %s", tt.name, check.stderr)
		}
	}
}

func TestImportRefusesItsArguments(t *testing.T) {
	path := written(t, "interface eth1\n")
	for args, want := range map[string]string{
		"junos " + path:                    "want one of keepalived, ios, frr, vyos",
		"frr":                              "the file is missing",
		"frr " + path + " --interface eth": "want FROM=NAME",
		"frr " + path + ".gone":            "no such file",
		"frr " + filepath.Dir(path):        "not a regular file",
	} {
		r := fhrpd(t.Context(), append([]string{"import"}, strings.Fields(args)...)...)
		if r.code != 2 || r.stdout != "" || !strings.Contains(r.stderr, want) {
			t.Errorf("import %s: exit %d, %q; want 2, %q", args, r.code, r.stderr, want)
		}
	}
}

func TestImportCompletesDialects(t *testing.T) {
	r := fhrpd(t.Context(), "__complete", "import", "")
	if !strings.HasPrefix(r.stdout, "keepalived\nios\nfrr\nvyos\n") {
		t.Errorf("offers %q", r.stdout)
	}
}
