package garp_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

var (
	second = netip.MustParseAddr("192.168.1.2")
	third  = netip.MustParseAddr("192.168.1.3")
	real6  = netip.MustParseAddr("fe80::1")
	glob6  = netip.MustParseAddr("2001:db8::1")
)

// describe renders frames as lines: source MAC > destination MAC, what is said.
func describe(frames [][]byte) []string {
	var lines []string
	for _, b := range frames {
		h, a, err := garp.ParseARP(b)
		if err == nil {
			lines = append(lines, fmt.Sprintf("%v > %v %v %v at %v for %v %v",
				name(h.Src), name(h.Dst), a.Op, a.SenderIP, name(a.SenderMAC), a.TargetIP, name(a.TargetMAC)))
			continue
		}
		h, nd, err := garp.ParseND(b)
		if err != nil {
			lines = append(lines, fmt.Sprintf("%x: %v", b, err))
			continue
		}
		lines = append(lines, fmt.Sprintf("%v > %v %v %v at %v", name(h.Src), nd.Dst, nd.Type, nd.Target, name(nd.LinkAddr)))
	}
	return lines
}

func name(m hello.MAC) string {
	switch m {
	case vmac, vmac6:
		return "virtual"
	case realMAC:
		return "real"
	case hello.Broadcast:
		return "all"
	case garp.CiscoMulticast:
		return "cisco"
	case hello.MAC{}:
		return "zero"
	}
	return m.String()
}

func hsrp(change ...func(*garp.Identity)) garp.Identity {
	id := garp.Identity{
		Protocol: hello.ProtocolHSRP, VirtualIPs: []netip.Addr{vip}, VirtualMAC: vmac,
		Real: realIP, RealMAC: realMAC, RealIP: true,
	}
	for _, c := range change {
		c(&id)
	}
	return id
}

func withVIPs(ips ...netip.Addr) func(*garp.Identity) {
	return func(id *garp.Identity) { id.VirtualIPs = ips }
}
func withoutRealIP(id *garp.Identity)    { id.RealIP = false }
func withInterfaceMAC(id *garp.Identity) { id.VirtualMAC = realMAC }
func asVRRP(id *garp.Identity)           { id.Protocol, id.RealIP = hello.ProtocolVRRP, false }
func withIPv6(id *garp.Identity) {
	id.VirtualIPs, id.VirtualMAC, id.Real = []netip.Addr{vip6, glob6}, vmac6, real6
}

