package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// tshark dissects what the gateways have sent, with every checksum verified,
// and returns one map of fields per frame that the filter selects.
func (l *lan) tshark(prefs []string, filter string, fields ...string) []map[string]string {
	l.t.Helper()
	options := []string{"-E", "occurrence=a"}
	for _, p := range append([]string{"ip.check_checksum:TRUE", "udp.check_checksum:TRUE"}, prefs...) {
		options = append(options, "-o", p)
	}
	return fhrptest.Tshark(l.t, slices.Concat(l.a.Sent(time.Time{}), l.b.Sent(time.Time{})), filter, options, fields...)
}

// dissected is what tshark must find in the messages of one run.
type dissected struct {
	groups   string
	protocol string   // as tshark's filter
	fields   []string // shown in each of want, separated by spaces
	want     []string // all of these must be seen
	constant map[string]string
	prefs    []string
	over6    protocol // whose other messages are looked at as well
}

// checksumGood is tshark's word for it.
const checksumGood = "1"

func dissections() map[string]dissected {
	opcodes1 := []string{"0 4 110", "0 8 110", "0 16 110", "0 8 100", "0 16 100", "0 16 85", "0 4 85", "1 8 100", "2 16 100"}
	opcodes2 := []string{"0 4 110", "0 5 110", "0 6 110", "0 5 100", "0 6 100", "0 6 85", "0 4 85", "1 5 100", "2 6 100"}
	fields1 := []string{"hsrp.opcode", "hsrp.state", "hsrp.priority"}
	fields2 := []string{"hsrp2.opcode", "hsrp2.state", "hsrp2.priority"}
	const md5 = `auth = { md5 = "a secret of the segment", key_id = 7 }`
	const lifetime = `router_lifetime = "30m"`
	return map[string]dissected{
		"HSRP version 1": {
			groups: hsrpTable(1, address4, subSecond), protocol: "hsrp", fields: fields1, want: opcodes1,
			constant: map[string]string{"hsrp.version": "0", "hsrp.group": "10", "hsrp.virt_ip": vip.String(), "hsrp.auth_data": "cisco",
				"hsrp.hellotime": "0", "hsrp.holdtime": "0", "ip.dst": "224.0.0.2", "ip.ttl": "1", "udp.dstport": "1985",
				"ip.checksum.status": checksumGood, "udp.checksum.status": checksumGood},
		},
		"HSRP version 1 with MD5": {
			groups: hsrpTable(1, address4, subSecond, md5), protocol: "hsrp", fields: fields1, want: opcodes1,
			constant: map[string]string{"hsrp.version": "0", "hsrp.virt_ip": vip.String(), "hsrp2.md5_algorithm": "1", "hsrp2.md5_key_id": "7",
				"udp.length": "58", "udp.checksum.status": checksumGood},
		},
		"HSRP version 2": {
			groups: hsrpTable(2, address4, subSecond), protocol: "hsrp", fields: fields2, want: opcodes2,
			constant: map[string]string{"hsrp2.version": "2", "hsrp2.ipversion": "4", "hsrp2.group": "10", "hsrp2.virt_ip": vip.String(),
				"hsrp2.auth_data": "cisco", "hsrp2.hellotime": "200", "hsrp2.holdtime": "1000", "ip.dst": "224.0.0.102", "ip.ttl": "1",
				"ip.checksum.status": checksumGood, "udp.checksum.status": checksumGood},
		},
		"HSRP version 2 with MD5": {
			groups: hsrpTable(2, address4, subSecond, md5), protocol: "hsrp", fields: fields2, want: opcodes2,
			constant: map[string]string{"hsrp2.virt_ip": vip.String(), "hsrp2.md5_algorithm": "1", "hsrp2.md5_key_id": "7",
				"udp.length": "80", "udp.checksum.status": checksumGood},
		},
		"HSRP for IPv6": {
			groups: hsrpTable(2, `virtual_ips = ["fe80::1"]`, subSecond), protocol: "hsrp", fields: fields2, want: opcodes2,
			constant: map[string]string{"hsrp2.ipversion": "6", "hsrp2.group": "10", "hsrp2.virt_ip_v6": "fe80::1",
				"ipv6.dst": "ff02::66", "ipv6.hlim": "255", "udp.dstport": "2029", "udp.checksum.status": checksumGood},
		},
		"VRRP version 2": {
			groups: table("vrrp", "version = 2\nvrid = 10", common, address4, `advertise = "1s"`), protocol: "vrrp",
			fields: []string{"vrrp.prio"}, want: []string{"110", "100", "0"},
			constant: map[string]string{"vrrp.version": "2", "vrrp.type": "1", "vrrp.virt_rtr_id": "10", "vrrp.addr_count": "1",
				"vrrp.auth_type": "0", "vrrp.adver_int": "1", "vrrp.ip_addr": vip.String(), "vrrp.checksum.status": checksumGood,
				"ip.dst": "224.0.0.18", "ip.ttl": "255", "eth.src": "00:00:5e:00:01:0a", "ip.checksum.status": checksumGood},
		},
		"VRRP version 3 without pseudo-header": {
			groups: table("vrrp", "version = 3\nvrid = 10", common, address4, `advertise = "200ms"`), protocol: "vrrp",
			fields: []string{"vrrp.prio"}, want: []string{"110", "100", "0"}, prefs: []string{"vrrp.v3_checksum_as_in_v2:TRUE"},
			constant: map[string]string{"vrrp.version": "3", "vrrp.checksum.status": checksumGood},
		},
		"VRRP version 3": {
			groups: table("vrrp", "version = 3\nvrid = 10", common, address4, `advertise = "200ms"`, `checksum = "pseudo-header"`), protocol: "vrrp",
			fields: []string{"vrrp.prio"}, want: []string{"110", "100", "0"},
			constant: map[string]string{"vrrp.version": "3", "vrrp.virt_rtr_id": "10", "vrrp.addr_count": "1",
				"vrrp.short_adver_int": "20", "vrrp.ip_addr": vip.String(), "vrrp.checksum.status": checksumGood,
				"ip.ttl": "255", "eth.src": "00:00:5e:00:01:0a", "ip.checksum.status": checksumGood},
		},
		"VRRP for IPv6 that is signed": { // the trailer is in the checksum
			groups: withAuth(vrrp6.config(), oneKey, signedAuth), protocol: "vrrp",
			fields: []string{"vrrp.prio"}, want: []string{"110", "100", "0"},
			constant: map[string]string{"vrrp.version": "3", "vrrp.virt_rtr_id": "20", "vrrp.addr_count": "2", "ipv6.plen": "68",
				"vrrp.checksum.status": checksumGood, "ipv6.hlim": "255"},
		},
		"VRRP version 2 that is signed": { // the trailer is not, and tshark knows none
			groups: withAuth(table("vrrp", "version = 2\nvrid = 10", common, address4, `advertise = "1s"`), oneKey, signedAuth), protocol: "vrrp",
			fields: []string{"vrrp.prio"}, want: []string{"110", "100", "0"},
			constant: map[string]string{"vrrp.version": "2", "vrrp.addr_count": "1", "vrrp.ip_addr": vip.String(), "vrrp.auth_type": "0",
				"ip.len": "68", "ip.ttl": "255", "ip.checksum.status": checksumGood},
		},
		"VRRP for IPv6 with a router's lifetime": {
			groups: vrrp6.config(vrrp6.announce(lifetime)), protocol: "vrrp", over6: vrrp6,
			fields: []string{"vrrp.prio"}, want: []string{"110", "100", "0"},
			constant: map[string]string{"vrrp.version": "3", "vrrp.virt_rtr_id": "20", "vrrp.addr_count": "2", "vrrp.ipv6_addr": "fe80::1," + global.String(),
				"vrrp.short_adver_int": "30", "vrrp.checksum.status": checksumGood, "ipv6.dst": "ff02::12", "ipv6.hlim": "255", "eth.src": "00:00:5e:00:02:14"},
		},
		"HSRP for IPv6 with MD5 and a router's lifetime": {
			groups: hsrp6.config(md5, hsrp6.announce(lifetime)), protocol: "hsrp", over6: hsrp6, fields: fields2, want: opcodes2,
			constant: map[string]string{"hsrp2.version": "2", "hsrp2.ipversion": "6", "hsrp2.group": "20", "hsrp2.virt_ip_v6": "fe80::5:73ff:fea0:14",
				"hsrp2.hellotime": "200", "hsrp2.holdtime": "1000", "hsrp2.md5_algorithm": "1", "hsrp2.md5_key_id": "7",
				"ipv6.dst": "ff02::66", "ipv6.hlim": "255", "udp.dstport": "2029", "udp.checksum.status": checksumGood},
		},
	}
}

