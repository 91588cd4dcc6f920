package e2e6

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// tshark dissects what the gateways have sent and returns one map of fields per
// frame that the filter selects.
func (l *lan) tshark(filter string, fields ...string) []map[string]string {
	l.t.Helper()
	frames := slices.DeleteFunc(slices.Concat(l.a.port.Frames(), l.b.port.Frames()), func(f netlab.Frame) bool { return f.Sent })
	return fhrptest.Tshark(l.t, frames, filter, []string{"-E", "occurrence=a", "-o", "udp.check_checksum:TRUE"}, fields...)
}

// An independent dissector reads hellos, neighbour and router advertisements of
// a run with a start, a takeover and a stop as they are meant.
func TestTsharkAgrees(t *testing.T) {
	skip.Without(t, "tshark")
	want := map[string]struct {
		lines  []string
		filter string
		fields map[string]string
	}{
		"VRRP": {filter: "vrrp", fields: map[string]string{
			"vrrp.version": "3", "vrrp.virt_rtr_id": "20", "vrrp.addr_count": "2", "vrrp.ipv6_addr": "fe80::1," + global.String(),
			"vrrp.short_adver_int": "30", "vrrp.checksum.status": "1", "ipv6.dst": "ff02::12", "ipv6.hlim": "255", "eth.src": "00:00:5e:00:02:14",
		}},
		"HSRP": {lines: []string{`auth = { md5 = "a secret of the segment", key_id = 7 }`}, filter: "hsrp", fields: map[string]string{
			"hsrp2.version": "2", "hsrp2.ipversion": "6", "hsrp2.group": "20", "hsrp2.virt_ip_v6": "fe80::5:73ff:fea0:14",
			"hsrp2.hellotime": "200", "hsrp2.holdtime": "1000", "hsrp2.md5_algorithm": "1", "hsrp2.md5_key_id": "7",
			"ipv6.dst": "ff02::66", "ipv6.hlim": "255", "udp.dstport": "2029", "udp.checksum.status": "1",
		}},
	}
	each(t, func(t testing.TB, p protocol) {
		l := newLAN(t)
		w := want[p.name]
		l.start(p.config(append(w.lines, p.announce(`router_lifetime = "30m"`))...))
		l.a.setPriority(85)
		l.settled(l.b, l.a)
		l.mustPing(p.local, global)
		l.b.StopCleanly()
		l.a.WaitAll("Active")
		// A router says what it is before all is on the wire.
		l.Eventually("advertisements of both routers", func() bool {
			seen := map[byte]int{}
			for _, g := range []*gateway{l.a, l.b} {
				for _, f := range g.sent(time.Time{}) {
					if m, ok := parseICMP(f); ok && source(f) == p.mac {
						seen[m.body[0]]++
					}
				}
			}
			return seen[routerAdvertisement] >= 2 && seen[neighborAdvertisement] >= 4
		})
		frames := l.tshark(w.filter, slices.Sorted(maps.Keys(w.fields))...)
		if len(frames) < 5 {
			t.Errorf("tshark finds %d messages", len(frames))
		}
		for _, f := range frames {
			for name, v := range w.fields {
				if f[name] != v {
					t.Fatalf("%s = %q, want %q, in %v", name, f[name], v, f)
				}
			}
		}
		checkND(t, l, p)
		for _, f := range l.tshark("_ws.malformed || _ws.expert.severity == error || hsrp.unknown_tlv", "frame.number", "_ws.col.Info") {
			t.Errorf("tshark complains about frame %v", f)
		}
	})
}

// checkND looks at what comes from the virtual MAC besides hellos.
func checkND(t testing.TB, l *lan, p protocol) {
	t.Helper()
	fields := []string{"icmpv6.type", "icmpv6.checksum.status", "ipv6.hlim", "icmpv6.opt.linkaddr", "ipv6.tclass", "icmpv6.nd.ra.router_lifetime"}
	seen := map[string]int{}
	for _, f := range l.tshark("icmpv6 && eth.src == "+p.mac.String()+" && (icmpv6.type == 134 || icmpv6.type == 136)", fields...) {
		seen[f["icmpv6.type"]]++
		if f["icmpv6.checksum.status"] != "1" || f["ipv6.hlim"] != "255" || f["icmpv6.opt.linkaddr"] != p.mac.String() || f["ipv6.tclass"] != "0x000000e0" {
			t.Errorf("neighbour discovery message %v", f)
		}
		if f["icmpv6.type"] == "134" && f["icmpv6.nd.ra.router_lifetime"] != "1800" {
			t.Errorf("router advertisement %v", f)
		}
	}
	if seen["134"] < 2 || seen["136"] < 4 {
		t.Errorf("messages by type %v, want advertisements of both routers", seen)
	}
}
