package e2e

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
)

// A neighbour answers a proof faster than the kernel takes an address. The
// kernel would forward such an answer, ask everybody from the interface's own
// MAC who has the virtual address, and three seconds later tell the neighbour
// that the host is unreachable.
func TestProofsDoNotOutrunTheAddress(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		neighbor := func(a netip.Addr) string { return fmt.Sprintf("neighbors = [%q]", a) }
		linkLocal := l.WaitLinkLocal(l.Client, lanDev)
		l.start(hsrpTable(2, address4, subSecond, `name = "v4"`, neighbor(fhrptest.ClientIP)) +
			hsrpTable(2, `virtual_ips = ["fe80::1"]`, subSecond, `name = "v6"`, neighbor(linkLocal)))
		active, standby := l.a, l.b
		for range 3 {
			for _, ref := range []string{"v4", "v6"} {
				must(t, active.SetPriority(t.Context(), ref, 85))
				must(t, standby.SetPriority(t.Context(), ref, 110))
			}
			active, standby = standby, active
			for _, ref := range []string{"v4", "v6"} {
				l.Eventually("a proof of "+ref, func() bool {
					g := active.Group(ref)
					return g.State == "Active" && len(g.Takeover) == 1 && g.Takeover[0].Proven
				})
			}
			l.Settled(active, standby)
		}
		for _, g := range l.Gateways {
			if n := count(g.Sent(time.Time{}), asksForVirtual(g)); n > 0 {
				t.Errorf("%s asked %d times who has the address that it serves", g.Name, n)
			}
			// An entry that fails is what host unreachable comes from.
			if list := entries(t, g, vip, vip6); len(list) > 0 {
				t.Errorf("the kernel of %s looks for its own virtual addresses: %v", g.Name, list)
			}
		}
	})
}

// asksForVirtual matches questions of a gateway's kernel for a virtual address.
func asksForVirtual(g *gateway) match {
	return func(f netlab.Frame) bool {
		if f.Source() != g.MAC {
			return false
		}
		_, a, err := garp.ParseARP(f.Data)
		if err == nil {
			return a.Op == garp.OpRequest && a.TargetIP == vip && !a.SenderIP.IsUnspecified()
		}
		_, n, err := garp.ParseND(f.Data)
		return err == nil && n.Type == garp.NeighborSolicitation && n.Target == vip6 && !n.Src.IsUnspecified()
	}
}

// entries returns what the neighbour table of a gateway says of addresses.
func entries(t testing.TB, g *gateway, list ...netip.Addr) (found []netlink.Neigh) {
	t.Helper()
	link, err := g.NS.Netlink().LinkByName(lanDev)
	must(t, err)
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		neighbors, err := g.NS.Neighbors(link.Attrs().Index, family)
		must(t, err)
		for _, n := range neighbors {
			for _, a := range list {
				if n.IP.Equal(a.AsSlice()) {
					found = append(found, n)
				}
			}
		}
	}
	return found
}
