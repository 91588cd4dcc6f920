package e2e

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// ICMPv6 types.
const (
	echoRequest           = 128
	routerSolicitation    = 133
	routerAdvertisement   = 134
	neighborSolicitation  = 135
	neighborAdvertisement = 136
	redirect              = 137
	reportV2              = 143
)

// icmp is an ICMPv6 message with what the headers before it say.
type icmp struct {
	src, dst netip.Addr
	body     []byte // from the type on
}

// parseICMP reads a frame that carries ICMPv6, behind a hop-by-hop header or
// not.
func parseICMP(f netlab.Frame) (m icmp, ok bool) {
	const head = 14 + 40
	b := f.Data
	if len(b) < head+8 || binary.BigEndian.Uint16(b[12:]) != unix.ETH_P_IPV6 {
		return m, false
	}
	next, at := b[20], head
	if next == 0 {
		next, at = b[head], head+8+8*int(b[head+1])
	}
	if next != unix.IPPROTO_ICMPV6 || len(b) < at+4 {
		return m, false
	}
	return icmp{netip.AddrFrom16([16]byte(b[22:38])), netip.AddrFrom16([16]byte(b[38:54])), b[at:]}, true
}

// is returns a condition: ICMPv6 of a type.
func is(typ byte) match {
	return func(f netlab.Frame) bool {
		m, ok := parseICMP(f)
		return ok && m.body[0] == typ
	}
}

// and returns a condition: both of two.
func and(a, b match) match { return func(f netlab.Frame) bool { return a(f) && b(f) } }

// announces returns a condition: the unsolicited advertisement of a virtual
// address, right in every field (RFC 9568 section 6.4.2).
func announces(vmac hello.MAC, a netip.Addr) match {
	return func(f netlab.Frame) bool {
		h, n, err := garp.ParseND(f.Data)
		return err == nil && n == garp.ND{
			Type: garp.NeighborAdvertisement, Src: a, Dst: netip.IPv6LinkLocalAllNodes(), Target: a,
			LinkAddr: vmac, Router: true, Override: true,
		} && h.Src == vmac && h.Dst == wire.MulticastMAC(n.Dst)
	}
}

// hellos returns a condition: a message of the protocol.
func (p protocol) hellos() match {
	return func(f netlab.Frame) bool {
		var e hello.Envelope
		_, err := hello.ParseFrame(f.Data, &e, false)
		return err == nil && e.Dst == p.group
	}
}

// reported returns the groups that a gateway's listener reports name (RFC
// 3810 section 5.2), each with the Ethernet sources of the reports.
func reported(frames []netlab.Frame) map[netip.Addr][]hello.MAC {
	out := map[netip.Addr][]hello.MAC{}
	for _, f := range frames {
		m, ok := parseICMP(f)
		if !ok || m.body[0] != reportV2 || len(m.body) < 8 {
			continue
		}
		records := m.body[8:]
		for range binary.BigEndian.Uint16(m.body[6:]) {
			if len(records) < 20 {
				break
			}
			g := netip.AddrFrom16([16]byte(records[4:20]))
			if !slices.Contains(out[g], f.Source()) {
				out[g] = append(out[g], f.Source())
			}
			n := 20 + 16*int(binary.BigEndian.Uint16(records[2:])) + 4*int(records[1])
			records = records[min(n, len(records)):]
		}
	}
	return out
}

// solicitRouters is a host's question for routers (RFC 4861 section 4.1).
func (l *lan) solicitRouters() {
	l.t.Helper()
	routers := netip.IPv6LinkLocalAllRouters()
	src, _, err := l.Client.LinkLocal(lanDev)
	must(l.t, err)
	m := append([]byte{routerSolicitation, 0, 0, 0, 0, 0, 0, 0, 1, 1}, fhrptest.ClientMAC[:]...)
	s, d := src.As16(), routers.As16()
	binary.BigEndian.PutUint16(m[2:], internetSum(slices.Concat(s[:], d[:], []byte{0, 0, 0, byte(len(m)), 0, 0, 0, 58}, m)))
	mac := wire.MulticastMAC(routers)
	must(l.t, l.Client.Send(lanDev, slices.Concat(mac[:], fhrptest.ClientMAC[:], []byte{0x86, 0xdd, 0x60, 0, 0, 0, 0, byte(len(m)), 58, 255}, s[:], d[:], m)))
}
