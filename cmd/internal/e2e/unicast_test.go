package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// Unicast advertisements leave as multicast ones do, with the TTL that a peer
// which checks it wants (RFC 9568 section 5.1.1.3).
func TestUnicastPeersHearAdvertisementsWithTTL255(t *testing.T) {
	scenario(t, checkTTL255)
}

func checkTTL255(t testing.TB, l *lan) {
	t.Helper()
	config := func(peer *gateway) string {
		return fmt.Sprintf("[[vrrp]]\ninterface = %q\nvrid = 10\npriority = PRIORITY\nadvertise = \"200ms\"\n"+
			"virtual_ips = [%q]\npeers = [%q]\n", lanDev, vip, peer.IP)
	}
	l.a.StartAs(config(l.b), 110)
	l.b.StartAs(config(l.a), 100)
	l.Settled(l.a, l.b)
	l.b.Hears("an advertisement of a", time.Time{}, func(f netlab.Frame) bool {
		var e hello.Envelope
		_, err := hello.ParseFrame(f.Data, &e, true)
		return err == nil && e.Protocol == hello.ProtocolVRRP && e.Src == l.a.IP && e.Dst == l.b.IP &&
			e.TTL == hello.TTLVRRP && e.TOS == hello.TOSControl
	})
}
