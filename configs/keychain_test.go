package configs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/hello"
)

var long32 = strings.Repeat("k", 32)

// chainOf is a keychain with keys, and a group of each protocol that uses it.
func chainOf(keys string) (hsrp, vrrp string) {
	head := "[[keychain]]\nname = \"lan\"\nkeys = [" + keys + "]\n"
	return head + heads["hsrp"] + "auth = { keychain = \"lan\" }\n", head + heads["vrrp"] + "auth = { keychain = \"lan\" }\n"
}

func TestKeychainRules(t *testing.T) {
	key := func(rest string) string { return `{ id = 1, secret = "` + long32 + `"` + rest + ` }` }
	second := func(rest string) string { return `, { id = 2, secret = "` + long32 + `"` + rest + ` }` }
	const past, soon, later = "2001-01-01T00:00:00Z", "2222-01-01T00:00:00Z", "2222-02-01T00:00:00Z"
	for _, tt := range []struct{ keys, want string }{
		{key(""), ""},
		{key(`, send_from = 2001-01-01T00:00:00+02:00`), ""},
		{key(`, accept_from = ` + soon + `, accept_until = ` + soon), "keys.accept_until " + soon + " must be after keys.accept_from " + soon},
		{key(`, send_from = ` + later + `, send_until = ` + soon), "keys.send_until " + soon + " must be after keys.send_from " + later},
		{key(`, send_until = "` + soon + `"`), "keys.send_until must be a time such as 2026-12-24T00:00:00Z, without quotes, not a string"},
		{key(`, send_until = 2222-01-01T00:00:00`), "keys.send_until is a time without an offset: write one such as 2026-12-24T00:00:00Z or 2026-12-24T01:00:00+01:00"},
		{key(`, send_until = 2222-01-01`), "keys.send_until is a time without an offset: write one such as 2026-12-24T00:00:00Z or 2026-12-24T01:00:00+01:00"},
		{key(`, send_util = ` + soon), "unknown key keys.send_util: did you mean send_until?"},
		{`{ secret = "` + long32 + `" }`, "a key without id: the number that goes with it on the wire"},
		{`{ id = "1", secret = "` + long32 + `" }`, "keys.id must be a whole number, not a string"},
		{`{ id = -1, secret = "` + long32 + `" }`, "keys.id -1 must be 0 to 4294967295"},
		{key("") + ", " + key(""), "two keys with id 1: every key of a keychain needs its own"},
		{`{ id = 1 }`, "a key needs secret or secret_file, and not both"},
		{key(`, secret_file = "/one"`), "a key needs secret or secret_file, and not both"},
		{`{ id = 1, secret_file = "/none" }`, "keys.secret_file /none: file does not exist"},
		{`{ id = 1, secret_file = "/two" }`, "keys.secret_file /two: the key must be one line of text"},
		{`{ id = 1, secret_file = "/openkey" }`, "warning: keys.secret_file /openkey is open to everybody (mode 0644): chmod 640 or less"},
		{`{ id = 1, secret_file = "/hexkey" }`, ""},
		{`{ id = 1, secret = "hex:` + strings.Repeat("0f", 32) + `" }`, ""},
		{`{ id = 1, secret = "hex:` + strings.Repeat("0f", 31) + `0" }`, `the secret of key 1 begins with "hex:", and an even number of hexadecimal digits does not follow`},
		{`{ id = 1, secret = "hex:` + strings.Repeat("xy", 32) + `" }`, `the secret of key 1 begins with "hex:", and an even number of hexadecimal digits does not follow`},
		{"", `keys is missing: at least one, such as keys = [{ id = 1, secret_file = "lan.key" }]`},

		{key(`, send_until = ` + past), `warning: no key of keychain "lan" may be sent now: key 1 goes on being used until another may`},
		{key(`, send_from = ` + soon), `warning: no key of keychain "lan" may be sent now: key 1 goes on being used until another may`},
		{key(`, send_until = `+soon) + second(`, send_from = `+later), `warning: no key of keychain "lan" may be sent from ` + soon + ` to ` + later + `: key 1 goes on being used meanwhile`},
		{key(`, send_until = `+soon) + second(`, send_from = `+soon), ""},
		{key(`, accept_until = `+soon) + second(""), "warning: key 1 may be sent when it is not accepted: other routers with this keychain refuse it then"},
		{key(`, accept_from = `+past) + second(""), "warning: key 1 may be sent when it is not accepted: other routers with this keychain refuse it then"},
		{key(`, accept_until = ` + later + `, send_until = ` + soon), ""},
	} {
		want := []string{}
		if tt.want != "" {
			want = append(want, tt.want)
		}
		for _, text := range chains(tt.keys) {
			if diff := cmp.Diff(want, untilColon(said(text, keyFiles))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", text, diff)
			}
		}
	}
}

