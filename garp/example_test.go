package garp_test

import (
	"fmt"
	"log"
	"net/netip"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// A router that has become active says where its virtual address is: as replies
// at once, to everybody and to Cisco's group, and as a request a little later.
func Example() {
	now, later := garp.Claim(garp.Identity{
		Protocol:   hello.ProtocolHSRP,
		VirtualIPs: []netip.Addr{netip.MustParseAddr("192.0.2.1")},
		VirtualMAC: hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10),
		Real:       netip.MustParseAddr("192.0.2.2"),
		RealMAC:    hello.MAC{0x02, 0, 0, 0, 0, 0x02},
	})
	for _, frame := range now {
		fmt.Println("at once:", words(frame))
	}
	for _, frame := range later {
		fmt.Printf("%v later: %s\n", garp.RequestDelay, words(frame))
	}
	fmt.Printf("the first: %x\n", now[0][:42])

	// Output:
	// at once: reply to ff:ff:ff:ff:ff:ff: 192.0.2.1 is at 00:00:0c:9f:f0:0a
	// at once: reply to 01:00:0c:cd:cd:cd: 192.0.2.1 is at 00:00:0c:9f:f0:0a
	// 5ms later: request to ff:ff:ff:ff:ff:ff: 192.0.2.1 is at 00:00:0c:9f:f0:0a
	// the first: ffffffffffff00000c9ff00a0806000108000604000200000c9ff00ac0000201ffffffffffffc0000201
}

func words(frame []byte) string {
	header, arp, err := garp.ParseARP(frame)
	if err != nil {
		log.Fatal(err)
	}
	return fmt.Sprintf("%v to %v: %v is at %v", arp.Op, header.Dst, arp.SenderIP, arp.SenderMAC)
}
