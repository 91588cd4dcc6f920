package hello

import (
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var byValue = cmpopts.EquateComparable(netip.Addr{}, Auth{})

// messageOf returns what was read.
func messageOf(p *HSRPPacket) Message {
	if p.IsAdvertise {
		return &p.Advertise
	}
	return &p.HSRP
}

// payloadOf returns what was read as bytes again.
func payloadOf(p *HSRPPacket, a *Auth, src netip.Addr) []byte {
	if p.IsAdvertise {
		return advertise(&p.Advertise)
	}
	return AppendHSRP(nil, &p.HSRP, a, src)
}

// advertise returns the payload of a message that this package only reads.
func advertise(m *Advertise) []byte {
	if m.Version != 1 {
		b := be.AppendUint16([]byte{2, 4}, m.Active)
		return be.AppendUint16(b, m.Passive)
	}
	b := be.AppendUint16([]byte{0, 3, 0, 1, 0, 14, byte(m.State), 0}, m.Active)
	b = be.AppendUint16(b, m.Passive)
	return append(b, 0, 0, 0, 0)
}

func TestHSRPVectorsRoundTrip(t *testing.T) {
	for _, v := range hsrpVectors {
		t.Run(v.name, func(t *testing.T) {
			payload := unhex(t, v.hex)
			var p HSRPPacket
			if err := p.Parse(payload); err != nil {
				t.Fatalf("parse: %v", err)
			}
			if diff := cmp.Diff(v.want, messageOf(&p), byValue); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
			if err := p.Verify(payload, &v.auth); err != nil {
				t.Errorf("verify: %v", err)
			}
			var src netip.Addr
			if v.src != "" {
				src = addr(v.src)
			}
			got := payloadOf(&p, &v.auth, src)
			if v.same == "-" {
				return
			}
			if got := hex.EncodeToString(got); got != v.sent() {
				t.Errorf("append:\ngot  %s\nwant %s", got, v.sent())
			}
		})
	}
}

func TestHSRPJunkBehindTheAddressIsHashedButNotSent(t *testing.T) {
	auth := md5Auth("vector-key-16chr", 100)
	payload := unhex(t, s1)
	var p HSRPPacket
	if err := p.Parse(payload); err != nil {
		t.Fatal(err)
	}
	clean := append([]byte(nil), payload...)
	clear(clean[30:42])
	if err := p.Verify(clean, &auth); err != RejectAuth {
		t.Errorf("verify without the junk: got %v, want %v", err, RejectAuth)
	}
	sent := AppendHSRP(nil, &p.HSRP, &auth, addr("192.0.2.1"))
	if diff := cmp.Diff(clean[:56], sent[:56]); diff != "" {
		t.Errorf("all but the digest (-want +got):\n%s", diff)
	}
	if err := p.Verify(sent, &auth); err != nil {
		t.Errorf("verify what was sent: %v", err)
	}
}

func TestHSRPAppendKeepsWhatIsThere(t *testing.T) {
	for _, v := range hsrpVectors {
		if m, ok := v.want.(*HSRP); ok && v.same == "" {
			b := AppendHSRP([]byte("before"), m, &v.auth, addr(v.src))
			if got := "before" + string(unhex(t, v.hex)); got != string(b) {
				t.Errorf("%s: got %x, want %x", v.name, b, got)
			}
		}
	}
}

func TestHSRPTruncatedAtEveryLength(t *testing.T) {
	for _, v := range hsrpVectors {
		payload := unhex(t, v.hex)
		for n := range payload {
			p := HSRPPacket{IsAdvertise: true, text: 99}
			before := p
			err := p.Parse(payload[:n])
			if whole := wholePrefix(v, n); whole != (err == nil) {
				t.Errorf("%s cut to %d bytes: error %v", v.name, n, err)
			}
			if err == nil {
				continue
			}
			if _, ok := errors.AsType[Reject](err); !ok {
				t.Errorf("%s cut to %d bytes: %T is no Reject", v.name, n, err)
			}
			if p != before {
				t.Errorf("%s cut to %d bytes: the packet changed", v.name, n)
			}
		}
	}
}

// wholePrefix tells that n bytes of a vector are a packet without its MD5 or
// text TLV, or in version 1 with one byte of junk.
func wholePrefix(v hsrpVector, n int) bool {
	m, ok := v.want.(*HSRP)
	switch {
	case !ok:
		return false
	case m.Version == 1:
		return n == hsrp1Size || n == hsrp1Size+1
	}
	return n == tlvHeader+groupStateLen
}

func TestHSRPMalformed(t *testing.T) {
	const (
		group = "0128020006040001aabbcc0002100000009600000bb800002710c0a80cfe000000000000000000000000"
		text  = "0308636973636f000000"
	)
	md5TLV := "041c01000000c0a80c0100000001" + strings.Repeat("00", 16)
	for _, tt := range []struct {
		name, hex string
		want      Reject
	}{
		{"nothing", "", RejectShort},
		{"one byte", "00", RejectShort},
		{"v1: opcode 4", "000410030a640100636973636f000000c0a80001", RejectType},
		{"v1: opcode 255", "00ff10030a640100636973636f000000c0a80001", RejectType},
		{"v1: state 3 is none", "000003030a640100636973636f000000c0a80001", RejectType},
		{"v1: state 6 belongs to version 2", "000006030a640100636973636f000000c0a80001", RejectType},
		{"v1: state 32", "000020030a640100636973636f000000c0a80001", RejectType},
		{"v1: MD5 TLV with 8 bytes left", "000010030a6401000000000000000000c0a80001" + "041c0100000000000000", RejectLength},
		{"v1 advertise: type 2", "00030002000e02000000000100000000", RejectType},
		{"v1 advertise: length 10", "00030001000a02000000000100000000", RejectLength},
		{"v1 advertise: length 65535", "00030001ffff02000000000100000000", RejectLength},
		{"v1 advertise: state 0", "00030001000e00000000000100000000", RejectType},
		{"v1 advertise: state 4", "00030001000e04000000000100000000", RejectType},
		{"v2: group state of length 39", "0127" + group[4:82] + text, RejectLength},
		{"v2: group state of length 41", "0129" + group[4:] + "00" + text, RejectLength},
		{"v2: group state past the end", "01ff" + group[4:] + text, RejectLength},
		{"v2: MD5 TLV past the end", group + "041c010000000000", RejectLength},
		{"v2: MD5 TLV of length 27", group + "041b" + md5TLV[4:58], RejectLength},
		{"v2: MD5 TLV of length 0", group + "0400", RejectLength},
		{"v2: text TLV of length 7", group + "0307636973636f0000", RejectLength},
		{"v2: interface state of length 3", "0203000000", RejectLength},
		{"v2: a byte after the last TLV", group + text + "00", RejectShort},
		{"v2: two group states", group + group + text, RejectLength},
		{"v2: two texts", group + text + text, RejectLength},
		{"v2: no group state", text, RejectType},
		{"v2: unknown TLVs only", "ff00ff0100", RejectType},
		{"v2: version 1 inside", "012801" + group[6:], RejectVersion},
		{"v2: version 3 inside", "012803" + group[6:], RejectVersion},
		{"v2: opcode 3", "01280203" + group[8:], RejectType},
		{"v2: state 0", "0128020000" + group[10:], RejectType},
		{"v2: state 7", "0128020007" + group[10:], RejectType},
		{"v2: state 16 belongs to version 1", "0128020010" + group[10:], RejectType},
		{"v2: IP version 0", "012802000600" + group[12:], RejectAddresses},
		{"v2: IP version 5", "012802000605" + group[12:], RejectAddresses},
		{"v2: group 4096", "0128020006041000" + group[16:], RejectGroup},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := HSRPPacket{IsAdvertise: true}
			before := p
			if err := p.Parse(unhex(t, tt.hex)); err != tt.want {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if p != before {
				t.Error("a rejected packet changed the value")
			}
		})
	}
}