func chains(keys string) []string { h, v := chainOf(keys); return []string{h, v} }

// untilColon leaves out the lines, which are not those of the last line here.
func untilColon(said []string) []string {
	out := []string{}
	for _, s := range said {
		s, _, _ = strings.Cut(s, " (line ")
		out = append(out, s)
	}
	return out
}

func keyFiles(path string) ([]byte, fs.FileMode, error) {
	switch path {
	case "/openkey":
		return []byte(long32), 0o644, nil
	case "/hexkey":
		return []byte("hex:" + strings.Repeat("0f", 32) + "\r\n"), 0o600, nil
	}
	return keys(path)
}

// Each protocol has its own limits.
func TestKeysFitTheProtocol(t *testing.T) {
	for _, tt := range []struct {
		id         string
		bytes      int
		hsrp, vrrp string
	}{
		{"1", 32, "", ""},
		{"1", 31, "", `auth.keychain "lan": key 1 has 31 bytes, HMAC takes 32 to 64`},
		{"255", 55, "", ""},
		{"255", 64, `warning: auth.keychain "lan": key 255 has 64 bytes; above 55 other makers' routers may disagree`, ""},
		{"1", 65, `auth.keychain "lan": key 1 has 65 bytes, MD5 takes 1 to 64`, `auth.keychain "lan": key 1 has 65 bytes, HMAC takes 32 to 64`},
		{"1", 0, `auth.keychain "lan": key 1 has 0 bytes, MD5 takes 1 to 64`, `auth.keychain "lan": key 1 has 0 bytes, HMAC takes 32 to 64`},
		{"0", 32, "", `auth.keychain "lan": key 0 has no number of VRRP's trailer, which are 1 to 255`},
		{"256", 32, "", `auth.keychain "lan": key 256 has no number of VRRP's trailer, which are 1 to 255`},
	} {
		h, v := chainOf(fmt.Sprintf(`{ id = %s, secret = "%s" }`, tt.id, strings.Repeat("k", tt.bytes)))
		if got := strings.Join(said(h, keys), "\n"); got != tt.hsrp {
			t.Errorf("HSRP, id %s, %d bytes: %q, want %q", tt.id, tt.bytes, got, tt.hsrp)
		}
		if got := strings.Join(said(v, keys), "\n"); got != tt.vrrp {
			t.Errorf("VRRP, id %s, %d bytes: %q, want %q", tt.id, tt.bytes, got, tt.vrrp)
		}
	}
}

