package configs

import (
	_ "embed"
	"errors"
	"flag"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// The files that people start from.
var (
	reference = Reference
	//go:embed minimal.toml
	minimal string
)

// TestFaults reads each testdata/*.toml; what is wrong with it, or doubtful if
// nothing is wrong, stands in the .err file beside it.
func TestFaults(t *testing.T) {
	files, err := filepath.Glob("testdata/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".toml"), func(t *testing.T) {
			golden(t, strings.TrimSuffix(file, ".toml")+".err", verdict(t, file))
		})
	}
}

func verdict(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// Key files are named by absolute paths, which are not the same everywhere.
	dir, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse(filepath.ToSlash(file), text)
	if err != nil {
		return strings.ReplaceAll(err.Error(), dir, "$DIR") + "\n"
	}
	var b strings.Builder
	for _, w := range c.Warnings {
		b.WriteString("warning: " + w.Error() + "\n")
	}
	return b.String()
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s (-want +got):\n%s", path, diff)
	}
}

func TestErrorsCanBeTakenApart(t *testing.T) {
	_, err := Parse("f.toml", []byte("[daemon]\nlog = 1\nformat = 2\n"))
	all, ok := errors.AsType[Errors](err)
	if !ok {
		t.Fatalf("error is %T, want Errors", err)
	}
	want := Errors{
		{"f.toml", 2, "daemon", "log must be a string, not 1"},
		{"f.toml", 3, "daemon", "format must be a string, not 2"},
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Error(diff)
	}
	if first, ok := errors.AsType[Fault](err); !ok || first != want[0] {
		t.Errorf("first fault is %v", first)
	}
}

func TestLoadNamesTheMissingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.toml")
	_, err := Load(path)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("error is %v", err)
	}
}

func TestSumIsOfTheText(t *testing.T) {
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if got := parsed(t, "").Sum; got != empty {
		t.Errorf("sum is %q, want %q", got, empty)
	}
}

func parsed(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("test.toml", []byte(text))
	if err != nil {
		t.Fatalf("%v\nin:\n%s", err, text)
	}
	return c
}

func TestDefaults(t *testing.T) {
	c := parsed(t, "[[hsrp]]\ninterface = \"eth1\"\n[[vrrp]]\ninterface = \"eth1\"\nvrid = 1\nvirtual_ips = [\"192.0.2.1\"]\n")
	announce := Announce{Count: 3, Interval: 2 * time.Second, Refresh: time.Minute, RealIP: true, Probe: "warn"}
	quiet := announce
	quiet.RealIP = false
	want := &Config{
		Daemon: Daemon{Log: "info", Format: "text", Realtime: true, Lease: Lease{Auto: true}},
		HSRP: []HSRP{{
			Group:   Group{Interface: "eth1", Family: 4, Priority: 100, MACMode: MACVirtual, Install: InstallAddress, Understudy: true, Announce: announce},
			Version: 2, Hello: 3 * time.Second, Hold: 10 * time.Second, Learn: true, Auth: Auth{Text: "cisco"},
		}},
		VRRP: []VRRP{{
			Group: Group{Interface: "eth1", Family: 4, VirtualIPs: []netip.Addr{netip.MustParseAddr("192.0.2.1")},
				Priority: 100, Preempt: true, MACMode: MACVirtual, Install: InstallAddress, Understudy: true, Announce: quiet},
			VRID: 1, Version: 3, Advertise: time.Second, Accept: true, MinTTL: 1, Checksum: "auto",
		}},
	}
	if diff := cmp.Diff(want, c, sameConfig); diff != "" {
		t.Error(diff)
	}
}

func TestTimersFollowEachOther(t *testing.T) {
	for _, tt := range []struct {
		name, text  string
		hello, hold time.Duration
		learn       bool
	}{
		{"neither is learned", "", 3 * time.Second, 10 * time.Second, true},
		{"both as given", `hello = "200ms"` + "\n" + `hold = "700ms"`, 200 * time.Millisecond, 700 * time.Millisecond, false},
		{"short hello keeps 10s hold", `hello = "1s"`, time.Second, 10 * time.Second, false},
		{"long hello triples", `hello = "5s"`, 5 * time.Second, 15 * time.Second, false},
		{"longest hello is capped", `hello = "254s"`, 254 * time.Second, 255 * time.Second, false},
		{"long hold keeps 3s hello", `hold = "60s"`, 3 * time.Second, time.Minute, false},
		{"short hold takes a third", `hold = "500ms"`, 166 * time.Millisecond, 500 * time.Millisecond, false},
		{"a longer hold as well", `hold = "5s"`, 1666 * time.Millisecond, 5 * time.Second, false},
		{"version 1 with a hold of one second", "version = 1\n" + `hold = "1s"`, 333 * time.Millisecond, time.Second, false},
		{"version 1 takes whole seconds", "version = 1\n" + `hold = "5s"`, time.Second, 5 * time.Second, false},
		{"version 1 below a second", "version = 1\n" + `hello = "250ms"` + "\n" + `hold = "1s"`, 250 * time.Millisecond, time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := parsed(t, "[[hsrp]]\ninterface = \"eth1\"\n"+tt.text+"\n").HSRP[0]
			if h.Hello != tt.hello || h.Hold != tt.hold || h.Learn != tt.learn {
				t.Errorf("hello %s hold %s learn %t, want %s %s %t", h.Hello, h.Hold, h.Learn, tt.hello, tt.hold, tt.learn)
			}
		})
	}
}

func TestLinkLocalComesFirst(t *testing.T) {
	for _, tt := range []struct {
		name, table, want string
	}{
		{"hsrp derives it", "[[hsrp]]\ngroup = 16\nvirtual_ips = [\"2001:db8::1\"]", "fe80::5:73ff:fea0:10 2001:db8::1"},
		{"hsrp keeps its own", "[[hsrp]]\nvirtual_ips = [\"2001:db8::1\", \"2001:db8::2\", \"fe80::1\"]", "fe80::1 2001:db8::1 2001:db8::2"},
		{"vrrp moves it", "[[vrrp]]\nvrid = 1\nvirtual_ips = [\"2001:db8::1\", \"fe80::1\"]", "fe80::1 2001:db8::1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := parsed(t, tt.table+"\ninterface = \"eth1\"\n")
			var g Group
			for _, h := range c.HSRP {
				g = h.Group
			}
			for _, v := range c.VRRP {
				g = v.Group
			}
			if got := strings.Join(texts(g.VirtualIPs), " "); got != tt.want || g.Family != 6 {
				t.Errorf("%s of IPv%d, want %s of IPv6", got, g.Family, tt.want)
			}
		})
	}
}

// Groups that differ in one part of their identity are not duplicates.
func TestLikeGroupsMayLiveTogether(t *testing.T) {
	c := parsed(t, `
hsrp = [{ interface = "eth1", group = 1, virtual_ips = ["192.0.2.1"] },
        { interface = "eth1", group = 1, virtual_ips = ["fe80::1"] },
        { interface = "eth2", group = 1, virtual_ips = ["192.0.2.1"] },
        { interface = "eth1", group = 2 }, { interface = "eth1", group = 3 }]
vrrp = [{ interface = "eth1", vrid = 1, virtual_ips = ["192.0.2.2"] }]
`)
	if len(c.HSRP) != 5 || len(c.VRRP) != 1 {
		t.Errorf("have %d and %d groups", len(c.HSRP), len(c.VRRP))
	}
}
