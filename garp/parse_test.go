package garp

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

var (
	testMAC  = hello.MAC{0x00, 0x00, 0x0c, 0x07, 0xac, 0x0a}
	askerMAC = hello.MAC{0x02, 0, 0, 0, 0, 0x50}
	testIP   = netip.MustParseAddr("192.168.1.1")
	testIP6  = netip.MustParseAddr("fe80::254")
	asker6   = netip.MustParseAddr("fe80::50")
	byValue  = cmpopts.EquateComparable(netip.Addr{})
)

func requestFrame() []byte {
	a := ARP{Op: OpRequest, SenderMAC: askerMAC, SenderIP: netip.MustParseAddr("192.168.1.50"), TargetIP: testIP}
	return a.frame(hello.Broadcast)
}

func solicitationFrame() []byte {
	dst := wire.SolicitedNode(testIP6)
	ns := ND{Type: NeighborSolicitation, Src: asker6, Dst: dst, Target: testIP6, LinkAddr: askerMAC}
	return ns.frame(wire.MulticastMAC(dst), askerMAC)
}

func advertisementFrame() []byte {
	na := ND{Type: NeighborAdvertisement, Src: testIP6, Dst: allNodes, Target: testIP6, LinkAddr: testMAC, Router: true, Override: true}
	return na.frame(wire.MulticastMAC(allNodes), testMAC)
}

func solicitedFrame() []byte {
	na := ND{Type: NeighborAdvertisement, Src: testIP6, Dst: asker6, Target: testIP6, LinkAddr: testMAC, Solicited: true}
	return na.frame(askerMAC, testMAC)
}

func probeFrame() []byte {
	dst := wire.SolicitedNode(testIP6)
	ns := ND{Type: NeighborSolicitation, Src: netip.IPv6Unspecified(), Dst: dst, Target: testIP6}
	return ns.frame(wire.MulticastMAC(dst), askerMAC)
}

// edit returns frame with b written at offset.
func edit(frame []byte, offset int, b ...byte) []byte {
	out := bytes.Clone(frame)
	copy(out[offset:], b)
	return out
}

// resum returns the ND frame with the checksum that its bytes ask for, so
// that a check behind the checksum is reached.
func resum(frame []byte) []byte {
	out := bytes.Clone(frame)
	m := out[offType:]
	m[2], m[3] = 0, 0
	src, dst := netip.AddrFrom16([16]byte(out[offSrc:])), netip.AddrFrom16([16]byte(out[offDst:]))
	binary.BigEndian.PutUint16(m[2:4], wire.PseudoHeader(src, dst, 58, len(m)).Add(m).Checksum())
	return out
}

func TestParseARPReadsEveryField(t *testing.T) {
	h, a, err := ParseARP(requestFrame())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Header{Dst: hello.Broadcast, Src: askerMAC}, h); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	want := ARP{Op: OpRequest, SenderMAC: askerMAC, SenderIP: netip.MustParseAddr("192.168.1.50"), TargetIP: testIP}
	if diff := cmp.Diff(want, a, byValue); diff != "" {
		t.Errorf("packet (-want +got):\n%s", diff)
	}
}

var malformedARP = []struct {
	rule  string
	frame []byte
	want  hello.Reject
}{
	{"empty", nil, hello.RejectShort},
	{"ends in the Ethernet header", requestFrame()[:13], hello.RejectShort},
	{"ends one byte before the packet does", requestFrame()[:41], hello.RejectShort},
	{"IPv4 is not ARP", edit(requestFrame(), 12, 0x08, 0x00), hello.RejectType},
	{"tagged frame is left to the VLAN's interface", edit(requestFrame(), 12, 0x81, 0x00), hello.RejectType},
	{"hardware is not Ethernet", edit(requestFrame(), 14, 0, 6), hello.RejectLength},
	{"protocol is not IPv4", edit(requestFrame(), 16, 0x86, 0xdd), hello.RejectLength},
	{"hardware length 128 must not overflow", edit(requestFrame(), 18, 128), hello.RejectLength},
	{"protocol length 255", edit(requestFrame(), 19, 255), hello.RejectLength},
	{"operation 0", edit(requestFrame(), 20, 0, 0), hello.RejectType},
	{"operation 9", edit(requestFrame(), 20, 0, 9), hello.RejectType},
}

func TestParseARPRejects(t *testing.T) {
	for _, tt := range malformedARP {
		t.Run(tt.rule, func(t *testing.T) {
			if _, a, err := ParseARP(tt.frame); err != error(tt.want) || a != (ARP{}) {
				t.Errorf("got %+v, %v; want nothing and %q", a, err, tt.want)
			}
		})
	}
}