func TestAuthByKeychain(t *testing.T) {
	head := "[[keychain]]\nname = \"lan\"\nkeys = [{ id = 1, secret = \"" + long32 + "\" }]\n"
	for _, tt := range []struct{ head, auth, want string }{
		{"vrrp", `keychain = "lan", mode = "receive-only", window = "300s", replay = "monotonic"`, ""},
		{"vrrp2", `keychain = "lan", mode = "permissive", window = "1s"`, ""},
		{"vrrp6", `keychain = "lan"`, ""},
		{"vrrp", `keychain = "lna"`, `auth.keychain "lna" does not exist: known are lan`},
		{"vrrp", `keychain = 1`, "auth.keychain must be a string, not a number or boolean"},
		{"vrrp", `keychain = "lan", mode = "strict"`, `auth.mode "strict" must be one of enforce, permissive, receive-only`},
		{"vrrp", `keychain = "lan", replay = "off"`, `auth.replay "off" must be one of time, monotonic`},
		{"vrrp", `keychain = "lan", window = "301s"`, "auth.window 301s must be 1s to 5m"},
		{"vrrp", `keychain = "lan", window = "999ms"`, "auth.window 999ms must be 1s to 5m"},
		{"vrrp", `keychain = "lan", window = "1500ms"`, "auth.window 1.5s must be whole seconds"},
		{"vrrp2", `keychain = "lan", text = "cisco"`, "auth has text and keychain: exactly one is allowed"},
		{"vrrp2", `text = "cisco", mode = "enforce"`, "auth.mode is of no use without a keychain"},
		{"vrrp", `mode = "enforce"`, "auth without keychain: VRRP version 3 knows no other\nauth.mode is of no use without a keychain"},
		{"hsrp", `keychain = "lan"`, ""},
		{"hsrp", `keychain = "lan", window = "5s"`, "auth.window is VRRP only"},
		{"hsrp", `keychain = "lan", mode = "enforce", replay = "time"`, "auth.mode is VRRP only\nauth.replay is VRRP only"},
		{"hsrp", `keychain = "lan", key_id = 1`, "auth.key_id belongs to md5 and md5_file: the keys of a keychain have their own id"},
		{"hsrp", `keychain = "lan", text = "cisco"`, "auth has more than one of md5, md5_file, text, keychain: exactly one is allowed"},
	} {
		got := slices.DeleteFunc(said(head+heads[tt.head]+"auth = { "+tt.auth+" }\n", keys), func(s string) bool {
			return strings.HasPrefix(s, `warning: no group uses keychain`)
		})
		if strings.Join(got, "\n") != tt.want {
			t.Errorf("%s: %s: %q, want %q", tt.head, tt.auth, got, tt.want)
		}
	}
}

// A trailer takes the room of an address.
func TestTrailerTakesRoom(t *testing.T) {
	head := "[[keychain]]\nname = \"lan\"\nkeys = [{ id = 1, secret = \"" + long32 + "\" }]\n" + heads["router"]
	for _, tt := range []struct {
		n    int
		mode string
		most string
	}{{89, "enforce", ""}, {90, "enforce", "89"}, {90, "permissive", "89"}, {90, "receive-only", ""}, {91, "receive-only", "90"}} {
		text := strings.Replace(head, `virtual_ips = ["192.0.2.1"]`, `virtual_ips = [`+addressList("fe80::%x", tt.n)+`]`, 1) +
			"vrid = 1\nauth = { keychain = \"lan\", mode = \"" + tt.mode + "\" }\n"
		want := ""
		if tt.most != "" {
			want = fmt.Sprintf("warning: virtual_ips has %d addresses: above %s an advertisement exceeds 1500 bytes", tt.n, tt.most)
		}
		if got := strings.Join(untilColon(said(text, keys)), "\n"); got != want {
			t.Errorf("%d, %s: %q, want %q", tt.n, tt.mode, got, want)
		}
	}
}

func TestKeychainsHaveTheirNames(t *testing.T) {
	const keys1 = "keys = [{ id = 1, secret = \"s\" }]\n"
	for text, want := range map[string]string{
		"[[keychain]]\nname = \"a\"\n" + keys1: `f:1: keychain[0] (a): no group uses keychain "a"`,
		"[[keychain]]\n" + keys1:               "f:1: keychain[0]: name is missing: groups refer to a keychain by its name",
		"[[keychain]]\nname = \"a\"\n" + keys1 + "[[keychain]]\nname = \"a\"\n" + keys1: `f:5: keychain[1] (a): name "a" is taken by the keychain of line 1`,
	} {
		c, err := parse("f", []byte(text), 0, keys)
		said := fmt.Sprint(err)
		if err == nil {
			said = c.Warnings[len(c.Warnings)-1].Error()
		}
		if said != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, said, want)
		}
	}
}

