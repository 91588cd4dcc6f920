package hello

import (
	"bytes"
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/fhrpd/fhrpd/hello/wire"
)

// mustReject fails unless err is a Reject.
func mustReject(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[Reject](err); !ok {
		t.Fatalf("%T %v is no Reject", err, err)
	}
}

// FuzzHSRP: what is rejected leaves the value alone; what is read can be sent,
// signed in either way, and is then read as the same.
func FuzzHSRP(f *testing.F) {
	text, key := textAuth("secret"), md5Auth("0123456789abcdef", 1)
	f.Fuzz(func(t *testing.T, payload []byte) {
		input := slices.Clone(payload)
		p := HSRPPacket{HSRP: HSRP{Group: 4711}}
		before := p
		if err := p.Parse(payload); err != nil {
			mustReject(t, err)
			if p != before {
				t.Fatal("a rejected packet changed the value")
			}
			return
		}
		for _, a := range []*Auth{nil, &text, &key} {
			if err := p.Verify(payload, a); err != nil {
				mustReject(t, err)
			}
			b := payloadOf(&p, a, addr("192.0.2.1"))
			var again HSRPPacket
			if err := again.Parse(b); err != nil {
				t.Fatalf("read back %x: %v", b, err)
			}
			if again.HSRP != p.HSRP || again.Advertise != p.Advertise {
				t.Fatalf("read %+v, sent and read %+v", p, again)
			}
			if err := again.Verify(b, a); err != nil {
				t.Fatalf("verify own packet: %v", err)
			}
			if twice := payloadOf(&again, a, addr("192.0.2.1")); !bytes.Equal(b, twice) {
				t.Fatalf("sent %x, then %x", b, twice)
			}
		}
		if !bytes.Equal(input, payload) {
			t.Fatal("the input changed")
		}
	})
}

// FuzzVRRP does the same. As changed bytes seldom have the right checksum, the
// message is also tried with a mended one.
func FuzzVRRP(f *testing.F) {
	f.Fuzz(func(t *testing.T, msg []byte, v6 bool, pseudo bool) {
		src, dst := addr("192.0.2.1"), addr("224.0.0.18")
		if v6 {
			src, dst = addr("fe80::ff:fe00:1"), addr("ff02::12")
		}
		fuzzVRRP(t, msg, src, dst)
		msg = resum(slices.Clone(msg))
		if len(msg) >= vrrpHeader && (v6 || pseudo) {
			sum := wire.Sum(^be.Uint16(msg[vrrpChecksum:])) + wire.PseudoHeader(src, dst, ProtoNumber, len(msg))
			be.PutUint16(msg[vrrpChecksum:], sum.Checksum())
		}
		fuzzVRRP(t, msg, src, dst)
	})
}

func fuzzVRRP(t *testing.T, msg []byte, src, dst netip.Addr) {
	stale := func() VRRPPacket {
		return VRRPPacket{VRRP: VRRP{VRID: 7, VirtualIPs: []netip.Addr{addr("203.0.113.1"), addr("203.0.113.2")}}}
	}
	p := stale()
	if err := p.Parse(msg, src, dst); err != nil {
		mustReject(t, err)
		if !reflect.DeepEqual(p, stale()) {
			t.Fatal("a rejected packet changed the value")
		}
		return
	}
	text := ""
	if p.AuthType == VRRPAuthText {
		text = string(p.AuthData[:])
	}
	b := AppendVRRP(nil, &p.VRRP, text, p.Form, src, dst)
	if p.Signed {
		b = AppendTrailer(b, 0, &p.Trailer, src, dst)
	}
	var again VRRPPacket
	if err := again.Parse(b, src, dst); err != nil {
		t.Fatalf("read back %x: %v", b, err)
	}
	if !sameVRRP(again.VRRP, p.VRRP) || again.Form != p.Form || again.Signed != p.Signed || again.Trailer != p.Trailer {
		t.Fatalf("read %+v, sent and read %+v", p, again)
	}
	if err := again.VerifyText(text); err != nil {
		t.Fatalf("verify own packet: %v", err)
	}
	if len(b) != len(msg) {
		t.Fatalf("read %d bytes, sent %d", len(msg), len(b))
	}
}

