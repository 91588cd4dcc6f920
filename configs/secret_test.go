package configs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWithoutSecrets(t *testing.T) {
	for in, want := range map[string]string{
		"http://192.0.2.1/health":              "http://192.0.2.1/health",
		"http://u:p@192.0.2.1:80/health":       "http://***@192.0.2.1:80/health",
		"https://u@h":                          "https://***@h",
		"http://u:p@h/@x/y?token=s&a=b#s":      "http://***@h/@x/y?***",
		"http://[2001:db8::1]:80/a%20b?secret": "http://[2001:db8::1]:80/a%20b?***",
		"http://u:p@ss@h/":                     "http://***@h/",
		"http://u:p/ss@h/":                     "***", // is no URL
		"http:u:p@h":                           "***",
		"//u:p@h/x":                            "//***@h/x",
		"nonsense":                             "nonsense",
	} {
		if got := WithoutSecrets(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// secretive has a secret of each kind.
const secretive = `
[[track]]
name = "web"
http = "http://operator:hush1@192.0.2.1/health?token=hush2"
[[hsrp]]
interface = "eth1"
virtual_ips = ["192.0.2.1"]
auth = { md5 = "hush3" }
[[hsrp]]
interface = "eth2"
virtual_ips = ["192.0.2.1"]
auth = { text = "hush4" }
[[hsrp]]
interface = "eth3"
virtual_ips = ["192.0.2.1"]
[[keychain]]
name = "lan"
keys = [{ id = 1, secret = "hush5" }]
`

func TestMaskedSecretsAreRefused(t *testing.T) {
	var b strings.Builder
	if err := PrintMasked(&b, parsed(t, secretive)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "hush") || strings.Contains(b.String(), "operator") || !strings.Contains(b.String(), "# Secrets are masked") {
		t.Errorf("printed:\n%s", b.String())
	}
	_, err := Parse("f", []byte(b.String()))
	faults, _ := err.(Errors)
	if len(faults) != 4 {
		t.Fatalf("the masked form has the faults\n%v\nwant one for each secret but the one in the URL twice", err)
	}
	for _, f := range faults {
		if !strings.Contains(f.Msg, "masked") {
			t.Error(f)
		}
	}
	b.Reset()
	if err := PrintMasked(&b, parsed(t, minimal)); err != nil || strings.Contains(b.String(), "masked") {
		t.Errorf("without secrets, %v:\n%s", err, b.String())
	}
}

func TestSecretsInAnOpenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.toml")
	for _, tt := range []struct {
		text string
		mode os.FileMode
		want string
	}{
		{secretive, 0o640, ""},
		{secretive, 0o644, "http, one of 4 secrets, stands in a file that is open to everybody (mode 0644): chmod 640 or less, or keys in files of their own (md5_file, secret_file)"},
		{"[[hsrp]]\ninterface = \"eth1\"\nauth = { md5 = \"key\" }\n", 0o604, "auth.md5 stands in a file"},
		{minimal, 0o644, ""},
	} {
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, tt.mode); err != nil {
			t.Fatal(err)
		}
		c, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, w := range c.Warnings {
			if strings.Contains(w.Msg, "open to everybody") {
				got.WriteString(w.Msg)
			}
		}
		if (tt.want == "") != (got.String() == "") || !strings.HasPrefix(got.String(), tt.want) || strings.Contains(got.String(), "hush") {
			t.Errorf("mode %04o: %q, want %q", tt.mode, got.String(), tt.want)
		}
	}
}

// What a reload changes is told without the secrets.
func TestChangesHideSecrets(t *testing.T) {
	was := parsed(t, secretive)
	for _, is := range []string{strings.ReplaceAll(secretive, "hush", "shh"), strings.ReplaceAll(secretive, "health", "up")} {
		changes := Changes(was, parsed(t, is))
		if text := fmt.Sprint(changes); len(changes) == 0 || strings.Contains(text, "hush") || strings.Contains(text, "shh") || strings.Contains(text, "operator") {
			t.Errorf("changes: %s", text)
		}
	}
}

// A complaint about an address does not tell its password.
func TestFaultsHideSecrets(t *testing.T) {
	for _, url := range []string{"ftp://operator:hush@h/?hush", "http://u:p/hush@h", "http://operator:hush@", "http:hush@h"} {
		_, err := Parse("f", []byte("[[track]]\nname = \"t\"\nhttp = \""+url+"\"\n"))
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
