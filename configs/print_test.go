package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var sameConfig = cmp.Options{
	cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}),
	cmpopts.IgnoreFields(Config{}, "Sum", "Warnings"),
}

// printsToItself checks that the printed form of c parses to c.
func printsToItself(t *testing.T, c *Config, readKey keyReader) {
	t.Helper()
	var b bytes.Buffer
	if err := Print(&b, c); err != nil {
		t.Fatal(err)
	}
	again, err := parse("test.toml", b.Bytes(), 0, readKey)
	if err != nil {
		t.Fatalf("printed configuration does not parse: %v\n%s", err, b.String())
	}
	if diff := cmp.Diff(c, again, sameConfig); diff != "" {
		t.Errorf("printed configuration differs (-first +again):\n%s", diff)
	}
}

func TestPrintParsesToTheSame(t *testing.T) {
	for name, text := range map[string]string{
		"reference": reference, "minimal": minimal, "empty": "",
		"odd strings": "[[track]]\nname = \"t\"\ncommand = [\"/x\", \"a\\\"b\\\\c\\td\\ne\\u007f\\u00e9\"]\n",
		"the rest": `
[daemon]
lease = "90s"
forwarding = "require"
maintenance = "return"
[[track]]
name = "t"
ping = "fe80::1%eth0"
interval = "100ms"
[[hsrp]]
interface = "eth1"
mac = "02:00:5e:00:00:01"
virtual_ips = ["fe80::9", "2001:db8::1/64"]
install = "route"
understudy = false
confirm = true
neighbors = ["2001:db8::2"]
auth = { md5 = "a\"b", key_id = 4294967295 }
off_subnet = "accept"
announce = { refresh = "off", real_ip = false, interval = "59m30s", probe = "veto" }
[[vrrp]]
interface = "eth1"
vrid = 255
priority = 255
mac = "interface"
virtual_ips = ["192.0.2.1"]
peers = ["192.0.2.2"]
min_ttl = 254
advertise = "40950ms"
preempt_delay = "1h"
checksum = "pseudo-header"
hooks = { pre_active = { command = ["/x"], deadline = "1m" } }
`,
	} {
		t.Run(name, func(t *testing.T) {
			printsToItself(t, parsed(t, text), readKeyFile)
		})
	}
}

func TestPrintNamesTheKeyFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "k"), []byte("hidden key\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "f.toml")
	if err := os.WriteFile(file, []byte("[[hsrp]]\ninterface = \"eth1\"\nauth = { md5_file = \"k\", key_id = 7 }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	want := Auth{MD5: "hidden key", KeyID: 7, File: filepath.Join(dir, "k")}
	if diff := cmp.Diff(want, c.HSRP[0].Auth); diff != "" || len(c.Warnings) > 0 {
		t.Errorf("warnings %v, auth:\n%s", c.Warnings, diff)
	}
	printsToItself(t, c, readKeyFile)
	var b bytes.Buffer
	if err := Print(&b, c); err != nil || strings.Contains(b.String(), "hidden") {
		t.Errorf("error %v, output:\n%s", err, b.String())
	}
}

func TestOpenKeyFileIsWarnedAbout(t *testing.T) {
	read := func(string) ([]byte, fs.FileMode, error) { return []byte("k"), 0o644, nil }
	c, err := parse("f.toml", []byte("[[hsrp]]\ninterface = \"eth1\"\nauth = { md5_file = \"k\" }\n"), 0, read)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].Msg, "0644") || c.Warnings[0].Line != 3 {
		t.Errorf("warnings are %v", c.Warnings)
	}
}

func TestKeyFileMustBeRegular(t *testing.T) {
	if _, _, err := readKeyFile(t.TempDir()); err == nil {
		t.Error("a folder was read as a key")
	}
}

func TestKeysAreHidden(t *testing.T) {
	c := parsed(t, "[[hsrp]]\ninterface = \"eth1\"\nauth = { md5 = \"hidden\" }\n[[hsrp]]\ninterface = \"eth2\"\nauth = { text = \"hidden\" }\n")
	var logged bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&logged, nil), slog.NewJSONHandler(&logged, nil)} {
		slog.New(h).Info("auth", "a", c.HSRP[0].Auth, "b", c.HSRP[1].Auth)
	}
	for name, text := range map[string]string{
		"slog": logged.String(), "%v": fmt.Sprintf("%v", c.HSRP), "%+v": fmt.Sprintf("%+v", c.HSRP), "%#v": fmt.Sprintf("%#v", c.HSRP),
	} {
		if strings.Contains(text, "hidden") || !strings.Contains(text, "md5 key-id 0") || !strings.Contains(text, "text") {
			t.Errorf("%s shows a key, or not its kind: %s", name, text)
		}
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestPrintReportsTheWriter(t *testing.T) {
	if err := Print(brokenWriter{}, &Config{}); !errors.Is(err, errBroken) {
		t.Errorf("error is %v", err)
	}
}

func TestShortDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Minute: "1m", time.Hour: "1h", 90 * time.Second: "90s", 61 * time.Minute: "1h1m",
		10 * time.Minute: "10m", 20 * time.Hour: "20h", time.Hour + time.Second: "1h0m1s", 40950 * time.Millisecond: "40.95s",
	} {
		if got := short(d); got != want {
			t.Errorf("%d ns: %s, want %s", d, got, want)
		}
		if back, err := parseDuration(short(d)); err != nil || back != d {
			t.Errorf("%s parses to %s, %v", short(d), back, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.toml")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(reference))
	f.Add([]byte(minimal))
	read := func(path string) ([]byte, fs.FileMode, error) { return []byte(filepath.Base(path) + "\n"), 0o600, nil }
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parse("test.toml", text, 0, read)
		if err != nil {
			if _, ok := errors.AsType[Errors](err); !ok {
				t.Fatalf("error is %T", err)
			}
			return
		}
		printsToItself(t, c, read)
	})
}
