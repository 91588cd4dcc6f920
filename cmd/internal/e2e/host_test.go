package e2e

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/hello"
)

// What others do to a host while the daemon runs.

const underneath = `
[[hsrp]]
interface = "eth0"
group = 10
virtual_ips = ["192.168.1.1"]
priority = PRIORITY
hello = "200ms"
hold = "700ms"

[[vrrp]]
interface = "eth0"
vrid = 20
virtual_ips = ["fe80::1"]
priority = PRIORITY
advertise = "200ms"
`

// mends waits until the daemon says that it has put something back as often as
// wanted, and wants it to have warned once.
func mends(g *gateway, want status.Restored, warning string) {
	g.T.Helper()
	g.Eventually("all of it put back", func() bool {
		got := g.Answer().Interfaces[0].Restored
		got.Last = nil
		return got == want && strings.Contains(g.File("daemon.log"), warning) // which is written beside the loop
	})
	if n := strings.Count(g.File("daemon.log"), warning); n != 1 {
		g.T.Errorf("%d warnings of %q\n%s", n, warning, g.Tail())
	}
}

// diagnosed wants a word of the doctor about an object.
func diagnosed(g *gateway, rule, object string, want bool) {
	g.T.Helper()
	out, _ := g.Command("doctor", "--config", g.Path("fhrpd.toml"), "--listen", "0")
	found := slices.ContainsFunc(strings.Split(out, "\n"), func(line string) bool {
		f := strings.Fields(line)
		return len(f) > 2 && f[0] != "ok" && f[1] == rule && f[2] == object+":"
	})
	if found != want {
		g.T.Errorf("doctor finds %s of %s: %t, want %t\n%s", rule, object, found, want, out)
	}
}

func TestSettingsThatAManagerPutsBackAreOursAgain(t *testing.T) {
	const arpIgnore = "net/ipv4/conf/eth0/arp_ignore"
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(underneath)
		l.Settled(l.a, l.b)
		diagnosed(l.a, "restored", lanDev, false)
		for _, g := range l.Gateways {
			for n := range 3 {
				must(t, g.NS.Sysctl(arpIgnore, "0"))
				began := time.Now()
				mends(g, status.Restored{Settings: uint64(n + 1)}, arpIgnore+" was changed by somebody else; put back")
				if took := time.Since(began); took > 2*time.Second+l.Witness.Longest(began) {
					t.Errorf("%s needed %v", g.Name, took)
				}
				if v, err := g.NS.ReadSysctl(arpIgnore); err != nil || v != "1" {
					t.Errorf("%s is %s, %v", arpIgnore, v, err)
				}
			}
			diagnosed(g, "restored", lanDev, true)
		}
		if got := l.answers(vip); len(got) != 1 || got[0].MAC != mac2 {
			t.Errorf("answers for %s: %+v", vip, got)
		}
		l.a.StopCleanly()
		if v, err := l.a.NS.ReadSysctl(arpIgnore); err != nil || v != "0" {
			t.Errorf("after the end %s is %s, %v; the manager wanted 0", arpIgnore, v, err)
		}
	})
}

func TestForwardingSwitchedOffIsTold(t *testing.T) {
	const off, on = "IPv4 forwarding is switched off", "IPv4 forwarding is switched on again"
	scenario(t, func(t testing.TB, l *lan) {
		l.start(underneath)
		for _, setting := range []string{"net/ipv4/ip_forward", "net/ipv4/conf/eth0/forwarding", "net/ipv6/conf/all/forwarding"} {
			ref, family := "hsrp:eth0:10", "4"
			if strings.Contains(setting, "ipv6") {
				ref, family = "vrrp6:eth0:20", "6"
			}
			told := func(what string) int {
				return strings.Count(l.a.File("daemon.log"), strings.Replace(what, "4", family, 1))
			}
			before := told(off)
			must(t, l.a.NS.Sysctl(setting, "0"))
			l.Eventually(setting+" off", func() bool { return l.a.Group(ref).ForwardingOff == setting && told(off) == before+1 })
			diagnosed(l.a, "forwarding", setting, true)
			before = told(on)
			must(t, l.a.NS.Sysctl(setting, "1"))
			l.Eventually(setting+" on", func() bool { return l.a.Group(ref).ForwardingOff == "" && told(on) == before+1 })
			diagnosed(l.a, "forwarding", setting, false)
		}
		// It is the other router's own matter, and no reason to warn while it serves nobody.
		must(t, l.b.NS.Sysctl("net/ipv4/ip_forward", "0"))
		l.Eventually("off at the standby", func() bool { return l.b.Group("hsrp:eth0:10").ForwardingOff != "" })
		if strings.Contains(l.b.File("daemon.log"), off) {
			t.Errorf("the standby warns\n%s", l.b.Tail())
		}
		checkNoMove(t, l.a)
	})
}

