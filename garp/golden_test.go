package garp_test

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// The cast: the router of HSRP group 10 and VRRP router 0x33, its neighbour.
var (
	vip      = netip.MustParseAddr("192.168.1.1")
	realIP   = netip.MustParseAddr("192.168.1.200")
	hostIP   = netip.MustParseAddr("192.168.1.50")
	vip6     = netip.MustParseAddr("fe80::254")
	host6    = netip.MustParseAddr("fe80::50")
	vmac     = hello.MAC{0x00, 0x00, 0x0c, 0x07, 0xac, 0x0a}
	vmac6    = hello.MAC{0x00, 0x00, 0x5e, 0x00, 0x02, 0x33}
	realMAC  = hello.MAC{0x02, 0x00, 0x00, 0x00, 0x00, 0x01}
	hostMAC  = hello.MAC{0x02, 0x00, 0x00, 0x00, 0x00, 0x50}
	pad18    = strings.Repeat("00", 18) // ARP ends at 42 bytes, the shortest frame at 60
	solicit6 = netip.MustParseAddr("ff02::1:ff00:254")
)

// must drops the error of a builder whose arguments are known to be good.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

type golden struct {
	rule  string
	frame []byte
	want  string // hex, spaces ignored
	// tshark is a piece of what tshark's one-line summary says, an opinion
	// that does not come from this package.
	tshark string
}

