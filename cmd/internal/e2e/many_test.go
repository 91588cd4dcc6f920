package e2e

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// mixed is four groups of each kind on the client's segment and four towards
// the core: protocols, versions and families side by side, with equal numbers
// wherever that is no contradiction.
func mixed() (config string, addresses []netip.Addr) {
	const election = "priority = PRIORITY\npreempt = true\n"
	var b strings.Builder
	add := func(dev, table string, timers string, addrs ...string) {
		fmt.Fprintf(&b, "\n%s\ninterface = %q\nvirtual_ips = [\"%s\"]\n%s%s\n", table, dev, strings.Join(addrs, `", "`), election, timers)
		if dev == lanDev {
			addresses = append(addresses, netip.MustParseAddr(addrs[0]))
		}
	}
	hsrp := "hello = \"200ms\"\nhold = \"800ms\""
	for n := 1; n <= 4; n++ {
		add(lanDev, fmt.Sprintf("[[hsrp]]\nversion = 1\ngroup = %d", n), hsrp, fmt.Sprintf("192.168.1.%d", n))
		add(lanDev, fmt.Sprintf("[[hsrp]]\nversion = 2\ngroup = %d", n+300), hsrp, fmt.Sprintf("192.168.1.%d", n+20))
		add(lanDev, fmt.Sprintf("[[hsrp]]\nversion = 2\ngroup = %d", n), hsrp, fmt.Sprintf("fe80::a:%d", n))
		add(lanDev, fmt.Sprintf("[[vrrp]]\nversion = 2\nvrid = %d", n), `advertise = "1s"`, fmt.Sprintf("192.168.1.%d", n+40))
		add(coreDev, fmt.Sprintf("[[vrrp]]\nversion = 3\nvrid = %d", n), `advertise = "250ms"`, fmt.Sprintf("203.0.113.%d", n))
	}
	add(lanDev, "[[vrrp]]\nversion = 3\nvrid = 77", `advertise = "250ms"`, "192.168.1.77")
	add(lanDev, "[[vrrp]]\nversion = 3\nvrid = 77", `advertise = "250ms"`, "fe80::77")
	return b.String(), addresses
}

func TestProtocolsSideBySideMoveTogether(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		config, addresses := mixed()
		l.start(config)
		l.mustPing(addresses...)
		l.a.Kill()
		l.b.WaitAll("Active")
		l.mustPing(addresses...)
		for _, g := range l.b.Report().Groups {
			mac, err := hello.ParseMAC(g.VirtualMAC)
			must(t, err)
			sw, bridge, port := l.Switch, "lan", "b"
			if g.Interface == coreDev {
				sw, bridge = l.Core, "core"
			}
			if err := netlab.Eventually(t.Context(), patience, func() bool {
				got, _, err := sw.FDBPort(bridge, mac)
				return err == nil && got == port
			}); err != nil {
				t.Errorf("%s: the switch has not learned %s behind b", g.Ref(), mac)
			}
		}
		l.a.Restart()
		l.Settled(l.a, l.b)
		l.mustPing(addresses...)
	})
}