// An independent dissector reads everything that a run with a start, a
// preemption and a stop puts on the wire.
func TestTsharkAgrees(t *testing.T) {
	leaveOutIfShort(t)
	skip.Without(t, "tshark")
	t.Parallel()
	for name, d := range dissections() {
		t.Run(name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				l.startInTurn(d.groups) // so that each passes every state
				setPriority(l.a, 85)
				l.Settled(l.b, l.a)
				if d.over6.name != "" {
					l.mustPing(d.over6.addresses()...)
				}
				l.b.StopCleanly()
				l.a.WaitAll("Active")
				checkDissection(t, l, d)
				checkGratuitous(t, l)
				if d.over6.name != "" {
					checkND(t, l, d.over6)
				}
			})
		})
	}
}

func checkDissection(t testing.TB, l *lan, d dissected) {
	t.Helper()
	fields := slices.Clone(d.fields)
	for f := range d.constant {
		fields = append(fields, f)
	}
	var frames []map[string]string
	var missing []string
	// A router says what it is before it is on the wire.
	if netlab.Eventually(t.Context(), patience, func() bool {
		frames = l.tshark(d.prefs, d.protocol, fields...)
		missing = d.missing(frames)
		return len(missing) == 0
	}) != nil {
		t.Errorf("no messages with %v = %q among %d", d.fields, missing, len(frames))
	}
	if len(frames) < 5 {
		t.Errorf("tshark finds %d messages", len(frames))
	}
	for _, f := range frames {
		for name, want := range d.constant {
			if f[name] != want {
				t.Fatalf("%s = %q, want %q, in %v", name, f[name], want, f)
			}
		}
	}
	for _, f := range l.tshark(nil, "_ws.malformed || _ws.expert.severity == error || hsrp.unknown_tlv", "frame.number", "_ws.col.Info") {
		t.Errorf("tshark complains about frame %v", f)
	}
}

