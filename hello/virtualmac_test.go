package hello

import "testing"

func TestVirtualRouterOfReversesVirtualMAC(t *testing.T) {
	for _, want := range []VirtualRouter{
		{ProtocolHSRP, 1, IPv4, 0}, {ProtocolHSRP, 1, IPv4, 255},
		{ProtocolHSRP, 2, IPv4, 0}, {ProtocolHSRP, 2, IPv4, 0xabc}, {ProtocolHSRP, 2, IPv4, 4095},
		{ProtocolHSRP, 2, IPv6, 0}, {ProtocolHSRP, 2, IPv6, 0xabc}, {ProtocolHSRP, 2, IPv6, 4095},
		{ProtocolVRRP, 0, IPv4, 1}, {ProtocolVRRP, 0, IPv4, 255}, {ProtocolVRRP, 0, IPv6, 20},
	} {
		mac := VirtualMAC(want.Protocol, want.Version, want.Family, want.Group)
		if got, ok := VirtualRouterOf(mac); !ok || got != want {
			t.Errorf("%s is of %+v (%v), want %+v", mac, got, ok, want)
		}
	}
}

func TestVirtualRouterOfKnowsTheEndsOfItsRanges(t *testing.T) {
	for _, s := range []string{
		"02:00:00:00:00:01", "00:00:0c:07:ad:01", "00:00:0c:9f:e0:01", "00:05:73:a0:10:01", "00:00:5e:00:00:12", "00:00:5e:00:03:01",
	} {
		mac, err := ParseMAC(s)
		if err != nil {
			t.Fatal(err)
		}
		if r, ok := VirtualRouterOf(mac); ok {
			t.Errorf("%s is of %+v, want nobody", mac, r)
		}
	}
}