func TestWhatIsSaidWhen(t *testing.T) {
	const (
		trio1 = "virtual > all reply 192.168.1.200 at virtual for 192.168.1.200 all"
		trio2 = "virtual > all reply 192.168.1.1 at virtual for 192.168.1.1 all"
		trio3 = "virtual > cisco reply 192.168.1.1 at virtual for 192.168.1.1 cisco"
		ask   = "virtual > all request 192.168.1.1 at virtual for 192.168.1.1 zero"
		ask2  = "virtual > all request 192.168.1.2 at virtual for 192.168.1.2 zero"
	)
	for _, tt := range []struct {
		rule       string
		claim      func(garp.Identity) (now, later [][]byte)
		id         garp.Identity
		now, later []string
	}{
		{"HSRP/claim is the trio in order, then one request", garp.Claim, hsrp(),
			[]string{trio1, trio2, trio3}, []string{ask}},
		{"HSRP/claim repeats the pair for each secondary", garp.Claim, hsrp(withVIPs(vip, second)),
			[]string{trio1, trio2, trio3,
				"virtual > all reply 192.168.1.2 at virtual for 192.168.1.2 all",
				"virtual > cisco reply 192.168.1.2 at virtual for 192.168.1.2 cisco"},
			[]string{ask, ask2}},
		{"HSRP/claim without the real address", garp.Claim, hsrp(withoutRealIP),
			[]string{trio2, trio3}, []string{ask}},
		{"HSRP/claim with the interface's MAC leaves the real address out", garp.Claim, hsrp(withInterfaceMAC),
			[]string{"real > all reply 192.168.1.1 at real for 192.168.1.1 all",
				"real > cisco reply 192.168.1.1 at real for 192.168.1.1 cisco"},
			[]string{"real > all request 192.168.1.1 at real for 192.168.1.1 zero"}},
		{"HSRP/refresh is one reply and one request", garp.Refresh, hsrp(),
			[]string{trio2}, []string{ask}},
		{"HSRP/withdraw is the real address at the real MAC, in both forms", garp.Withdraw, hsrp(),
			[]string{"real > all reply 192.168.1.200 at real for 192.168.1.200 all"},
			[]string{"real > all request 192.168.1.200 at real for 192.168.1.200 zero"}},
		{"HSRP/withdraw with the interface's MAC is silent", garp.Withdraw, hsrp(withInterfaceMAC), nil, nil},
		{"HSRP/withdraw without the real address is silent", garp.Withdraw, hsrp(withoutRealIP), nil, nil},
		{"HSRP/IPv6 claim is one advertisement an address, and the first again", garp.Claim, hsrp(withIPv6),
			[]string{"virtual > ff02::1 advertisement fe80::254 at virtual",
				"virtual > ff02::1 advertisement 2001:db8::1 at virtual"},
			[]string{"virtual > ff02::1 advertisement fe80::254 at virtual"}},
		{"HSRP/IPv6 refresh is the same", garp.Refresh, hsrp(withIPv6),
			[]string{"virtual > ff02::1 advertisement fe80::254 at virtual",
				"virtual > ff02::1 advertisement 2001:db8::1 at virtual"}, nil},
		{"HSRP/IPv6 withdraw is the real address at the real MAC", garp.Withdraw, hsrp(withIPv6),
			[]string{"real > ff02::1 advertisement fe80::1 at real"}, nil},
		{"VRRP/claim is the reply, then the request of keepalived and FRR", garp.Claim, hsrp(asVRRP),
			[]string{trio2}, []string{"virtual > all request 192.168.1.1 at virtual for 192.168.1.1 all"}},
		{"VRRP/withdraw is silent", garp.Withdraw, hsrp(asVRRP), nil, nil},
		{"VRRP/the owner does not take its address back", garp.Withdraw,
			hsrp(asVRRP, func(id *garp.Identity) { id.RealIP, id.Real = true, vip }), nil, nil},
		{"an address that cannot be announced is left out", garp.Claim, hsrp(withVIPs(netip.IPv4Unspecified(), vip, netip.Addr{})),
			[]string{trio1, trio2, trio3}, []string{ask}},
		{"a group without addresses has learned none yet", garp.Refresh, hsrp(withVIPs()), nil, nil},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			now, later := tt.claim(tt.id)
			if diff := cmp.Diff(tt.now, describe(now)); diff != "" {
				t.Errorf("now (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.later, describe(later)); diff != "" {
				t.Errorf("later (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNothingIsWithdrawnFromTheVirtualMAC(t *testing.T) {
	for _, id := range []garp.Identity{hsrp(), hsrp(withIPv6), hsrp(withVIPs(vip, second, third))} {
		now, later := garp.Withdraw(id)
		for _, b := range append(now, later...) {
			if src := hello.MAC(b[6:12]); src != realMAC {
				t.Errorf("withdrawn from %v: %x", src, b)
			}
		}
	}
}

func TestFramesFollowTheStep(t *testing.T) {
	id := hsrp(withVIPs(vip, second))
	pick := func(f func(garp.Identity) (now, later [][]byte), requests bool) [][]byte {
		now, later := f(id)
		if requests {
			return later
		}
		return now
	}
	for kind, f := range map[garp.StepKind]func(garp.Identity) (now, later [][]byte){
		garp.StepClaim: garp.Claim, garp.StepReassert: garp.Refresh,
		garp.StepRefresh: garp.Refresh, garp.StepWithdraw: garp.Withdraw,
	} {
		for _, requests := range []bool{false, true} {
			got := describe(id.Frames(garp.Step{Kind: kind, Requests: requests}))
			if diff := cmp.Diff(describe(pick(f, requests)), got); diff != "" {
				t.Errorf("%v, requests %v (-want +got):\n%s", kind, requests, diff)
			}
		}
	}
	if got := id.Frames(garp.Step{}); got != nil {
		t.Errorf("the zero step sends %v", describe(got))
	}
}

func BenchmarkClaim(b *testing.B) {
	id := hsrp()
	b.ReportAllocs()
	for b.Loop() {
		garp.Claim(id)
	}
}

func TestTheLastWordIsNotAnswered(t *testing.T) {
	step := garp.Step{Kind: garp.StepClaim, Again: true}
	for _, tt := range []struct {
		rule string
		id   garp.Identity
		want []string
	}{
		{"IPv4: the reply of the first address", hsrp(withVIPs(vip, second)),
			[]string{"virtual > all reply 192.168.1.1 at virtual for 192.168.1.1 all"}},
		{"IPv6: the advertisement of the first address", hsrp(withIPv6),
			[]string{"virtual > ff02::1 advertisement fe80::254 at virtual"}},
		{"no address", hsrp(withVIPs()), nil},
	} {
		if diff := cmp.Diff(tt.want, describe(tt.id.Frames(step))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.rule, diff)
		}
	}
}

func BenchmarkClaimIPv6(b *testing.B) {
	id := hsrp(withIPv6)
	b.ReportAllocs()
	for b.Loop() {
		garp.Claim(id)
	}
}

func BenchmarkARPReply(b *testing.B) {
	ask := garp.ARP{Op: garp.OpRequest, SenderMAC: hostMAC, SenderIP: hostIP, TargetIP: vip}
	b.ReportAllocs()
	for b.Loop() {
		garp.ARPReply(ask, vmac)
	}
}

func BenchmarkNDReply(b *testing.B) {
	ask := garp.ND{Type: garp.NeighborSolicitation, Src: host6, Target: vip6, LinkAddr: hostMAC}
	b.ReportAllocs()
	for b.Loop() {
		garp.NDReply(garp.Header{Src: hostMAC}, ask, vmac6)
	}
}
