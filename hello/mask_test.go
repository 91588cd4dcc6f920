package hello

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/fhrpd/fhrpd/hello/wire"
)

// framed puts a message into a frame, with a port on either side for UDP.
func framed(src string, port uint16, m []byte) []byte {
	h := wire.Headers{Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(src), TTL: 255, Proto: ProtoNumber}
	if port == 0 {
		return h.Append(nil, m)
	}
	h.Proto = wire.ProtoUDP
	return h.AppendUDP(nil, port, port, m)
}

func TestMaskText(t *testing.T) {
	const secret = "SeCrEt42"
	v1 := "\x00\x00\x10\x03\x0a\x6e\x0a\x00" + secret + "\xc0\x00\x02\x01"
	state := "\x01\x28" + string(make([]byte, 40))
	v2 := state + "\x03\x08" + secret
	md5 := "\x04\x1c" + "0123456789012345678901234567"
	vrrp2 := "\x21\x14\x64\x01\x01\x01\x12\x34" + "\xc0\x00\x02\x01" + secret
	for _, tt := range []struct {
		name   string
		frame  []byte
		masked bool
	}{
		{"HSRP version 1", framed("192.0.2.2", PortHSRP, []byte(v1)), true},
		{"HSRP version 1, cut within the text", framed("192.0.2.2", PortHSRP, []byte(v1)[:14]), true},
		{"HSRP version 1 with a digest behind it", framed("192.0.2.2", PortHSRP, []byte(v1+md5)), true},
		{"HSRP version 2", framed("192.0.2.2", PortHSRP, []byte(v2)), true},
		{"HSRP version 2 over IPv6", framed("2001:db8::2", PortHSRP6, []byte(v2)), true},
		{"HSRP version 2, the text first", framed("192.0.2.2", PortHSRP, []byte("\x03\x08"+secret+state)), true},
		{"HSRP version 2, a length that is too long", framed("192.0.2.2", PortHSRP, []byte("\x03\x40"+secret)), true},
		{"HSRP version 2, an unknown part in front", framed("192.0.2.2", PortHSRP, []byte("\x63\x02ab\x03\x08"+secret)), true},
		{"VRRP version 2", framed("192.0.2.2", 0, []byte(vrrp2)), true},
		{"VRRP version 2, more addresses than there are", framed("192.0.2.2", 0, []byte("\x21\x14\x64\x09\x01\x01\x12\x34"+secret)), true},
		{"HSRP version 1, interface state", framed("192.0.2.2", PortHSRP, []byte("\x00\x03\x00\x01\x00\x0eABCDEFGHIJ")), false},
		{"HSRP version 2 with a digest", framed("192.0.2.2", PortHSRP, []byte(state+md5)), false},
		{"VRRP version 2 without", framed("192.0.2.2", 0, []byte("\x21\x14\x64\x01\x00\x01\x12\x34\xc0\x00\x02\x01"+string(make([]byte, 8)))), false},
		{"VRRP version 3", framed("192.0.2.2", 0, []byte("\x31\x14\x64\x01\x00\x64\x12\x34\xc0\x00\x02\x01")), false},
		{"another port", framed("192.0.2.2", 53, []byte(v1)), false},
		{"ARP", append(make([]byte, 12), "\x08\x06whatever it says"...), false},
		{"nothing", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			was := bytes.Clone(tt.frame)
			if got := MaskText(tt.frame); got != tt.masked {
				t.Errorf("masked %t, want %t", got, tt.masked)
			}
			if tt.masked && bytes.Contains(tt.frame, []byte("SeCr")) {
				t.Errorf("the text is still there: %q", tt.frame)
			}
			if !tt.masked && !bytes.Equal(was, tt.frame) {
				t.Errorf("changed to %q", tt.frame)
			}
			if MaskText(tt.frame) {
				t.Error("masked again")
			}
		})
	}
}

// What a recorder has written is read again, by a router's rules.
func TestMaskedPacketsKeepTheWordOfTheirChecksum(t *testing.T) {
	const v2 = "\x01\x28" + "0123456789012345678901234567890123456789" + "\x03\x08SeCrEt42"
	vrrp2 := []byte("\x21\x14\x64\x01\x01\x01\x00\x00\xc0\x00\x02\x01SeCrEt42")
	be.PutUint16(vrrp2[checksumAt:], wire.Sum(0).Add(vrrp2).Checksum())
	changed := func(frame []byte, checksum uint16) []byte {
		be.PutUint16(frame[wire.EthernetHeader+wire.IPv4Header+checksumAt:], checksum)
		return frame
	}
	for _, tt := range []struct {
		name  string
		frame []byte
		right bool
	}{
		{"HSRP version 2", framed("192.0.2.2", PortHSRP, []byte(v2)), true},
		{"HSRP version 2 over IPv6", framed("2001:db8::2", PortHSRP6, []byte(v2)), true},
		{"the text at an odd byte", framed("192.0.2.2", PortHSRP, []byte("\x63\x01a"+v2)), true},
		{"behind it what fills the frame up", append(framed("192.0.2.2", 0, vrrp2), "not summed"...), true},
		{"VRRP version 2", framed("192.0.2.2", 0, vrrp2), true},
		{"a wrong one", changed(framed("192.0.2.2", PortHSRP, []byte(v2)), 0x1234), false},
		{"none", changed(framed("192.0.2.2", PortHSRP, []byte(v2)), 0), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			right := func() bool {
				var p wire.Packet
				if !p.Parse(tt.frame) {
					t.Fatal("no packet")
				}
				s := wire.Sum(0)
				if p.Proto == wire.ProtoUDP {
					s = wire.PseudoHeader(p.Src, p.Dst, p.Proto, p.Size)
				}
				return s.Add(p.Payload[:p.Size]).OK()
			}
			if right() != tt.right {
				t.Fatalf("right %t before", !tt.right)
			}
			if !MaskText(tt.frame) || right() != tt.right {
				t.Errorf("right %t, want %t", !tt.right, tt.right)
			}
			if sum := be.Uint16(tt.frame[wire.EthernetHeader+wire.IPv4Header+checksumAt:]); tt.name == "none" && sum != 0 {
				t.Errorf("%04x", sum)
			}
		})
	}
}

func FuzzMaskText(f *testing.F) {
	f.Add(framed("192.0.2.2", PortHSRP, []byte("\x03\x08SeCrEt42")))
	f.Add(framed("192.0.2.2", 0, []byte("\x21\x14\x64\xff\x01\x01\x12\x34SeCrEt42")))
	f.Fuzz(func(t *testing.T, frame []byte) {
		size := len(frame)
		MaskText(frame)
		if MaskText(frame) || len(frame) != size {
			t.Error("not masked at once")
		}
	})
}
