package configs

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/hello"
)

func addrs(list ...string) (out []netip.Addr) {
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

// What the reference says is what a daemon is told.
func TestReferenceAsValues(t *testing.T) {
	const ms, s, m = time.Millisecond, time.Second, time.Minute
	object := func(name string, kind TrackKind, target string) Track {
		return Track{Name: name, Kind: kind, Target: target, Interval: s, Timeout: 500 * ms, Rise: 2, Fall: 3}
	}
	pinged, arped := object("provider", TrackPing, "203.0.113.1"), object("provider-arp", TrackARP, "203.0.113.1")
	pinged.Addr, arped.Addr = netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("203.0.113.1")
	routed := object("default-route", TrackRoute, "0.0.0.0/0")
	routed.Prefix = netip.MustParsePrefix("0.0.0.0/0")
	script := object("script", TrackCommand, "/usr/local/bin/check")
	script.Command = []string{"/usr/local/bin/check", "arg"}
	announce := Announce{Count: 3, Interval: 2 * s, Refresh: m, RealIP: true, Probe: "warn"}
	quiet := announce
	quiet.RealIP = false
	advertised := quiet
	advertised.RouterLifetime = 30 * m
	want := &Config{
		Daemon: Daemon{Metrics: "127.0.0.1:9650", Log: "info", Format: "text", Realtime: true, Lease: Lease{Auto: true}},
		Tracks: []Track{
			object("uplink", TrackInterface, "eth0"), routed, pinged, arped, object("web", TrackTCP, "203.0.113.80:443"),
			object("health", TrackHTTP, "http://203.0.113.80/health"), object("flag", TrackFile, "/run/fhrpd/ready"), script,
		},
		HSRP: []HSRP{{
			Group: Group{
				Interface: "eth1", Name: "users", Family: 4, VirtualIPs: addrs("192.168.1.1", "192.168.1.2"),
				Priority: 110, Preempt: true, PreemptDelay: 30 * s, Delay: Delay{Minimum: 30 * s, Reload: m}, MACMode: MACVirtual,
				Track:     []TrackRef{{Object: "uplink", Decrement: 20}, {Object: "flag", Shutdown: true}},
				Neighbors: addrs("192.168.1.254"), Announce: announce,
				Hooks: Hooks{
					Active: []string{"/usr/local/bin/on-active", "users"}, Standby: []string{"/usr/local/bin/on-standby"},
					PreActive: Hook{Command: []string{"/usr/local/bin/before-active"}, Deadline: 500 * ms},
				},
			},
			ID: 10, Version: 2, Hello: 3 * s, Hold: 10 * s, Auth: Auth{MD5: "a secret of the segment"},
		}, {
			Group: Group{
				Interface: "eth1", Family: 6, VirtualIPs: addrs("fe80::5:73ff:fea0:b", "2001:db8:1::1"), Priority: 100,
				MACMode: MACVirtual, Follow: "users", Announce: announce,
			},
			ID: 11, Version: 2, Hello: 3 * s, Hold: 10 * s, Learn: true, Auth: Auth{Text: "cisco"},
		}},
		Keychains: []Keychain{{Name: "lan", Keys: []Key{{
			ID: 1, Secret: "a passphrase of at least 32 bytes",
			Accept: hello.Period{Until: time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)}, Send: hello.Period{Until: time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC)},
		}, {
			ID: 2, Secret: "hex:a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf",
			Accept: hello.Period{From: time.Date(2026, 12, 17, 0, 0, 0, 0, time.UTC)}, Send: hello.Period{From: time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC)},
		}}}},
		VRRP: []VRRP{{
			Group: Group{
				Interface: "eth2", Name: "servers", Family: 6, VirtualIPs: addrs("fe80::1", "2001:db8::1"), Priority: 100,
				Preempt: true, MACMode: MACVirtual, Track: []TrackRef{{Object: "provider", Decrement: 20}}, Announce: advertised,
			},
			VRID: 20, Version: 3, Advertise: s, Accept: true, MinTTL: 1, Checksum: "auto",
			Auth: Auth{Keychain: "lan", Mode: "enforce", Window: 5 * s, Replay: "time"},
		}, {
			Group: Group{
				Interface: "eth2", Family: 4, VirtualIPs: addrs("192.0.2.1"), Priority: 100, Preempt: true,
				MACMode: MACVirtual, Follow: "servers", Announce: quiet,
			},
			VRID: 21, Version: 2, Advertise: s, Accept: true, MinTTL: 1, Checksum: "auto", Auth: Auth{Text: "plain"},
		}},
	}
	prefix := netip.MustParsePrefix
	want.HSRP[0].Routes = []Route{
		{To: prefix("0.0.0.0/0"), Via: addrs("203.0.113.1")[0], Interface: "eth0", Metric: 10},
		{To: prefix("10.9.0.0/16"), Interface: "wg0", Src: addrs("192.168.1.1")[0]},
		{To: prefix("10.8.0.0/16"), Via: addrs("198.51.100.9")[0], Interface: "eth0", Table: 100, OnLink: true},
		{To: prefix("10.0.0.0/8"), Type: "unreachable"},
	}
	want.HSRP[0].Rules = []Rule{
		{From: prefix("192.168.1.0/24"), Table: 100, Priority: 1000},
		{To: prefix("10.9.0.0/16"), IIF: "eth1", OIF: "eth0", FwMark: 7, Priority: 32765},
	}
	want.VRRP[0].Routes = []Route{
		{To: prefix("::/0"), Via: addrs("fe80::9")[0], Interface: "eth0", Metric: 10, Table: 100, OnLink: true},
		{To: prefix("2001:db8:9::/48"), Via: addrs("2001:db8::9")[0], Src: addrs("2001:db8::1")[0]},
		{To: prefix("2001:db8::/32"), Type: "blackhole"},
	}
	want.VRRP[0].Rules = []Rule{{From: prefix("2001:db8:1::/48"), To: prefix("::/0"), IIF: "eth2", OIF: "eth0", FwMark: 7, Table: 100, Priority: 1000}}
	for n := range want.HSRP {
		want.HSRP[n].Install, want.HSRP[n].Understudy = InstallAddress, true
	}
	for n := range want.VRRP {
		want.VRRP[n].Install, want.VRRP[n].Understudy = InstallAddress, true
	}
	if diff := cmp.Diff(want, parsed(t, reference), sameConfig); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Each line says something else than its default.
