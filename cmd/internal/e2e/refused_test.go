package e2e

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// A macvlan in bridge mode takes no second unicast address. The better router,
// which cannot serve there, must leave the field to the worse one that can. With
// the interface's own MAC it serves there.
func TestRouterThatCannotServeLeavesTheFieldToItsPeer(t *testing.T) {
	const groups = `[[hsrp]]
interface = "eth0"
group = 10
virtual_ips = ["192.168.1.1"]
priority = PRIORITY
preempt = true
hello = "200ms"
hold = "700ms"

[[vrrp]]
interface = "eth0"
vrid = 20
virtual_ips = ["192.168.1.2"]
priority = PRIORITY
advertise = "200ms"
`
	scenario(t, func(t testing.TB, l *lan) {
		h := l.a.NS.Netlink()
		parent, err := h.LinkByName(lanDev)
		must(t, err)
		attrs := netlink.NewLinkAttrs()
		attrs.Name, attrs.ParentIndex = "mv0", parent.Attrs().Index
		must(t, h.LinkAdd(&netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_BRIDGE}))
		must(t, l.a.NS.LinkUp("mv0"))
		link, err := h.LinkByName("mv0")
		must(t, err)
		must(t, h.AddrAdd(link, &netlink.Addr{IPNet: &net.IPNet{IP: net.IPv4(192, 168, 1, 101), Mask: net.CIDRMask(24, 32)}}))

		must(t, l.a.NS.DelAddr(lanDev, netip.PrefixFrom(l.a.IP, 24))) // else answers would leave there

		l.a.StartAs(strings.ReplaceAll(groups, `"eth0"`, `"mv0"`), 120)
		l.a.WaitAll("Init", "Initialize")
		l.b.StartAs(groups, 100)
		l.b.WaitAll("Active", "Active")
		for _, g := range l.a.Report().Groups {
			if !strings.Contains(g.Obstacle, `set mac = "interface"`) {
				t.Errorf("%s waits for %q", g.Ref(), g.Obstacle)
			}
		}
		file := filepath.Join(t.TempDir(), "f.toml")
		must(t, os.WriteFile(file, []byte(strings.NewReplacer(`"eth0"`, `"mv0"`, "PRIORITY", "120").Replace(groups)), 0o644))
		if out, exit := fhrptest.Run(t, l.a.NS, "check", "--config", file); exit != 0 || strings.Count(out, "mv0 is a macvlan") != 2 {
			t.Errorf("check exits %d and says %s", exit, out)
		}
		count := func(d *gateway) (moved int, sent uint64) {
			for _, g := range d.Report().Groups {
				moved, sent = moved+g.Transitions, sent+g.Counters.Sent
			}
			return moved, sent
		}
		a, _ := count(l.a)
		b, before := count(l.b)
		l.Eventually("ten hold times", func() bool { _, sent := count(l.b); return sent > before+2*35 })
		l.mustPing(vip, netip.MustParseAddr("192.168.1.2"))
		nowA, said := count(l.a)
		if nowB, _ := count(l.b); nowA != a || nowB != b || said > 0 {
			t.Errorf("%d and %d transitions became %d and %d, and a said %d messages\n%s", a, b, nowA, nowB, said, l.a.Tail())
		}
		l.a.Stop()
		l.a.StartAs(strings.NewReplacer(`"eth0"`, `"mv0"`, "priority", "mac = \"interface\"\npriority").Replace(groups), 120)
		l.a.WaitAll("Active", "Active")
		l.mustPing(vip, netip.MustParseAddr("192.168.1.2"))
	})
}

// Two routers whose advertisements do not leave would both be active.
func TestRouterWhoseMessagesAreTooLargeDoesNotClaim(t *testing.T) {
	const group = "[[hsrp]]\ninterface = \"eth0\"\ngroup = 10\nvirtual_ips = [\"192.168.1.1\"]\npriority = PRIORITY\nhello = \"200ms\"\nhold = \"700ms\"\n"
	scenario(t, func(t testing.TB, l *lan) {
		mtu := func(n int) {
			link, err := l.a.NS.Netlink().LinkByName(lanDev)
			must(t, err)
			must(t, l.a.NS.Netlink().LinkSetMTU(link, n))
		}
		l.a.StartAs(group, 110)
		l.a.WaitAll("Active")
		mtu(68)
		l.a.WaitAll("Init")
		if got := l.a.Group("eth0:10").Obstacle; got != "a hello of 80 bytes does not leave eth0, whose MTU is 68" {
			t.Errorf("obstacle %q", got)
		}
		file := filepath.Join(t.TempDir(), "f.toml")
		must(t, os.WriteFile(file, []byte(strings.Replace(group, "PRIORITY", "110", 1)), 0o644))
		const warning = "hsrp:eth0:10: a hello of 80 bytes does not leave eth0, whose MTU is 68\n"
		if out, exit := fhrptest.Run(t, l.a.NS, "check", "--config", file); exit != 0 || !strings.Contains(out, warning) {
			t.Errorf("check exits %d and says %s", exit, out)
		}
		mtu(1500)
		l.a.WaitAll("Active")
		if out, exit := fhrptest.Run(t, l.a.NS, "check", "--config", file); exit != 0 || strings.Contains(out, "warning") {
			t.Errorf("check exits %d and says %s", exit, out)
		}
	})
}

// Two routers that do not hear each other would both be active, for ever. The
// kernel throws away what one of them says.
func TestRouterWhoseFramesDoNotLeaveStepsAside(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.start(both)
		mute := &nftables.Table{Name: "mute", Family: nftables.TableFamilyNetdev}
		err := nft(l.a.NS, func(c *nftables.Conn) {
			c.AddTable(mute)
			drop := nftables.ChainPolicyDrop
			c.AddChain(&nftables.Chain{
				Name: "out", Table: mute, Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookEgress,
				Priority: nftables.ChainPriorityFilter, Device: lanDev, Policy: &drop,
			})
		})
		if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOENT) {
			t.Skip("this kernel does not filter what leaves an interface (CONFIG_NETFILTER_EGRESS)")
		}
		must(t, err)
		l.a.WaitAll("Init")
		l.b.WaitAll("Active")
		for _, g := range l.a.Report().Groups {
			if !strings.HasPrefix(g.Obstacle, "no message leaves eth0: ") {
				t.Errorf("%s waits for %q", g.Ref(), g.Obstacle)
			}
		}
		l.mustPing(vip)
		must(t, nft(l.a.NS, func(c *nftables.Conn) { c.DelTable(mute) }))
		l.a.WaitAll("Active")
		l.b.WaitAll("Standby")
	})
}

// nft changes the filters of a host in one transaction.
func nft(ns *netlab.NS, change func(*nftables.Conn)) error {
	return ns.Do(func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		change(c)
		return c.Flush()
	})
}