func TestKeychainAsValue(t *testing.T) {
	text := `
[[keychain]]
name = "lan"
keys = [{ id = 1, secret = "hex:` + strings.Repeat("0a", 32) + `", send_until = 2222-01-01T00:00:00+02:00 },
        { id = 2, secret_file = "/hexkey", accept_from = 2221-12-01T00:00:00.5Z, send_from = 2221-12-31T22:00:00Z }]
[[vrrp]]
interface = "eth1"
vrid = 1
virtual_ips = ["192.0.2.1"]
auth = { keychain = "lan", mode = "permissive" }
[[hsrp]]
interface = "eth1"
auth = { keychain = "lan" }
`
	c, err := parse("test.toml", []byte(text), 0, keyFiles)
	if err != nil {
		t.Fatal(err)
	}
	secret := func(b string) hello.Secret { return hello.NewSecret([]byte(strings.Repeat(b, 32))) }
	want := hello.Keychain{Name: "lan", Keys: []hello.Key{
		{ID: 1, Secret: secret("\x0a"), Send: hello.Period{Until: time.Date(2221, 12, 31, 22, 0, 0, 0, time.UTC)}},
		{ID: 2, Secret: secret("\x0f"), Accept: hello.Period{From: time.Date(2221, 12, 1, 0, 0, 0, 5e8, time.UTC)}, Send: hello.Period{From: time.Date(2221, 12, 31, 22, 0, 0, 0, time.UTC)}},
	}}
	if diff := cmp.Diff(want, c.Keychains[0].Chain()); diff != "" || len(c.Warnings) > 0 {
		t.Errorf("warnings %v, chain (-want +got):\n%s", c.Warnings, diff)
	}
	if diff := cmp.Diff(Auth{Keychain: "lan", Mode: "permissive", Replay: "time"}, c.VRRP[0].Auth); diff != "" {
		t.Errorf("VRRP (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Auth{Keychain: "lan"}, c.HSRP[0].Auth); diff != "" {
		t.Errorf("HSRP (-want +got):\n%s", diff)
	}
	printsToItself(t, c, keyFiles)
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if got := fmt.Sprintf(verb, c.Keychains); strings.Contains(got, "0a0a") || !strings.Contains(got, "key 1") {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

// A unit hands its keys over as credentials, in a folder that nobody else sees.
func TestCredentialIsFoundByItsName(t *testing.T) {
	credentials, folder := t.TempDir(), t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", credentials)
	for path, text := range map[string]string{
		filepath.Join(credentials, "lan.key"): long32 + "\n", filepath.Join(folder, "lan.key"): "hidden by the credential", filepath.Join(folder, "other.key"): "beside the file",
	} {
		if err := os.WriteFile(path, []byte(text), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"lan.key": filepath.Join(credentials, "lan.key"), "other.key": filepath.Join(folder, "other.key"), "./lan.key": filepath.Join(folder, "lan.key")} {
		file := filepath.Join(folder, "f.toml")
		text := "[[keychain]]\nname = \"lan\"\nkeys = [{ id = 1, secret_file = \"" + name + "\" }]\n" + heads["hsrp"] + "auth = { md5_file = \"" + name + "\" }\n"
		c, err := Parse(file, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, md5 := c.Keychains[0].Keys[0].File, c.HSRP[0].Auth.File; got != want || md5 != want {
			t.Errorf("%s: %s and %s, want %s", name, got, md5, want)
		}
	}
}

// Whatever is wrong with a keychain is told without its keys.
func TestFaultsOfKeychainsNeverShowKeys(t *testing.T) {
	for _, keys := range []string{
		`{ id = 1, secret = "planted-key" }`, `{ id = 1, secret = ["planted-key"] }`, `{ secret = "hex:planted-key" }`,
		`{ id = "planted-key", secret = "planted-key" }`, `"planted-key"`, `{ id = 1, secert = "planted-key" }`, `{ id = 1, secret = { a = "planted-key" } }`,
		`{ id = 1, secret = "planted-key", send_from = "planted-key" }`, `{ id = 1, secret = "planted-key", secret_file = "/two" }`,
	} {
		for _, text := range chains(keys) {
			for _, s := range said(text, keyFiles) {
				if strings.Contains(s, "planted-key") {
					t.Errorf("%s is told with its key: %s", keys, s)
				}
			}
		}
	}
}
