package setup

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/fsm/trailer"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

const everything = `
[daemon]
lease = "4s"
maintenance = "return"

[[track]]
name = "uplink"
interface = "eth0"

[[track]]
name = "core"
ping = "203.0.113.1"

[[vrrp]]
interface = "eth1.100"
vrid = 20
version = 2
name = "lan"
virtual_ips = ["192.0.2.1"]
advertise = "2s"
priority = 255
accept = false
peers = ["192.0.2.11"]
min_ttl = 255
auth = { text = "ours" }

[[vrrp]]
interface = "eth1"
vrid = 21
virtual_ips = ["fe80::1", "2001:db8::1"]
mac = "interface"
announce = { router_lifetime = "30m", probe = "off" }

[[keychain]]
name = "all"
keys = [{ id = 3, secret = "a passphrase of at least 32 bytes", send_from = 2026-12-24T00:00:00Z }]

[[vrrp]]
interface = "eth1"
vrid = 22
auth = { keychain = "all", mode = "receive-only", replay = "monotonic" }
virtual_ips = ["192.0.2.2/28"]
install = "route"
routes = [{ to = "0.0.0.0/0", via = "203.0.113.1", interface = "eth0" }]
rules = [{ iif = "eth1", table = 7 }]
delay = { minimum = "10s" }
checksum = "pseudo-header"

[[hsrp]]
interface = "eth1"
group = 10
version = 1
name = "users"
confirm = true
virtual_ips = ["192.0.2.3", "192.0.2.4"]
priority = 110
preempt = true
preempt_delay = "30s"
delay = { minimum = "20s", reload = "40s" }
hello = "1s"
hold = "3s"
mac = "02:00:00:00:00:07"
auth = { md5 = "secret", key_id = 7 }
off_subnet = "accept"
track = [{ object = "uplink", decrement = 20 }, { object = "core", shutdown = true }]
neighbors = ["192.0.2.254"]
hooks = { active = ["/on"], pre_active = { command = ["/before"], deadline = "700ms" } }

[hsrp.announce]
count = 5
interval = "1s"
refresh = "90s"
real_ip = false
probe = "veto"

[[hsrp]]
interface = "eth2"
auth = { keychain = "all" }
follow = "users"
virtual_ips = ["192.0.2.5"]

[[hsrp]]
interface = "eth3"
`

func parsed(t *testing.T) *configs.Config {
	t.Helper()
	c, err := configs.Parse("test", []byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEngineRunsWhatTheFileSays(t *testing.T) {
	addrs := func(list ...string) (out []netip.Addr) {
		for _, s := range list {
			out = append(out, netip.MustParseAddr(s))
		}
		return out
	}
	key, _ := hello.MD5Auth("secret", 7)
	ours, _ := hello.TextAuth("ours")
	cisco, _ := hello.TextAuth("cisco")
	chain := hello.Keychain{Name: "all", Keys: []hello.Key{{
		ID: 3, Secret: hello.NewSecret([]byte("a passphrase of at least 32 bytes")), Send: hello.Period{From: time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC)},
	}}}
	usual := garp.Timing{Count: 3, Interval: 2 * time.Second, Refresh: time.Minute}
	want := engine.Config{
		Lease: 4 * time.Second, Return: true,
		Tracks: []engine.Track{{Name: "uplink", Interface: "eth0", First: time.Second}, {Name: "core", First: 4500 * time.Millisecond}},
		Groups: []engine.Group{{
			Ref:  engine.Ref{Protocol: hello.ProtocolHSRP, Family: hello.IPv4, Interface: "eth1", Number: 10},
			Name: "users", Version: 1, Understudy: true, Confirm: true, VirtualIPs: addrs("192.0.2.3", "192.0.2.4"), Priority: 110,
			Preempt: true, PreemptDelay: 30 * time.Second, HelloTime: time.Second, HoldTime: 3 * time.Second,
			Delay:     engine.Delay{Minimum: 20 * time.Second, Reload: 40 * time.Second},
			OffSubnet: true, Auth: key, MAC: hello.MAC{2, 0, 0, 0, 0, 7},
			Tracks:    []engine.TrackUse{{Object: "uplink", Decrement: 20}, {Object: "core", Shutdown: true}},
			Neighbors: addrs("192.0.2.254"), PreActive: 700 * time.Millisecond,
			Announce: engine.Announce{Timing: garp.Timing{Count: 5, Interval: time.Second, Refresh: 90 * time.Second}, Probe: engine.ProbeVeto},
		}, {
			Ref:     engine.Ref{Protocol: hello.ProtocolHSRP, Family: hello.IPv4, Interface: "eth2"},
			Version: 2, Understudy: true, VirtualIPs: addrs("192.0.2.5"), Priority: 100, Follow: "users",
			Keychain: chain, Announce: engine.Announce{Timing: usual, RealIP: true, Probe: engine.ProbeWarn},
		}, { // which learns address and timers
			Ref:     engine.Ref{Protocol: hello.ProtocolHSRP, Family: hello.IPv4, Interface: "eth3"},
			Version: 2, Understudy: true, Priority: 100, Auth: cisco,
			Announce: engine.Announce{Timing: usual, RealIP: true, Probe: engine.ProbeWarn},
		}, {
			Ref:  engine.Ref{Protocol: hello.ProtocolVRRP, Family: hello.IPv4, Interface: "eth1.100", Number: 20},
			Name: "lan", Version: 2, Understudy: true, VirtualIPs: addrs("192.0.2.1"), Priority: 255, Preempt: true,
			HelloTime: 2 * time.Second, Peers: addrs("192.0.2.11"), MinTTL: 255, Auth: ours,
			Announce: engine.Announce{Timing: usual, Probe: engine.ProbeWarn},
		}, {
			Ref:     engine.Ref{Protocol: hello.ProtocolVRRP, Family: hello.IPv6, Interface: "eth1", Number: 21},
			Version: 3, Understudy: true, VirtualIPs: addrs("fe80::1", "2001:db8::1"), Priority: 100, Preempt: true,
			HelloTime: time.Second, Accept: true, MinTTL: 1, InterfaceMAC: true,
			Announce: engine.Announce{Timing: usual, RouterLifetime: 30 * time.Minute},
		}, {
			Ref:     engine.Ref{Protocol: hello.ProtocolVRRP, Family: hello.IPv4, Interface: "eth1", Number: 22},
			Version: 3, Understudy: true, VirtualIPs: addrs("192.0.2.2"), Prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.2/28")}, RouteOnly: true, Priority: 100, Preempt: true,
			Routes:    []engine.Route{{To: netip.MustParsePrefix("0.0.0.0/0"), Via: netip.MustParseAddr("203.0.113.1"), Interface: "eth0"}},
			Rules:     []engine.Rule{{From: netip.MustParsePrefix("0.0.0.0/0"), IIF: "eth1", Table: 7, Priority: 32765}},
			HelloTime: time.Second, Accept: true, MinTTL: 1, Checksum: hello.PseudoHeader, Delay: engine.Delay{Minimum: 10 * time.Second},
			Keychain: chain, Trailer: trailer.Rules{Mode: trailer.ReceiveOnly, Window: 5 * time.Second, Monotonic: true},
			Announce: engine.Announce{Timing: usual, Probe: engine.ProbeWarn},
		}},
	}
	got := Engine(parsed(t))
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }), cmp.Comparer(sameAuth)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i := range reflect.TypeFor[engine.Group]().NumField() { // so that a new one is not forgotten above
		if f := reflect.TypeFor[engine.Group]().Field(i); !anySet(want.Groups, i) {
			t.Errorf("%s is set in no group of this test", f.Name)
		}
	}
}

