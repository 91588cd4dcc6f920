package hello

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/hello/wire"
)

// frameA1 is vector A1 of HSRP as the router sent it:
//
//	00:00:0c:07:ac:01 > 01:00:5e:00:00:02, IPv4, tos 0xc0, ttl 1, id 0,
//	192.168.0.30.1985 > 224.0.0.2.1985: HSRPv0-hello 20: state=active
const frameA1 = `01005e000002 00000c07ac01 0800
	45c00030 00000000 0111 1835 c0a8001e e0000002
	07c107c1 001c2d8d 000010030a640100636973636f000000c0a80001`

func TestFrameOfHSRPA1(t *testing.T) {
	payload := unhex(t, hsrpVectors[0].hex)
	e := GroupEnvelope(ProtocolHSRP, 1, addr("192.168.0.30"), VirtualMAC(ProtocolHSRP, 1, IPv4, 1))
	got := AppendFrame(nil, &e, payload)
	if diff := cmp.Diff(hex.EncodeToString(unhex(t, frameA1)), hex.EncodeToString(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, fact := range []struct{ name, got, want string }{
		{"destination", field(got, 0, 6), "\x01\x00\x5e\x00\x00\x02"},
		{"source", field(got, 6, 12), "\x00\x00\x0c\x07\xac\x01"},
		{"TOS", field(got, 15, 16), "\xc0"},
		{"id and flags", field(got, 18, 22), "\x00\x00\x00\x00"},
		{"TTL", field(got, 22, 23), "\x01"},
		{"ports", field(got, 34, 38), "\x07\xc1\x07\xc1"},
		{"UDP length", field(got, 38, 40), "\x00\x1c"},
		{"UDP checksum", field(got, 40, 42), "\x2d\x8d"},
	} {
		if fact.got != fact.want {
			t.Errorf("%s: got %x, want %x", fact.name, fact.got, fact.want)
		}
	}
}

func TestFramesOfHSRPRoundTrip(t *testing.T) {
	for _, v := range hsrpVectors {
		m, ok := v.want.(*HSRP)
		if !ok {
			continue
		}
		want := GroupEnvelope(ProtocolHSRP, m.Version, addr(v.src), MAC{2, 0, 0, 0, 0, 1})
		payload := unhex(t, v.hex)
		frame := AppendFrame([]byte("x"), &want, payload)[1:]
		padded := append(frame[:len(frame):len(frame)], make([]byte, 40)...)
		for _, f := range [][]byte{frame, padded} {
			var e Envelope
			got, err := ParseFrame(f, &e, true)
			if err != nil {
				t.Fatalf("%s: %v", v.name, err)
			}
			if diff := cmp.Diff(want, e, byValue); diff != "" {
				t.Errorf("%s: envelope (-want +got):\n%s", v.name, diff)
			}
			if diff := cmp.Diff(payload, got); diff != "" {
				t.Errorf("%s: payload (-want +got):\n%s", v.name, diff)
			}
		}
	}
}

func TestEnvelopeOfHSRP6(t *testing.T) {
	got := GroupEnvelope(ProtocolHSRP, 2, addr("fe80::1%eth0"), MAC{2})
	want := Envelope{
		SrcMAC: MAC{2}, DstMAC: mustMAC("33:33:00:00:00:66"),
		Src: addr("fe80::1"), Dst: addr("ff02::66"),
		TTL: 255, TOS: 0xe0, Protocol: ProtocolHSRP,
	}
	if diff := cmp.Diff(want, got, byValue); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	frame := AppendFrame(nil, &got, unhex(t, hsrpVectors[16].hex))
	if got := field(frame, 54, 58); got != "\x07\xed\x07\xed" {
		t.Errorf("ports: got %x, want 2029", got)
	}
}

func TestFramesOfVRRPRoundTrip(t *testing.T) {
	for _, v := range vrrpVectors {
		e, msg := vrrpMessage(t, v)
		if want := !e.Dst.IsMulticast(); e.Unicast != want {
			t.Errorf("%s: unicast %v", v.name, e.Unicast)
		}
		got := AppendFrame(nil, &e, msg)
		if diff := cmp.Diff(hex.EncodeToString(unhex(t, v.hex)), hex.EncodeToString(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", v.name, diff)
		}
		if e.Unicast {
			continue
		}
		if want := GroupEnvelope(ProtocolVRRP, 3, e.Src, e.SrcMAC); e != want {
			t.Errorf("%s: got %+v, want %+v", v.name, e, want)
		}
	}
}

// poke returns frame with bytes replaced and the IPv4 header checksum redone.
func poke(frame []byte, at int, with ...byte) []byte {
	f := append([]byte(nil), frame...)
	copy(f[at:], with)
	return rehead(f)
}

// rehead writes the right IPv4 header checksum if there is a header.
func rehead(f []byte) []byte {
	if len(f) < 34 || be.Uint16(f[12:]) != 0x0800 {
		return f
	}
	if n := 14 + int(f[14]&0x0f)*4; n >= 34 && n <= len(f) {
		be.PutUint16(f[24:], 0)
		be.PutUint16(f[24:], wire.Sum(0).Add(f[14:n]).Checksum())
	}
	return f
}

func TestFrameRejects(t *testing.T) {
	hsrp, vrrp := unhex(t, frameA1), unhex(t, vrrpVectors[0].hex)
	vrrp6, unicast := unhex(t, vrrpVectors[8].hex), unhex(t, vrrpVectors[9].hex)
	e6 := GroupEnvelope(ProtocolHSRP, 2, addr("fe80::1"), MAC{2})
	hsrp6 := AppendFrame(nil, &e6, unhex(t, hsrpVectors[16].hex))
	mapped := addr("::ffff:192.0.2.1").As16()
	bad := func(f []byte, at int) []byte {
		f = append([]byte(nil), f...)
		f[at] ^= 1
		return f
	}
	for _, tt := range []struct {
		name  string
		frame []byte
		want  error
	}{
		{"total length past the frame", poke(vrrp, 16, 0x00, 0x29), RejectShort},
		{"total length 65535", poke(vrrp, 16, 0xff, 0xff), RejectShort},
		{"total length below the header", poke(vrrp, 16, 0, 19), RejectLength},
		{"total length 0", poke(vrrp, 16, 0, 0), RejectLength},
		{"payload length past the frame", poke(vrrp6, 18, 0, 41), RejectShort},
		{"more fragments, VRRP", poke(vrrp, 20, 0x20), RejectLength},
		{"last fragment, VRRP", poke(vrrp, 20, 0x00, 0x01), RejectLength},
		{"first fragment, HSRP", poke(hsrp, 20, 0x20), RejectLength},
		{"later fragment, HSRP: no port to tell", poke(hsrp, 20, 0x00, 0x01), ErrNotFHRP},
		{"do not fragment is no fragment", poke(vrrp, 20, 0x40), nil},
		{"VRRP, TTL 254", poke(vrrp, 22, 254), RejectTTL},
		{"VRRP, hop limit 64", poke(vrrp6, 21, 64), RejectTTL},
		{"VRRP unicast, TTL 64", poke(unicast, 22, 64), nil},
		{"VRRP to 224.0.0.19", poke(vrrp, 33, 19), RejectDestination},
		{"VRRP to ff02::13", poke(vrrp6, 53, 0x13), RejectDestination},
		{"VRRP to everybody", poke(vrrp, 30, 255, 255, 255, 255), RejectDestination},
		{"VRRP to nobody", poke(vrrp, 30, 0, 0, 0, 0), RejectDestination},
		{"HSRP to 224.0.0.18", poke(hsrp, 33, 18), RejectDestination},
		{"HSRP unicast", poke(hsrp, 30, 192, 0, 2, 1), RejectDestination},
		{"unicast from another port is a client's", poke(poke(hsrp, 30, 192, 0, 2, 1), 34, 0, 53), ErrNotFHRP},
		{"source 0.0.0.0", poke(vrrp, 26, 0, 0, 0, 0), RejectSource},
		{"source 224.0.0.18", poke(vrrp, 26, 224, 0, 0, 18), RejectSource},
		{"source 255.255.255.255", poke(vrrp, 26, 255, 255, 255, 255), RejectSource},
		{"source ::", poke(vrrp6, 22, make([]byte, 16)...), RejectSource},
		{"IPv4-mapped source", poke(vrrp6, 22, mapped[:]...), RejectSource},
		{"IPv4-mapped destination", poke(vrrp6, 38, mapped[:]...), RejectDestination},
		{"IPv4 header checksum", bad(vrrp, 25), RejectChecksum},
		{"UDP checksum", bad(hsrp, 41), RejectChecksum},
		{"UDP payload", bad(hsrp, 61), RejectChecksum},
		{"UDP payload over IPv6", bad(hsrp6, 70), RejectChecksum},
		{"no UDP checksum over IPv4", poke(hsrp, 40, 0, 0), nil},
		{"no UDP checksum over IPv6", poke(hsrp6, 60, 0, 0), RejectChecksum},
		{"UDP length 7", poke(hsrp, 38, 0, 7), RejectLength},
		{"UDP length past IP's", poke(hsrp, 38, 0, 29), RejectLength},
		{"UDP header cut by IP", poke(hsrp, 16, 0, 27), RejectShort},
		{"TTL 255, HSRP", poke(hsrp, 22, 255), nil},
		{"TTL 2, HSRP", poke(hsrp, 22, 2), nil},
		{"source MAC is free", poke(hsrp, 6, 2, 2, 2, 2, 2, 2), nil},
		{"ARP", poke(hsrp, 12, 0x08, 0x06), ErrNotFHRP},
		{"VLAN tag", poke(hsrp, 12, 0x81, 0x00), ErrNotFHRP},
		{"IPv6 in an IPv4 frame", poke(vrrp6, 12, 0x08, 0x00), ErrNotFHRP},
		{"IPv4 in an IPv6 frame", poke(vrrp, 12, 0x86, 0xdd), ErrNotFHRP},
		{"header of 16 bytes", poke(vrrp, 14, 0x44), ErrNotFHRP},
		{"header past the frame", poke(vrrp[:38], 14, 0x4f), ErrNotFHRP},
		{"TCP", poke(hsrp, 23, 6), ErrNotFHRP},
		{"UDP to another port", poke(hsrp, 37, 0xc2), ErrNotFHRP},
		{"IPv4 to the port of IPv6", poke(hsrp, 36, 0x07, 0xed), ErrNotFHRP},
		{"IPv6 hop-by-hop options", poke(vrrp6, 20, 0), ErrNotFHRP},
		{"IPv6 fragment", poke(vrrp6, 20, 44), ErrNotFHRP},
		{"empty", nil, ErrNotFHRP},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stale := Envelope{TTL: 99, Src: addr("203.0.113.1")}
			e := stale
			payload, err := ParseFrame(tt.frame, &e, true)
			if err != tt.want {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err != nil && payload != nil {
				t.Errorf("payload %x beside an error", payload)
			}
			if untouched := e == stale; untouched != (err == ErrNotFHRP) {
				t.Errorf("envelope: %+v", e)
			}
		})
	}
}

func TestFrameOptionsAreSkipped(t *testing.T) {
	a := unhex(t, vrrpVectors[0].hex)
	f := append([]byte(nil), a[:34]...)
	f = append(f, 0x94, 0x04, 0x00, 0x00) // router alert
	f = append(f, a[34:]...)
	var e Envelope
	payload, err := ParseFrame(poke(poke(f, 14, 0x46), 16, 0, 0x2c), &e, true)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a[34:], payload); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFrameUnfinishedUDPChecksumIsNotRead(t *testing.T) {
	f := poke(unhex(t, frameA1), 40, 0x12, 0x34)
	var e Envelope
	if _, err := ParseFrame(f, &e, false); err != nil {
		t.Errorf("local frame: %v", err)
	}
	if _, err := ParseFrame(f, &e, true); err != RejectChecksum {
		t.Errorf("frame of the wire: got %v, want %v", err, RejectChecksum)
	}
}

func TestFrameUDPLengthMayBeLessThanIPs(t *testing.T) {
	f := poke(append(unhex(t, frameA1), 0xaa, 0xbb), 16, 0, 0x32)
	var e Envelope
	payload, err := ParseFrame(f, &e, true)
	if err != nil || len(payload) != 20 {
		t.Errorf("got %d bytes, %v; want 20", len(payload), err)
	}
}

func TestFrameUDPChecksumIsNeverSentAsZero(t *testing.T) {
	e := GroupEnvelope(ProtocolHSRP, 1, addr("192.168.0.30"), MAC{2})
	payload := unhex(t, hsrpVectors[0].hex)
	be.PutUint16(payload[2:], be.Uint16(payload[2:])+0x2d8d) // what is left of the sum
	f := AppendFrame(nil, &e, payload)
	if got := field(f, 40, 42); got != "\xff\xff" {
		t.Errorf("got %x, want ffff", got)
	}
	if _, err := ParseFrame(f, &e, true); err != nil {
		t.Errorf("read back: %v", err)
	}
}

func TestFrameTruncatedAtEveryLength(t *testing.T) {
	frames := [][]byte{unhex(t, frameA1)}
	for _, v := range vrrpVectors {
		frames = append(frames, unhex(t, v.hex))
	}
	for _, f := range frames {
		for n := range f {
			var e Envelope
			_, err := ParseFrame(f[:n:n], &e, true)
			_, reject := errors.AsType[Reject](err)
			if !reject && err != ErrNotFHRP {
				t.Errorf("%x cut to %d bytes: %v", f, n, err)
			}
		}
	}
}
