package wire

import (
	"net"
	"net/netip"
	"testing"
)

// The addresses are the examples of RFC 4291 section 2.7.1 and of captures.
func TestSolicitedNode(t *testing.T) {
	for in, want := range map[string]string{
		"4037::1:800:200e:8c6c":   "ff02::1:ff0e:8c6c",
		"fe80::5:73ff:fea0:10":    "ff02::1:ffa0:10",
		"2001:db8::a1b2:c3d4":     "ff02::1:ffb2:c3d4",
		"fe80::5:73ff:fea0:1%eth": "ff02::1:ffa0:1",
	} {
		if got := SolicitedNode(netip.MustParseAddr(in)); got != netip.MustParseAddr(want) {
			t.Errorf("%s: got %v, want %s", in, got, want)
		}
	}
	for _, in := range []string{"192.0.2.1", "::ffff:192.0.2.1"} {
		if got := SolicitedNode(netip.MustParseAddr(in)); got.IsValid() {
			t.Errorf("%s: got %v, want none", in, got)
		}
	}
}

func TestMulticastMACTakes23BitsOfIPv4And32OfIPv6(t *testing.T) {
	for in, want := range map[string]string{
		"224.0.0.18":        "01:00:5e:00:00:12",
		"239.255.1.2":       "01:00:5e:7f:01:02",
		"ff02::1:ff00:fe":   "33:33:ff:00:00:fe",
		"::ffff:224.0.0.18": "01:00:5e:00:00:12",
		"192.0.2.1":         "00:00:00:00:00:00",
		"fe80::1":           "00:00:00:00:00:00",
	} {
		mac := MulticastMAC(netip.MustParseAddr(in))
		if got := net.HardwareAddr(mac[:]).String(); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestEtherTypeOfAShortFrameIsNone(t *testing.T) {
	frame := unhex(t, captures[0].hex)
	if got := EtherType(frame); got != EtherTypeIPv4 {
		t.Errorf("got %04x, want 0800", got)
	}
	if got := EtherType(frame[:13]); got != 0 {
		t.Errorf("13 bytes: got %04x, want 0", got)
	}
}

func TestAddressesOfTheOtherFamilyAreZero(t *testing.T) {
	v4, mapped, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("::ffff:192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	bytes4 := [4]byte{192, 0, 2, 1}
	if Addr4(v4) != bytes4 || Addr4(mapped) != bytes4 || Addr4(v6) != [4]byte{} || Addr4(netip.Addr{}) != [4]byte{} {
		t.Errorf("IPv4: %v %v %v", Addr4(v4), Addr4(mapped), Addr4(v6))
	}
	bytes16 := [16]byte{0: 0x20, 1: 0x01, 2: 0x0d, 3: 0xb8, 15: 1}
	if Addr16(v6) != bytes16 || Addr16(v4) != [16]byte{} || Addr16(netip.Addr{}) != [16]byte{} {
		t.Errorf("IPv6: %v %v", Addr16(v6), Addr16(v4))
	}
}

// The bytes are the example of RFC 1071 section 3.
func TestSum(t *testing.T) {
	b := []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}
	if got := Sum(0).Add(b).Checksum(); got != 0x220d {
		t.Errorf("checksum %04x, want 220d", got)
	}
	if got := Sum(0).Add(b[:4]).Add(b[4:]).Checksum(); got != 0x220d {
		t.Errorf("checksum of the halves %04x, want 220d", got)
	}
	if !Sum(0).Add(b).Add([]byte{0x22, 0x0d}).OK() || Sum(0).Add(b).Add([]byte{0x22, 0x0e}).OK() {
		t.Error("OK does not tell the right checksum from a wrong one")
	}
}

func TestSumOfOddLengths(t *testing.T) {
	b := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	for n, want := range []uint16{
		0, 0x0100, 0x0102, 0x0402, 0x0406, 0x0906, 0x090c, 0x100c,
		0x1014, 0x1914, 0x191e, 0x241e, 0x242a, 0x312a, 0x3138, 0x4038,
	} {
		if got := ^Sum(0).Add(b[:n]).Checksum(); got != want {
			t.Errorf("%d bytes: got %04x, want %04x", n, got, want)
		}
	}
}