// checkNoMove wants the groups of a router to have kept the role that they took.
func checkNoMove(t testing.TB, g *gateway) {
	t.Helper()
	list, err := g.History(t.Context())
	must(t, err)
	for _, tr := range list {
		if tr.From == "Active" {
			t.Errorf("%s left the role by %s: %s", g.Name, tr.Cause, tr.Detail)
		}
	}
}

func TestForwardingThatIsRequiredDecidesWhoIsActive(t *testing.T) {
	const setting = "net/ipv4/ip_forward"
	scenario(t, func(t testing.TB, l *lan) {
		l.start("[daemon]\nforwarding = \"require\"\n" + underneath)
		must(t, l.a.NS.Sysctl(setting, "0"))
		l.a.WaitState("hsrp:eth0:10", "Init")
		l.b.WaitState("hsrp:eth0:10", "Active")
		if last := l.b.Group("hsrp:eth0:10").LastTransition; last.Cause != "peer-resigned" {
			t.Errorf("b is active by %s", last.Cause)
		}
		g := l.a.Group("hsrp:eth0:10")
		if want := "IPv4 forwarding is switched off: set net/ipv4/ip_forward = 1"; g.Obstacle != want || g.LastTransition.Cause != "forwarding-off" {
			t.Errorf("obstacle %q after %s, want %q", g.Obstacle, g.LastTransition.Cause, want)
		}
		l.a.WaitState("vrrp6:eth0:20", "Active") // another family
		l.mustPing(fhrptest.HostIP)
		must(t, l.a.NS.Sysctl(setting, "1"))
		l.a.WaitState("hsrp:eth0:10", "Standby")
		l.b.Stop()
		l.a.WaitState("hsrp:eth0:10", "Active")
	})
}

func TestDeletedFilterEntryIsPutBack(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(underneath)
		l.Settled(l.a, l.b)
		for _, g := range l.Gateways {
			for n := range 2 {
				must(t, deleteFilterEntry(g.NS, lanDev, mac2))
				mends(g, status.Restored{Filter: uint64(n + 1)}, "virtual MAC "+mac2.String()+" was taken from the unicast filter by somebody else; put back")
				if !inFilter(t, g.NS, lanDev, mac2) {
					t.Errorf("%s is not in the filter of %s", mac2, g.Name)
				}
			}
			diagnosed(g, "restored", lanDev, true)
		}
		l.mustPing(vip, fhrptest.HostIP)
		checkNoMove(t, l.a)
	})
}

// deleteFilterEntry is bridge fdb del MAC dev DEV self.
func deleteFilterEntry(ns *netlab.NS, dev string, mac hello.MAC) error {
	link, err := ns.Netlink().LinkByName(dev)
	if err != nil {
		return err
	}
	return ns.Netlink().NeighDel(&netlink.Neigh{
		LinkIndex: link.Attrs().Index, Family: unix.AF_BRIDGE, Flags: netlink.NTF_SELF,
		State: netlink.NUD_PERMANENT, HardwareAddr: mac[:],
	})
}

func inFilter(t testing.TB, ns *netlab.NS, dev string, mac hello.MAC) bool {
	t.Helper()
	link, err := ns.Netlink().LinkByName(dev)
	must(t, err)
	list, err := ns.Neighbors(link.Attrs().Index, unix.AF_BRIDGE)
	must(t, err)
	return slices.ContainsFunc(list, func(n netlink.Neigh) bool {
		return n.Flags&netlink.NTF_SELF != 0 && hello.MAC(n.HardwareAddr) == mac
	})
}

