package wire

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var (
	mac1 = [6]byte{2, 0, 0, 0, 0, 1}
	mac2 = [6]byte{2, 0, 0, 0, 0, 2}
	ip1  = netip.MustParseAddr("192.0.2.1")
	ip2  = netip.MustParseAddr("192.0.2.2")
	six1 = netip.MustParseAddr("2001:db8::1")
	six2 = netip.MustParseAddr("2001:db8::2")
)

// captures are frames that a Cisco router and the Linux kernel sent, from
// tcpdump, which calls their checksums correct.
var captures = []struct {
	name string
	hex  string
	want Headers
	// checksum is where the payload has it.
	checksum int
	// asSent says that the frame has no flag or flow label, so
	// that Append makes the same.
	asSent bool
}{{
	// 00:00:0c:07:ac:01 > 01:00:5e:00:00:02, tos 0xc0, ttl 1, id 0, 192.168.0.30.1985 > 224.0.0.2.1985: HSRPv0-hello 20
	"UDP: a hello of HSRP",
	"01005e000002 00000c07ac01 0800 45c00030 00000000 01111835 c0a8001e e0000002" +
		"07c107c1 001c2d8d 000010030a640100636973636f000000c0a80001",
	Headers{[6]byte{1, 0, 0x5e, 0, 0, 2}, [6]byte{0, 0, 0x0c, 7, 0xac, 1}, netip.MustParseAddr("192.168.0.30"), netip.MustParseAddr("224.0.0.2"), 0xc0, 1, ProtoUDP, 0},
	6, true,
}, {
	// IPv6, hlim 255, 2001:db8::1 > ff02::1:ff00:2: [icmp6 sum ok] ICMP6, neighbor solicitation, who has 2001:db8::2
	"ICMPv6: a neighbour solicitation",
	"3333ff000002 020000000001 86dd 60000000 00203aff 20010db8000000000000000000000001 ff0200000000000000000001ff000002" +
		"87001c27 00000000 20010db8000000000000000000000002 0101 020000000001",
	Headers{[6]byte{0x33, 0x33, 0xff, 0, 0, 2}, mac1, six1, netip.MustParseAddr("ff02::1:ff00:2"), 0, 255, ProtoICMPv6, 0},
	2, true,
}, {
	// 192.0.2.1 > 192.0.2.2: ICMP echo request, id 16063, seq 1, length 16
	"ICMP: an echo request",
	"020000000002 020000000001 0800 45000024 78df4000 40013df6 c0000201 c0000202 08000490 3ebf0001 74616b656f766572",
	Headers{mac2, mac1, ip1, ip2, 0, 64, ProtoICMP, 0x78df},
	2, false,
}, {
	// 2001:db8::2 > 2001:db8::1: [icmp6 sum ok] ICMP6, echo reply, id 16064, seq 1
	"ICMPv6: an echo reply",
	"020000000001 020000000002 86dd 600f52ca 00103a40 20010db8000000000000000000000002 20010db8000000000000000000000001" +
		"81002fcf 3ec00001 74616b656f766572",
	Headers{mac1, mac2, six2, six1, 0, 64, ProtoICMPv6, 0},
	2, false,
}, {
	// 192.0.2.1.4000 > 192.0.2.2.5000: [udp sum ok] UDP, length 3
	"UDP: an odd length",
	"020000000002 020000000001 0800 4500001f fb704000 4011bb59 c0000201 c0000202 0fa01388 000b8547 6f6464",
	Headers{mac2, mac1, ip1, ip2, 0, 64, ProtoUDP, 0xfb70},
	6, false,
}, {
	// 2001:db8::1.4000 > 2001:db8::2.5000: [udp sum ok] UDP, length 3
	"UDP over IPv6: an odd length",
	"020000000002 020000000001 86dd 600d540a 000b1140 20010db8000000000000000000000001 20010db8000000000000000000000002" +
		"0fa01388 000badd6 6f6464",
	Headers{mac2, mac1, six1, six2, 0, 64, ProtoUDP, 0},
	6, false,
}, {
	// 192.0.2.1.4001 > 192.0.2.2.1: Flags [S], cksum 0x0e02 (correct), win 64240, options [mss 1460,sackOK,TS,nop,wscale 10]
	"TCP: a SYN with options",
	"020000000002 020000000001 0800 4500003c 74384000 40064280 c0000201 c0000202" +
		"0fa10001 40a1d072 00000000 a002faf0 0e020000 020405b4 0402080a 7b621eee 00000000 0103030a",
	Headers{mac2, mac1, ip1, ip2, 0, 64, ProtoTCP, 0x7438},
	16, false,
}, {
	// 2001:db8::1.4001 > 2001:db8::2.1: Flags [S], cksum 0xb9b7 (correct), win 64800
	"TCP over IPv6",
	"020000000002 020000000001 86dd 600b2893 00280640 20010db8000000000000000000000001 20010db8000000000000000000000002" +
		"0fa10001 271c0034 00000000 a002fd20 b9b70000 020405a0 0402080a ba34449d 00000000 0103030a",
	Headers{mac2, mac1, six1, six2, 0, 64, ProtoTCP, 0},
	16, false,
}}

