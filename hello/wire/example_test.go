package wire_test

import (
	"encoding/hex"
	"fmt"

	"github.com/fhrpd/fhrpd/hello/wire"
)

// A frame is read, and its answer sent.
func Example() {
	frame, _ := hex.DecodeString("020000000002" + "020000000001" + "0800" +
		"4500002478df400040013df6c0000201c0000202" + "080004903ebf000174616b656f766572")
	var p wire.Packet
	if !p.Parse(frame) || p.Proto != wire.ProtoICMP || p.Payload[0] != wire.ICMPEcho || !wire.Sum(0).Add(p.Payload).OK() {
		return
	}
	fmt.Printf("%s asks %s: %q\n", p.Src, p.Dst, p.Payload[wire.ICMPHeader:p.Size])

	m := append([]byte{wire.ICMPEchoReply, 0, 0, 0}, p.Payload[4:p.Size]...)
	answer := wire.Headers{DstMAC: p.SrcMAC, SrcMAC: p.DstMAC, Src: p.Dst, Dst: p.Src, TTL: 64, Proto: wire.ProtoICMP}
	fmt.Printf("%x\n", answer.Append(nil, m)[wire.EthernetHeader+wire.IPv4Header:])
	// Output:
	// 192.0.2.1 asks 192.0.2.2: "takeover"
	// 00000c903ebf000174616b656f766572
}
