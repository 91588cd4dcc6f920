package hello_test

import (
	"encoding/hex"
	"fmt"
	"log"

	"github.com/fhrpd/fhrpd/hello"
)

// A frame as a Cisco router sent it is read from the outside in: the envelope,
// the message, whether the two belong together, the authentication.
func Example() {
	frame, err := hex.DecodeString("01005e000002" + "00000c07ac01" + "0800" +
		"45c0003000000000" + "01111835" + "c0a8001e" + "e0000002" + // TTL 1, UDP
		"07c107c1001c2d8d" + "000010030a640100" + "636973636f000000" + "c0a80001")
	if err != nil {
		log.Fatal(err)
	}

	var envelope hello.Envelope
	payload, err := hello.ParseFrame(frame, &envelope, true)
	if err != nil {
		log.Fatal(err)
	}
	var packet hello.HSRPPacket
	if err := packet.Parse(payload); err != nil {
		log.Fatal(err)
	}
	if err := packet.Match(&envelope); err != nil {
		log.Fatal(err)
	}
	if err := packet.Verify(payload, nil); err != nil { // nil: the default text
		log.Fatal(err)
	}
	other, _ := hello.TextAuth("secret")

	m := packet.HSRP
	fmt.Printf("%v from %v: group %d, %v, priority %d\n", m.Op, envelope.Src, m.Group, m.State, m.Priority)
	fmt.Printf("virtual address %v at %v\n", m.VirtualIP, hello.VirtualMAC(hello.ProtocolHSRP, m.Version, m.Family, m.Group))
	fmt.Printf("hello %v, hold %v\n", m.HelloTime, m.HoldTime)
	fmt.Println("with another text:", packet.Verify(payload, &other))

	// Output:
	// Hello from 192.168.0.30: group 1, Active, priority 100
	// virtual address 192.168.0.1 at 00:00:0c:07:ac:01
	// hello 3s, hold 10s
	// with another text: auth
}