var byValue = cmpopts.EquateComparable(netip.Addr{})

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestParseReadsCaptures(t *testing.T) {
	for _, tt := range captures {
		t.Run(tt.name, func(t *testing.T) {
			frame := unhex(t, tt.hex)
			header := IPv4Header
			if tt.want.Src.Is6() {
				header = IPv6Header
			}
			want := Packet{Headers: tt.want, IP: frame[14 : 14+header], Payload: frame[14+header:], Size: len(frame) - 14 - header}
			p := Packet{Fragment: 7, Size: -1} // of the last packet
			if !p.Parse(frame) {
				t.Fatal("not parsed")
			}
			if diff := cmp.Diff(want, p, byValue); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if header == IPv4Header && !Sum(0).Add(p.IP).OK() {
				t.Error("header checksum")
			}
			sum := PseudoHeader(p.Src, p.Dst, p.Proto, p.Size)
			if p.Proto == ProtoICMP {
				sum = 0
			}
			if !sum.Add(p.Payload).OK() {
				t.Errorf("checksum of the payload is off by %04x", sum.Add(p.Payload).Checksum())
			}
		})
	}
}

func TestAppendMakesWhatWasCaptured(t *testing.T) {
	for _, tt := range captures {
		t.Run(tt.name, func(t *testing.T) {
			frame := unhex(t, tt.hex)
			var p Packet
			p.Parse(frame)
			m := bytes.Clone(p.Payload)
			be.PutUint16(m[tt.checksum:], 0)
			h := tt.want
			got := []byte("x")
			if h.Proto == ProtoUDP {
				got = h.AppendUDP(got, be.Uint16(m[0:]), be.Uint16(m[2:]), m[UDPHeader:])
			} else {
				got = h.Append(got, m)
			}
			got = got[1:]
			if !tt.asSent {
				// What Append leaves out, and IPv4 checks.
				header := frame[EthernetHeader : len(frame)-len(m)]
				if h.Src.Is4() {
					copy(header[6:8], make([]byte, 2))
					copy(header[10:12], make([]byte, 2))
					be.PutUint16(header[10:], Sum(0).Add(header).Checksum())
				} else {
					copy(header[1:4], make([]byte, 3))
				}
			}
			if diff := cmp.Diff(hex.EncodeToString(frame), hex.EncodeToString(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAppendLeavesOtherMessagesAlone(t *testing.T) {
	h := Headers{Src: ip1, Dst: ip2, Proto: 112}
	m := []byte("whatever this is, it has its own checksum")
	if got := h.Append(nil, m); !bytes.HasSuffix(got, m) {
		t.Errorf("got %q", got[34:])
	}
}

func TestIPv4MappedAddressesAreIPv4(t *testing.T) {
	mapped := func(a netip.Addr) netip.Addr { return netip.AddrFrom16(a.As16()) }
	want, got := Headers{Src: ip1, Dst: ip2, Proto: ProtoICMP}, Headers{Src: mapped(ip1), Dst: mapped(ip2), Proto: ProtoICMP}
	m := make([]byte, ICMPHeader)
	if diff := cmp.Diff(want.Append(nil, m), got.Append(nil, m)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUDPChecksumIsNeverSentAsZero(t *testing.T) {
	h := Headers{Src: ip1, Dst: ip2, Proto: ProtoUDP}
	b := h.AppendUDP(nil, 4000, 5000, []byte{0, 0})
	rest := b[len(b)-4 : len(b)-2] // the checksum, in the payload, makes the sum 0xffff
	b = h.AppendUDP(nil, 4000, 5000, bytes.Clone(rest))
	if got := be.Uint16(b[len(b)-4:]); got != 0xffff {
		t.Errorf("got %04x, want ffff", got)
	}
}

// edit returns frame with bytes written at an offset.
func edit(frame []byte, at int, with ...byte) []byte {
	out := bytes.Clone(frame)
	copy(out[at:], with)
	return out
}

func TestParseRefuses(t *testing.T) {
	v4, v6 := unhex(t, captures[0].hex), unhex(t, captures[1].hex)
	for name, frame := range map[string][]byte{
		"nothing":                       nil,
		"an Ethernet header cut":        v4[:13],
		"an IPv4 header cut":            v4[:33],
		"an IPv6 header cut":            v6[:53],
		"ARP":                           edit(v4, 12, 0x08, 0x06),
		"a VLAN tag":                    edit(v4, 12, 0x81, 0x00),
		"IPv6 in an IPv4 frame":         edit(v6, 12, 0x08, 0x00),
		"IPv4 in an IPv6 frame":         edit(v4, 12, 0x86, 0xdd),
		"IP version 5":                  edit(v4, 14, 0x55),
		"an IPv4 header of 16 bytes":    edit(v4, 14, 0x44),
		"IPv4 options behind the frame": edit(v4[:37], 14, 0x46),
	} {
		if p := new(Packet); p.Parse(frame) {
			t.Errorf("%s: parsed as %+v", name, *p)
		}
	}
}

// RFC 791 section 3.1: options, fragments, and lengths that are for the caller
// to judge.
func TestParseReportsWhatItDoesNotJudge(t *testing.T) {
	frame := unhex(t, captures[0].hex)
	for _, tt := range []struct {
		name     string
		frame    []byte
		size     int
		payload  int
		fragment uint16
	}{
		{"padding", append(bytes.Clone(frame), 0, 0, 0), 28, 31, 0},
		{"options", edit(frame, 14, 0x46), 24, 24, 0},
		{"total length past the frame", edit(frame, 16, 0x00, 0x31), 29, 28, 0},
		{"total length below the header", edit(frame, 16, 0x00, 0x13), -1, 28, 0},
		{"do not fragment", edit(frame, 20, 0x40), 28, 28, 0},
		{"first fragment", edit(frame, 20, 0x20), 28, 28, 0x2000},
		{"last fragment", edit(frame, 20, 0x00, 0x02), 28, 28, 0x0002},
	} {
		var p Packet
		if !p.Parse(tt.frame) || p.Size != tt.size || len(p.Payload) != tt.payload || p.Fragment != tt.fragment {
			t.Errorf("%s: size %d, payload of %d, fragment %04x; want %d, %d, %04x",
				tt.name, p.Size, len(p.Payload), p.Fragment, tt.size, tt.payload, tt.fragment)
		}
	}
}

func TestTrafficClassSpansTwoBytes(t *testing.T) {
	h := Headers{Src: six1, Dst: six2, TOS: 0xe4, Proto: 112}
	b := h.Append(nil, nil)
	if got := b[14:16]; !bytes.Equal(got, []byte{0x6e, 0x40}) {
		t.Errorf("first bytes %x, want 6e40", got)
	}
	if p := new(Packet); !p.Parse(b) || p.TOS != 0xe4 {
		t.Errorf("read back %02x, want e4", p.TOS)
	}
}

func TestNothingAllocates(t *testing.T) {
	buf := make([]byte, 0, 256)
	h4, h6 := captures[2].want, captures[3].want
	m, frame := make([]byte, 16), unhex(t, captures[1].hex)
	n := testing.AllocsPerRun(100, func() {
		var p Packet
		buf = h4.Append(buf[:0], m)
		buf = h6.Append(buf[:0], m)
		buf = h6.AppendUDP(buf[:0], 1, 2, m)
		if !p.Parse(frame) || !PseudoHeader(p.Src, p.Dst, p.Proto, p.Size).Add(p.Payload).OK() {
			t.Error("refused")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzPacket holds that what is parsed lies within the frame, and that a
// payload that is sent with the same headers is read back.
func FuzzPacket(f *testing.F) {
	for _, tt := range captures {
		f.Add(unhex(f, tt.hex))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		var p, again Packet
		if !p.Parse(frame) {
			return
		}
		if len(p.IP)+len(p.Payload)+EthernetHeader != len(frame) || p.Size > 0xffff {
			t.Fatalf("%+v is not in %x", p, frame)
		}
		h := p.Headers
		h.Proto = 112
		if len(p.Payload) > 0xffff-IPv4Header || p.Src.Is4In6() {
			return
		}
		if !again.Parse(h.Append(nil, p.Payload)) || again.Headers != h || !bytes.Equal(again.Payload, p.Payload) || again.Size != len(p.Payload) {
			t.Fatalf("sent %+v %x, read %+v", h, p.Payload, again)
		}
	})
}
