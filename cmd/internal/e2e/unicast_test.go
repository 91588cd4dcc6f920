package e2e

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// unicastTo returns a condition: an advertisement from one router to another
// that a strict receiver takes (RFC 9568 sections 5.1.1.3, 5.1.2.3 and 5.2.8).
func unicastTo(src, dst netip.Addr) match {
	return func(f netlab.Frame) bool {
		var e hello.Envelope
		var p hello.VRRPPacket
		payload, err := hello.ParseFrame(f.Data, &e, true)
		return err == nil && e.Protocol == hello.ProtocolVRRP && e.Src == src && e.Dst == dst &&
			e.TTL == hello.TTLVRRP && e.TOS == hello.TOSControl && p.Parse(payload, e.Src, e.Dst) == nil
	}
}

// Unicast advertisements leave as multicast ones do, with the TTL that a peer
// which checks it wants. Peers may be named by their link-local addresses or by
// global ones; what is sent comes from an address of the same scope.
func TestUnicastPeers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, addresses string
		own             func(*gateway) netip.Addr
	}{
		{"IPv4", `"192.168.1.1"`, func(g *gateway) netip.Addr { return g.IP }},
		{"global", `"fe80::1", "2001:db8:1::1"`, func(g *gateway) netip.Addr { return g.IP6 }},
		{"link-local", `"fe80::1", "2001:db8:1::1"`, func(g *gateway) netip.Addr { return g.LinkLocal }},
	} {
		t.Run(c.name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				config := func(peer *gateway) string {
					return table("vrrp", "vrid = 10", "priority = 100", `advertise = "300ms"`,
						fmt.Sprintf("virtual_ips = [%s]\npeers = [%q]", c.addresses, c.own(peer)))
				}
				l.a.Start(config(l.b))
				l.a.WaitAll("Active")
				l.b.Start(config(l.a)) // the tie is not to be decided: who is active stays so
				l.Settled(l.a, l.b)
				l.Eventually("b knows that a is active", func() bool {
					g := l.b.Report().Groups
					return len(g) == 1 && g[0].State == "Backup" && g[0].Active != nil && g[0].Active.Address == c.own(l.a).String()
				})
				l.b.Hears("an advertisement of a", time.Time{}, unicastTo(c.own(l.a), c.own(l.b)))
			})
		})
	}
}
