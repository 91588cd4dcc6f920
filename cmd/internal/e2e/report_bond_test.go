package e2e

import (
	"encoding/json"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/macs"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// host is a machine with a bridge for its guests and two uplinks to the switch,
// of which the first is in use. Its guests never speak unasked.
type host struct {
	*fhrptest.Daemon
	mac    hello.MAC
	ip     netip.Addr
	guests []netip.Addr
	guest  *netlab.NS      // the last of them
	second *netlab.Capture // the switch's side of the second uplink
}

const hostBridge = "br0"

func (l *lan) newHost() *host {
	l.t.Helper()
	h := &host{
		Daemon: fhrptest.NewDaemon(l.t, netlab.ForTest(l.t), "host"),
		mac:    hello.MAC{2, 0, 0, 0, 8, 0}, ip: netip.MustParseAddr("192.168.1.50"),
	}
	for _, n := range []string{"1", "2"} {
		must(l.t, netlab.Veth(netlab.End{NS: h.NS, Name: "up" + n}, netlab.End{NS: l.Switch, Name: "h" + n}))
		must(l.t, l.Switch.Join("h"+n, "lan"))
	}
	must(l.t, h.NS.Bridge(hostBridge, "up1", "up2"))
	must(l.t, h.NS.Leave("up2"))
	bridge, err := h.NS.Netlink().LinkByName(hostBridge)
	must(l.t, err)
	must(l.t, h.NS.Netlink().LinkSetHardwareAddr(bridge, h.mac.HardwareAddr()))
	l.Address(h.NS, hostBridge, h.ip)
	l.keep(l.Client, h.ip, h.mac, unix.NUD_PERMANENT)
	h.addGuest(l, "192.168.1.51", 1)
	h.addGuest(l, "192.168.1.52", 2)
	h.second = l.Capture(l.Switch, "h2", func(f netlab.Frame) bool { return !f.Sent })
	return h
}

func (h *host) addGuest(l *lan, ip string, n byte) {
	l.t.Helper()
	guest, port := netlab.ForTest(l.t), "v"+string('0'+n)
	mac := hello.MAC{2, 0, 0, 0, 8, n}
	must(l.t, netlab.Veth(netlab.End{NS: guest, Name: lanDev, MAC: mac}, netlab.End{NS: h.NS, Name: port}))
	must(l.t, guest.Sysctl("net/ipv6/conf/"+lanDev+"/disable_ipv6", "1"))
	must(l.t, h.NS.Join(port, hostBridge))
	a := netip.MustParseAddr(ip)
	l.Address(guest, lanDev, a)
	l.keep(guest, fhrptest.ClientIP, fhrptest.ClientMAC, unix.NUD_PERMANENT)
	l.keep(l.Client, a, mac, unix.NUD_PERMANENT)
	h.guests, h.guest = append(h.guests, a), guest
}

// move puts the second uplink in the place of the first; both stay up, so that
// the switch notices nothing.
func (h *host) move(l *lan) {
	l.t.Helper()
	must(l.t, h.NS.Leave("up1"))
	must(l.t, h.NS.Join("up2", hostBridge))
}

func TestBondSwitchAnnouncesEveryMAC(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"arp0", "rarp", "dummy-mcast"} {
		t.Run(form, func(t *testing.T) {
			fieldScenario(t, func(t testing.TB, l *lan) {
				h := l.newHost()
				for _, g := range h.guests {
					l.reaches(true, l.Client, anybody, g)
				}
				h.move(l)
				for _, g := range h.guests {
					l.reaches(false, l.Client, anybody, g)
				}
				out, exit := h.Command("announce-macs", "--dev", "up2", "--bridge", hostBridge, "--form", form)
				if exit != 0 {
					t.Fatalf("announce-macs ends with %d\n%s", exit, out)
				}
				for _, g := range append(h.guests, h.ip) {
					l.reaches(true, l.Client, anybody, g)
				}
				l.checkNoEntryForNobody()
			})
		})
	}
}

// checkNoEntryForNobody proves that the frames have put nothing into the
// client's table, whatever the state of the entry.
func (l *lan) checkNoEntryForNobody() {
	l.t.Helper()
	list, err := l.Client.Neighbors(0, netlink.FAMILY_V4)
	must(l.t, err)
	for _, e := range list {
		if e.IP.IsUnspecified() {
			l.t.Errorf("the client has an entry for %s at %s", e.IP, e.HardwareAddr)
		}
	}
}

