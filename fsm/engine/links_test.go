package engine_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

func TestGroupWithoutAnUsableAddressWaits(t *testing.T) {
	h := newHost(t, hsrpConfig)
	l := newTestLink("eth0")
	l.Addr4 = netip.Addr{}
	h.e.LinkChanged(h.now, "eth0", l)
	h.state("eth0:10", "Init")
	h.up("eth0").state("eth0:10", "Listen")
}

func TestGroupLeavesTheInterfaceThatBecomesAPort(t *testing.T) {
	h := hsrpActive(t)
	l := newTestLink("eth0")
	l.PortOf = "bridge br0"
	h.e.LinkChanged(h.now, "eth0", l)
	h.state("eth0:10", "Init")
	if last := h.group("eth0:10").Last; last.Cause != "interface-down" || !strings.Contains(last.Detail, "bridge br0") {
		t.Errorf("%s: %s", last.Cause, last.Detail)
	}
	h.up("eth0").state("eth0:10", "Listen")
}

func TestSinceIsSetFromTheStart(t *testing.T) {
	h := newHost(t, hsrpConfig)
	if got := h.group("eth0:10").Since; !got.Equal(t0) {
		t.Errorf("since %v, want the start", got)
	}
	h.now = h.now.Add(time.Second)
	h.up("eth0")
	if got := h.group("eth0:10").Since; !got.Equal(h.now) {
		t.Errorf("since %v, want the move", got)
	}
}

func TestResignLeavesFromTheOldAddress(t *testing.T) {
	for _, config := range []string{hsrpConfig, vrrpConfig} {
		h := newHost(t, config).up("eth0").until("eth0:10", "Active").clear()
		l := newTestLink("eth0")
		l.Addr4 = netip.Addr{}
		h.e.LinkChanged(h.now, "eth0", l)
		for end := h.now.Add(time.Second); h.group("eth0:10").Machine.Role == fsm.Active && h.now.Before(end); {
			h.clear().run(10 * time.Millisecond)
		}
		var env hello.Envelope
		if len(h.port.frames) == 0 {
			t.Fatal("the role was not given up")
		}
		if _, err := hello.ParseFrame(h.port.frames[0], &env, true); err != nil || env.Src != own4 {
			t.Errorf("first frame is %s from %s, want the resignation from the old address", describeFrame(h.port.frames[0]), env.Src)
		}
	}
}

// A router that has another address left goes on with that, without a word of
// resignation.
func TestAnotherAddressCostsNoRole(t *testing.T) {
	for _, config := range []string{hsrpConfig, vrrpConfig} {
		h := newHost(t, config).up("eth0").until("eth0:10", "Active").run(10 * time.Second).clear()
		l := newTestLink("eth0")
		l.Addr4 = netip.MustParseAddr("192.0.2.77")
		h.e.LinkChanged(h.now, "eth0", l)
		var env hello.Envelope
		if len(h.port.frames) != 1 {
			t.Fatalf("said %q, want one message", h.port.log)
		}
		if _, err := hello.ParseFrame(h.port.frames[0], &env, true); err != nil || env.Src != l.Addr4 {
			t.Errorf("%s from %s, want the new address", describeFrame(h.port.frames[0]), env.Src)
		}
		if h.run(time.Minute); len(h.told(engine.KindTransition)) != 0 || h.port.gates != 0 {
			t.Errorf("told %q, %d changes of gates", h.told(engine.KindTransition), h.port.gates)
		}
	}
}

func withMAC(mac hello.MAC) engine.Link {
	l := newTestLink("eth0")
	l.MAC = mac
	return l
}

