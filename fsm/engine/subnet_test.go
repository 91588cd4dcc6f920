package engine_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// fromAddr makes a frame come from an address, with a long hold time.
func fromAddr(addr string) func(*hello.HSRP, *hello.Envelope) {
	return func(m *hello.HSRP, e *hello.Envelope) {
		m.Priority, m.HoldTime, e.Src = 200, 240*time.Second, netip.MustParseAddr(addr)
	}
}

// numbered is eth0 with these addresses.
func numbered(prefixes ...string) engine.Link {
	l := newTestLink("eth0")
	l.Addrs, l.Addr4 = l.Addrs[1:], netip.Addr{} // the link-local one stays
	for _, s := range prefixes {
		p := netip.MustParsePrefix(s)
		l.Addrs = append(l.Addrs, p)
		if p.Addr().Is4() && !l.Addr4.IsValid() {
			l.Addr4 = p.Addr()
		}
	}
	return l
}

func TestRoutersOutsideEverySubnetAreNotHeard(t *testing.T) {
	const config6 = "[[hsrp]]\ninterface = \"eth0\"\ngroup = 10\nvirtual_ips = [\"fe80::1\"]\n"
	inSubnet := strings.Replace(hsrpConfig, `"192.0.2.1"`, `"10.77.0.1/24"`, 1)
	six := func(addr string) func(*hello.HSRP, *hello.Envelope) {
		return func(m *hello.HSRP, e *hello.Envelope) {
			m.Family, m.VirtualIP = hello.IPv6, netip.MustParseAddr("fe80::1")
			*e = hello.GroupEnvelope(hello.ProtocolHSRP, 2, netip.MustParseAddr(addr), peerMAC)
		}
	}
	for _, tt := range []struct {
		name, config string
		link         engine.Link
		from         func(*hello.HSRP, *hello.Envelope)
		heard        bool
	}{
		{"of the subnet", hsrpConfig, numbered("192.0.2.10/24"), fromAddr("192.0.2.11"), true},
		{"of none", hsrpConfig, numbered("192.0.2.10/24"), fromAddr("10.9.9.9"), false},
		{"of none of two", hsrpConfig, numbered("192.0.2.10/24", "10.9.8.1/24"), fromAddr("10.9.9.9"), false},
		{"of the second one", hsrpConfig, numbered("192.0.2.10/24", "10.9.9.1/24"), fromAddr("10.9.9.9"), true},
		{"where it is accepted", hsrpConfig + "off_subnet = \"accept\"\n", numbered("192.0.2.10/24"), fromAddr("10.9.9.9"), true},
		{"an unnumbered interface has none", hsrpConfig, numbered("192.0.2.10/32"), fromAddr("10.9.9.9"), true},
		{"a single address is none beside a subnet", hsrpConfig, numbered("192.0.2.10/24", "10.9.9.8/32"), fromAddr("10.9.9.9"), false},
		{"a subnet of two hosts", hsrpConfig, numbered("192.0.2.10/31"), fromAddr("192.0.2.11"), true},
		{"the virtual addresses' own", inSubnet, numbered("192.0.2.10/24"), fromAddr("10.77.0.9"), true},
		{"not theirs either", inSubnet, numbered("192.0.2.10/24"), fromAddr("10.78.0.9"), false},
		{"link-local", config6, numbered(), six("fe80::99"), true},
		{"IPv6 of no prefix", config6, numbered("2001:db8::1/64"), six("2001:db8:1::99"), false},
		{"IPv6 of the prefix", config6, numbered("2001:db8::1/64"), six("2001:db8::99"), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, tt.config)
			h.e.LinkChanged(h.now, "eth0", tt.link)
			frame := hsrpFrame(hello.OpHello, hello.Active, tt.from)
			for range 3 {
				h.heard(frame)
			}
			g := h.e.Status(h.now).Groups[0]
			want, lines := uint64(0), 0
			if !tt.heard {
				want, lines = 3, 1
			}
			if g.Machine.Active.Known != tt.heard || g.Counters.Rejected[hello.RejectSubnet] != want {
				t.Errorf("active router known: %t, rejected %v", g.Machine.Active.Known, g.Counters.Rejected)
			}
			if got := h.told(engine.KindReject); len(got) != lines {
				t.Errorf("told %q, want %d", got, lines)
			}
		})
	}
}

// One packet with the default authentication silenced a group for as long as its
// hold field says.
func TestPacketFromElsewhereDoesNotSilenceTheActiveRouter(t *testing.T) {
	h := hsrpActive(t)
	for n := range 20 {
		for _, op := range []hello.Op{hello.OpHello, hello.OpCoup, hello.OpResign} {
			h.heard(hsrpFrame(op, hello.Active, fromAddr(netip.AddrFrom4([4]byte{10, 9, 9, byte(n + 1)}).String())))
		}
	}
	h.state("eth0:10", "Active")
	if sent := h.port.having("send"); len(sent) > 0 {
		t.Errorf("answered with %q", sent)
	}
	got := h.told(engine.KindReject)
	if len(got) != 1 || !strings.Contains(got[0], "no subnet of the interface (192.0.2.0/24") || !strings.Contains(got[0], `off_subnet = "accept"`) {
		t.Errorf("told %q, want one line with subnet and cure, whoever sends", got)
	}
}

// An interface that loses the subnet of the routers for a moment goes on to hear
// them: two would be active otherwise.
func TestSubnetThatIsAwayForAMomentStillCounts(t *testing.T) {
	h := newHost(t, hsrpConfig)
	both, other, none := numbered("10.9.9.1/24", "192.0.2.10/24"), numbered("10.9.9.1/24"), numbered()
	h.e.LinkChanged(h.now, "eth0", both)
	peer := hsrpFrame(hello.OpHello, hello.Active, better)
	for range 10 {
		h.heard(peer)
		h.run(time.Second)
	}
	h.state("eth0:10", "Standby")
	for n, l := range []engine.Link{other, none, other, both, other} {
		h.e.LinkChanged(h.now, "eth0", l)
		h.heard(peer)
		if got := h.group("eth0:10").Counters.Rejected; len(got) > 0 {
			t.Fatalf("rejected %v after change %d", got, n)
		}
		h.run(100 * time.Millisecond)
	}
	h.run(10 * time.Second)
	h.heard(peer)
	if got := h.group("eth0:10").Counters.Rejected[hello.RejectSubnet]; got != 1 {
		t.Errorf("rejected %d packets from a subnet that is gone, want 1", got)
	}
}