func TestParseNDReadsEveryField(t *testing.T) {
	for _, tt := range []struct {
		rule  string
		frame []byte
		want  ND
	}{
		{"solicitation", solicitationFrame(), ND{Type: NeighborSolicitation, Src: asker6,
			Dst: wire.SolicitedNode(testIP6), Target: testIP6, LinkAddr: askerMAC}},
		{"duplicate check", probeFrame(), ND{Type: NeighborSolicitation, Src: netip.IPv6Unspecified(),
			Dst: wire.SolicitedNode(testIP6), Target: testIP6}},
		{"advertisement", advertisementFrame(), ND{Type: NeighborAdvertisement, Src: testIP6,
			Dst: allNodes, Target: testIP6, LinkAddr: testMAC, Router: true, Override: true}},
		{"solicited advertisement", solicitedFrame(),
			ND{Type: NeighborAdvertisement, Src: testIP6, Dst: asker6, Target: testIP6, LinkAddr: testMAC, Solicited: true}},
		{"padding behind the packet is not an option", append(probeFrame(), 0, 0, 0), ND{Type: NeighborSolicitation,
			Src: netip.IPv6Unspecified(), Dst: wire.SolicitedNode(testIP6), Target: testIP6}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			_, nd, err := ParseND(tt.frame)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, nd, byValue); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}

// Offsets into an ND frame.
const (
	offLength  = 18
	offNext    = 20
	offHop     = 21
	offSrc     = 22
	offDst     = 38
	offType    = 54
	offCode    = 55
	offFlags   = 58
	offTarget  = 62
	offOptions = 78
)

var malformedND = []struct {
	rule  string
	frame []byte
	want  hello.Reject
}{
	{"empty", nil, hello.RejectShort},
	{"ends in the IPv6 header", solicitationFrame()[:53], hello.RejectShort},
	{"ends before its payload length", solicitationFrame()[:85], hello.RejectShort},
	{"payload shorter than a solicitation", edit(solicitationFrame(), offLength, 0, 23), hello.RejectShort},
	{"payload empty", edit(solicitationFrame(), offLength, 0, 0), hello.RejectShort},
	{"short message of another type", edit(edit(solicitationFrame(), offLength, 0, 8), offType, 133), hello.RejectType},
	{"ARP is not IPv6", edit(solicitationFrame(), 12, 0x08, 0x06), hello.RejectType},
	{"IP version 4", edit(solicitationFrame(), 14, 0x4e), hello.RejectType},
	{"fragment header", edit(solicitationFrame(), offNext, 44), hello.RejectType},
	{"router solicitation", resum(edit(solicitationFrame(), offType, 133)), hello.RejectType},
	{"code 1", resum(edit(solicitationFrame(), offCode, 1)), hello.RejectType},
	{"hop limit 254 came through a router", edit(solicitationFrame(), offHop, 254), hello.RejectTTL},
	{"checksum", edit(solicitationFrame(), offType+2, 0xde, 0xad), hello.RejectChecksum},
	{"checksum covers the source", edit(solicitationFrame(), offSrc+15, 0x51), hello.RejectChecksum},
	{"option of length 0 must not loop", resum(edit(solicitationFrame(), offOptions+1, 0)), hello.RejectLength},
	{"option longer than the message", resum(edit(solicitationFrame(), offOptions+1, 2)), hello.RejectLength},
	{"option length 255", resum(edit(solicitationFrame(), offOptions+1, 255)), hello.RejectLength},
	{"target is a group", resum(edit(solicitationFrame(), offTarget, 0xff, 0x02)), hello.RejectAddresses},
	{"target unspecified", resum(edit(solicitationFrame(), offTarget, make([]byte, 16)...)), hello.RejectAddresses},
	{"source is a group", resum(edit(solicitationFrame(), offSrc, 0xff, 0x02)), hello.RejectSource},
	{"duplicate check to all nodes", resum(edit(probeFrame(), offDst, allNodes.AsSlice()...)), hello.RejectDestination},
	{"duplicate check with a link-layer address", resum(edit(solicitationFrame(), offSrc, make([]byte, 16)...)), hello.RejectSource},
	{"advertisement from ::", resum(edit(advertisementFrame(), offSrc, make([]byte, 16)...)), hello.RejectSource},
	{"solicited advertisement to a group", resum(edit(advertisementFrame(), offFlags, flagSolicited)), hello.RejectDestination},
}

func TestParseNDRejects(t *testing.T) {
	for _, tt := range malformedND {
		t.Run(tt.rule, func(t *testing.T) {
			if _, nd, err := ParseND(tt.frame); err != error(tt.want) || nd != (ND{}) {
				t.Errorf("got %+v, %v; want nothing and %q", nd, err, tt.want)
			}
		})
	}
}

func TestParseNDTakesNoFlippedBit(t *testing.T) {
	for _, frame := range [][]byte{solicitationFrame(), advertisementFrame(), probeFrame()} {
		for bit := offSrc * 8; bit < len(frame)*8; bit++ {
			bad := bytes.Clone(frame)
			bad[bit/8] ^= 1 << (bit % 8)
			if _, nd, err := ParseND(bad); err == nil {
				t.Errorf("bit %d of byte %d flipped: accepted %+v", bit%8, bit/8, nd)
			}
		}
	}
}

// The frame is one that Linux sent, in tcpdump's words:
//
//	02:00:00:00:00:01 > 33:33:00:00:00:02, hlim 255, fe80::ff:fe00:1 > ff02::2: [icmp6 sum ok] ICMP6, router solicitation, length 16
func TestIsRouterSolicitation(t *testing.T) {
	asks, err := hex.DecodeString("333300000002" + "020000000001" + "86dd" + "6000000000103aff" +
		"fe80000000000000000000fffe000001" + "ff020000000000000000000000000002" + "85007b2c00000000" + "0101020000000001")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		rule  string
		frame []byte
		want  bool
	}{
		{"a host looks for routers", asks, true},
		{"without an option", edit(asks, offLength, 0, 8), true},
		{"hop limit 254 came through a router", edit(asks, offHop, 254), false},
		{"another code", edit(asks, offCode, 1), false},
		{"another message", edit(asks, offType, 134), false},
		{"another protocol", edit(asks, offNext, 17), false},
		{"another EtherType", edit(asks, 12, 0x08, 0x00), false},
		{"length below the header's", edit(asks, offLength, 0, 7), false},
		{"length past the frame", edit(asks, offLength, 0, 17), false},
		{"no frame", nil, false},
	} {
		if got := IsRouterSolicitation(tt.frame); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.rule, got, tt.want)
		}
	}
}