func TestNewInterfaceMACIsAnnounced(t *testing.T) {
	t.Run("interface mode: all over again", func(t *testing.T) {
		h := newHost(t, vrrpConfig+"mac = \"interface\"\n").up("eth0").until("eth0:10", "Active").run(10 * time.Second).clear()
		h.e.LinkChanged(h.now, "eth0", withMAC(otherMAC))
		h.state("eth0:10", "Active")
		h.run(5 * time.Second)
		n := 0
		for _, f := range h.port.frames {
			if describeFrame(f) == "virtual reply 192.0.2.1" && hello.MAC(f[6:12]) == otherMAC {
				n++
			}
		}
		// Three bursts, and the last word of the first.
		if n != 4 {
			t.Errorf("announced %d times from the new MAC, want 4: %q", n, h.port.having("send"))
		}
	})
	t.Run("virtual mode: once more", func(t *testing.T) {
		h := vrrpActive(t)
		h.e.LinkChanged(h.now, "eth0", withMAC(otherMAC))
		h.state("eth0:10", "Active")
		if got := h.port.having("send"); !slices.Contains(got, "send virtual reply 192.0.2.1") {
			t.Errorf("sent %q", got)
		}
	})
	t.Run("hsrp: a hello and once more", func(t *testing.T) {
		h := hsrpActive(t)
		h.e.LinkChanged(h.now, "eth0", withMAC(otherMAC))
		h.state("eth0:10", "Active")
		want := []string{"send virtual Hello Active", "send virtual reply 192.0.2.1"}
		if diff := cmp.Diff(want, h.port.log); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// Without a gate the claim is still what the lease of the addresses is known by.
func TestInterfaceModeClaimsItsAddresses(t *testing.T) {
	h := newHost(t, vrrpConfig+"mac = \"interface\"\n").up("eth0").until("eth0:10", "Active")
	if got := h.port.having("gate"); !slices.Equal(got, []string{"gate +1 -0"}) {
		t.Errorf("claims %q", got)
	}
	if !h.port.addrs[1] || !slices.Contains(h.port.having("send"), "send real reply 192.0.2.1") {
		t.Errorf("addresses %v, sent %q", h.port.addrs, h.port.having("send"))
	}
}

func TestLinkFlapAnnouncesAgain(t *testing.T) {
	h := newHost(t, vrrpConfig).up("eth0").until("eth0:10", "Active").run(10 * time.Second)
	h.down("eth0")
	h.state("eth0:10", "Initialize")
	if h.port.open[1] || h.port.addrs[1] {
		t.Error("the gate or the address stayed")
	}
	h.clear().up("eth0").until("eth0:10", "Active")
	if !slices.Contains(h.port.log, "send virtual reply 192.0.2.1") || !h.port.addrs[1] {
		t.Errorf("did %q", h.port.log)
	}
}

func TestAddressOwnerIsPreparedAsOne(t *testing.T) {
	h := newHost(t, manyVRRP(20, 1, "priority = 255"))
	h.e.LinkChanged(h.now, "eth0", newTestLink("eth0"))
	if len(h.port.added[1].Owned) > 0 {
		t.Error("prepared as owner of an address that the interface does not have")
	}
	h.clear().up("eth0").state("eth0:20", "Active")
	h.addressed()
	if len(h.port.added[1].Owned) != 1 || !h.port.open[1] || !h.port.addrs[1] {
		t.Errorf("owned %v, gate %v, address %v", h.port.added[1].Owned, h.port.open[1], h.port.addrs[1])
	}
	if told := h.told(engine.KindWarning); len(told) > 0 {
		t.Errorf("an owner is warned: %q", told)
	}
}

func TestVirtualAddressOnTheInterfaceIsWarnedOf(t *testing.T) {
	second := netip.MustParseAddr("192.0.2.2")
	h := newHost(t, strings.Replace(hsrpConfig, `"192.0.2.1"`, `"192.0.2.1", "192.0.2.2"`, 1)).up("eth0").until("eth0:10", "Active").clear()
	l := newTestLink("eth0")
	l.Addrs = append(l.Addrs, netip.PrefixFrom(second, 24))
	h.e.LinkChanged(h.now, "eth0", l)
	if diff := cmp.Diff([]netip.Addr{second}, h.port.added[1].Owned, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("owned (-want +got):\n%s", diff)
	}
	if !h.port.open[1] || !h.port.addrs[1] {
		t.Errorf("gate %v, address %v", h.port.open[1], h.port.addrs[1])
	}
	if told := h.told(engine.KindWarning); len(told) != 1 || !strings.Contains(told[0], "192.0.2.2") {
		t.Errorf("told %q", told)
	}
}

func TestLearnedAddressReplacesTheOneBefore(t *testing.T) {
	h := newHost(t, "[[hsrp]]\ninterface = \"eth0\"\ngroup = 10\n").up("eth0")
	h.state("eth0:10", "Learn")
	defer func() {
		if told := h.told(engine.KindWarning); len(told) > 0 {
			t.Errorf("warned of an address that is not configured here: %q", told)
		}
	}()
	learn := func(vip string) {
		h.heard(hsrpFrame(hello.OpHello, hello.Active, better, func(m *hello.HSRP, _ *hello.Envelope) {
			m.VirtualIP = netip.MustParseAddr(vip)
		}))
	}
	learn("192.0.2.1")
	learn("192.0.2.1")
	h.down("eth0")
	h.up("eth0")
	learn("192.0.2.2")
	if diff := cmp.Diff([]netip.Addr{netip.MustParseAddr("192.0.2.2")}, h.port.added[1].Addrs, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("prepared (-want +got):\n%s", diff)
	}
	if got := h.told(engine.KindAddress); len(got) != 2 {
		t.Errorf("told %q, want two lessons", got)
	}
	h.until("eth0:10", "Active").heard(arpFrame(arpReply, otherMAC, vip4, vip4))
	if n := h.group("eth0:10").Counters.Conflicts; n > 0 {
		t.Errorf("%d conflicts about the address before", n)
	}
	h.heard(arpFrame(arpReply, otherMAC, netip.MustParseAddr("192.0.2.2"), vip4))
	if n := h.group("eth0:10").Counters.Conflicts; n != 1 {
		t.Errorf("%d conflicts about the second address, want 1", n)
	}
}

func TestLearnedAddressThatIsRefusedIsToldAllTheSame(t *testing.T) {
	h := newHost(t, "[[hsrp]]\ninterface = \"eth0\"\ngroup = 10\n").up("eth0")
	h.port.addErr = errKernel
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
	h.state("eth0:10", "Init")
	if got := h.told(engine.KindAddress); len(got) != 1 {
		t.Errorf("told %q", got)
	}
}

func TestLearnedAddressThatTheInterfaceHasIsWarnedOf(t *testing.T) {
	h := newHost(t, "[[hsrp]]\ninterface = \"eth0\"\ngroup = 10\n")
	l := newTestLink("eth0")
	l.Addrs = append(l.Addrs, netip.PrefixFrom(vip4, 24))
	h.e.LinkChanged(h.now, "eth0", l)
	h.heard(hsrpFrame(hello.OpHello, hello.Active, better))
	if told := h.told(engine.KindWarning); len(told) != 1 || !strings.Contains(told[0], "[192.0.2.1] are configured on eth0") {
		t.Errorf("told %q, want one warning", told)
	}
	if diff := cmp.Diff([]netip.Addr{vip4}, h.port.added[1].Owned, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("owned (-want +got):\n%s", diff)
	}
}

// TestActiveRouterWithoutAnAddressResignsFromTheOneItHad also covers the
// deletion of the interface.
func TestActiveRouterWithoutAnAddressResignsFromTheOneItHad(t *testing.T) {
	const v6 = "[[vrrp]]\ninterface = \"eth0\"\nvrid = 10\nvirtual_ips = [\"fe80::1\"]\n"
	for _, config := range []string{hsrpConfig, vrrpConfig, v6} {
		for _, gone := range []engine.Link{{Name: "eth0"}, {Name: "eth0", Up: true, MAC: ownMAC}} {
			h := newHost(t, config).up("eth0").until("eth0:10", "Active").run(10 * time.Second).clear()
			h.e.LinkChanged(h.now, "eth0", gone)
			if len(h.port.open) > 0 || h.port.log[0] != "gate +0 -1" {
				t.Errorf("did %q", h.port.log)
			}
			var env hello.Envelope
			had := newTestLink("eth0")
			if _, err := hello.ParseFrame(h.port.frames[0], &env, true); err != nil || !had.Owns(env.Src) {
				t.Errorf("resigned from %s: %v", env.Src, err)
			}
			h.run(time.Second)
		}
	}
}
