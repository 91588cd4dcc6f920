package vip

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/hello/wire"
)

// The kernel answers for what is configured on the interface, with the
// interface's MAC. While the virtual router is active that is the caller's to
// do, who does so with the virtual one.
func TestKernelLeavesTheOwnersAddressesToTheCaller(t *testing.T) {
	l := newLab(t)
	own4, own6 := netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("2001:db8::2")
	iface := l.open(Options{})
	all := []netip.Addr{own4, vip4, own6}
	ok(t, iface.Add(10, Router{MAC: vmac, Addrs: all, Accept: true, Owned: []netip.Addr{own4, own6}}))
	check := func(when string, want bool) {
		t.Helper()
		for a, ask := range map[netip.Addr][]byte{own4: arpRequest(own4), own6: solicitation(own6)} {
			if got := l.answered(ask, a); got != want {
				t.Errorf("%s: the kernel answers for %v: %v, want %v", when, a, got, want)
			}
		}
	}
	check("standby", true)
	mustGate(t, iface, []Claim{{ID: 10, Lease: 10 * time.Second}}, nil)
	check("active", false)
	ok(t, iface.Address([]ID{10}, nil))
	l.checkDelivered("not the interface's own", vip4, 1)
	mustGate(t, iface, nil, []ID{10})
	check("standby again", true)
	mustGate(t, iface, []Claim{{ID: 10, Lease: 50 * time.Millisecond}}, nil)
	until(t, patience, "an answer after the lease", func() bool { return l.answered(arpRequest(own4), own4) })
	check("lease run out", true)
}

// Other addresses of the interface are answered for as ever.
func TestKernelAnswersForWhatIsNotVirtual(t *testing.T) {
	l, iface := newOpen(t)
	own := netip.MustParseAddr("2001:db8::2")
	ok(t, iface.Add(10, Router{MAC: vmac, Addrs: []netip.Addr{own}, Accept: true, Owned: []netip.Addr{own}}))
	mustGate(t, iface, []Claim{{ID: 10, Lease: 0}}, nil)
	if a := netip.MustParseAddr("10.0.0.2"); !l.answered(arpRequest(a), a) {
		t.Errorf("the kernel does not answer for %v", a)
	}
	if l.answered(solicitation(own), own) {
		t.Errorf("the kernel answers for %v", own)
	}
}

// A link-local address that is not accepted is nobody's neighbour: the router
// neither looks for it nor redirects to it, and forwards what else comes.
func TestWithoutAcceptLinkLocalAddressesAreDropped(t *testing.T) {
	l, iface := newOpen(t)
	r := router10
	r.Accept = false
	ok(t, iface.Add(10, r))
	mustGate(t, iface, []Claim{{ID: 10, Lease: 0}}, nil)
	ok(t, iface.Address([]ID{10}, nil))
	l.next++
	write(t, l.lan, frame(vmac, vipLocal, l.next))
	l.passed()
	for b := receive(t, l.lan, 0); b != nil; b = receive(t, l.lan, 0) {
		if typ, target, is := neighborDiscovery(b); is && target == vipLocal && (typ == 135 || typ == 137) {
			t.Errorf("the router asks for %v or redirects to it: %x", vipLocal, b)
		}
	}
	if got := l.forwarded(far6, 1); got[0] != 1 {
		t.Errorf("forwarded %v times, want once", got)
	}
}

// answered sends a question and reports whether the kernel answers it.
func (l *lab) answered(ask []byte, a netip.Addr) bool {
	l.t.Helper()
	for receive(l.t, l.lan, 0) != nil { // what was said before
	}
	write(l.t, l.lan, ask)
	l.passed()
	for b := receive(l.t, l.lan, 0); b != nil; b = receive(l.t, l.lan, 0) {
		if typ, target, is := neighborDiscovery(b); is && typ == 136 && target == a {
			return true
		}
		const arpReply = 2
		if len(b) >= 42 && wire.EtherType(b) == wire.EtherTypeARP && b[21] == arpReply && netip.AddrFrom4([4]byte(b[28:32])) == a {
			return true
		}
	}
	return false
}

func neighborDiscovery(b []byte) (typ byte, target netip.Addr, is bool) {
	var p wire.Packet
	if !p.Parse(b) || p.Proto != wire.ProtoICMPv6 || len(p.Payload) < 24 {
		return 0, target, false
	}
	return p.Payload[0], netip.AddrFrom16([16]byte(p.Payload[8:])), true
}

func arpRequest(a netip.Addr) []byte {
	b := append([]byte{255, 255, 255, 255, 255, 255}, hostMAC[:]...)
	b = append(append(b, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1), hostMAC[:]...)
	b = append(b, 10, 0, 0, 99, 0, 0, 0, 0, 0, 0)
	return append(b, a.AsSlice()...)
}

func solicitation(a netip.Addr) []byte {
	to := wire.SolicitedNode(a)
	m := append([]byte{wire.ICMPv6NeighborSolicitation, 7: 0}, a.AsSlice()...)
	m = append(append(m, 1, 1), hostMAC[:]...)
	h := wire.Headers{DstMAC: wire.MulticastMAC(to), SrcMAC: hostMAC, Src: host6, Dst: to, TTL: 255, Proto: wire.ProtoICMPv6}
	return h.Append(nil, m)
}
