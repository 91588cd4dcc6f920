package hello

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/hello/wire"
)

// vrrpMessage returns the envelope and message of a vector.
func vrrpMessage(t testing.TB, v vrrpVector) (Envelope, []byte) {
	t.Helper()
	var e Envelope
	msg, err := ParseFrame(unhex(t, v.hex), &e, true)
	if err != nil {
		t.Fatalf("%s: parse frame: %v", v.name, err)
	}
	return e, msg
}

func TestVRRPVectorsRoundTrip(t *testing.T) {
	for _, v := range vrrpVectors {
		t.Run(v.name, func(t *testing.T) {
			e, msg := vrrpMessage(t, v)
			var p VRRPPacket
			if err := p.Parse(msg, e.Src, e.Dst); err != nil {
				t.Fatalf("parse: %v", err)
			}
			if diff := cmp.Diff(v.want, p.VRRP, byValue); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
			if p.Form != v.form {
				t.Errorf("checksum form: got %v, want %v", p.Form, v.form)
			}
			if err := p.VerifyText(v.text); err != nil {
				t.Errorf("verify: %v", err)
			}
			b := AppendVRRP([]byte("x"), &p.VRRP, v.text, v.form, e.Src, e.Dst)
			if got, want := hex.EncodeToString(b[1:]), hex.EncodeToString(msg); got != want {
				t.Errorf("append:\ngot  %s\nwant %s", got, want)
			}
		})
	}
}

func TestVRRPOfCiscoSumsTheMessageOnly(t *testing.T) {
	msg := unhex(t, "311e6401 03e88751 c0a81efe")
	src, dst := addr("192.168.30.2"), addr("224.0.0.18")
	var p VRRPPacket
	if err := p.Parse(msg, src, dst); err != nil {
		t.Fatal(err)
	}
	want := VRRPPacket{VRRP: vrrp4(3, 30, 100, 10*time.Second, "192.168.30.254"), Form: MessageOnly}
	if diff := cmp.Diff(want, p, byValue); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b := AppendVRRP(nil, &p.VRRP, "", PseudoHeader, src, dst)
	if got := field(b, 6, 8); got != "\xc8\x17" {
		t.Errorf("pseudo form: got %x, want c817", got)
	}
}

func TestVRRPFormIsUnknownWhenBothHold(t *testing.T) {
	// The source is chosen so that the pseudo-header sums to 0xffff.
	msg := unhex(t, "31339601 00647568 c00002fe")
	src, dst := addr("31.111.0.2"), addr("224.0.0.18")
	if sum := wire.PseudoHeader(src, dst, ProtoNumber, len(msg)); sum.Checksum() != 0 {
		t.Fatalf("pseudo-header sums to %04x", ^sum.Checksum())
	}
	p := VRRPPacket{Form: PseudoHeader}
	if err := p.Parse(msg, src, dst); err != nil || p.Form != ChecksumUnknown {
		t.Errorf("got %v, %v", p.Form, err)
	}
}

func TestVRRPOnlyVersion3OverIPv4HasTwoForms(t *testing.T) {
	var p VRRPPacket
	e, msg := vrrpMessage(t, vrrpVectors[8])
	if err := p.Parse(resum(msg), e.Src, e.Dst); err != RejectChecksum {
		t.Errorf("IPv6 without pseudo-header: got %v", err)
	}
	e, msg = vrrpMessage(t, vrrpVectors[0])
	sum := wire.Sum(^be.Uint16(msg[vrrpChecksum:])) + wire.PseudoHeader(e.Src, e.Dst, ProtoNumber, len(msg))
	be.PutUint16(msg[vrrpChecksum:], sum.Checksum())
	if err := p.Parse(msg, e.Src, e.Dst); err != RejectChecksum {
		t.Errorf("version 2 with pseudo-header: got %v", err)
	}
	for _, v := range []vrrpVector{vrrpVectors[0], vrrpVectors[8]} {
		e, msg := vrrpMessage(t, v)
		for _, form := range []Checksum{ChecksumUnknown, MessageOnly, PseudoHeader} {
			if got := AppendVRRP(nil, &v.want, "", form, e.Src, e.Dst); !bytes.Equal(got, msg) {
				t.Errorf("%s, form %v: got %x, want %x", v.name, form, got, msg)
			}
		}
	}
}

