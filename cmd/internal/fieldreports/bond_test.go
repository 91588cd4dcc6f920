package fieldreports

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/macs"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
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

func (s *segment) newHost() *host {
	s.t.Helper()
	h := &host{
		Daemon: fhrptest.NewDaemon(s.t, netlab.ForTest(s.t), "host"),
		mac:    hello.MAC{2, 0, 0, 0, 8, 0}, ip: netip.MustParseAddr("192.168.1.50"),
	}
	for _, n := range []string{"1", "2"} {
		must(s.t, netlab.Veth(netlab.End{NS: h.NS, Name: "up" + n}, netlab.End{NS: s.sw, Name: "h" + n}))
		s.silence(h.NS, "up"+n)
		s.silence(s.sw, "h"+n)
		s.plug(s.sw, "h"+n, "lan")
	}
	must(s.t, h.NS.Bridge(hostBridge, "up1"))
	bridge, err := h.NS.Netlink().LinkByName(hostBridge)
	must(s.t, err)
	must(s.t, h.NS.Netlink().LinkSetHardwareAddr(bridge, h.mac.HardwareAddr()))
	must(s.t, h.NS.AddAddr(hostBridge, netip.PrefixFrom(h.ip, 24)))
	s.keep(s.r, h.ip, h.mac, unix.NUD_PERMANENT)
	h.addGuest(s, "192.168.1.51", 1)
	h.addGuest(s, "192.168.1.52", 2)
	h.second, err = s.sw.Capture("h2", netlab.CaptureOptions{Keep: func(f netlab.Frame) bool { return !f.Sent }})
	must(s.t, err)
	s.t.Cleanup(func() { h.second.Close() })
	return h
}

func (h *host) addGuest(s *segment, ip string, n byte) {
	s.t.Helper()
	guest, port := netlab.ForTest(s.t), "v"+string('0'+n)
	mac := hello.MAC{2, 0, 0, 0, 8, n}
	must(s.t, netlab.Veth(netlab.End{NS: guest, Name: dev, MAC: mac}, netlab.End{NS: h.NS, Name: port}))
	s.silence(guest, dev)
	s.silence(h.NS, port)
	s.plug(h.NS, port, hostBridge)
	a := netip.MustParseAddr(ip)
	must(s.t, guest.AddAddr(dev, netip.PrefixFrom(a, 24)))
	s.keep(guest, rIP, rMAC, unix.NUD_PERMANENT)
	s.keep(s.r, a, mac, unix.NUD_PERMANENT)
	h.guests, h.guest = append(h.guests, a), guest
}

func (s *segment) silence(ns *netlab.NS, dev string) {
	s.t.Helper()
	must(s.t, ns.Sysctl("net/ipv6/conf/"+dev+"/disable_ipv6", "1"))
}

func (s *segment) plug(ns *netlab.NS, port, bridge string) {
	s.t.Helper()
	p, err := ns.Netlink().LinkByName(port)
	must(s.t, err)
	b, err := ns.Netlink().LinkByName(bridge)
	must(s.t, err)
	must(s.t, ns.Netlink().LinkSetMaster(p, b))
}

// move puts the second uplink in the place of the first; both stay up, so that
// the switch notices nothing.
func (h *host) move(s *segment) {
	s.t.Helper()
	first, err := h.NS.Netlink().LinkByName("up1")
	must(s.t, err)
	must(s.t, h.NS.Netlink().LinkSetNoMaster(first))
	s.plug(h.NS, "up2", hostBridge)
}

func TestBondSwitchAnnouncesEveryMAC(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"arp0", "rarp", "dummy-mcast"} {
		t.Run(form, func(t *testing.T) {
			scenario(t, func(t testing.TB) {
				s := newSegment(t)
				h := s.newHost()
				for _, g := range h.guests {
					s.reaches(true, s.r, anybody, g)
				}
				h.move(s)
				for _, g := range h.guests {
					s.reaches(false, s.r, anybody, g)
				}
				out, exit := h.Command("announce-macs", "--dev", "up2", "--bridge", hostBridge, "--form", form)
				if exit != 0 {
					t.Fatalf("announce-macs ends with %d\n%s", exit, out)
				}
				for _, g := range append(h.guests, h.ip) {
					s.reaches(true, s.r, anybody, g)
				}
				s.checkNoEntryForNobody()
			})
		})
	}
}

// checkNoEntryForNobody proves that the frames have put nothing into the table
// of r, whatever the state of the entry.
func (s *segment) checkNoEntryForNobody() {
	s.t.Helper()
	list, err := s.r.Neighbors(0, netlink.FAMILY_V4)
	must(s.t, err)
	for _, e := range list {
		if e.IP.IsUnspecified() {
			s.t.Errorf("r has an entry for %s at %s", e.IP, e.HardwareAddr)
		}
	}
}

// onBridge is the daemon's group on the host's bridge.
var onBridge = strings.Replace(hsrp2[:strings.Index(hsrp2, "[hsrp.announce]")], dev, hostBridge, 1)

// The frames of a host are its own: a virtual MAC whose group is active
// elsewhere is not among them, although the host's bridge has learned it.
func TestBondSwitchLeavesTheVirtualMACOfAStandbyAlone(t *testing.T) {
	scenario(t, func(t testing.TB) {
		s := newSegment(t)
		h := s.newHost()
		s.g1.StartAs(strings.Replace(onBridge, hostBridge, dev, 1), 110)
		s.g1.WaitAll("Active")
		h.Start(strings.ReplaceAll(onBridge, "PRIORITY", "100"))
		h.WaitAll("Standby")
		h.move(s)
		h.Eventually("the bridge has learned the virtual MAC", func() bool {
			port, _, err := h.NS.FDBPort(hostBridge, hsrpMAC)
			return err == nil && port == "up2"
		})
		h.checkAnnounced(t, false)

		// With the role its virtual MAC is announced like the others.
		must(t, s.g1.NS.LinkDown(dev))
		h.WaitAll("Active")
		h.checkAnnounced(t, true)
	})
}

// A guest is a router that held the role and may have lost it: nobody but the
// guest knows, so its virtual MAC is left alone.
func TestBondSwitchLeavesTheVirtualMACOfAGuestAlone(t *testing.T) {
	scenario(t, func(t testing.TB) {
		s := newSegment(t)
		h := s.newHost()
		said, err := garp.FDBRefresh(hsrpMAC, garp.FormARP0, 0)
		must(t, err)
		must(t, h.guest.Send(dev, said))
		h.Eventually("the bridge has learned the virtual MAC", func() bool {
			port, _, err := h.NS.FDBPort(hostBridge, hsrpMAC)
			return err == nil && port == "v2"
		})
		h.move(s)
		h.checkAnnounced(t, false)
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
			if a, ok := arp(f); ok && a.SenderIP.IsUnspecified() && !f.At.Before(began) {
				from = append(from, source(f))
			}
		}
		return len(from) >= report.Sent && (!want || slices.Contains(from, hsrpMAC))
	})
	if !slices.Contains(from, h.mac) {
		t.Errorf("the host's own MAC was not announced, only %s", from)
	}
	if !want && slices.Contains(from, hsrpMAC) {
		t.Errorf("the virtual MAC was announced\n%s", out)
	}
}
