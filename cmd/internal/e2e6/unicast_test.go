package e2e6

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// unicastTo returns a condition: an advertisement from one router to another
// that a strict receiver takes (RFC 9568 sections 5.1.2.3 and 5.2.8).
func unicastTo(src, dst netip.Addr) func(netlab.Frame) bool {
	return func(f netlab.Frame) bool {
		var e hello.Envelope
		var p hello.VRRPPacket
		payload, err := hello.ParseFrame(f.Data, &e, true)
		return err == nil && e.Src == src && e.Dst == dst && e.TTL == hello.TTLVRRP && e.TOS == hello.TOSControl &&
			p.Parse(payload, e.Src, e.Dst) == nil
	}
}

// Peers may be named by their link-local addresses or by global ones; what is
// sent comes from an address of the same scope.
func TestUnicastPeers(t *testing.T) {
	for scope, addr := range map[string]func(*gateway) netip.Addr{
		"global":     func(g *gateway) netip.Addr { return g.global },
		"link-local": func(g *gateway) netip.Addr { return g.own },
	} {
		t.Run(scope, func(t *testing.T) {
			scenario(t, func(t testing.TB) {
				l := newLAN(t)
				config := func(peer *gateway) string {
					return fmt.Sprintf("[[vrrp]]\ninterface = %q\nvrid = 10\npriority = PRIORITY\nadvertise = \"300ms\"\n"+
						"virtual_ips = [\"fe80::1\", \"2001:db8:1::1\"]\npeers = [%q]\n", lanDev, addr(peer))
				}
				l.a.StartAs(config(l.b), 100)
				l.a.WaitAll("Active")
				l.b.StartAs(config(l.a), 100) // the tie is not to be decided: who is active stays so
				l.b.WaitAll("Backup")
				l.Eventually("b knows that a is active", func() bool {
					g := l.b.groups()
					return len(g) == 1 && g[0].State == "Backup" && g[0].Active != nil && g[0].Active.Address == addr(l.a).String()
				})
				if _, err := l.b.port.WaitFor(unicastTo(addr(l.a), addr(l.b)), patience); err != nil {
					t.Errorf("advertisement to b: %v", err)
				}
			})
		})
	}
}
