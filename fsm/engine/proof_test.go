package engine_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp/prove"
	"github.com/fhrpd/fhrpd/hello"
)

var gateway4 = netip.MustParseAddr("192.0.2.254")

// answerEcho is the neighbour's answer to the last echo that was sent, or nil.
func (p *fakePort) answerEcho() []byte {
	for _, f := range slices.Backward(p.frames) {
		if f[12] != 8 || f[13] != 0 || f[23] != 1 || f[34] != 8 {
			continue
		}
		b := slices.Clone(f)
		copy(b[0:6], f[6:12])
		copy(b[6:12], otherMAC[:])
		copy(b[26:30], f[30:34])
		copy(b[30:34], f[26:30])
		b[34] = 0 // echo reply; what is subtracted here is
		sum := uint16(b[36])<<8 | uint16(b[37])
		total := uint32(sum) + 0x0800
		total = total>>16 + total&0xffff
		b[36], b[37] = byte(total>>8), byte(total)
		return b
	}
	return nil
}

func TestTakeoverIsProvenToTheNeighbours(t *testing.T) {
	h := newHost(t, strings.Replace(vrrpConfig, "priority", "neighbors = [\"192.0.2.254\"]\npriority", 1)).up("eth0")
	h.heard(arpFrame(arpRequest, otherMAC, gateway4, own4)) // its MAC is known beforehand
	h.clear().until("eth0:10", "Active")
	answer := h.port.answerEcho()
	if answer == nil {
		t.Fatalf("no echo with the takeover: %q", h.port.log)
	}
	if _, settled, err := h.e.Proofs("eth0:10"); err != nil || settled {
		t.Errorf("settled %v, %v before the answer", settled, err)
	}
	forged := slices.Clone(answer)
	forged[len(forged)-1]++ // whoever has not seen the question
	h.heard(forged)
	if g := h.group("eth0:10"); g.Proofs[0].Proven {
		t.Error("a forged answer was taken for a proof")
	}
	h.now = h.now.Add(time.Millisecond)
	h.heard(answer)
	g := h.group("eth0:10")
	if len(g.Proofs) != 1 || !g.Proofs[0].Proven || g.Proofs[0].Method != prove.MethodEcho {
		t.Fatalf("proofs %+v", g.Proofs)
	}
	if got := h.told(engine.KindTakeover); len(got) != 1 || !strings.Contains(got[0], "delivers here") {
		t.Errorf("told %q", got)
	}
	if _, settled, err := h.e.Proofs("eth0:10"); err != nil || !settled {
		t.Errorf("settled %v, %v", settled, err)
	}
	if err := h.e.Verify(h.now, "eth0:10"); err != nil {
		t.Fatal(err)
	}
	if h.group("eth0:10").Proofs[0].Proven {
		t.Error("Verify did not begin afresh")
	}
}

func TestSilentNeighbourIsReportedOnce(t *testing.T) {
	h := newHost(t, strings.Replace(vrrpConfig, "priority", "neighbors = [\"192.0.2.254\"]\npriority", 1)).up("eth0")
	h.until("eth0:10", "Active").clear().run(20 * time.Second)
	if got := h.told(engine.KindTakeover); len(got) != 1 || !strings.Contains(got[0], "is not alive") {
		t.Errorf("told %q", got)
	}
}

func TestGatewaysAreNeighboursOfTheirFamily(t *testing.T) {
	h := vrrpActive(t)
	ll := netip.MustParseAddr("fe80::254")
	list := []netip.Addr{gateway4, ll, vip4}
	h.e.GatewaysChanged(h.now, "eth0", list)
	h.e.GatewaysChanged(h.now, "eth9", nil)
	got := h.group("eth0:10").Proofs
	if len(got) != 1 || got[0].Neighbor != gateway4 {
		t.Errorf("neighbours %+v, want the IPv4 gateway that is not the group's own address", got)
	}
	second := netip.MustParseAddr("192.0.2.253")
	list[0] = second // the caller may use its slice again
	h.e.GatewaysChanged(h.now, "eth0", list)
	if got = h.group("eth0:10").Proofs; len(got) != 1 || got[0].Neighbor != second {
		t.Errorf("neighbours %+v after the gateway changed", got)
	}
	h.run(time.Second)
	if sent := h.port.having("send virtual request 192.0.2.1"); len(sent) == 0 {
		t.Errorf("a gateway that appears while active is not proven: %q", h.port.log)
	}
	h.e.GatewaysChanged(h.now, "eth0", nil)
	if got := h.group("eth0:10").Proofs; len(got) > 0 {
		t.Errorf("neighbours %+v after the route has gone", got)
	}
}

func TestNothingIsProvenAfterTheRoleIsLost(t *testing.T) {
	h := newHost(t, strings.Replace(vrrpConfig, "priority", "neighbors = [\"192.0.2.254\"]\npriority", 1)).up("eth0").until("eth0:10", "Active")
	h.heard(vrrpFrame(200))
	h.clear()
	for range 3 {
		h.run(time.Second)
		h.heard(vrrpFrame(200))
	}
	for _, f := range h.port.frames {
		if hello.MAC(f[6:12]) != ownMAC {
			t.Errorf("sent %s", describeFrame(f))
		}
	}
	if got := h.told(engine.KindTakeover); len(got) > 0 {
		t.Errorf("told %q", got)
	}
}