func anySet(groups []engine.Group, field int) bool {
	for _, g := range groups {
		if !reflect.ValueOf(g).Field(field).IsZero() {
			return true
		}
	}
	return false
}

// sameAuth compares what two authentications put on the wire.
func sameAuth(a, b hello.Auth) bool {
	m := &hello.HSRP{Version: 2, Family: hello.IPv4}
	src := netip.MustParseAddr("192.0.2.1")
	return (a == hello.Auth{}) == (b == hello.Auth{}) && string(hello.AppendHSRP(nil, m, &a, src)) == string(hello.AppendHSRP(nil, m, &b, src))
}

func TestLeases(t *testing.T) {
	for text, want := range map[string]time.Duration{`"auto"`: engine.LeaseAuto, `"off"`: engine.LeaseOff, `"2s"`: 2 * time.Second} {
		c, err := configs.Parse("test", []byte("[daemon]\nlease = "+text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := Engine(c).Lease; got != want {
			t.Errorf("lease %s: %v, want %v", text, got, want)
		}
	}
}

func TestGroupsHaveTheirHooks(t *testing.T) {
	groups := Groups(parsed(t))
	if h := groups[0].Hooks; len(h.Active) != 1 || h.Active[0] != "/on" || h.PreActive.Command[0] != "/before" {
		t.Errorf("hooks of %s: %+v", groups[0].Ref, h)
	}
	if h := groups[1].Hooks; len(h.Active)+len(h.PreActive.Command) > 0 {
		t.Errorf("hooks of %s: %+v", groups[1].Ref, h)
	}
}

// The longest key that the configuration takes is one that package hello takes.
func TestKeysOfEveryLengthAreTranslated(t *testing.T) {
	for n := range 300 {
		text := "[[hsrp]]\ninterface = \"eth1\"\nauth = { md5 = \"" + strings.Repeat("k", n) + "\" }\n"
		if c, err := configs.Parse("test", []byte(text)); err == nil {
			Groups(c)
		} else if n > 0 && n <= hello.MaxMD5Key {
			t.Errorf("a key of %d bytes: %v", n, err)
		}
	}
}

func TestTrailerRules(t *testing.T) {
	head := "[[keychain]]\nname = \"k\"\nkeys = [{ id = 1, secret = \"" + strings.Repeat("k", 64) + "\" }]\n" +
		"[[vrrp]]\ninterface = \"eth1\"\nvrid = 1\nvirtual_ips = [\"192.0.2.1\"]\n"
	for text, want := range map[string]trailer.Rules{
		`auth = { keychain = "k" }`:                                         {Mode: trailer.Enforce, Window: 5 * time.Second},
		`auth = { keychain = "k", mode = "permissive" }`:                    {Mode: trailer.Permissive, Window: 5 * time.Second},
		`auth = { keychain = "k", window = "2s", mode = "enforce" }`:        {Mode: trailer.Enforce, Window: 2 * time.Second},
		"advertise = \"10s\"\n" + `auth = { keychain = "k" }`:               {Mode: trailer.Enforce, Window: 30 * time.Second},
		"version = 2\n" + `auth = { keychain = "k", replay = "monotonic" }`: {Mode: trailer.Enforce, Window: 5 * time.Second, Monotonic: true},
		"": {},
	} {
		c, err := configs.Parse("test", []byte(head+text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := Groups(c)[0].Trailer; got != want {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
}