func sameVRRP(a, b VRRP) bool {
	same := slices.Equal(a.VirtualIPs, b.VirtualIPs)
	a.VirtualIPs, b.VirtualIPs = nil, nil
	return same && reflect.DeepEqual(a, b)
}

// FuzzFrame: whatever comes, the payload lies within the frame, a frame that
// is read can be sent and read again, and the decoders behind it take any
// payload. The IPv4 header checksum is mended for the reason given above.
func FuzzFrame(f *testing.F) {
	f.Fuzz(func(t *testing.T, frame []byte, checksumReady bool) {
		fuzzFrame(t, frame, checksumReady)
		fuzzFrame(t, rehead(slices.Clone(frame)), checksumReady)
	})
}

func fuzzFrame(t *testing.T, frame []byte, checksumReady bool) {
	stale := Envelope{TTL: 99}
	e := stale
	payload, err := ParseFrame(frame, &e, checksumReady)
	if err != nil {
		if err != ErrNotFHRP {
			mustReject(t, err)
		}
		if untouched := e == stale; untouched != (err == ErrNotFHRP) || payload != nil {
			t.Fatalf("%v: envelope %+v, payload %x", err, e, payload)
		}
		return
	}
	if !bytes.Contains(frame, payload) || cap(payload) != len(payload) {
		t.Fatalf("payload %x, capacity %d", payload, cap(payload))
	}
	var again Envelope
	back, err := ParseFrame(AppendFrame(nil, &e, payload), &again, true)
	if err != nil || again != e || !bytes.Equal(back, payload) {
		t.Fatalf("read %+v %x, sent and read %+v %x, %v", e, payload, again, back, err)
	}
	var h HSRPPacket
	var v VRRPPacket
	if err := h.Parse(payload); err == nil {
		_ = h.Match(&e)
	}
	_ = v.Parse(payload, e.Src, e.Dst)
}

// FuzzTrailer: a message with any trailer is read with its fields, no key verifies
// what it has not signed, and what it has is verified until a byte is changed.
func FuzzTrailer(f *testing.F) {
	for _, v := range signedVectors {
		b := unhex(f, v.hex)
		f.Add(b[:len(b)-TrailerSize], b[len(b)-TrailerSize:], addr(v.src).Is6(), 0)
	}
	key := newHMAC(f, 9, []byte("a key that signs none of the seeds"))
	f.Fuzz(func(t *testing.T, msg, trailer []byte, v6 bool, at int) {
		src, dst := addr("192.0.2.10"), addr("224.0.0.18")
		if v6 {
			src, dst = addr("fe80::10"), addr("ff02::12")
		}
		var p VRRPPacket
		if len(trailer) != TrailerSize || p.Parse(resum(slices.Clone(msg)), src, dst) != nil && !v6 || len(msg) < vrrpHeader {
			return
		}
		b := AppendTrailer(resum(slices.Clone(msg)), 0, (*Trailer)(trailer), src, dst)
		if p.Parse(b, src, dst) != nil {
			return
		}
		if !p.Signed { // what follows the message has been read as its addresses
			return
		}
		if p.Trailer.Malformed() != (trailer[0] != 1 || trailer[2] != 0 || trailer[3] != 0) || p.Trailer.KeyID() != trailer[1] {
			t.Fatalf("%x read as %+v", trailer, p.Trailer)
		}
		if key.Verify(&p, b, src) {
			t.Fatal("verifies what it has not signed")
		}
		size := len(b) - TrailerSize
		signed := key.Sign(b[:size], src, p.Trailer.Sequence())
		b = AppendTrailer(b[:size], 0, &signed, src, dst)
		if err := p.Parse(b, src, dst); err != nil || !key.Verify(&p, b, src) {
			t.Fatalf("does not verify its own: %v", err)
		}
		at = int(uint(at) % uint(len(b)))
		b[at]++
		copy(p.Trailer[:], b[size:])
		if covered := at != vrrpChecksum && at != vrrpChecksum+1; key.Verify(&p, b, src) == covered {
			t.Fatalf("byte %d changed: verifies is not %t", at, !covered)
		}
	})
}
