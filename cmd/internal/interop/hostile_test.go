package interop

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/hello"
)

// victims are the groups that the hostile packets are meant for: version 3 over
// both families, version 2 with and without a password.
const victims = `
[[vrrp]]
interface = "eth0"
vrid = 51
priority = PRIORITY
advertise = "100ms"
virtual_ips = ["192.168.1.254"]
[[vrrp]]
interface = "eth0"
vrid = 51
priority = PRIORITY
advertise = "100ms"
virtual_ips = ["fe80::254", "2001:db8:1::254"]
[[vrrp]]
interface = "eth0"
vrid = 52
version = 2
priority = PRIORITY
virtual_ips = ["192.168.1.253"]
[[vrrp]]
interface = "eth0"
vrid = 53
version = 2
priority = PRIORITY
auth = { text = "secret12" }
virtual_ips = ["192.168.1.252"]
`

// forged is an advertisement that would win, were it not for what spoils it.
type forged struct {
	name   string
	group  string // that is to count the rejection, "" for the interface
	why    hello.Reject
	m      hello.VRRP
	text   string
	env    func(*hello.Envelope)
	mangle func([]byte) []byte // of the message
	seal   bool                // its checksum is put right again
}

func strong(version uint8, f hello.Family, id uint8) hello.VRRP {
	m := hello.VRRP{Version: version, VRID: id, Priority: 254, Family: f, AdverInterval: 100 * time.Millisecond, VirtualIPs: []netip.Addr{vip4}}
	if version == 2 {
		m.AdverInterval = time.Second
	}
	if f == hello.IPv6 {
		m.VirtualIPs = []netip.Addr{vip6Local, vip6}
	}
	return m
}

var (
	ourIP    = netip.MustParseAddr("192.168.1.100")
	theirIP  = netip.MustParseAddr("192.168.1.200")
	theirMAC = hello.MAC{2, 0, 0, 0, 2, 0}

	strong3 = strong(3, hello.IPv4, 51)
	strong6 = strong(3, hello.IPv6, 51)
	strong2 = strong(2, hello.IPv4, 52)
	secret2 = strong(2, hello.IPv4, 53)
)

func set(off int, value byte) func([]byte) []byte {
	return func(b []byte) []byte { b[off] = value; return b }
}

// forgeries leave the IP header alone: a switch that filters looks at it, too,
// and may keep a broken one to itself.
var forgeries = []forged{
	{name: "TTL 64", why: hello.RejectTTL, m: strong3, env: func(e *hello.Envelope) { e.TTL = 64 }},
	{name: "hop limit 64", why: hello.RejectTTL, m: strong6, env: func(e *hello.Envelope) { e.TTL = 64 }},
	{name: "wrong checksum", why: hello.RejectChecksum, m: strong3, mangle: set(7, 0x5a)},
	{name: "wrong checksum, IPv6", why: hello.RejectChecksum, m: strong6, mangle: set(7, 0x5a)},
	{name: "wrong checksum, version 2", why: hello.RejectChecksum, m: strong2, mangle: set(7, 0x5a)},
	{name: "count above the addresses", why: hello.RejectShort, m: strong3, mangle: set(3, 200), seal: true},
	{name: "count below the addresses", why: hello.RejectLength, m: strong6, mangle: set(3, 1), seal: true},
	{name: "bytes behind the addresses", why: hello.RejectLength, m: strong3, mangle: func(b []byte) []byte { return append(b, 1, 2, 3, 4) }, seal: true},
	{name: "cut in the header", why: hello.RejectShort, m: strong3, mangle: func(b []byte) []byte { return b[:6] }},
	{name: "empty", why: hello.RejectShort, m: strong3, mangle: func(b []byte) []byte { return nil }},
	{name: "cut in the addresses", why: hello.RejectShort, m: strong6, mangle: func(b []byte) []byte { return b[:len(b)-4] }, seal: true},
	{name: "without authentication data", why: hello.RejectShort, m: strong2, mangle: func(b []byte) []byte { return b[:len(b)-8] }, seal: true},
	{name: "no addresses", why: hello.RejectAddresses, m: strong3, mangle: func(b []byte) []byte { b[3] = 0; return b[:8] }, seal: true},
	{name: "interval 0", why: hello.RejectInterval, m: strong3, mangle: func(b []byte) []byte { b[4], b[5] = 0, 0; return b }, seal: true},
	{name: "interval 0 under reserved bits", why: hello.RejectInterval, m: strong6, mangle: func(b []byte) []byte { b[4], b[5] = 0xf0, 0; return b }, seal: true},
	{name: "another interval, version 2", group: "vrrp:eth0:52", why: hello.RejectInterval, m: strong2, mangle: set(5, 3), seal: true},
	{name: "type 2", why: hello.RejectType, m: strong3, mangle: set(0, 0x32), seal: true},
	{name: "version 4", why: hello.RejectVersion, m: strong3, mangle: set(0, 0x41), seal: true},
	{name: "version 2 for a router of version 3", why: hello.RejectVersion, m: strong(2, hello.IPv4, 51)},
	{name: "version 3 for a router of version 2", why: hello.RejectVersion, m: strong(3, hello.IPv4, 52)},
	{name: "VRID 0", why: hello.RejectGroup, m: strong(3, hello.IPv4, 0)},
	{name: "foreign VRID", why: hello.RejectGroup, m: strong(3, hello.IPv4, 99)},
	{name: "wrong password", group: "vrrp:eth0:53", why: hello.RejectAuth, m: secret2, text: "guess"},
	{name: "no password", group: "vrrp:eth0:53", why: hello.RejectAuthType, m: secret2},
	{name: "a password nobody asked for", group: "vrrp:eth0:52", why: hello.RejectAuthType, m: strong2, text: "guess"},
	{name: "our own address as source", why: hello.RejectSource, m: strong3, env: func(e *hello.Envelope) { e.Src = ourIP }},
}