func TestVRRPUnknownFormSendsTheRFC(t *testing.T) {
	m := vrrp4(3, 51, 150, time.Second, "192.0.2.254")
	b := AppendVRRP(nil, &m, "", ChecksumUnknown, addr("192.0.2.1"), addr("224.0.0.18"))
	if got := field(b, 6, 8); got != "\x75\x68" {
		t.Errorf("got %x, want 7568", got)
	}
}

// resum writes the right message-only checksum, so that a changed message
// fails for what was changed.
func resum(msg []byte) []byte {
	if len(msg) >= vrrpHeader {
		be.PutUint16(msg[vrrpChecksum:], 0)
		be.PutUint16(msg[vrrpChecksum:], wire.Sum(0).Add(msg).Checksum())
	}
	return msg
}

func TestVRRPMalformed(t *testing.T) {
	src, dst := addr("192.0.2.1"), addr("224.0.0.18")
	for _, tt := range []struct {
		name, hex string
		want      Reject
	}{
		{"version 0", "01339601 00640000 c00002fe", RejectVersion},
		{"version 1", "11339601 00640000 c00002fe", RejectVersion},
		{"version 4", "41339601 00640000 c00002fe", RejectVersion},
		{"type 0", "30339601 00640000 c00002fe", RejectType},
		{"type 2", "32339601 00640000 c00002fe", RejectType},
		{"v3: count 2 of 1", "31339602 00640000 c00002fe", RejectShort},
		{"v3: count 255 of 1", "313396ff 00640000 c00002fe", RejectShort},
		{"v3: count 1 of 2", "31339601 00640000 c00002fe c00002fd", RejectLength},
		{"v3: count 0 of 1", "31339600 00640000 c00002fe", RejectLength},
		{"v3: count 0", "31339600 00640000", RejectAddresses},
		{"v3: interval 0", "31339601 00000000 c00002fe", RejectInterval},
		{"v3: interval 0 under reserved bits", "31339601 f0000000 c00002fe", RejectInterval},
		{"v3: VRID 0", "31009601 00640000 c00002fe", RejectGroup},
		{"v2: without authentication data", "21339601 00010000 c00002fe", RejectShort},
		{"v2: count 255 of 1", "213396ff 00010000 c00002fe 0000000000000000", RejectShort},
		{"v2: longer", "21339601 00010000 c00002fe 0000000000000000 00000000", RejectLength},
		{"v2: interval 0", "21339601 00000000 c00002fe 0000000000000000", RejectInterval},
		{"v2: VRID 0", "21009601 00010000 c00002fe 0000000000000000", RejectGroup},
		{"v2: MD5 of Cisco", "21339601 fe010000 c00002fe 00000000000000000000000000000000", RejectAuthType},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := VRRPPacket{VRRP: vrrp4(3, 1, 2, time.Second, "203.0.113.1"), Form: PseudoHeader}
			if err := p.Parse(resum(unhex(t, tt.hex)), src, dst); err != tt.want {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			want := VRRPPacket{VRRP: vrrp4(3, 1, 2, time.Second, "203.0.113.1"), Form: PseudoHeader}
			if diff := cmp.Diff(want, p, byValue); diff != "" {
				t.Errorf("a rejected packet changed the value (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVRRP2CountZeroIsReadAsItIs(t *testing.T) {
	var p VRRPPacket
	msg := resum(unhex(t, "21339600 00010000 0000000000000000"))
	if err := p.Parse(msg, addr("192.0.2.1"), addr("224.0.0.18")); err != nil || len(p.VRRP.VirtualIPs) != 0 {
		t.Errorf("got %v, %v", p.VRRP.VirtualIPs, err)
	}
}

func TestVRRP2IsIPv4Only(t *testing.T) {
	var p VRRPPacket
	msg := resum(unhex(t, "21339600 00010000 0000000000000000"))
	if err := p.Parse(msg, addr("fe80::1"), addr("ff02::12")); err != RejectVersion {
		t.Errorf("got %v, want %v", err, RejectVersion)
	}
}

func TestVRRPTruncatedAtEveryLength(t *testing.T) {
	for _, v := range vrrpVectors {
		e, msg := vrrpMessage(t, v)
		for n := range msg {
			var p VRRPPacket
			err := p.Parse(msg[:n], e.Src, e.Dst)
			if _, ok := errors.AsType[Reject](err); !ok {
				t.Errorf("%s cut to %d bytes: %v", v.name, n, err)
			}
			if !reflect.DeepEqual(p, VRRPPacket{}) {
				t.Errorf("%s cut to %d bytes: the packet changed", v.name, n)
			}
		}
	}
}

func TestVRRPEveryChangedBitIsRejected(t *testing.T) {
	for _, v := range vrrpVectors {
		e, msg := vrrpMessage(t, v)
		for bit := range len(msg) * 8 {
			msg[bit/8] ^= 0x80 >> (bit % 8)
			var p VRRPPacket
			if err := p.Parse(msg, e.Src, e.Dst); err == nil {
				t.Errorf("%s: bit %d", v.name, bit)
			}
			msg[bit/8] ^= 0x80 >> (bit % 8)
		}
	}
}

func TestVRRPPseudoHeaderHoldsTheRealDestination(t *testing.T) {
	e, msg := vrrpMessage(t, vrrpVectors[9])
	var p VRRPPacket
	if err := p.Parse(msg, e.Src, addr("224.0.0.18")); err != RejectChecksum {
		t.Errorf("unicast message with the group in its pseudo-header: got %v", err)
	}
}

func TestVRRPVerifyText(t *testing.T) {
	secret := [8]byte([]byte("secret12"))
	for _, tt := range []struct {
		name string
		p    VRRPPacket
		text string
		want error
	}{
		{"none", VRRPPacket{AuthType: 0}, "", nil},
		{"none, data ignored", VRRPPacket{AuthType: 0, AuthData: secret}, "", nil},
		{"text", VRRPPacket{AuthType: 1, AuthData: secret}, "secret12", nil},
		{"text cut to 8", VRRPPacket{AuthType: 1, AuthData: secret}, "secret123", nil},
		{"text filled with NUL", VRRPPacket{AuthType: 1, AuthData: [8]byte{'a', 'b'}}, "ab", nil},
		{"other text", VRRPPacket{AuthType: 1, AuthData: secret}, "secret13", RejectAuth},
		{"prefix", VRRPPacket{AuthType: 1, AuthData: secret}, "secret1", RejectAuth},
		{"none wanted", VRRPPacket{AuthType: 1, AuthData: secret}, "", RejectAuthType},
		{"text wanted", VRRPPacket{AuthType: 0, AuthData: secret}, "secret12", RejectAuthType},
		{"header wanted by nobody", VRRPPacket{AuthType: 2}, "", RejectAuthType},
	} {
		if err := tt.p.VerifyText(tt.text); err != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestVRRPParseUsesTheOldCapacity(t *testing.T) {
	e, msg := vrrpMessage(t, vrrpVectors[8])
	p := VRRPPacket{VRRP: VRRP{VirtualIPs: make([]netip.Addr, 0, 4)}}
	first := &p.VRRP.VirtualIPs[:1][0]
	if err := p.Parse(msg, e.Src, e.Dst); err != nil || first != &p.VRRP.VirtualIPs[0] {
		t.Errorf("the addresses moved (%v)", err)
	}
}

func TestVRRPSendsAtMost255Addresses(t *testing.T) {
	m := vrrp4(3, 1, 100, time.Second)
	for range 300 {
		m.VirtualIPs = append(m.VirtualIPs, addr("192.0.2.1"))
	}
	src, dst := addr("192.0.2.1"), addr("224.0.0.18")
	var p VRRPPacket
	if err := p.Parse(AppendVRRP(nil, &m, "", MessageOnly, src, dst), src, dst); err != nil || len(p.VRRP.VirtualIPs) != 255 {
		t.Errorf("got %d, %v", len(p.VRRP.VirtualIPs), err)
	}
}

func TestChecksumNames(t *testing.T) {
	for c, want := range map[Checksum]string{ChecksumUnknown: "unknown", MessageOnly: "rfc9568", PseudoHeader: "pseudo-header"} {
		if c.String() != want {
			t.Errorf("got %q, want %q", c, want)
		}
	}
}