func TestHSRPTolerates(t *testing.T) {
	const (
		a1    = "000010030a640100636973636f000000c0a80001"
		group = "0128020006040001aabbcc0002100000009600000bb800002710c0a80cfe000000000000000000000000"
		text  = "0308636973636f000000"
	)
	for _, tt := range []struct {
		name, hex string
		group     uint16
	}{
		{"v1: padding", a1 + strings.Repeat("00", 26), 1},
		{"v1: junk", a1 + "ffff01", 1},
		{"v1: reserved byte", "000010030a6401ff636973636f000000c0a80001", 1},
		{"v2: unknown TLV in front", "7f03010203" + group + text, 1},
		{"v2: unknown TLV between", group + "7f00" + text, 1},
		{"v2: text before group state", text + group, 1},
		{"v2: interface state beside group state", "020400010001" + group + text, 1},
		{"v2: group 4095", "0128020006040fff" + group[16:] + text, 4095},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p HSRPPacket
			payload := unhex(t, tt.hex)
			if err := p.Parse(payload); err != nil {
				t.Fatalf("parse: %v", err)
			}
			if p.HSRP.Group != tt.group || p.IsAdvertise {
				t.Errorf("group: got %d, want %d", p.HSRP.Group, tt.group)
			}
			if err := p.Verify(payload, nil); err != nil {
				t.Errorf("verify: %v", err)
			}
		})
	}
}