func TestParsingDoesNotAllocate(t *testing.T) {
	arp, ns, bad := requestFrame(), solicitationFrame(), solicitationFrame()[:60]
	n := testing.AllocsPerRun(100, func() {
		_, _, _ = ParseARP(arp)
		_, _, _ = ParseND(ns)
		_, _, _ = ParseND(bad)
		_ = IsRouterSolicitation(ns)
	})
	if n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// FuzzParseARP holds that what is accepted means the bytes it was read from,
// and that an answer to it is addressed to whoever asked.
func FuzzParseARP(f *testing.F) {
	for _, tt := range malformedARP {
		f.Add(tt.frame)
	}
	f.Add(requestFrame())
	f.Fuzz(func(t *testing.T, frame []byte) {
		h, a, err := ParseARP(frame)
		if err != nil {
			return
		}
		p := a.payload()
		if !bytes.Equal(frame[14:42], p[:]) || !bytes.HasPrefix(frame, append(h.Dst[:], h.Src[:]...)) {
			t.Fatalf("%+v %+v does not stand for %x", h, a, frame)
		}
		b, ok := ARPReply(a, testMAC)
		if !ok {
			return
		}
		rh, r, err := ParseARP(b)
		if err != nil || rh.Dst != a.SenderMAC || rh.Dst.IsMulticast() || r.SenderIP != a.TargetIP || r.TargetIP != a.SenderIP {
			t.Fatalf("%+v is answered by %+v %+v, %v", a, rh, r, err)
		}
	})
}

// FuzzParseND gives each input the checksum it asks for, as a random one never
// passes. It holds that what is accepted obeys the rules a caller relies on,
// and that an answer to it is itself acceptable.
func FuzzParseND(f *testing.F) {
	for _, tt := range malformedND {
		f.Add(tt.frame)
	}
	f.Add(solicitationFrame())
	f.Add(probeFrame())
	f.Add(advertisementFrame())
	f.Fuzz(func(t *testing.T, frame []byte) {
		if len(frame) > offType+4 && int(binary.BigEndian.Uint16(frame[offLength:])) == len(frame)-offType {
			frame = resum(frame)
		}
		h, nd, err := ParseND(frame)
		if err != nil {
			return
		}
		if frame[offHop] != 255 || nd.Target.IsMulticast() || nd.Target.IsUnspecified() || nd.Src.IsMulticast() {
			t.Fatalf("accepted %+v from %x", nd, frame)
		}
		b, ok := NDReply(h, nd, testMAC)
		if !ok {
			return
		}
		_, r, err := ParseND(b)
		if err != nil || r.Target != nd.Target || r.LinkAddr != testMAC || !r.Router || r.Solicited == nd.Src.IsUnspecified() {
			t.Fatalf("%+v is answered by %+v, %v", nd, r, err)
		}
	})
}
