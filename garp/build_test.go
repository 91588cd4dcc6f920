package garp_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

var notAHost = []struct {
	rule string
	ip   netip.Addr
}{
	{"no address", netip.Addr{}},
	{"0.0.0.0", netip.IPv4Unspecified()},
	{"0.0.0.0 in disguise", netip.MustParseAddr("::ffff:0.0.0.0")},
	{"address of this network", netip.MustParseAddr("0.0.0.7")},
	{"limited broadcast", netip.MustParseAddr("255.255.255.255")},
	{"IPv4 group", netip.MustParseAddr("224.0.0.2")},
	{"IPv4 loopback", netip.MustParseAddr("127.0.0.1")},
	{"::", netip.IPv6Unspecified()},
	{"IPv6 group", netip.MustParseAddr("ff02::66")},
	{"IPv6 loopback", netip.IPv6Loopback()},
}

var notAStation = []hello.MAC{{}, hello.Broadcast, garp.CiscoMulticast, {0x33, 0x33, 0, 0, 0, 1}}

func TestAnnouncementRefusesWhatTeachesNobody(t *testing.T) {
	for _, tt := range notAHost {
		if a, err := garp.NewAnnouncement(tt.ip, vmac); err == nil || a.ReplyBroadcast() != nil || a.Unsolicited() != nil {
			t.Errorf("%s: announcement of %v was made (error %v)", tt.rule, tt.ip, err)
		}
		if b, err := garp.Nudge(vip, vmac, tt.ip, hostMAC); err == nil {
			t.Errorf("%s: %v was asked: %x", tt.rule, tt.ip, b)
		}
	}
	for _, mac := range notAStation {
		_, err4 := garp.NewAnnouncement(vip, mac)
		_, err6 := garp.NewAnnouncement(vip6, mac)
		if err4 == nil || err6 == nil {
			t.Errorf("MAC %v: errors %v and %v, want two", mac, err4, err6)
		}
	}
}

func TestAnnouncementIsOfOneFamily(t *testing.T) {
	six := must(garp.NewAnnouncement(vip6, vmac))
	for _, b := range [][]byte{six.ReplyBroadcast(), six.ReplyCisco(), six.Request(), six.RequestVRRP()} {
		if b != nil {
			t.Errorf("an IPv6 address was announced by ARP: %x", b)
		}
	}
	if b := must(garp.NewAnnouncement(vip, vmac)).Unsolicited(); b != nil {
		t.Errorf("an IPv4 address was advertised by ND: %x", b)
	}
	if _, err := garp.Nudge(vip, vmac, host6, hostMAC); err == nil {
		t.Error("an IPv6 neighbour was asked from an IPv4 address")
	}
	if _, err := garp.Nudge(vip6, vmac6, hostIP, hostMAC); err == nil {
		t.Error("an IPv4 neighbour was asked from an IPv6 address")
	}
}

func TestZeroAnnouncementHasNoFrames(t *testing.T) {
	var a garp.Announcement
	for _, b := range [][]byte{a.ReplyBroadcast(), a.ReplyCisco(), a.Request(), a.RequestVRRP(), a.Unsolicited()} {
		if b != nil {
			t.Errorf("zero announcement says %x", b)
		}
	}
}

func TestProbeClaimsNothing(t *testing.T) {
	for _, target := range []netip.Addr{vip, realIP, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("::ffff:10.0.0.1")} {
		p, err := garp.Probe(target, realMAC)
		if err != nil {
			t.Fatal(err)
		}
		h, a, err := garp.ParseARP(p)
		if err != nil || !a.IsProbe() || a.SenderIP != netip.IPv4Unspecified() || a.TargetIP != target.Unmap() {
			t.Errorf("probe of %v is %+v, %v", target, a, err)
		}
		if o, ok := garp.ObserveARP(h, a); ok {
			t.Errorf("probe of %v claims %+v", target, o)
		}
	}
	p, err := garp.Probe(vip6.WithZone("eth0"), realMAC)
	if err != nil {
		t.Fatal(err)
	}
	h, nd, err := garp.ParseND(p)
	if err != nil || nd.Src != netip.IPv6Unspecified() || nd.Target != vip6 {
		t.Errorf("probe of %v is %+v, %v", vip6, nd, err)
	}
	if o, ok := garp.ObserveND(h, nd); ok {
		t.Errorf("probe of %v claims %+v", vip6, o)
	}
}

func TestProbeRefusesWhatNobodyMayHave(t *testing.T) {
	for _, tt := range notAHost {
		if p, err := garp.Probe(tt.ip, realMAC); err == nil {
			t.Errorf("%s: probe %x was made", tt.rule, p)
		}
	}
}