func TestHSRP2PriorityAbove255CountsAs255(t *testing.T) {
	b := unhex(t, "0128020006040001aabbcc0002100000012c00000bb800002710c0a80cfe000000000000000000000000")
	var p HSRPPacket
	if err := p.Parse(b); err != nil || p.HSRP.Priority != 255 {
		t.Errorf("got %d, %v; want 255", p.HSRP.Priority, err)
	}
}

func TestHSRPUnknownVirtualIPIsSentAsZeros(t *testing.T) {
	for _, m := range []HSRP{
		{Version: 1, State: Learn, Family: IPv4},
		{Version: 1, State: Learn, Family: IPv4, VirtualIP: addr("fe80::1")},
		{Version: 2, State: Learn, Family: IPv4, VirtualIP: addr("fe80::1")},
		{Version: 2, State: Learn, Family: IPv6},
		{Version: 2, State: Learn, Family: IPv6, VirtualIP: addr("192.0.2.1")},
	} {
		var p HSRPPacket
		if err := p.Parse(AppendHSRP(nil, &m, nil, addr("192.0.2.1"))); err != nil {
			t.Errorf("%+v: %v", m, err)
		}
		if !p.HSRP.VirtualIP.IsUnspecified() || FamilyOf(p.HSRP.VirtualIP) != m.Family {
			t.Errorf("%+v: got %v", m, p.HSRP.VirtualIP)
		}
	}
}

func TestHSRPMatch(t *testing.T) {
	src4, src6, mac := addr("192.0.2.1"), addr("fe80::1"), MAC{2}
	to1 := GroupEnvelope(ProtocolHSRP, 1, src4, mac)
	to2 := GroupEnvelope(ProtocolHSRP, 2, src4, mac)
	to6 := GroupEnvelope(ProtocolHSRP, 2, src6, mac)
	h1 := HSRPPacket{HSRP: HSRP{Version: 1, Family: IPv4}}
	h2 := HSRPPacket{HSRP: HSRP{Version: 2, Family: IPv4}}
	h6 := HSRPPacket{HSRP: HSRP{Version: 2, Family: IPv6}}
	signed := func(p HSRPPacket, sender ...byte) HSRPPacket {
		p.sender = [4]byte(sender)
		return p
	}
	a1 := HSRPPacket{IsAdvertise: true, Advertise: Advertise{Version: 1}}
	a2 := HSRPPacket{IsAdvertise: true, Advertise: Advertise{Version: 2}}
	for _, tt := range []struct {
		name string
		p    HSRPPacket
		e    Envelope
		want error
	}{
		{"v1", h1, to1, nil},
		{"v2", h2, to2, nil},
		{"v2 IPv6", h6, to6, nil},
		{"v1 advertise", a1, to1, nil},
		{"v2 interface state", a2, to2, nil},
		{"v2 interface state IPv6", a2, to6, nil},
		{"signed by the source", signed(h2, 192, 0, 2, 1), to2, nil},
		{"signed by another address", signed(h1, 192, 0, 2, 2), to1, RejectSource},
		{"signed by the IPv6 source", signed(h6, 0, 0, 0, 1), to6, nil},
		{"signed by another IPv6 address", signed(h6, 0, 0, 0, 2), to6, RejectSource},
		{"signed by nobody", signed(h6, 0, 0, 0, 0), to6, nil},
		{"v1 to the group of v2", h1, to2, RejectVersion},
		{"v2 to the group of v1", h2, to1, RejectVersion},
		{"v1 advertise over IPv6", a1, to6, RejectVersion},
		{"v2 interface state to the group of v1", a2, to1, RejectVersion},
		{"IPv4 in IPv6", h2, to6, RejectAddresses},
		{"IPv6 in IPv4", h6, to2, RejectAddresses},
	} {
		if err := tt.p.Match(&tt.e); err != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestHSRPSaneTimers(t *testing.T) {
	for _, tt := range []struct {
		op          Op
		hello, hold time.Duration
		want        bool
	}{
		{OpHello, 3 * time.Second, 10 * time.Second, true},
		{OpHello, 3 * time.Second, 3 * time.Second, false},
		{OpHello, 4 * time.Second, 3 * time.Second, false},
		{OpHello, 0, 0, true},
		{OpHello, 0, time.Second, true},
		{OpHello, time.Second, 0, true},
		{OpCoup, 4 * time.Second, 3 * time.Second, true},
		{OpResign, 4 * time.Second, 3 * time.Second, true},
	} {
		m := HSRP{Op: tt.op, HelloTime: tt.hello, HoldTime: tt.hold}
		if got := m.SaneTimers(); got != tt.want {
			t.Errorf("%v %v/%v: got %v, want %v", tt.op, tt.hello, tt.hold, got, tt.want)
		}
	}
}
