package importer

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/configs"
)

var update = flag.Bool("update", false, "write the golden files anew")

// translations are the files of testdata, and how each is translated.
var translations = []struct {
	dialect, file, golden string
	o                     Options
}{
	{"keepalived", "pair.conf", "pair", Options{}},
	{"keepalived", "sync.conf", "sync", Options{}},
	{"keepalived", "strict.conf", "strict", Options{}},
	{"keepalived", "hmac.conf", "hmac", Options{}},
	{"keepalived", "defined.conf", "defined-main", Options{ConfigID: "main"}},
	{"keepalived", "defined.conf", "defined-spare", Options{ConfigID: "spare"}},
	{"keepalived", "defined.conf", "defined", Options{}},
	{"keepalived", "include/main.conf", "include", Options{}},
	{"ios", "router.conf", "router", Options{}},
	{"ios", "router.conf", "router-named", Options{Interfaces: map[string]string{"vlan 10": "eth1", "Vlan20": "eth2", "Vlan30": "eth3", "Vlan40": "eth4", "Vlan50": "eth5", "Gi0/0/0": "eth0", "Vlan99": "eth9", "tu3": "wg0", "Vlan7": "eth7"}}},
	{"ios", "pasted.conf", "pasted", Options{Interfaces: map[string]string{"vlan10": "eth1", "gi0/1": "eth0"}}},
	{"ios", "nexus.conf", "nexus", Options{}},
	{"frr", "frr.conf", "frr", Options{}},
	{"vyos", "config.boot", "config", Options{}},
	{"vyos", "commands.conf", "commands", Options{}},
}

func TestTranslations(t *testing.T) {
	for _, c := range translations {
		t.Run(c.dialect+"/"+c.golden, func(t *testing.T) {
			t.Chdir(filepath.Join("testdata", c.dialect))
			r := translated(t, c.dialect, c.file, c.o)
			golden := c.golden + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(shown(r)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), shown(r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// translated translates a file, and checks what holds for every translation.
func translated(t *testing.T, dialect, file string, o Options) *Result {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	o.Files = Disk{}
	r, err := Translate(dialect, file, text, o)
	if err != nil {
		t.Fatal(err)
	}
	sound(t, r)
	return r
}

// sound checks that a translation is a configuration, and the one that it claims.
func sound(t *testing.T, r *Result) {
	t.Helper()
	c, err := configs.Parse("out.toml", r.Text)
	if err != nil {
		t.Fatalf("not a configuration: %v\n%s", err, r.Text)
	}
	var again bytes.Buffer
	if err := configs.PrintBrief(&again, c); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(r.Text), again.String()); diff != "" {
		t.Errorf("it is printed otherwise once it was read (-first +again):\n%s", diff)
	}
	for _, m := range r.Remarks {
		if m.Why == "" || strings.ContainsAny(m.String(), "\n\r") {
			t.Errorf("remark %q", m)
		}
	}
}

// shown is a translation and its remarks as a person sees them.
func shown(r *Result) string {
	var b strings.Builder
	for _, m := range r.Remarks {
		fmt.Fprintln(&b, m)
	}
	fmt.Fprintf(&b, "-- groups: %d, not translated: %d --\n%s", r.Groups(), r.Untranslated(), r.Text)
	return b.String()
}

// Remarks go to terminals, tickets and logs.
func TestRemarksHaveNoSecrets(t *testing.T) {
	secrets := []string{"longer-t", "hidden", "tooshort", "000102030405", "a-passphrase", "0822455D0A16", "topmost", "nexuskey", "text lan", "text plain", "key-string lan"}
	for _, c := range translations {
		t.Run(c.dialect+"/"+c.golden, func(t *testing.T) {
			t.Chdir(filepath.Join("testdata", c.dialect))
			for _, m := range translated(t, c.dialect, c.file, c.o).Remarks {
				for _, s := range secrets {
					if strings.Contains(m.What, s) || strings.Contains(m.Why, s) {
						t.Errorf("%q tells %q", m, s)
					}
				}
			}
		})
	}
}

func TestTextsThatAreNotOfTheDialect(t *testing.T) {
	for _, c := range []struct{ dialect, text, want string }{
		{"keepalived", "vrrp_instance a {\n interface eth0\n", "f:1: vrrp_instance a { }: the } at its end is missing"},
		{"keepalived", "a\n}\n", "f:2: a } without {: it is not keepalived's configuration, or a line above lacks its {"},
		{"keepalived", "{\n}\n", "f:1: a { without a statement in front of it, or too deep"},
		{"keepalived", "$A=${A}${A}\n$A\n", "f:2: its includes and definitions grow beyond all bounds"},
		{"keepalived", "a\x00b", "f is not a text: it has NUL bytes"},
		{"vyos", "a {\n", `f: the } at the end of "a" is missing`},
		{"vyos", "}\n", "f:1: a } without {: it is not a configuration of VyOS, or a line above lacks its {"},
		{"vyos", "{\n}\n", "f:1: a { without a name before it: it is not a configuration of VyOS"},
		{"vyos", "a {\n{\n}\n}\n", "f:2: a { without a name before it: it is not a configuration of VyOS"},
		{"vyos", "", "f has no setting"},
		{"ios", "!\n", "f has no command"},
		{"frr", "", "f has no command"},
		{"junos", "", `"junos" is no kind of configuration: want one of keepalived, ios, frr, vyos`},
	} {
		_, err := Translate(c.dialect, "f", []byte(c.text), Options{})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s %q: %v, want %s", c.dialect, c.text, err, c.want)
		}
	}
}

func TestWithoutGroupsThatIsSaid(t *testing.T) {
	for _, d := range Dialects() {
		r, err := Translate(d, "f", []byte("hostname x\n"), Options{})
		if err != nil {
			t.Errorf("%s: %v", d, err)
			continue
		}
		if r.Untranslated() == 0 || r.Groups() != 0 || !strings.Contains(shown(r), "not translated: no ") {
			t.Errorf("%s: %s", d, shown(r))
		}
	}
}

// failing is a file system in which a file that exists cannot be read.
type failing struct{}

func (failing) Read(string) ([]byte, error)           { return nil, errors.New("permission denied") }
func (failing) Glob(pattern string) ([]string, error) { return []string{pattern}, nil }

func TestAnIncludeThatCannotBeReadIsSaid(t *testing.T) {
	r, err := Translate("keepalived", "f", []byte("include secret.conf\n"), Options{Files: failing{}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "f:1: not translated: include secret.conf: permission denied\n"; !strings.Contains(shown(r), want) {
		t.Errorf("%s lacks %s", shown(r), want)
	}
}
