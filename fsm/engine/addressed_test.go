package engine_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// provenConfig is a VRRP router with a neighbour whose MAC is known beforehand,
// so that nothing else delays the proof.
var provenConfig = strings.Replace(vrrpConfig, "priority", "neighbors = [\"192.0.2.254\"]\npriority", 1)

// slowActive is a host that has just become active, on a port whose kernel has
// not done the addresses yet.
func slowActive(t *testing.T) *host {
	t.Helper()
	h := newHost(t, provenConfig).up("eth0")
	h.heard(arpFrame(arpRequest, otherMAC, gateway4, own4))
	h.port.slow = true
	return h.clear().until("eth0:10", "Active")
}

// proofs are the IP packets that ask a neighbour for an answer to the virtual
// address.
func (p *fakePort) proofs() (n int) {
	for _, f := range p.frames {
		if f[12] == 8 && f[13] == 0 && f[23] != 112 {
			n++
		}
	}
	return n
}

func TestProofsWaitForTheAddressAndAnnouncementsDoNot(t *testing.T) {
	h := slowActive(t).run(400 * time.Millisecond)
	if got := h.port.having("send virtual request 192.0.2.1"); len(got) == 0 {
		t.Errorf("not announced before the address is there: %q", h.port.log)
	}
	if n := h.port.proofs(); n > 0 {
		t.Errorf("%d proofs before the address is there", n)
	}
	h.e.Addressed(h.now, h.port.round, []engine.ID{1}, nil)
	if n := h.port.proofs(); n != 1 {
		t.Errorf("%d proofs with the address, want an echo at once", n)
	}
	h.now = h.now.Add(time.Millisecond)
	h.heard(h.port.answerEcho())
	if got := h.group("eth0:10").Proofs; len(got) != 1 || !got[0].Proven {
		t.Errorf("proofs %+v", got)
	}
}

// An answer of the kernel may be about a tenure that has ended: to the next one
// it says nothing, be it good or bad.
func TestLateAnswersAboutAddressesMeanNothing(t *testing.T) {
	for name, err := range map[string]error{"the addresses were there": nil, "they could not be added": errKernel} {
		t.Run(name, func(t *testing.T) {
			h := slowActive(t)
			late := h.port.round
			h.heard(vrrpFrame(200))
			h.e.Addressed(h.now, late, []engine.ID{1}, err)
			h.state("eth0:10", "Backup")
			h.clear().until("eth0:10", "Active")
			h.e.Addressed(h.now, late, []engine.ID{1, 99}, err)
			h.state("eth0:10", "Active")
			if n := h.port.proofs(); n > 0 {
				t.Errorf("%d proofs before the address is there", n)
			}
			h.e.Addressed(h.now, h.port.round, []engine.ID{1}, nil)
			if n := h.port.proofs(); n != 1 {
				t.Errorf("%d proofs with the address, want 1", n)
			}
		})
	}
}

// What is prepared anew is taken out of the kernel and put there again.
func TestProofsWaitForAddressesThatAreTakenAnew(t *testing.T) {
	h := slowActive(t)
	h.e.Addressed(h.now, h.port.round, []engine.ID{1}, nil)
	l := newTestLink("eth0")
	l.Addrs = append(l.Addrs, netip.PrefixFrom(vip4, 32))
	h.clear().e.LinkChanged(h.now, "eth0", l)
	if err := h.e.Verify(h.now, "eth0:10"); err != nil {
		t.Fatal(err)
	}
	if n := h.port.proofs(); n > 0 {
		t.Errorf("%d proofs before the address is there", n)
	}
	h.e.Addressed(h.now, h.port.round, []engine.ID{1}, nil)
	if n := h.port.proofs(); n != 1 {
		t.Errorf("%d proofs with the address, want 1", n)
	}
	if f := h.port.frames[len(h.port.frames)-1]; hello.MAC(f[6:12]) == ownMAC {
		t.Error("the proof left from the interface's own MAC")
	}
}
