package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const simulated = `
[[hsrp]]
interface = "eth1"
group = 10
virtual_ips = ["192.0.2.1"]
priority = 110
preempt = true
`

// writeConfig writes a file that only this user can read.
func writeConfig(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSimulate(t *testing.T) {
	a := writeConfig(t, "a.toml", simulated)
	b := writeConfig(t, "b.toml", strings.Replace(simulated, "110", "90", 1))
	bad := writeConfig(t, "bad.toml", "[[hsrp]]\ninterface = \"eth1\"\ngroup = 9999\nhold = 3\n")
	none := filepath.Join(t.TempDir(), "none.toml")
	for name, tt := range map[string]struct {
		args   []string
		code   int
		stdout []string // none: nothing is printed
		stderr []string
	}{
		"a pair":          {[]string{"--config", a, "--config", b, "--fail", "a:eth1@3s"}, 0, []string{"PASSED", "a eth1 has 192.0.2.254/24, b eth1 has 192.0.2.253/24", "» eth1 loses its link", "active       b"}, nil},
		"one file":        {[]string{"--config", a, "--fail", "a@3s", "--heal", "@40s"}, 0, []string{"b is made up", "active       a"}, nil},
		"nothing fails":   {[]string{"--config", a}, 0, []string{"Nothing has failed. This may: a, a:eth1, b, b:eth1, as in --fail a:eth1@3s"}, nil},
		"nobody is left":  {[]string{"--config", a, "--fail", "a@1s", "--fail", "b@2s"}, 1, []string{"FAILED", "nobody serves in the end"}, nil},
		"a bad event":     {[]string{"--config", a, "--fail", "a:eth9@1s"}, 2, nil, []string{"want one of a, a:eth1, b, b:eth1", "usage: fhrpd simulate"}},
		"three files":     {[]string{"--config", a, "--config", a, "--config", a}, 2, nil, []string{"3 configurations: want one or two"}},
		"faults of files": {[]string{"--config", bad, "--config", none, "--fail", "a@1s"}, 2, nil, []string{"bad.toml:3: ", "bad.toml:4: ", "none.toml"}},
		"two bad files":   {[]string{"--config", none, "--config", none + "2"}, 2, nil, []string{"none.toml: ", "none.toml2: "}},
		"an argument":     {[]string{a}, 2, nil, []string{"usage: fhrpd simulate"}},
		"no such folder":  {[]string{"--config", a, "--svg", filepath.Join(none, "x.svg")}, 1, nil, []string{"write --svg: "}},
	} {
		t.Run(name, func(t *testing.T) {
			r := fhrpd(t.Context(), append([]string{"simulate"}, tt.args...)...)
			if r.code != tt.code {
				t.Errorf("exit code %d, want %d", r.code, tt.code)
			}
			contains(t, "stdout", r.stdout, tt.stdout)
			contains(t, "stderr", r.stderr, tt.stderr)
		})
	}
}

func TestSimulateWritesJSONAndAPicture(t *testing.T) {
	svg := filepath.Join(t.TempDir(), "out.svg")
	r := fhrpd(t.Context(), "simulate", "--config", writeConfig(t, "a.toml", simulated), "--fail", "a:eth1@3s", "--seed", "5", "--for", "20s", "--json", "--svg", svg)
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	var v struct {
		Active string
		Passed bool
		Seed   uint64
		ForMS  float64 `json:"for_ms"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &v); err != nil || v.Active != "b" || !v.Passed || v.Seed != 5 || v.ForMS != 20000 {
		t.Errorf("verdict %+v, %v", v, err)
	}
	if b, err := os.ReadFile(svg); err != nil || !strings.HasPrefix(string(b), "<svg ") {
		t.Errorf("the picture is %.20q, %v", b, err)
	}
}

func TestCompletionOffersWhatMayFail(t *testing.T) {
	a := writeConfig(t, "a.toml", simulated)
	for _, flag := range []string{"--fail", "--heal"} {
		r := fhrpd(t.Context(), "__complete", "simulate", "--config", a, "--fail", "a@1s", flag, "")
		if want := "a@\na:eth1@\nb@\nb:eth1@\n"; !strings.HasPrefix(r.stdout, want) {
			t.Errorf("%s: %q, want %q", flag, r.stdout, want)
		}
	}
	if r := fhrpd(t.Context(), "__complete", "simulate", "--config", a+"none", "--fail", ""); !strings.HasPrefix(r.stdout, ":") {
		t.Errorf("without a file: %q, want nothing", r.stdout)
	}
}
