package fieldreports

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/garp/prove"
	"github.com/fhrpd/fhrpd/hello"
)

func source(f netlab.Frame) hello.MAC { return hello.MAC(f.Data[6:12]) }

// claims reports whether a gateway says in a frame that it is active.
func claims(f netlab.Frame) bool {
	var e hello.Envelope
	payload, err := hello.ParseFrame(f.Data, &e, true)
	if err != nil || f.Sent {
		return false
	}
	if e.Protocol == hello.ProtocolVRRP {
		return true
	}
	var p hello.HSRPPacket
	return p.Parse(payload) == nil && !p.IsAdvertise && p.HSRP.Op == hello.OpHello && p.HSRP.State == hello.Active
}

// answers reports whether a frame that the switch delivers to a gateway answers
// its proof from an address.
func answers(to netip.Addr) func(netlab.Frame) bool {
	return func(f netlab.Frame) bool {
		a, ok := prove.ParseAnswer(f.Data)
		return ok && f.Sent && a.To == to
	}
}

// arp returns the ARP packet in a frame.
func arp(f netlab.Frame) (garp.ARP, bool) {
	_, a, err := garp.ParseARP(f.Data)
	return a, err == nil
}

// Echo requests: who must not answer is asked a few times, who must for as long
// as a busy machine may take.
const few, many = 4, 80

// ping reports whether one of so many echo requests from an address of a
// namespace is answered. Without from the kernel chooses.
func (s *segment) ping(ns *netlab.NS, from, to netip.Addr, tries int) bool {
	s.t.Helper()
	var answered bool
	// A role's addresses follow it, a moment later.
	must(s.t, netlab.Eventually(s.t.Context(), fhrptest.Patience, func() bool {
		var err error
		answered, err = ns.Ping(to, netlab.Echo{From: from, Tries: tries, Wait: 250 * time.Millisecond})
		return err == nil
	}))
	return answered
}

// reaches fails the test unless to answers exactly when it should.
func (s *segment) reaches(want bool, ns *netlab.NS, from, to netip.Addr) {
	s.t.Helper()
	if got := s.ping(ns, from, to, map[bool]int{true: many, false: few}[want]); got != want {
		s.t.Errorf("%s answers a ping from %s: %v, want %v\n%s", to, from, got, want, s.g1.Tails())
	}
}

// anybody stands for the address that the kernel chooses.
var anybody netip.Addr
