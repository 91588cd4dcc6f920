package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func TestCheckPrintsSecretsWhenAsked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.toml")
	text := "[[hsrp]]\ninterface = \"none0\"\nvirtual_ips = [\"192.0.2.1\"]\nauth = { md5 = \"hush\" }\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := fhrpd(t.Context(), "check", "--config", path, "--print"); r.code != 0 || strings.Contains(r.stdout+r.stderr, "hush") || !strings.Contains(r.stdout, "masked") {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	r := fhrpd(t.Context(), "check", "--config", path, "--print", "--secrets")
	if r.code != 0 || !strings.Contains(r.stdout, `md5 = "hush"`) {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if err := os.WriteFile(path, []byte(r.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	if again := fhrpd(t.Context(), "check", "--config", path, "--print", "--secrets"); again.stdout != r.stdout {
		t.Errorf("the second print differs:\n%s", again.stdout)
	}
}

// What others have named does not reach the terminal as it is.
func TestForeignTextIsHarmless(t *testing.T) {
	f := newFake()
	for i := range f.st.Groups {
		f.st.Groups[i].Interface, f.st.Groups[i].Name = "\x1b[2J\u009b1m", "\x1b]0;x\a"
	}
	f.st.Tracks = append(f.st.Tracks, status.Track{Name: "\u202e", Kind: "file", Target: "/\x1bc", Detail: "\x1b[31m"})
	f.st.Groups[0].LastTransition.Detail = "\x1b[31m"
	path, _ := serve(t, f)
	for _, args := range []string{
		"show standby", "show standby brief", "show vrrp", "show track", "show events", "show status", "show status --json",
		"show takeover", "explain hsrp:eth1:10", "explain \x1b[2J", "show \x1b[2J",
	} {
		r := fhrpd(t.Context(), append(strings.Fields(args), "--control", path)...)
		if strings.ContainsAny(r.stdout+r.stderr, "\x1b\a\u009b\u202e") || r.stdout+r.stderr == "" {
			t.Errorf("%s: %q %q", args, r.stdout, r.stderr)
		}
	}
}
