package hello

import (
	"net"
	"testing"
)

func TestMACForms(t *testing.T) {
	m := mustMAC("0000.0c07.ac01")
	if m != (MAC{0, 0, 0x0c, 7, 0xac, 1}) || m.String() != "00:00:0c:07:ac:01" || m.Cisco() != "0000.0c07.ac01" {
		t.Errorf("got %v, %s", m, m.Cisco())
	}
	if got := MACFrom(m.HardwareAddr()); got != m {
		t.Errorf("there and back: got %v", got)
	}
	if got := MACFrom(net.HardwareAddr{1, 2, 3}); !got.IsZero() {
		t.Errorf("short: got %v", got)
	}
	if m.IsMulticast() || !Broadcast.IsMulticast() {
		t.Error("group bit")
	}
}

func TestMACText(t *testing.T) {
	for _, s := range []string{"", "00:00:0c:07:ac", "00:00:0c:07:ac:01:02:03", "virtual"} {
		m := MAC{1}
		if err := m.UnmarshalText([]byte(s)); err == nil || m != (MAC{1}) {
			t.Errorf("%q: got %v, %v", s, m, err)
		}
	}
	var m MAC
	if err := m.UnmarshalText([]byte("02:00:00:00:00:01")); err != nil {
		t.Fatal(err)
	}
	if b, err := m.MarshalText(); err != nil || string(b) != "02:00:00:00:00:01" {
		t.Errorf("got %s, %v", b, err)
	}
}

func TestNames(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{OpHello.String(), "Hello"}, {OpCoup.String(), "Coup"}, {OpResign.String(), "Resign"},
		{OpAdvertise.String(), "Advertise"}, {Op(9).String(), "Op(9)"},
		{Initial.String(), "Init"}, {Active.String(), "Active"}, {HSRPState(7).String(), "HSRPState(7)"},
		{ProtocolHSRP.String(), "hsrp"}, {ProtocolVRRP.String(), "vrrp"}, {Protocol(0).String(), "protocol(0)"},
		{RejectAuthType.Error(), "auth-type"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestFamilyOf(t *testing.T) {
	for s, want := range map[string]Family{"192.0.2.1": IPv4, "::ffff:192.0.2.1": IPv4, "fe80::1": IPv6} {
		if got := FamilyOf(addr(s)); got != want {
			t.Errorf("%s: got %d", s, got)
		}
	}
}

func TestRejectsOfAuthentication(t *testing.T) {
	for why, want := range map[Reject]bool{
		RejectAuth: true, RejectAuthType: true, RejectMissing: true, RejectMalformed: true, RejectStale: true, RejectKey: true, RejectDigest: true,
		RejectReplay: false, RejectVersion: false, RejectSource: false,
	} {
		if why.IsAuth() != want {
			t.Errorf("%s: %t", why, !want)
		}
	}
}
