package hello

import (
	"bytes"
	"net/netip"
	"testing"
)

// benchCase is one operation that must be fast and must not allocate.
type benchCase struct {
	name string
	run  func() error
}

func benchCases(tb testing.TB) []benchCase {
	text, key := textAuth("cisco"), md5Auth("vector-key-16chr", 100)
	m1, m2 := hsrpVectors[0].want.(*HSRP), hsrpVectors[11].want.(*HSRP)
	src, group := addr("192.0.2.1"), addr("224.0.0.18")
	src6, group6 := addr("fe80::1"), addr("ff02::12")
	v3, v6 := vrrpVectors[5].want, vrrpVectors[8].want
	buf := make([]byte, 0, 256)
	e := GroupEnvelope(ProtocolHSRP, 2, src, MAC{2})
	payload := AppendHSRP(nil, m2, &text, src)
	frame := AppendFrame(nil, &e, payload)

	decode := func(m *HSRP, a *Auth) func() error {
		b, p := AppendHSRP(nil, m, a, src), new(HSRPPacket)
		return func() error {
			if err := p.Parse(b); err != nil {
				return err
			}
			return p.Verify(b, a)
		}
	}
	encode := func(m *HSRP, a *Auth) func() error {
		return func() error { buf = AppendHSRP(buf[:0], m, a, src); return nil }
	}
	msg, msg6 := AppendVRRP(nil, &v3, "", MessageOnly, src, group), AppendVRRP(nil, &v6, "", PseudoHeader, src6, group6)
	var p VRRPPacket
	hmac := newHMAC(tb, 1, key1())
	trailer := hmac.Sign(msg, src, 1)
	signed, signed6 := AppendTrailer(bytes.Clone(msg), 0, &trailer, src, group), AppendTrailer(bytes.Clone(msg6), 0, &trailer, src6, group6)
	verify := func(b []byte, from, to netip.Addr) func() error {
		t := hmac.Sign(b[:len(b)-TrailerSize], from, 1)
		copy(b[len(b)-TrailerSize:], t[:])
		b = AppendTrailer(b[:len(b)-TrailerSize], 0, &t, from, to)
		return func() error {
			if err := p.Parse(b, from, to); err != nil {
				return err
			}
			if !hmac.Verify(&p, b, from) {
				return RejectDigest
			}
			return nil
		}
	}
	return []benchCase{
		{"DecodeVRRP3/IPv4/hmac", verify(signed, src, group)},
		{"DecodeVRRP3/IPv6/hmac", verify(signed6, src6, group6)},
		{"EncodeVRRP3/IPv4/hmac", func() error {
			buf = AppendVRRP(buf[:0], &v3, "", MessageOnly, src, group)
			t := hmac.Sign(buf, src, 1)
			buf = AppendTrailer(buf, 0, &t, src, group)
			return nil
		}},
		{"DecodeHSRP1/text", decode(m1, &text)},
		{"DecodeHSRP1/md5", decode(m1, &key)},
		{"DecodeHSRP2/text", decode(m2, &text)},
		{"DecodeHSRP2/md5", decode(m2, &key)},
		{"EncodeHSRP1/text", encode(m1, &text)},
		{"EncodeHSRP1/md5", encode(m1, &key)},
		{"EncodeHSRP2/text", encode(m2, &text)},
		{"EncodeHSRP2/md5", encode(m2, &key)},
		{"DecodeVRRP3/IPv4", func() error { return p.Parse(msg, src, group) }},
		{"DecodeVRRP3/IPv6", func() error { return p.Parse(msg6, src6, group6) }},
		{"EncodeVRRP3/IPv4", func() error { buf = AppendVRRP(buf[:0], &v3, "", MessageOnly, src, group); return nil }},
		{"EncodeVRRP3/IPv6", func() error { buf = AppendVRRP(buf[:0], &v6, "", PseudoHeader, src6, group6); return nil }},
		{"DecodeFrame", func() error { _, err := ParseFrame(frame, &e, true); return err }},
		{"EncodeFrame", func() error { buf = AppendFrame(buf[:0], &e, payload); return nil }},
	}
}

func TestCodecsDoNotAllocate(t *testing.T) {
	for _, c := range benchCases(t) {
		n := testing.AllocsPerRun(100, func() {
			if err := c.run(); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}

func TestRejectingDoesNotAllocate(t *testing.T) {
	bad := unhex(t, "213396ff 00010000 c00002fe 0000000000000000")
	src, dst := addr("192.0.2.1"), addr("224.0.0.18")
	var p VRRPPacket
	var h HSRPPacket
	n := testing.AllocsPerRun(100, func() {
		if p.Parse(bad, src, dst) == nil || h.Parse(bad) == nil {
			t.Error("accepted")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCodec(b *testing.B) {
	for _, c := range benchCases(b) {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
