package hello

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestMD5WorkedExample(t *testing.T) {
	auth := md5Auth("openwall12345", 0)
	const head = "6f70656e77616c6c313233343580" +
		"000000000000000000000000000000000000000000000000000000000000000000000000000000000000" +
		"6800000000000000"
	if got := hex.EncodeToString(auth.secret.head); got != head {
		t.Errorf("key and fill:\ngot  %s\nwant %s", got, head)
	}
	m := v1(OpHello, Active, 100, 3, 10, "10.0.0.100")
	b := AppendHSRP(nil, m, &auth, addr("10.0.0.20"))
	const message = "000010030a64010000000000000000000a000064041c010000000a00001400000000"
	if got, want := hex.EncodeToString(b), message+"f02fc41b1b516e2d1261d8800d39ccea"; got != want {
		t.Errorf("payload:\ngot  %s\nwant %s", got, want)
	}
}

func TestMD5LongKeys(t *testing.T) {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	key := strings.Repeat(letters, 3)
	message := unhex(t, s1)
	for n, want := range map[int]string{
		55: "0d851a70aa8185afff5467d8c305db93",
		56: "34630c17260c646e8a9e2915e9ef6565",
		64: "18756d96b31acb5c60cd496d3da79be8",
	} {
		auth := md5Auth(key[:n], 100)
		d := auth.secret.digest(message, len(message)-16)
		if got := hex.EncodeToString(d[:]); got != want {
			t.Errorf("key of %d bytes: got %s, want %s", n, got, want)
		}
	}
}

func TestAuthLimits(t *testing.T) {
	for _, s := range []string{"123456789", "a\x00b"} {
		if a, err := TextAuth(s); err == nil {
			t.Errorf("text %q: got %v, want an error", s, a)
		}
	}
	for _, s := range []string{"", strings.Repeat("k", MaxMD5Key+1)} {
		if a, err := MD5Auth(s, 0); err == nil {
			t.Errorf("key of %d bytes: got %v, want an error", len(s), a)
		}
	}
	if _, err := TextAuth("12345678"); err != nil {
		t.Errorf("8 bytes of text: %v", err)
	}
	if _, err := MD5Auth(strings.Repeat("k", MaxMD5Key), 0); err != nil {
		t.Errorf("longest key: %v", err)
	}
}

func TestAuthErrorsDoNotShowTheSecret(t *testing.T) {
	_, textErr := TextAuth("topsecret-text")
	_, keyErr := MD5Auth(strings.Repeat("topsecret", 10), 0)
	for _, err := range []error{textErr, keyErr} {
		if err == nil || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("got %v", err)
		}
	}
}

func TestAuthDefaultIsCisco(t *testing.T) {
	cisco, empty := textAuth("cisco"), textAuth("")
	m := v1(OpHello, Active, 100, 3, 10, "192.168.0.1")
	want := AppendHSRP(nil, m, &cisco, addr("192.168.0.2"))
	for name, a := range map[string]*Auth{"nil": nil, "zero": {}, "empty": &empty} {
		if got := AppendHSRP(nil, m, a, addr("192.168.0.2")); !bytes.Equal(got, want) {
			t.Errorf("%s: got %x, want %x", name, got, want)
		}
		if got := a.Kind(); got != "text" {
			t.Errorf("%s: kind %q", name, got)
		}
	}
}

func TestHSRPVerify(t *testing.T) {
	none := unhex(t, "0128020006040001aabbcc0002100000009600000bb800002710c0a80cfe000000000000000000000000")
	src, key := addr("192.0.2.1"), md5Auth("0123456789abcdef", 7)
	text := textAuth("secret")
	sign := func(version uint8, a Auth) []byte {
		m := HSRP{Version: version, State: Active, Family: IPv4, Group: 1, VirtualIP: addr("192.0.2.254")}
		return AppendHSRP(nil, &m, &a, src)
	}
	flip := func(b []byte, i int) []byte {
		b[i] ^= 1
		return b
	}
	for _, tt := range []struct {
		name    string
		payload []byte
		auth    Auth
		want    error
	}{
		{"v1 text", sign(1, text), text, nil},
		{"v2 text", sign(2, text), text, nil},
		{"v1 md5", sign(1, key), key, nil},
		{"v2 md5", sign(2, key), key, nil},
		{"v1 other text", sign(1, text), textAuth("secreT"), RejectAuth},
		{"v1 longer text", sign(1, text), textAuth("secret1"), RejectAuth},
		{"v1 shorter text", sign(1, text), textAuth("secre"), RejectAuth},
		{"v2 other text", sign(2, text), Auth{}, RejectAuth},
		{"v2 other key", sign(2, key), md5Auth("0123456789abcdeF", 7), RejectAuth},
		{"v2 other key number", sign(2, key), md5Auth("0123456789abcdef", 8), RejectAuth},
		{"v1 text, md5 wanted", sign(1, text), key, RejectAuthType},
		{"v2 text, md5 wanted", sign(2, text), key, RejectAuthType},
		{"v1 md5, text wanted", sign(1, key), text, RejectAuthType},
		{"v2 md5, text wanted", sign(2, key), text, RejectAuthType},
		{"v2 neither, text wanted", none, text, RejectAuthType},
		{"v2 neither, md5 wanted", none, key, RejectAuthType},
		{"v2 other algorithm", flip(sign(2, key), 44), key, RejectAuthType},
		{"v2 priority changed", flip(sign(2, key), 17), key, RejectAuth},
		{"v2 sender changed", flip(sign(2, key), 51), key, RejectAuth},
		{"v2 digest changed", flip(sign(2, key), 71), key, RejectAuth},
		{"v1 text field changed", flip(sign(1, key), 8), key, RejectAuth},
		{"v1 bytes added behind", append(sign(1, key), 0), key, RejectAuth},
		{"v1 advertise", advertise(&Advertise{Version: 1, State: Dormant}), key, nil},
		{"v2 interface state", advertise(&Advertise{Version: 2}), text, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p HSRPPacket
			if err := p.Parse(tt.payload); err != nil {
				t.Fatalf("parse: %v", err)
			}
			if err := p.Verify(tt.payload, &tt.auth); err != tt.want {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestAuthIsNeverPrinted(t *testing.T) {
	type nested struct{ auth Auth }
	for _, secret := range []string{"hunter22", "topsecretkey"} {
		a := md5Auth(secret, 3)
		if len(secret) <= MaxTextAuth {
			a = textAuth(secret)
		}
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%c", "%o", "%b"} {
			fmt.Fprintf(&out, verb+verb, a, &a)
			fmt.Fprintf(&out, verb+verb, nested{a}, []nested{{a}})
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "auth", a, "pointer", &a, "nested", nested{a})
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "auth", a, "pointer", &a)
		if err := json.NewEncoder(&out).Encode(map[string]any{"a": a, "b": &a}); err != nil {
			t.Fatal(err)
		}
		got := strings.ToLower(out.String())
		for _, form := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprint([]byte(secret))[1:10]} {
			if strings.Contains(got, form) {
				t.Errorf("%q shows up in:\n%s", form, got)
			}
		}
		if !strings.Contains(got, "auth="+strings.SplitN(a.String(), " ", 2)[0]) && !strings.Contains(got, `auth="md5 key 3"`) {
			t.Errorf("the kind is missing in:\n%s", got)
		}
	}
}
