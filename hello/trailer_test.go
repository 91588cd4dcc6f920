package hello

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/internal/signer"
)

// key1 is that of the vectors, 00 to 1f.
func key1() []byte {
	var key []byte
	for i := range byte(32) {
		key = append(key, i)
	}
	return key
}

var key7 = []byte("an ascii passphrase of at least 32 bytes, yes")

func newHMAC(t testing.TB, id uint32, key []byte) *HMAC {
	t.Helper()
	k, err := NewHMAC(id, key)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// signedVectors were sent by keepalived 2.4.3.
var signedVectors = []struct {
	name     string
	src, dst string
	hex      string
	want     VRRP
	sequence string // in UTC
	counter  uint16
	key      uint8
}{
	{
		"version 3, IPv4", "192.0.2.10", "224.0.0.18",
		"3133c8010032a19ac0000264 010100006b0a1885aee40000 836311a92546d93c823a83ba83267d58",
		vrrp4(3, 51, 200, 500*time.Millisecond, "192.0.2.100"), "2026-11-27T23:55:49.683Z", 0, 1,
	}, {
		"version 3, IPv4, a second later", "192.0.2.10", "224.0.0.18",
		"3133c8010032a19ac0000264 010100006b0a18862f880000 aa5176f7c873f01fb95a8dd0b3c6cad9",
		vrrp4(3, 51, 200, 500*time.Millisecond, "192.0.2.100"), "2026-11-27T23:55:50.185Z", 0, 1,
	}, {
		"version 3, IPv6", "fe80::10", "ff02::12",
		"3135c8020032b751 fe800000000000000000000000000100 20010db8000000000000000000000100 010100006b0a1885af840000 ec4b9b4d49bc94aef05f83984576cf27",
		VRRP{Version: 3, VRID: 53, Priority: 200, Family: IPv6, AdverInterval: 500 * time.Millisecond, VirtualIPs: []netip.Addr{addr("fe80::100"), addr("2001:db8::100")}}, "2026-11-27T23:55:49.685Z", 0, 1,
	}, {
		"version 2", "192.0.2.10", "224.0.0.18",
		"2134c80100015463c00002650000000000000000 010700006b0a18874ae70000 0c66625c35b68893062b6d22c3a6b57d",
		vrrp4(2, 52, 200, time.Second, "192.0.2.101"), "2026-11-27T23:55:51.292Z", 0, 7,
	},
}

func TestSignedVectors(t *testing.T) {
	keys := map[uint8]*HMAC{1: newHMAC(t, 1, key1()), 7: newHMAC(t, 7, key7)}
	for _, v := range signedVectors {
		t.Run(v.name, func(t *testing.T) {
			payload, src, dst := unhex(t, v.hex), addr(v.src), addr(v.dst)
			var p VRRPPacket
			if err := p.Parse(payload, src, dst); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(v.want, p.VRRP, byValue); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
			s := p.Trailer.Sequence()
			at := time.Unix(int64(uint32(s>>32)), int64(uint16(s>>16))*1e9>>16).UTC().Format("2006-01-02T15:04:05.000Z")
			if !p.Signed || p.Trailer.Malformed() || p.Trailer.KeyID() != v.key || at != v.sequence || uint16(s) != v.counter {
				t.Errorf("trailer %x: signed %t, key %d, sequence %s", p.Trailer, p.Signed, p.Trailer.KeyID(), at)
			}
			for id, k := range keys {
				if got := k.Verify(&p, payload, src); got != (id == v.key) {
					t.Errorf("key %d verifies: %t", id, got)
				}
			}
			b := AppendVRRP([]byte("x"), &p.VRRP, "", p.Form, src, dst)
			trailer := keys[v.key].Sign(b[1:], src, s)
			b = AppendTrailer(b, 1, &trailer, src, dst)
			if got, want := hex.EncodeToString(b[1:]), hex.EncodeToString(payload); got != want {
				t.Errorf("append:\ngot  %s\nwant %s", got, want)
			}
		})
	}
}

// adverts are of every version and family, as a signer that shares no code with
// this package makes them.
func adverts() map[string]signer.Advert {
	v4 := signer.Advert{
		Version: 3, VRID: 51, Priority: 100, Interval: 100, VirtualIPs: []netip.Addr{addr("192.0.2.1"), addr("192.0.2.2")},
		Src: addr("192.0.2.10"), Dst: addr("224.0.0.18"), Key: key1(), KeyID: 1, Type: 1,
		Time: time.Date(2026, 11, 28, 12, 0, 0, 250e6, time.UTC), Counter: 3,
	}
	pseudo, v2, v6, unicast6 := v4, v4, v4, v4
	pseudo.Pseudo = true
	v2.Version, v2.Interval = 2, 1
	v6.VirtualIPs, v6.Src, v6.Dst = []netip.Addr{addr("fe80::1"), addr("2001:db8::1")}, addr("fe80::10"), addr("ff02::12")
	unicast6 = v6
	unicast6.Src, unicast6.Dst = addr("2001:db8::10"), addr("2001:db8::11")
	return map[string]signer.Advert{"v3": v4, "v3 with pseudo-header": pseudo, "v2": v2, "v6": v6, "v6 unicast": unicast6}
}

func TestTrailerOfAnIndependentSigner(t *testing.T) {
	k := newHMAC(t, 1, key1())
	for name, a := range adverts() {
		for _, whole := range []bool{false, true} { // the checksum over either span
			a.Whole = whole
			t.Run(fmt.Sprintf("%s/%t", name, whole), func(t *testing.T) {
				payload := a.Payload()
				var p VRRPPacket
				if err := p.Parse(payload, a.Src, a.Dst); err != nil {
					t.Fatal(err)
				}
				if !k.Verify(&p, payload, a.Src) {
					t.Fatal("does not verify")
				}
				for at := range payload {
					bad := slices.Clone(payload)
					bad[at] ^= 0x10
					q := p
					copy(q.Trailer[:], bad[len(bad)-TrailerSize:])
					if covered := at != 6 && at != 7; k.Verify(&q, bad, a.Src) == covered {
						t.Errorf("byte %d changed: verifies is not %t", at, !covered)
					}
				}
				if k.Verify(&p, payload, a.Src.Next()) {
					t.Error("verifies for another source")
				}
				if whole {
					return
				}
				form := MessageOnly
				if a.Pseudo {
					form = PseudoHeader
				}
				b := AppendVRRP(nil, &p.VRRP, "", form, a.Src, a.Dst)
				trailer := k.Sign(b, a.Src, p.Trailer.Sequence())
				if b = AppendTrailer(b, 0, &trailer, a.Src, a.Dst); !bytes.Equal(b, payload) {
					t.Errorf("append:\ngot  %x\nwant %x", b, payload)
				}
			})
		}
	}
}

// One digest serves all unicast peers: only the checksum of IPv6 differs.
func TestTrailerDoesNotCoverTheDestination(t *testing.T) {
	a, k := adverts()["v6 unicast"], newHMAC(t, 1, key1())
	first := a.Payload()
	a.Dst = addr("2001:db8::12")
	var p VRRPPacket
	if err := p.Parse(first, a.Src, addr("2001:db8::11")); err != nil {
		t.Fatal(err)
	}
	b := AppendVRRP(nil, &p.VRRP, "", MessageOnly, a.Src, a.Dst)
	if b = AppendTrailer(b, 0, &p.Trailer, a.Src, a.Dst); !bytes.Equal(b, a.Payload()) {
		t.Errorf("got  %x\nwant %x", b, a.Payload())
	}
	if err := p.Parse(b, a.Src, a.Dst); err != nil || !k.Verify(&p, b, a.Src) {
		t.Errorf("does not verify: %v", err)
	}
}

func TestTrailerIsExactly28Bytes(t *testing.T) {
	a := adverts()["v3"]
	for extra, want := range map[int]error{-1: RejectLength, 0: nil, 1: RejectLength} {
		payload := append(a.Payload(), 0)
		payload = payload[:len(payload)-1+extra]
		var p VRRPPacket
		if err := p.Parse(payload, a.Src, a.Dst); err != want {
			t.Errorf("%d bytes: got %v, want %v", TrailerSize+extra, err, want)
		}
	}
	var p VRRPPacket
	plain := a
	plain.Key = nil
	for _, b := range [][]byte{a.Payload(), plain.Payload()} { // the trailer of the last packet is gone
		if err := p.Parse(b, a.Src, a.Dst); err != nil {
			t.Fatal(err)
		}
	}
	if p.Signed || p.Trailer != (Trailer{}) || newHMAC(t, 1, key1()).Verify(&p, plain.Payload(), a.Src) {
		t.Errorf("a packet without a trailer: %+v", p)
	}
}

func TestMalformedTrailer(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*signer.Advert)
		want   bool
	}{
		"right": {func(*signer.Advert) {}, false}, "type 0": {func(a *signer.Advert) { a.Type = 0 }, true}, "type 2": {func(a *signer.Advert) { a.Type = 2 }, true},
		"first reserved bit": {func(a *signer.Advert) { a.Reserved = 0x8000 }, true}, "last reserved bit": {func(a *signer.Advert) { a.Reserved = 1 }, true},
	} {
		a := adverts()["v3"]
		tt.change(&a)
		var p VRRPPacket
		if err := p.Parse(a.Payload(), a.Src, a.Dst); err != nil {
			t.Fatal(err)
		}
		if got := p.Trailer.Malformed(); got != tt.want {
			t.Errorf("%s: %t, want %t", name, got, tt.want)
		}
	}
}

