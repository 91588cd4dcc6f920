package daemon

import (
	"log/slog"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/fhrpd/fhrpd/configs"
)

// The routes are read while the ports are being opened, and not again unless
// one of them changes.
func TestGatewaysAreKnownBeforeThePortIsOpen(t *testing.T) {
	t.Parallel()
	config, err := configs.Parse("fhrpd.toml", []byte(configs.Minimal))
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDaemon(Options{Config: config, ControlPath: filepath.Join(t.TempDir(), "control.sock"), Log: slog.New(slog.DiscardHandler)})
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
	if len(proofs) != 1 || proofs[0].Address != gateway.String() {
		t.Errorf("neighbours %+v, want %s alone", proofs, gateway)
	}
}
