package hello

import (
	"testing"

	"github.com/fhrpd/fhrpd/hello/wire"
)

func TestVirtualMAC(t *testing.T) {
	for _, tt := range []struct {
		p       Protocol
		version uint8
		f       Family
		group   uint16
		want    string
	}{
		{ProtocolHSRP, 1, IPv4, 0, "00:00:0c:07:ac:00"},
		{ProtocolHSRP, 1, IPv4, 1, "00:00:0c:07:ac:01"},
		{ProtocolHSRP, 1, IPv4, 255, "00:00:0c:07:ac:ff"},
		{ProtocolHSRP, 2, IPv4, 0, "00:00:0c:9f:f0:00"},
		{ProtocolHSRP, 2, IPv4, 255, "00:00:0c:9f:f0:ff"},
		{ProtocolHSRP, 2, IPv4, 4095, "00:00:0c:9f:ff:ff"},
		{ProtocolHSRP, 2, IPv4, 920, "00:00:0c:9f:f3:98"},
		{ProtocolHSRP, 2, IPv6, 0, "00:05:73:a0:00:00"},
		{ProtocolHSRP, 2, IPv6, 1, "00:05:73:a0:00:01"},
		{ProtocolHSRP, 2, IPv6, 255, "00:05:73:a0:00:ff"},
		{ProtocolHSRP, 2, IPv6, 4095, "00:05:73:a0:0f:ff"},
		{ProtocolVRRP, 2, IPv4, 51, "00:00:5e:00:01:33"},
		{ProtocolVRRP, 3, IPv4, 255, "00:00:5e:00:01:ff"},
		{ProtocolVRRP, 3, IPv6, 51, "00:00:5e:00:02:33"},
		{0, 1, IPv4, 1, "00:00:00:00:00:00"},
	} {
		if got := VirtualMAC(tt.p, tt.version, tt.f, tt.group); got.String() != tt.want {
			t.Errorf("%v version %d, IPv%d, group %d: got %v, want %s", tt.p, tt.version, tt.f, tt.group, got, tt.want)
		}
	}
}

func TestGroupAddrAndItsMAC(t *testing.T) {
	for _, tt := range []struct {
		p       Protocol
		version uint8
		f       Family
		addr    string
		mac     string
	}{
		{ProtocolHSRP, 1, IPv4, "224.0.0.2", "01:00:5e:00:00:02"},
		{ProtocolHSRP, 2, IPv4, "224.0.0.102", "01:00:5e:00:00:66"},
		{ProtocolHSRP, 2, IPv6, "ff02::66", "33:33:00:00:00:66"},
		{ProtocolVRRP, 2, IPv4, "224.0.0.18", "01:00:5e:00:00:12"},
		{ProtocolVRRP, 3, IPv4, "224.0.0.18", "01:00:5e:00:00:12"},
		{ProtocolVRRP, 3, IPv6, "ff02::12", "33:33:00:00:00:12"},
	} {
		got := GroupAddr(tt.p, tt.version, tt.f)
		if got != addr(tt.addr) {
			t.Errorf("%v version %d, IPv%d: got %v, want %s", tt.p, tt.version, tt.f, got, tt.addr)
		}
		if mac := MAC(wire.MulticastMAC(got)); mac.String() != tt.mac {
			t.Errorf("%v: got %v, want %s", got, mac, tt.mac)
		}
	}
	if got := GroupAddr(0, 1, IPv4); got.IsValid() {
		t.Errorf("unknown protocol: got %v", got)
	}
}

func TestVirtualLinkLocalKeepsTheUniversalBit(t *testing.T) {
	for group, want := range map[uint16]string{
		0:    "fe80::5:73ff:fea0:0",
		1:    "fe80::5:73ff:fea0:1",
		16:   "fe80::5:73ff:fea0:10",
		255:  "fe80::5:73ff:fea0:ff",
		4095: "fe80::5:73ff:fea0:fff",
	} {
		if got := VirtualLinkLocal(VirtualMAC(ProtocolHSRP, 2, IPv6, group)); got != addr(want) {
			t.Errorf("group %d: got %v, want %s", group, got, want)
		}
	}
}
