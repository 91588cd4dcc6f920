package prove_test

import (
	"encoding/hex"
	"fmt"
	"log"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/garp/prove"
	"github.com/fhrpd/fhrpd/hello"
)

// A neighbour that ignored the announcements is asked by name, and its next
// answer arrives where it should.
func Example() {
	virtual, virtualMAC := netip.MustParseAddr("192.0.2.1"), hello.MAC{0x00, 0x00, 0x0c, 0x9f, 0xf0, 0x0a}
	neighbor, neighborMAC := netip.MustParseAddr("192.0.2.254"), hello.MAC{0x02, 0, 0, 0, 0, 0xfe}
	start := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

	p := prove.Prover{Random: func() uint64 { return 0x0123456789abcdef }} // rand.Uint64 of crypto strength, elsewhere
	p.SetNeighbors(start, []netip.Addr{neighbor})
	p.Learn(start, neighbor, neighborMAC) // from its traffic of before
	p.Start(start, virtual, virtualMAC)
	for range 2 {
		now, _ := p.Deadline()
		frames, _ := p.Due(now)
		fmt.Printf("%v: %d frames to send\n", now.Sub(start), len(frames))
	}

	reply, err := hex.DecodeString("00000c9ff00a" + "0200000000fe" + "0800" + // to the virtual MAC
		"4500002c000040004001b5d1" + "c00002fe" + "c0000201" +
		"0000b89af48d0002" + "74616b656f766572" + "0123456789abcdef")
	if err != nil {
		log.Fatal(err)
	}
	if answer, ok := prove.ParseAnswer(reply); ok {
		result, _ := p.Heard(start.Add(60500*time.Microsecond), answer)
		fmt.Println(result)
	}
	fmt.Println("settled:", p.Settled())

	// Output:
	// 0s: 1 frames to send
	// 60ms: 2 frames to send
	// 192.0.2.254 delivers here: proven by icmp in 60.5ms, after 1 directed request
	// settled: true
}