func TestARPReplyLeavesUnanswered(t *testing.T) {
	ask := garp.ARP{Op: garp.OpRequest, SenderMAC: hostMAC, SenderIP: hostIP, TargetIP: vip}
	with := func(change func(*garp.ARP)) garp.ARP {
		a := ask
		change(&a)
		return a
	}
	for _, tt := range []struct {
		rule string
		arp  garp.ARP
	}{
		{"a reply", with(func(a *garp.ARP) { a.Op = garp.OpReply })},
		{"a claim of another router from the same virtual MAC", with(func(a *garp.ARP) { a.SenderMAC, a.SenderIP = vmac, vip })},
		{"a question from everybody", with(func(a *garp.ARP) { a.SenderMAC = hello.Broadcast })},
		{"a question from nobody", with(func(a *garp.ARP) { a.SenderMAC = hello.MAC{} })},
		{"the zero packet", garp.ARP{Op: garp.OpRequest, SenderMAC: hostMAC}},
	} {
		if b, ok := garp.ARPReply(tt.arp, vmac); ok {
			t.Errorf("%s is answered with %x", tt.rule, b)
		}
	}
	if _, ok := garp.ARPReply(ask, vmac); !ok {
		t.Error("a question is not answered")
	}
}

func TestARPReplyAnswersAProbe(t *testing.T) {
	b, ok := garp.ARPReply(garp.ARP{Op: garp.OpRequest, SenderMAC: hostMAC, SenderIP: netip.IPv4Unspecified(), TargetIP: vip}, vmac)
	if !ok {
		t.Fatal("not answered: whoever probes would take the address")
	}
	h, a, err := garp.ParseARP(b)
	if err != nil || h.Dst != hostMAC || a.SenderIP != vip || a.TargetIP != netip.IPv4Unspecified() {
		t.Errorf("answered with %+v %+v, %v", h, a, err)
	}
}

func TestNDReplyLeavesUnanswered(t *testing.T) {
	ask := garp.ND{Type: garp.NeighborSolicitation, Src: host6, Target: vip6, LinkAddr: hostMAC}
	from := garp.Header{Src: hostMAC}
	with := func(change func(*garp.ND)) garp.ND {
		n := ask
		change(&n)
		return n
	}
	for _, tt := range []struct {
		rule string
		from garp.Header
		nd   garp.ND
	}{
		{"an advertisement", from, with(func(n *garp.ND) { n.Type = garp.NeighborAdvertisement })},
		{"a claim of another router", from, with(func(n *garp.ND) { n.Src = vip6 })},
		{"the same virtual MAC", garp.Header{Src: vmac6}, ask},
		{"the same virtual MAC in the option", from, with(func(n *garp.ND) { n.LinkAddr = vmac6 })},
		{"no target", from, with(func(n *garp.ND) { n.Target = netip.Addr{} })},
		{"an IPv4 target", from, with(func(n *garp.ND) { n.Target = vip })},
	} {
		if b, ok := garp.NDReply(tt.from, tt.nd, vmac6); ok {
			t.Errorf("%s is answered with %x", tt.rule, b)
		}
	}
}

func TestNDReplyGoesToTheEthernetSourceWithoutAnOption(t *testing.T) {
	for _, link := range []hello.MAC{{}, hello.Broadcast} {
		ns := garp.ND{Type: garp.NeighborSolicitation, Src: host6, Target: vip6, LinkAddr: link}
		b, ok := garp.NDReply(garp.Header{Src: hostMAC}, ns, vmac6)
		if h, _, err := garp.ParseND(b); !ok || err != nil || h.Dst != hostMAC {
			t.Errorf("option %v: answered to %v (%v), want %v", link, h.Dst, err, hostMAC)
		}
	}
}

func TestFDBRefreshRefuses(t *testing.T) {
	for _, tt := range []struct {
		rule string
		mac  hello.MAC
		form garp.Form
		vlan uint16
	}{
		{"broadcast MAC", hello.Broadcast, garp.FormARP0, 0},
		{"zero MAC", hello.MAC{}, garp.FormARP0, 0},
		{"reserved VLAN", hostMAC, garp.FormARP0, 4095},
		{"unknown form", hostMAC, "garp", 0},
		{"no form", hostMAC, "", 0},
	} {
		if b, err := garp.FDBRefresh(tt.mac, tt.form, tt.vlan); err == nil {
			t.Errorf("%s: built %x", tt.rule, b)
		}
	}
}

func TestRouterAdvertRefuses(t *testing.T) {
	for _, tt := range []struct {
		rule     string
		ip       netip.Addr
		lifetime time.Duration
	}{
		{"global address", netip.MustParseAddr("2001:db8::1"), time.Second},
		{"IPv4", vip, time.Second},
		{"negative lifetime", vip6, -time.Second},
		{"lifetime beyond 16 bits", vip6, 65536 * time.Second},
		{"lifetime that would round to final", vip6, 500 * time.Millisecond},
	} {
		if b, err := garp.RouterAdvert(tt.ip, vmac6, tt.lifetime, 0); err == nil {
			t.Errorf("%s: built %x", tt.rule, b)
		}
	}
	if _, err := garp.RouterAdvert(vip6, vmac6, 65535*time.Second, 0); err != nil {
		t.Errorf("the longest lifetime: %v", err)
	}
}