func TestSequence(t *testing.T) {
	at := time.Date(2026, 11, 27, 23, 55, 49, 683166504, time.UTC)
	if got := SequenceAt(at); got != 0x6b0a1885_aee4_0000 {
		t.Errorf("got %x", got)
	}
	last := Sequence(0xffffffff_ffff_ffff)
	for _, tt := range []struct {
		rule string
		a, b Sequence
		want bool
	}{
		{"the counter", 2, 1, true}, {"the same", 1, 1, false}, {"older", 1, 2, false},
		{"a fraction", 1 << 16, 0xffff, true}, {"around the end of 32 bits of seconds", 0, last, true}, {"and back", last, 0, false},
	} {
		if got := tt.a.After(tt.b); got != tt.want {
			t.Errorf("%s: %x after %x: %t", tt.rule, tt.a, tt.b, got)
		}
	}
	for _, d := range []time.Duration{0, time.Second, 1500 * time.Millisecond, -1500 * time.Millisecond, -time.Second, 400 * time.Hour} {
		if got := SequenceAt(at.Add(d)).Since(at); (got - d).Abs() > time.Second/65536 {
			t.Errorf("%v later: got %v", d, got)
		}
	}
	if got := SequenceAt(at.Add(-700 * time.Millisecond)).SecondsSince(at); got != -1 {
		t.Errorf("across a second: got %d", got)
	}
	wrap := time.Unix(1<<32, 0)
	if got := SequenceAt(wrap.Add(time.Second)).SecondsSince(wrap.Add(-time.Second)); got != 2 {
		t.Errorf("around the end of 32 bits: got %d", got)
	}
}

func TestHMACKeys(t *testing.T) {
	long := strings.Repeat("k", 65)
	for _, tt := range []struct {
		id   uint32
		key  string
		want string
	}{
		{1, long[:32], ""}, {255, long[:64], ""},
		{0, long[:32], "hmac key 0: the number must be 1 to 255"}, {256, long[:32], "hmac key 256: the number must be 1 to 255"},
		{3, long[:31], "hmac key 3: have 31 bytes, want 32 to 64"}, {3, long, "hmac key 3: have 65 bytes, want 32 to 64"},
	} {
		got := ""
		if _, err := NewHMAC(tt.id, []byte(tt.key)); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("id %d, %d bytes: got %q, want %q", tt.id, len(tt.key), got, tt.want)
		}
	}
	k := newHMAC(t, 7, key7)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, k); got != "hmac key 7" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}
