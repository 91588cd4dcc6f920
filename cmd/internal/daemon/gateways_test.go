package daemon

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// The routes are read while the ports are being opened, and not again unless
// one of them changes.
func TestGatewaysAreKnownBeforeThePortIsOpen(t *testing.T) {
	t.Parallel()
	config, err := configs.Load("../../../configs/minimal.toml")
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDaemon(Options{Config: config, ControlPath: filepath.Join(t.TempDir(), "control.sock"), Log: slog.New(slog.DiscardHandler)}, nil, engine.New)
	if err != nil {
		t.Fatal(err)
	}
	gateway := netip.MustParseAddr("192.168.1.254")
	d.setGateways(map[string][]netip.Addr{"eth1": {gateway}, "eth7": {netip.MustParseAddr("192.168.7.254")}})
	d.loop.drain()
	proofs, _, err := d.engine.Proofs("eth1:10")
	if err != nil {
		t.Fatal(err)
	}
	if len(proofs) != 1 || proofs[0].Neighbor != gateway {
		t.Errorf("neighbours %+v, want %s alone", proofs, gateway)
	}
}

func TestNextHopsAreAllOrNone(t *testing.T) {
	toAll := func(index int, gw string) netlink.Route { return netlink.Route{LinkIndex: index, Gw: net.ParseIP(gw)} }
	v4, v6 := []netlink.Route{toAll(2, "192.0.2.254")}, []netlink.Route{toAll(2, "fe80::254"), toAll(3, "2001:db8::254")}
	broken := errors.New("list changed")
	for _, tt := range []struct {
		name       string
		err4, err6 error
		want       map[int][]netip.Addr
	}{
		{"both families", nil, nil, map[int][]netip.Addr{
			2: {netip.MustParseAddr("192.0.2.254"), netip.MustParseAddr("fe80::254")}, 3: {netip.MustParseAddr("2001:db8::254")}}},
		{"IPv4 is not known", broken, nil, nil},
		{"IPv6 is not known", nil, broken, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := nextHops(func(family int) ([]netlink.Route, error) {
				if family == netlink.FAMILY_V4 {
					return v4, tt.err4
				}
				return v6, tt.err6
			})
			if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("next hops (-want +got):\n%s", diff)
			}
			if broke := tt.err4 != nil || tt.err6 != nil; broke != errors.Is(err, broken) {
				t.Errorf("error %v", err)
			}
		})
	}
}
