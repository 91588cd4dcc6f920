package garp

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fhrpd/fhrpd/hello"
)

func TestRequestIsAnOrdinaryQuestion(t *testing.T) {
	mac := hello.MAC{2, 0, 0, 0, 0, 1}
	ip, target := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.9")
	frame, err := Request(ip, mac, target)
	if err != nil {
		t.Fatal(err)
	}
	h, a, err := ParseARP(frame)
	if err != nil {
		t.Fatal(err)
	}
	compare := cmpopts.EquateComparable(netip.Addr{})
	if diff := cmp.Diff(Header{Dst: hello.Broadcast, Src: mac}, h); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	want := ARP{Op: OpRequest, SenderMAC: mac, SenderIP: ip, TargetIP: target}
	if diff := cmp.Diff(want, a, compare); diff != "" {
		t.Errorf("packet (-want +got):\n%s", diff)
	}
	if a.IsProbe() || a.IsGratuitous() {
		t.Error("the question passes for a probe or an announcement")
	}
}

func TestRequestNeedsTwoStations(t *testing.T) {
	mac, good := hello.MAC{2, 0, 0, 0, 0, 1}, netip.MustParseAddr("192.0.2.1")
	tests := []struct {
		name       string
		ip, target netip.Addr
		mac        hello.MAC
	}{
		{"unspecified sender", netip.IPv4Unspecified(), good, mac},
		{"IPv6 sender", netip.MustParseAddr("2001:db8::1"), good, mac},
		{"IPv6 target", good, netip.MustParseAddr("2001:db8::1"), mac},
		{"multicast target", good, netip.MustParseAddr("224.0.0.2"), mac},
		{"no target", good, netip.Addr{}, mac},
		{"itself", good, good, mac},
		{"zero MAC", good, netip.MustParseAddr("192.0.2.9"), hello.MAC{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if frame, err := Request(tt.ip, tt.mac, tt.target); err == nil {
				t.Errorf("got a frame: % x", frame)
			}
		})
	}
}