// What a host learns of an address of another network is the virtual router's, and
// outlives the router that answered (RFC 2281 section 6.4).
func TestAnswersForOthersOutliveTheRouter(t *testing.T) {
	const proxyARP = "net/ipv4/conf/eth0/proxy_arp"
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(underneath)
		must(t, l.Client.AddRoute(netip.PrefixFrom(fhrptest.HostIP, 32), netip.Addr{}, lanDev))
		for _, g := range l.Gateways {
			must(t, g.NS.Sysctl("net/ipv4/neigh/eth0/proxy_delay", "0"))
			must(t, g.NS.Sysctl(proxyARP, "1"))
		}
		l.Eventually("one answer, with the virtual MAC", func() bool {
			return slices.Equal(l.whoAnswers(fhrptest.HostIP), []hello.MAC{mac2})
		})
		for _, g := range l.Gateways {
			if got := l.whoAnswers(g.IP); !slices.Equal(got, []hello.MAC{g.MAC}) {
				t.Errorf("%v answer for %s itself, want %v", got, g.Name, g.MAC)
			}
			diagnosed(g, "proxy-arp", proxyARP, false)
			checked(g, "")
		}
		l.mustPing(fhrptest.HostIP)
		l.checkEntry(fhrptest.HostIP, mac2)
		l.keep(l.Client, fhrptest.HostIP, mac2, unix.NUD_PERMANENT) // a host that never asks again
		l.lose()
		l.mustPing(fhrptest.HostIP)
	})
}

// Of other answers for others the kernel does not tell. Who looks is told.
func TestProxyNeighborIsFound(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(underneath)
		must(t, l.b.NS.Sysctl("net/ipv4/neigh/eth0/proxy_delay", "0"))
		checked(l.b, "")
		link, err := l.b.NS.Netlink().LinkByName(lanDev)
		must(t, err)
		must(t, l.b.NS.Netlink().NeighAdd(&netlink.Neigh{
			LinkIndex: link.Attrs().Index, Family: unix.AF_INET, Flags: netlink.NTF_PROXY, IP: fhrptest.HostIP.AsSlice(),
		}))
		if d := cmp.Diff([]hello.MAC{l.b.MAC}, l.whoAnswers(fhrptest.HostIP)); d != "" {
			t.Errorf("with a proxy entry on the standby (-want +got):\n%s", d)
		}
		diagnosed(l.b, "proxy-neighbor", lanDev, true)
		checked(l.b, "eth0: answers for "+fhrptest.HostIP.String()+": ")
	})
}

// Nothing reaches a router on the port of a bridge.
func TestPortOfABridgeIsToldBefore(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.start(hsrp1)
		checked(l.a, "")
		diagnosed(l.a, "enslaved", lanDev, false)
		must(t, l.a.NS.Bridge("br0", lanDev))
		checked(l.a, "hsrp:eth0:10: eth0 is a port of bridge br0, which takes its frames")
		diagnosed(l.a, "enslaved", lanDev, true)
		l.Eventually("the obstacle", func() bool {
			return l.a.Answer().Groups[0].Obstacle == "eth0 is a port of bridge br0, which takes its frames"
		})
		l.b.WaitAll("Active")
	})
}

// whoAnswers returns the MACs in the answers to an ARP request.
func (l *lan) whoAnswers(a netip.Addr) (macs []hello.MAC) {
	l.t.Helper()
	for _, a := range l.answers(a) {
		macs = append(macs, a.MAC)
	}
	return macs
}

// checked wants fhrpd check to accept the file, and to warn of this alone.
func checked(g *gateway, warning string) {
	g.T.Helper()
	out, exit := fhrptest.Run(g.T, g.NS, "check", "--config", g.Path("fhrpd.toml"))
	if n := strings.Count(out, "warning: "); exit != 0 || (n > 0) != (warning != "") || n > 1 || !strings.Contains(out, warning) {
		g.T.Errorf("check: exit %d, want 0 and the warning %q\n%s", exit, warning, out)
	}
}