func TestValues(t *testing.T) {
	group := func(c *Config) *Group { return &c.HSRP[0].Group }
	for _, tt := range []struct {
		head, line string
		change     func(*Config)
	}{
		{"daemon", `lease = "off"`, func(c *Config) { c.Daemon.Lease = Lease{Off: true} }},
		{"daemon", `lease = "90s"`, func(c *Config) { c.Daemon.Lease = Lease{Duration: 90 * time.Second} }},
		{"daemon", `forwarding = "require"`, func(c *Config) { c.Daemon.RequireForwarding = true }},
		{"daemon", `maintenance = "return"`, func(c *Config) { c.Daemon.Return = true }},
		{"daemon", `maintenance = "stay"`, func(c *Config) {}},
		{"daemon", `realtime = false`, func(c *Config) { c.Daemon.Realtime = false }},
		{"track", `interval = "100ms"`, func(c *Config) {
			c.Tracks[0].Interval, c.Tracks[0].Timeout = 100*time.Millisecond, 100*time.Millisecond
		}},
		{"track", `timeout = "20ms"`, func(c *Config) { c.Tracks[0].Timeout = 20 * time.Millisecond }},
		{"track", `rise = 4`, func(c *Config) { c.Tracks[0].Rise = 4 }},
		{"track", `fall = 5`, func(c *Config) { c.Tracks[0].Fall = 5 }},
		{"track", `delay_up = "6s"`, func(c *Config) { c.Tracks[0].DelayUp = 6 * time.Second }},
		{"track", `delay_down = "7s"`, func(c *Config) { c.Tracks[0].DelayDown = 7 * time.Second }},
		{"hsrp", `understudy = false`, func(c *Config) { group(c).Understudy = false }},
		{"hsrp", `confirm = true`, func(c *Config) { group(c).Confirm = true }},
		{"hsrp", `install = "route"`, func(c *Config) { group(c).Install = InstallRoute }},
		{"hsrp", `virtual_ips = ["192.0.2.1", "10.77.0.1/24"]`, func(c *Config) {
			group(c).VirtualIPs, group(c).Prefixes = addrs("192.0.2.1", "10.77.0.1"), []netip.Prefix{netip.MustParsePrefix("10.77.0.1/24")}
		}},
		{"hsrp", `virtual_ips = ["192.0.2.1/32"]`, func(c *Config) { group(c).VirtualIPs = addrs("192.0.2.1") }},
		{"hsrp", `virtual_ips = ["2001:db8::1/64", "fe80::9/64"]`, func(c *Config) {
			group(c).VirtualIPs, group(c).Prefixes, group(c).Family = addrs("fe80::9", "2001:db8::1"), []netip.Prefix{netip.MustParsePrefix("2001:db8::1/64")}, 6
		}},
		{"hsrp", `mac = "interface"`, func(c *Config) { group(c).MACMode = MACInterface }},
		{"hsrp", `mac = "02:00:5e:10:00:01"`, func(c *Config) {
			group(c).MACMode, group(c).MAC = MACChosen, [6]byte{0x02, 0x00, 0x5e, 0x10, 0x00, 0x01}
		}},
		{"hsrp", `auth = { md5 = "k", key_id = 4294967295 }`, func(c *Config) { c.HSRP[0].Auth = Auth{MD5: "k", KeyID: 4294967295} }},
		{"hsrp", `announce = { real_ip = false }`, func(c *Config) { group(c).Announce.RealIP = false }},
		{"hsrp", `announce = { refresh = "off" }`, func(c *Config) { group(c).Announce.Refresh = 0 }},
		{"hsrp", `announce = { count = 5, interval = "6s", refresh = "7s", probe = "veto" }`, func(c *Config) {
			group(c).Announce = Announce{Count: 5, Interval: 6 * time.Second, Refresh: 7 * time.Second, RealIP: true, Probe: "veto"}
		}},
		{"hsrp", `hooks = { pre_active = { command = ["/x"] } }`, func(c *Config) {
			group(c).Hooks.PreActive = Hook{Command: []string{"/x"}, Deadline: 500 * time.Millisecond}
		}},
		{"object", `track = [{ object = "uplink" }]`, func(c *Config) { group(c).Track = []TrackRef{{Object: "uplink", Decrement: 10}} }},
		{"vrrp", `announce = { real_ip = "on" }`, func(c *Config) { c.VRRP[0].Announce.RealIP = true }},
		{"vrrp", `accept = false`, func(c *Config) { c.VRRP[0].Accept = false }},
		{"vrrp", `peers = ["192.0.2.2", "192.0.2.3"]`, func(c *Config) { c.VRRP[0].Peers = addrs("192.0.2.2", "192.0.2.3") }},
		{"vrrp", `checksum = "pseudo-header"`, func(c *Config) { c.VRRP[0].Checksum = "pseudo-header" }},
		{"vrrp", `advertise = "10ms"`, func(c *Config) { c.VRRP[0].Advertise = 10 * time.Millisecond }},
		{"vrrp", `preempt = false`, func(c *Config) { c.VRRP[0].Preempt = false }},
		{"vrrp6", `announce = { router_lifetime = "2s" }`, func(c *Config) { c.VRRP[0].Announce.RouterLifetime = 2 * time.Second }},
	} {
		want := parsed(t, heads[tt.head])
		tt.change(want)
		if diff := cmp.Diff(want, parsed(t, heads[tt.head]+tt.line+"\n"), sameConfig); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", tt.head, tt.line, diff)
		}
	}
}