func sum(b []byte, s uint32) uint16 {
	for i := 0; i+1 < len(b); i += 2 {
		s += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// bytes builds the frame.
func (f forged) bytes(src netip.Addr) []byte {
	env := hello.GroupEnvelope(hello.ProtocolVRRP, f.m.Version, src, theirMAC)
	if f.env != nil {
		f.env(&env)
	}
	b := hello.AppendVRRP(nil, &f.m, f.text, hello.MessageOnly, env.Src, env.Dst)
	if f.mangle != nil {
		b = f.mangle(b)
	}
	if f.seal {
		seal(b, env)
	}
	return hello.AppendFrame(nil, &env, b)
}

// seal puts the checksum of a mangled message right, so that it is not what
// gives the message away.
func seal(b []byte, env hello.Envelope) {
	b[6], b[7] = 0, 0
	var pseudo uint32
	if env.Src.Is6() {
		src, dst := env.Src.As16(), env.Dst.As16()
		pseudo = uint32(sum(append(src[:], dst[:]...), uint32(len(b))+112))
	}
	binary.BigEndian.PutUint16(b[6:], ^sum(b, pseudo))
}

// injector sends frames into the segment from the peer's place.
type injector struct {
	*netlab.Sender
	g *fhrptest.Gateway
}

func newInjector(g *fhrptest.Gateway) injector {
	g.T.Helper()
	s, err := g.NS.Sender(dev)
	must(g.T, err)
	g.T.Cleanup(func() { s.Close() })
	return injector{s, g}
}

func (i injector) send(f forged) {
	i.g.T.Helper()
	src := i.g.IP
	if f.m.Family == hello.IPv6 {
		src = i.g.LinkLocal
	}
	must(i.g.T, i.Send(f.bytes(src)))
}

// rejected returns the counter that a forgery is to move.
func (f forged) rejected(st *status.Status) uint64 {
	if f.group == "" {
		return st.Interfaces[0].Rejected[string(f.why)]
	}
	i, err := status.Find(st.Groups, f.group)
	if err != nil {
		return 0
	}
	return st.Groups[i].Counters.Rejected[string(f.why)]
}

// roles returns what must not change: each group's state, its number of
// transitions and what it has accepted.
func roles(st *status.Status) (list []string) {
	for _, g := range st.Groups {
		list = append(list, fmt.Sprintf("%d IPv%d %s, %d transitions, %d received", g.ID, g.Family, g.State, g.Transitions, g.Counters.Received))
	}
	return list
}

// totals returns all reject counters together.
func totals(st *status.Status) (n uint64) {
	for _, v := range st.Interfaces[0].Rejected {
		n += v
	}
	for _, g := range st.Groups {
		for _, v := range g.Counters.Rejected {
			n += v
		}
	}
	return n
}

func TestForgedPacketsChangeNothing(t *testing.T) {
	t.Parallel()
	fhrptest.Steady(t, fhrptest.Stall, func(t testing.TB) {
		need(t)
		s := newSegment(t, us, them)
		d := &daemon{s.Gateway(us), victims}
		d.start(below)
		s.Eventually("all groups are Active", func() bool { return d.All("Active") })
		inject := newInjector(s.Gateway(them))
		for _, f := range forgeries {
			before := d.Answer()
			const n = 3
			for range n {
				inject.send(f)
			}
			s.within(fhrptest.Patience, func() bool { return f.rejected(d.Answer()) >= f.rejected(before)+n })
			after := d.Answer()
			if got := f.rejected(after) - f.rejected(before); got != n || totals(after)-totals(before) != n {
				t.Errorf("%s: %d of %d were counted as %q at %q, %d for any reason\ninterface: %v", f.name, got, n, f.why, f.group,
					totals(after)-totals(before), after.Interfaces[0].Rejected)
			}
			if diff := cmp.Diff(roles(before), roles(after)); diff != "" {
				t.Errorf("%s: groups changed (-before +after):\n%s", f.name, diff)
			}
		}
		// The same sender, believed: the forgeries failed for what spoiled them.
		s.Eventually("an honest advertisement is believed", func() bool {
			inject.send(forged{m: strong3}) // not for long, so that it is repeated
			return d.Group("vrrp:eth0:51").State == "Backup"
		})
	})
}

// A stream of forgeries must not hold up a Backup that is about to take over.
func TestForgedPacketsDoNotHoldUpATakeover(t *testing.T) {
	t.Parallel()
	fhrptest.Steady(t, fhrptest.Stall, func(t testing.TB) {
		need(t)
		s := newSegment(t, us, them)
		d := &daemon{s.Gateway(us), victims}
		inject := newInjector(s.Gateway(them))
		d.start(below)
		s.Eventually("the groups wait", func() bool { return d.All("Backup") })
		began := time.Now()
		s.Eventually("all groups are Active", func() bool {
			for _, f := range forgeries {
				inject.send(f)
			}
			return d.All("Active")
		})
		// The version 2 groups, at one second, are the last.
		if took, limit := time.Since(began), 3*time.Second+(256-below)*time.Second/256; took > limit+slack+s.Witness.Spare(began) {
			t.Errorf("the takeover took %v, the timers allow %v", took, limit)
		}
	})
}