// missing returns what of want no frame shows.
func (d dissected) missing(frames []map[string]string) []string {
	seen := map[string]bool{}
	for _, f := range frames {
		var key []string
		for _, name := range d.fields {
			key = append(key, f[name])
		}
		seen[strings.Join(key, " ")] = true
	}
	return slices.DeleteFunc(slices.Clone(d.want), func(want string) bool { return seen[want] })
}

// checkGratuitous wants every announcement recognised as one, and none of the
// gateways' Neighbor Advertisements with a bad checksum.
func checkGratuitous(t testing.TB, l *lan) {
	t.Helper()
	for _, f := range l.tshark(nil, "arp && arp.src.proto_ipv4 == arp.dst.proto_ipv4", "frame.number", "arp.isgratuitous", "eth.src", "arp.src.hw_mac") {
		if f["arp.isgratuitous"] != "1" && f["arp.isgratuitous"] != "True" || f["eth.src"] != f["arp.src.hw_mac"] {
			t.Errorf("announcement %v", f)
		}
	}
	for _, f := range l.tshark(nil, "icmpv6.type == 136", "icmpv6.checksum.status", "icmpv6.nd.na.flag.o", "ipv6.hlim", "frame.number") {
		if f["icmpv6.checksum.status"] != checksumGood || f["ipv6.hlim"] != "255" {
			t.Errorf("advertisement %v", f)
		}
	}
}

// checkND looks at what comes from the virtual MAC besides hellos.
func checkND(t testing.TB, l *lan, p protocol) {
	t.Helper()
	// A router says what it is before all is on the wire.
	l.Eventually("advertisements of both routers", func() bool {
		seen := map[byte]int{}
		for _, f := range slices.Concat(l.a.Sent(time.Time{}), l.b.Sent(time.Time{})) {
			if m, ok := parseICMP(f); ok && f.Source() == p.mac {
				seen[m.body[0]]++
			}
		}
		return seen[routerAdvertisement] >= 2 && seen[neighborAdvertisement] >= 4
	})
	fields := []string{"icmpv6.type", "icmpv6.checksum.status", "ipv6.hlim", "icmpv6.opt.linkaddr", "ipv6.tclass", "icmpv6.nd.ra.router_lifetime"}
	seen := map[string]int{}
	for _, f := range l.tshark(nil, "icmpv6 && eth.src == "+p.mac.String()+" && (icmpv6.type == 134 || icmpv6.type == 136)", fields...) {
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