func goldens() []golden {
	own, a := must(garp.NewAnnouncement(realIP, vmac)), must(garp.NewAnnouncement(vip, vmac))
	vrrp := must(garp.NewAnnouncement(netip.MustParseAddr("192.0.2.254"), hello.MAC{0, 0, 0x5e, 0, 1, 0x33}))
	a6 := must(garp.NewAnnouncement(vip6, vmac6))
	answer, _ := garp.ARPReply(garp.ARP{Op: garp.OpRequest, SenderMAC: hostMAC, SenderIP: hostIP, TargetIP: vip}, vmac)
	ns := garp.ND{Type: garp.NeighborSolicitation, Src: host6, Dst: solicit6, Target: vip6, LinkAddr: hostMAC}
	answer6, _ := garp.NDReply(garp.Header{Src: hostMAC}, ns, vmac6)
	dad := garp.ND{Type: garp.NeighborSolicitation, Src: netip.IPv6Unspecified(), Dst: solicit6, Target: vip6}
	answerDAD, _ := garp.NDReply(garp.Header{Src: hostMAC}, dad, vmac6)

	return []golden{{
		// 00:00:0c:07:ac:0a > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 60: Reply 192.168.1.200 is-at 00:00:0c:07:ac:0a, length 46
		"HSRP/first of the trio: real address at the virtual MAC, broadcast", own.ReplyBroadcast(),
		"ffffffffffff 00000c07ac0a 0806 0001080006040002 00000c07ac0a c0a801c8 ffffffffffff c0a801c8" + pad18,
		"Gratuitous ARP for 192.168.1.200 (Reply)",
	}, {
		// 00:00:0c:07:ac:0a > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 60: Reply 192.168.1.1 is-at 00:00:0c:07:ac:0a, length 46
		"HSRP/second of the trio: virtual address, broadcast", a.ReplyBroadcast(),
		"ffffffffffff 00000c07ac0a 0806 0001080006040002 00000c07ac0a c0a80101 ffffffffffff c0a80101" + pad18,
		"Gratuitous ARP for 192.168.1.1 (Reply)",
	}, {
		// 00:00:0c:07:ac:0a > 01:00:0c:cd:cd:cd, ethertype ARP (0x0806), length 60: Reply 192.168.1.1 is-at 00:00:0c:07:ac:0a, length 46
		"HSRP/third of the trio: virtual address to the dummy multicast", a.ReplyCisco(),
		"01000ccdcdcd 00000c07ac0a 0806 0001080006040002 00000c07ac0a c0a80101 01000ccdcdcd c0a80101" + pad18,
		"Gratuitous ARP for 192.168.1.1 (Reply)",
	}, {
		// 00:00:0c:07:ac:0a > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 60: Request who-has 192.168.1.1 tell 192.168.1.1, length 46
		"RFC 5227/2.3/announcement is a request with target MAC zero", a.Request(),
		"ffffffffffff 00000c07ac0a 0806 0001080006040001 00000c07ac0a c0a80101 000000000000 c0a80101" + pad18,
		"ARP Announcement for 192.168.1.1",
	}, {
		// 00:00:5e:00:01:33 > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 60: Request who-has 192.0.2.254 (ff:ff:ff:ff:ff:ff) tell 192.0.2.254, length 46
		"VRRP/request form of keepalived and FRR", vrrp.RequestVRRP(),
		"ffffffffffff 00005e000133 0806 0001080006040001 00005e000133 c00002fe ffffffffffff c00002fe" + pad18,
		"Gratuitous ARP for 192.0.2.254 (Request)",
	}, {
		// 02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 60: Request who-has 192.168.1.1 tell 0.0.0.0, length 46
		"RFC 5227/2.1.1/probe has sender 0.0.0.0 and target MAC zero", must(garp.Probe(vip, realMAC)),
		"ffffffffffff 020000000001 0806 0001080006040001 020000000001 00000000 000000000000 c0a80101" + pad18,
		"Who has 192.168.1.1? (ARP Probe)",
	}, {
		// 00:00:0c:07:ac:0a > 02:00:00:00:00:50, ethertype ARP (0x0806), length 60: Request who-has 192.168.1.50 tell 192.168.1.1, length 46
		"nudge/unicast request from the virtual address", must(garp.Nudge(vip, vmac, hostIP, hostMAC)),
		"020000000050 00000c07ac0a 0806 0001080006040001 00000c07ac0a c0a80101 000000000000 c0a80132" + pad18,
		"Who has 192.168.1.50? Tell 192.168.1.1",
	}, {
		// 00:00:0c:07:ac:0a > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 60: Request who-has 192.168.1.50 tell 192.168.1.1, length 46
		"nudge/broadcast when the neighbour's MAC is unknown", must(garp.Nudge(vip, vmac, hostIP, hello.MAC{})),
		"ffffffffffff 00000c07ac0a 0806 0001080006040001 00000c07ac0a c0a80101 000000000000 c0a80132" + pad18,
		"Who has 192.168.1.50? Tell 192.168.1.1",
	}, {
		// 00:00:0c:07:ac:0a > 02:00:00:00:00:50, ethertype ARP (0x0806), length 60: Reply 192.168.1.1 is-at 00:00:0c:07:ac:0a, length 46
		"RFC 2281/6.4/answer is unicast from the virtual MAC", answer,
		"020000000050 00000c07ac0a 0806 0001080006040002 00000c07ac0a c0a80101 020000000050 c0a80132" + pad18,
		"192.168.1.1 is at 00:00:0c:07:ac:0a",
	}, {
		// 02:00:00:00:00:50 > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 60: Request who-has 0.0.0.0 tell 0.0.0.0, length 46
		"neutral/arp0", must(garp.FDBRefresh(hostMAC, garp.FormARP0, 0)),
		"ffffffffffff 020000000050 0806 0001080006040001 020000000050 00000000 000000000000 00000000" + pad18,
		"ARP Announcement for 0.0.0.0",
	}, {
		// 02:00:00:00:00:50 > ff:ff:ff:ff:ff:ff, ethertype Reverse ARP (0x8035), length 60: Reverse Request who-is 02:00:00:00:00:50 tell 02:00:00:00:00:50, length 46
		"neutral/rarp", must(garp.FDBRefresh(hostMAC, garp.FormRARP, 0)),
		"ffffffffffff 020000000050 8035 0001080006040003 020000000050 00000000 020000000050 00000000" + pad18,
		"Who is 02:00:00:00:00:50? Tell 02:00:00:00:00:50",
	}, {
		// 02:00:00:00:00:50 > 01:00:0c:cd:cd:cd, ethertype ARP (0x0806), length 60: Request who-has 0.0.0.0 tell 0.0.0.0, length 46
		"neutral/dummy multicast", must(garp.FDBRefresh(hostMAC, garp.FormDummyMulticast, 0)),
		"01000ccdcdcd 020000000050 0806 0001080006040001 020000000050 00000000 000000000000 00000000" + pad18,
		"ARP Announcement for 0.0.0.0",
	}, {
		// 02:00:00:00:00:50 > ff:ff:ff:ff:ff:ff, ethertype 802.1Q (0x8100), length 64: vlan 100, p 0, ethertype ARP (0x0806), Request who-has 0.0.0.0 tell 0.0.0.0, length 46
		"neutral/tagged", must(garp.FDBRefresh(hostMAC, garp.FormARP0, 100)),
		"ffffffffffff 020000000050 8100 0064 0806 0001080006040001 020000000050 00000000 000000000000 00000000" + pad18,
		"ARP Announcement for 0.0.0.0",
	}, {
		// 00:00:5e:00:02:33 > 33:33:00:00:00:01, ethertype IPv6 (0x86dd), length 86: (class 0xe0, hlim 255, next-header ICMPv6 (58) payload length: 32) fe80::254 > ff02::1: [icmp6 sum ok] ICMP6, neighbor advertisement, length 32, tgt is fe80::254, Flags [router, override], destination link-address option 00:00:5e:00:02:33
		"RFC 9568/6.4.2/unsolicited advertisement: R, not S, O", a6.Unsolicited(),
		"333300000001 00005e000233 86dd 6e000000 00203aff fe800000000000000000000000000254 ff020000000000000000000000000001" +
			"880074c2 a0000000 fe800000000000000000000000000254 0201 00005e000233",
		"Neighbor Advertisement fe80::254 (rtr, ovr) is at 00:00:5e:00:02:33",
	}, {
		// 00:00:5e:00:02:33 > 02:00:00:00:00:50, ethertype IPv6 (0x86dd), length 86: (class 0xe0, hlim 255, ...) fe80::254 > fe80::50: [icmp6 sum ok] ICMP6, neighbor advertisement, length 32, tgt is fe80::254, Flags [router, solicited, override]
		"RFC 4861/7.2.4/solicited advertisement: R, S, O", answer6,
		"020000000050 00005e000233 86dd 6e000000 00203aff fe800000000000000000000000000254 fe800000000000000000000000000050" +
			"880034f5 e0000000 fe800000000000000000000000000254 0201 00005e000233",
		"Neighbor Advertisement fe80::254 (rtr, sol, ovr) is at 00:00:5e:00:02:33",
	}, {
		// 00:00:5e:00:02:33 > 33:33:00:00:00:01, ethertype IPv6 (0x86dd), length 86: (class 0xe0, hlim 255, ...) fe80::254 > ff02::1: [icmp6 sum ok] ICMP6, neighbor advertisement, length 32, tgt is fe80::254, Flags [router, override]
		"RFC 4861/7.2.4/duplicate check is answered to all nodes, not S", answerDAD,
		"333300000001 00005e000233 86dd 6e000000 00203aff fe800000000000000000000000000254 ff020000000000000000000000000001" +
			"880074c2 a0000000 fe800000000000000000000000000254 0201 00005e000233",
		"Neighbor Advertisement fe80::254 (rtr, ovr) is at 00:00:5e:00:02:33",
	}, {
		// 00:00:5e:00:02:33 > 02:00:00:00:00:50, ethertype IPv6 (0x86dd), length 86: (class 0xe0, hlim 255, ...) fe80::254 > fe80::50: [icmp6 sum ok] ICMP6, neighbor solicitation, length 32, who has fe80::50, source link-address option 00:00:5e:00:02:33
		"nudge/unicast solicitation from the virtual address", must(garp.Nudge(vip6, vmac6, host6, hostMAC)),
		"020000000050 00005e000233 86dd 6e000000 00203aff fe800000000000000000000000000254 fe800000000000000000000000000050" +
			"870018fa 00000000 fe800000000000000000000000000050 0101 00005e000233",
		"Neighbor Solicitation for fe80::50 from 00:00:5e:00:02:33",
	}, {
		// 00:00:5e:00:02:33 > 33:33:ff:00:00:50, ethertype IPv6 (0x86dd), length 86: (class 0xe0, hlim 255, ...) fe80::254 > ff02::1:ff00:50: [icmp6 sum ok] ICMP6, neighbor solicitation, length 32, who has fe80::50
		"nudge/solicited-node group when the neighbour's MAC is unknown", must(garp.Nudge(vip6, vmac6, host6, hello.MAC{})),
		"3333ff000050 00005e000233 86dd 6e000000 00203aff fe800000000000000000000000000254 ff0200000000000000000001ff000050" +
			"87001976 00000000 fe800000000000000000000000000050 0101 00005e000233",
		"Neighbor Solicitation for fe80::50 from 00:00:5e:00:02:33",
	}, {
		// 02:00:00:00:00:01 > 33:33:ff:00:02:54, ethertype IPv6 (0x86dd), length 78: (class 0xe0, hlim 255, ... payload length: 24) :: > ff02::1:ff00:254: [icmp6 sum ok] ICMP6, neighbor solicitation, length 24, who has fe80::254
		"RFC 4862/5.4.2/probe is a solicitation from :: without an option", must(garp.Probe(vip6, realMAC)),
		"3333ff000254 020000000001 86dd 6e000000 00183aff 00000000000000000000000000000000 ff0200000000000000000001ff000254" +
			"8700777f 00000000 fe800000000000000000000000000254",
		"Neighbor Solicitation for fe80::254",
	}, {
		// 00:00:5e:00:02:33 > 33:33:00:00:00:01, ethertype IPv6 (0x86dd), length 86: (class 0xe0, hlim 255, ...) fe80::254 > ff02::1: [icmp6 sum ok] ICMP6, router advertisement, length 32, hop limit 64, Flags [none], pref medium, router lifetime 1800s, reachable time 0ms, retrans timer 0ms
		"HSRP/router advertisement from the virtual address", must(garp.RouterAdvert(vip6, vmac6, 1800*time.Second, 1500)),
		"333300000001 00005e000233 86dd 6e000000 00203aff fe800000000000000000000000000254 ff020000000000000000000000000001" +
			"8600c6b2 40000708 00000000 00000000 0101 00005e000233 0501 0000 000005dc",
		"Router Advertisement from 00:00:5e:00:02:33",
	}, {
		// 00:00:5e:00:02:33 > 33:33:00:00:00:01, ethertype IPv6 (0x86dd), length 78: (class 0xe0, hlim 255, ...) fe80::254 > ff02::1: [icmp6 sum ok] ICMP6, router advertisement, length 24, hop limit 64, Flags [none], pref medium, router lifetime 0s
		"final router advertisement has lifetime 0", must(garp.RouterAdvert(vip6, vmac6, 0, 0)),
		"333300000001 00005e000233 86dd 6e000000 00183aff fe800000000000000000000000000254 ff020000000000000000000000000001" +
			"8600d89f 40000000 00000000 00000000 0101 00005e000233",
		"Router Advertisement from 00:00:5e:00:02:33",
	}}
}

func TestFramesAreByteExact(t *testing.T) {
	for _, g := range goldens() {
		t.Run(g.rule, func(t *testing.T) {
			want := strings.ReplaceAll(g.want, " ", "")
			if diff := cmp.Diff(want, hex.EncodeToString(g.frame)); diff != "" {
				t.Errorf("frame (-want +got):\n%s", diff)
			}
		})
	}
}
