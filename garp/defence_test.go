package garp_test

import (
	"net/netip"
	"testing"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

var (
	peerMAC  = hello.MAC{0x02, 0, 0, 0, 0, 0x02}
	stranger = hello.MAC{0x52, 0x54, 0, 0, 0, 0x99}
	routers  = garp.Routers{
		VirtualIPs: []netip.Addr{vip, vip6}, VirtualMAC: vmac, RealMAC: realMAC, PeerMACs: []hello.MAC{peerMAC},
	}
)

func TestClassify(t *testing.T) {
	useBIA := routers
	useBIA.VirtualMAC = realMAC
	for _, tt := range []struct {
		rule    string
		routers garp.Routers
		seen    garp.Observation
		owner   garp.Owner
		reason  garp.Reason
	}{
		{"another address is nobody's business", routers, garp.Observation{IP: hostIP, MAC: stranger, Source: stranger}, "", garp.ReasonNotOurs},
		{"unknown MAC", routers, garp.Observation{IP: vip, MAC: stranger, Source: stranger}, garp.Foreign, garp.ReasonStranger},
		{"unknown MAC, IPv6 with a zone", routers, garp.Observation{IP: vip6.WithZone("eth0"), MAC: stranger, Source: stranger}, garp.Foreign, garp.ReasonStranger},
		{"unknown MAC told by a peer", routers, garp.Observation{IP: vip, MAC: stranger, Source: peerMAC}, garp.Foreign, garp.ReasonStranger},
		{"peer with its own MAC", routers, garp.Observation{IP: vip, MAC: peerMAC, Source: peerMAC}, garp.Peer, garp.ReasonPeerMAC},
		{"peer with the shared virtual MAC", routers, garp.Observation{IP: vip, MAC: vmac, Source: vmac}, garp.Peer, garp.ReasonPeerVirtualMAC},
		{"peer with the virtual MAC in ARP only", routers, garp.Observation{IP: vip, MAC: vmac, Source: peerMAC}, garp.Peer, garp.ReasonPeerVirtualMAC},
		{"proxy that tells the truth", routers, garp.Observation{IP: vip, MAC: vmac, Source: stranger}, garp.Ours, garp.ReasonRelayed},
		{"own frame from the real MAC", routers, garp.Observation{IP: vip, MAC: vmac, Source: realMAC}, garp.Ours, garp.ReasonEcho},
		{"own kernel answers with the real MAC", routers, garp.Observation{IP: vip, MAC: realMAC, Source: realMAC}, garp.Ours, garp.ReasonRealMAC},
		{"echo in interface MAC mode", useBIA, garp.Observation{IP: vip, MAC: realMAC, Source: realMAC}, garp.Ours, garp.ReasonEcho},
		{"virtual MAC told by a stranger in interface MAC mode", useBIA, garp.Observation{IP: vip, MAC: realMAC, Source: stranger}, garp.Ours, garp.ReasonRelayed},
		{"HSRP version 1 group 11", routers, mac("00:00:0c:07:ac:0b"), garp.Foreign, garp.ReasonOtherGroup},
		{"HSRP version 2", routers, mac("00:00:0c:9f:f0:0a"), garp.Foreign, garp.ReasonOtherGroup},
		{"HSRP version 2 IPv6", routers, mac("00:05:73:a0:0f:ff"), garp.Foreign, garp.ReasonOtherGroup},
		{"VRRP IPv4", routers, mac("00:00:5e:00:01:33"), garp.Foreign, garp.ReasonOtherGroup},
		{"VRRP IPv6", routers, mac("00:00:5e:00:02:33"), garp.Foreign, garp.ReasonOtherGroup},
		{"Cisco, but beside HSRP version 2", routers, mac("00:00:0c:9f:e0:0a"), garp.Foreign, garp.ReasonStranger},
		{"Cisco, but beside HSRP IPv6", routers, mac("00:05:73:a0:10:00"), garp.Foreign, garp.ReasonStranger},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			if owner, reason := tt.routers.Classify(tt.seen); owner != tt.owner || reason != tt.reason {
				t.Errorf("got %v, %q; want %v, %q", owner, reason, tt.owner, tt.reason)
			}
		})
	}
}

// mac is a claim for the virtual address by and at m.
func mac(m string) garp.Observation {
	hw, err := hello.ParseMAC(m)
	if err != nil {
		panic(err)
	}
	return garp.Observation{IP: vip, MAC: hw, Source: hw}
}

func TestObserveARPCountsEveryFormWithASender(t *testing.T) {
	for _, op := range []garp.Op{garp.OpRequest, garp.OpReply} {
		for _, target := range []netip.Addr{vip, hostIP} {
			a := garp.ARP{Op: op, SenderMAC: stranger, SenderIP: vip, TargetIP: target}
			o, ok := garp.ObserveARP(garp.Header{Src: peerMAC}, a)
			if want := (garp.Observation{IP: vip, MAC: stranger, Source: peerMAC}); !ok || o != want {
				t.Errorf("%v for %v: observed %+v, %v; want %+v", op, target, o, ok, want)
			}
		}
	}
	if o, ok := garp.ObserveARP(garp.Header{}, garp.ARP{}); ok {
		t.Errorf("the zero packet claims %+v", o)
	}
}

func TestObserveND(t *testing.T) {
	from := garp.Header{Src: stranger}
	na, ns := garp.NeighborAdvertisement, garp.NeighborSolicitation
	for _, tt := range []struct {
		rule string
		nd   garp.ND
		want garp.Observation
		ok   bool
	}{
		{"advertisement claims its target", garp.ND{Type: na, Src: host6, Target: vip6, LinkAddr: peerMAC}, garp.Observation{IP: vip6, MAC: peerMAC, Source: stranger}, true},
		{"advertisement without an option is at its sender", garp.ND{Type: na, Src: host6, Target: vip6}, garp.Observation{IP: vip6, MAC: stranger, Source: stranger}, true},
		{"solicitation claims its source", garp.ND{Type: ns, Src: vip6, Target: host6, LinkAddr: peerMAC}, garp.Observation{IP: vip6, MAC: peerMAC, Source: stranger}, true},
		{"solicitation without an option claims nothing", garp.ND{Type: ns, Src: vip6, Target: host6}, garp.Observation{}, false},
		{"duplicate check claims nothing", garp.ND{Type: ns, Src: netip.IPv6Unspecified(), Target: vip6}, garp.Observation{}, false},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			if o, ok := garp.ObserveND(from, tt.nd); ok != tt.ok || ok && o != tt.want {
				t.Errorf("got %+v, %v; want %+v, %v", o, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestOwnAnnouncementsAreNeverForeign(t *testing.T) {
	now, later := garp.Claim(hsrp())
	for _, b := range append(now, later...) {
		h, a, err := garp.ParseARP(b)
		if err != nil {
			t.Fatal(err)
		}
		o, _ := garp.ObserveARP(h, a)
		if owner, reason := routers.Classify(o); owner == garp.Foreign {
			t.Errorf("%v: %v, %v", describe([][]byte{b}), owner, reason)
		}
	}
}
