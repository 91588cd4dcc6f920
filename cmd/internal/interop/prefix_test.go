package interop

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// keepalived's addresses bring the connected route of their subnet; so do ours, and
// the hosts of a subnet that no router has an address of do not see which it is.
func TestPrefixServesItsSubnetBesideKeepalived(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		virtual []string // the last is the address that hosts use
		client  string
	}{
		{[]string{"10.77.0.1/24"}, "10.77.0.9/24"},
		{[]string{"fe80::254/64", "fd77::1/64"}, "fd77::9/64"},
	} {
		t.Run(c.client, func(t *testing.T) {
			fhrptest.Steady(t, fhrptest.Stall, func(t testing.TB) {
				need(t, "keepalived")
				s := newSegment(t, us, them)
				must(t, s.Client.AddAddr(dev, netip.MustParsePrefix(c.client)))
				ours := &daemon{s.Gateway(us), fmt.Sprintf("[[vrrp]]\ninterface = %q\nvrid = %d\npriority = PRIORITY\nadvertise = \"300ms\"\nvirtual_ips = [\"%s\"]\n",
					dev, vrid, strings.Join(c.virtual, `", "`))}
				peer := &keepalived{g: s.Gateway(them), config: prefixConfig(c.virtual)}
				gateway := netip.MustParsePrefix(c.virtual[len(c.virtual)-1]).Addr()
				serves := func(name string) {
					t.Helper()
					s.Eventually(name+" alone claims the role", func() bool {
						return s.silence(name) < 450*time.Millisecond && s.silence(other(name)) > 450*time.Millisecond
					})
					must(t, s.Gateway(name).NS.FlushNeighbors(dev))
					s.Eventually("the subnet is served by "+name, func() bool {
						ok, err := s.Client.Ping(gateway, netlab.Echo{Tries: 1, Wait: 300 * time.Millisecond})
						return ok && err == nil
					})
				}
				peer.start(theirs)
				serves(them)
				ours.start(above)
				serves(us)
				ours.Kill()
				serves(them)
				ours.Restart()
				serves(us)
				ours.Stop()
				serves(them)
			})
		})
	}
}

// prefixConfig is keepalived's configuration with the same addresses.
func prefixConfig(virtual []string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "vrrp_instance p {\n state BACKUP\n interface %s\n virtual_router_id %d\n priority PRIORITY\n version 3\n advert_int 0.3\n use_vmac\n virtual_ipaddress {\n", dev, vrid)
	for _, v := range virtual {
		text.WriteString("  " + v + "\n")
	}
	return text.String() + " }\n}\n"
}
