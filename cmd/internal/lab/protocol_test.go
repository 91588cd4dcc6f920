package lab

import (
	"net/netip"
	"testing"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/google/go-cmp/cmp"
)

func planOf(protocol string, ipv6 bool) plan {
	o := Defaults()
	o.Protocol, o.IPv6 = protocol, ipv6
	return o.plan()
}

func hsrpFrame(p plan, src hello.MAC, m hello.HSRP) []byte {
	from := gateways[nodeGW1].v4
	if p.family == hello.IPv6 {
		from = netip.MustParseAddr("fe80::ff:fe00:100")
	}
	m.Version, m.Family, m.Group = p.version, p.family, 1
	m.HelloTime, m.HoldTime, m.VirtualIP = p.hello, p.hold, p.vip()
	e := hello.GroupEnvelope(hello.ProtocolHSRP, p.version, from, src)
	auth, _ := hello.TextAuth("cisco")
	return hello.AppendFrame(nil, &e, hello.AppendHSRP(nil, &m, &auth, from))
}

func vrrpFrame(p plan, priority uint8) []byte {
	from := gateways[nodeGW1].v4
	e := hello.GroupEnvelope(hello.ProtocolVRRP, p.version, from, p.mac(1))
	m := hello.VRRP{Version: p.version, VRID: 1, Priority: priority, Family: p.family, AdverInterval: p.hello, VirtualIPs: p.vips(1)}
	return hello.AppendFrame(nil, &e, hello.AppendVRRP(nil, &m, "", hello.MessageOnly, e.Src, e.Dst))
}

func TestFramesAreReadForWhatTheyClaim(t *testing.T) {
	h2, h6, v3 := planOf("hsrp2", false), planOf("hsrp2", true), planOf("vrrp3", false)
	real, vmac, vmac6 := gateways[nodeGW1], h2.mac(1), h6.mac(1)
	vip, err := garp.NewAnnouncement(h2.vip(), vmac)
	must(t, err)
	own, err := garp.NewAnnouncement(real.v4, vmac)
	must(t, err)
	back, err := garp.NewAnnouncement(real.v4, real.mac)
	must(t, err)
	other, err := garp.NewAnnouncement(real.v4, h2.mac(2))
	must(t, err)
	na, err := garp.NewAnnouncement(h6.vip(), vmac6)
	must(t, err)
	directed, err := garp.Nudge(h2.vip(), vmac, clientAt.v4, clientAt.mac)
	must(t, err)
	answer, _ := garp.ARPReply(garp.ARP{Op: garp.OpRequest, SenderMAC: clientAt.mac, SenderIP: clientAt.v4, TargetIP: h2.vip()}, vmac)

	for name, tc := range map[string]struct {
		p      plan
		frame  []byte
		kind   string // "" = of no interest
		detail string
		claims bool
	}{
		"Hello Active from the virtual MAC": {h2, hsrpFrame(h2, vmac, hello.HSRP{State: hello.Active}), seenActive, "Active", true},
		"Hello Active from the real MAC":    {h2, hsrpFrame(h2, real.mac, hello.HSRP{State: hello.Active}), seenActive, "Active", true},
		"Hello Standby":                     {h2, hsrpFrame(h2, real.mac, hello.HSRP{State: hello.Standby}), seenHello, "Standby", false},
		"Coup":                              {h2, hsrpFrame(h2, real.mac, hello.HSRP{Op: hello.OpCoup, State: hello.Listen}), seenCoup, "Listen", false},
		"Resign from the virtual MAC":       {h2, hsrpFrame(h2, vmac, hello.HSRP{Op: hello.OpResign, State: hello.Active}), seenResign, "Active", false},
		"Hello Active over IPv6":            {h6, hsrpFrame(h6, vmac6, hello.HSRP{State: hello.Active}), seenActive, "Active", true},
		"advertisement":                     {v3, vrrpFrame(v3, 110), seenActive, "priority 110", true},
		"advertisement that resigns":        {v3, vrrpFrame(v3, 0), seenResign, "priority 0", false},
		"HSRP in a VRRP lab":                {v3, hsrpFrame(h2, real.mac, hello.HSRP{State: hello.Active}), "", "", false},
		"virtual address to all":            {h2, vip.ReplyBroadcast(), seenAnnounce, garpVIP, true},
		"virtual address to the switches":   {h2, vip.ReplyCisco(), seenAnnounce, garpCisco, true},
		"virtual address as a request":      {h2, vip.Request(), seenAnnounce, garpRequest, true},
		"real address at the virtual MAC":   {h2, own.ReplyBroadcast(), seenAnnounce, garpReal, true},
		"real address at the real MAC":      {h2, back.ReplyBroadcast(), seenAnnounce, garpRealBack, false},
		"real address of another group":     {h2, other.ReplyBroadcast(), "", "", false},
		"question to a neighbour":           {h2, directed, seenDirected, clientAt.v4.String(), true},
		"answer for the virtual address":    {h2, answer, seenAnswer, clientAt.v4.String(), true},
		"neighbour advertisement":           {h6, na.Unsolicited(), seenAnnounce, garpAdvertisement, true},
		"anything from the virtual MAC":     {h2, append(append(clientAt.mac.HardwareAddr(), vmac[:]...), 8, 6), seenOther, "", true},
		"short":                             {h2, []byte{1, 2, 3}, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			s, ok := tc.p.read(nodeGW1, zero, tc.frame)
			if ok != (tc.kind != "") || s.Kind != tc.kind || s.Detail != tc.detail || s.claims() != tc.claims {
				t.Errorf("read %+v ok %v claims %v; want kind %q, detail %q, claims %v", s, ok, s.claims(), tc.kind, tc.detail, tc.claims)
			}
		})
	}
}

func TestVirtualAddressesDiffer(t *testing.T) {
	for _, tc := range []struct {
		protocol string
		ipv6     bool
	}{{"hsrp2", false}, {"hsrp2", true}, {"vrrp3", false}, {"vrrp3", true}} {
		o := Defaults()
		o.Protocol, o.IPv6 = tc.protocol, tc.ipv6
		p := o.plan()
		p.groups = p.maxGroup()
		seen := map[netip.Addr]int{clientAt.addr(p.family): -1}
		for _, g := range gateways {
			seen[g.addr(p.family)] = -1
		}
		network := netip.PrefixFrom(clientAt.addr(p.family), p.lanBits()).Masked()
		for k := 1; k <= p.groups; k++ {
			for _, ip := range p.vips(k) {
				if other, ok := seen[ip]; ok {
					t.Fatalf("%+v: groups %d and %d both have %s", tc, other, k, ip)
				}
				if !ip.IsLinkLocalUnicast() && !network.Contains(ip) {
					t.Fatalf("%+v: group %d has %s, outside of %s", tc, k, ip, network)
				}
				seen[ip] = k
			}
		}
	}
}

func TestWantedAnnouncements(t *testing.T) {
	got := [][]string{planOf("hsrp2", false).wanted(), planOf("hsrp2", true).wanted(), planOf("vrrp2", false).wanted()}
	want := [][]string{{garpReal, garpVIP, garpCisco, garpRequest}, {garpAdvertisement}, {garpRequest}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