// The frames of a host are its own: a virtual MAC whose group is active
// elsewhere is not among them, although the host's bridge has learned it.
func TestBondSwitchLeavesTheVirtualMACOfAStandbyAlone(t *testing.T) {
	fieldScenario(t, func(t testing.TB, l *lan) {
		h := l.newHost()
		group := hsrpTable(2, address4, subSecond)
		l.a.StartAs(group, 110)
		l.a.WaitAll("Active")
		h.StartAs(strings.Replace(group, lanDev, hostBridge, 1), 100)
		h.WaitAll("Standby")
		h.move(l)
		h.Eventually("the bridge has learned the virtual MAC", func() bool {
			port, _, err := h.NS.FDBPort(hostBridge, mac2)
			return err == nil && port == "up2"
		})
		h.checkAnnounced(t, false)

		// With the role its virtual MAC is announced like the others.
		l.a.LinkDown()
		h.WaitAll("Active")
		h.checkAnnounced(t, true)
	})
}

// A guest is a router that held the role and may have lost it: nobody but the
// guest knows, so its virtual MAC is left alone.
func TestBondSwitchLeavesTheVirtualMACOfAGuestAlone(t *testing.T) {
	fieldScenario(t, func(t testing.TB, l *lan) {
		h := l.newHost()
		said, err := garp.FDBRefresh(mac2, garp.FormARP0, 0)
		must(t, err)
		must(t, h.guest.Send(lanDev, said))
		h.Eventually("the bridge has learned the virtual MAC", func() bool {
			port, _, err := h.NS.FDBPort(hostBridge, mac2)
			return err == nil && port == "v2"
		})
		h.move(l)
		h.checkAnnounced(t, false)
	})
}

// What a reload brings is followed like what was there at the start.
func TestInterfaceOfAReloadIsFollowed(t *testing.T) {
	fieldScenario(t, func(t testing.TB, l *lan) {
		h := l.newHost()
		l.Address(h.NS, "up2", netip.MustParseAddr("192.168.1.60"))
		uplink, err := h.NS.Netlink().LinkByName("up2")
		must(t, err)
		must(t, h.NS.Netlink().RouteAdd(&netlink.Route{LinkIndex: uplink.Attrs().Index, Gw: fhrptest.ClientIP.AsSlice()}))
		group := hsrpTable(2, address4, subSecond)
		on := func(dev string) string { return strings.NewReplacer(lanDev, dev, "PRIORITY", "100").Replace(group) }
		h.Start(on("eth9"))
		h.WaitAll("Init")
		must(t, os.WriteFile(h.Path("fhrpd.toml"), []byte(on("up2")), 0o600))
		if out, exit := h.Command("reload"); exit != 0 {
			t.Fatalf("reload ends with %d\n%s", exit, out)
		}
		h.WaitAll("Active")
		if log := h.File("daemon.log"); strings.Contains(log, "up2 does not exist") {
			t.Errorf("says that an interface which is there is not\n%s", log)
		}
		h.Eventually("the gateway among those to whom a takeover is proven", func() bool {
			return slices.ContainsFunc(h.Report().Groups[0].Takeover, func(p status.Takeover) bool { return p.Address == fhrptest.ClientIP.String() })
		})
		must(t, l.Switch.LinkDown("h2"))
		must(t, l.Switch.LinkUp("h2"))
		h.Eventually("the interface's own MAC on its cable", func() bool {
			return slices.ContainsFunc(h.second.Frames(), func(f netlab.Frame) bool {
				return fromNobody(f) && f.Source() == hello.MACFrom(uplink.Attrs().HardwareAddr)
			})
		})
	})
}

// checkAnnounced sends the frames and looks whether the virtual MAC is among
// those that leave through the second uplink.
func (h *host) checkAnnounced(t testing.TB, want bool) {
	t.Helper()
	began := time.Now()
	out, exit := h.Command("announce-macs", "--dev", "up2", "--json")
	var report macs.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || exit != 0 {
		t.Fatalf("announce-macs ends with %d, %v\n%s", exit, err, out)
	}
	var from []hello.MAC
	h.Eventually("all frames that were sent", func() bool {
		from = nil
		for _, f := range h.second.Frames() {
			if fromNobody(f) && !f.At.Before(began) {
				from = append(from, f.Source())
			}
		}
		return len(from) >= report.Sent && (!want || slices.Contains(from, mac2))
	})
	if !slices.Contains(from, h.mac) {
		t.Errorf("the host's own MAC was not announced, only %s", from)
	}
	if !want && slices.Contains(from, mac2) {
		t.Errorf("the virtual MAC was announced\n%s", out)
	}
}
