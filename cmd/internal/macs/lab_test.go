package macs

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/links"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/skip"
)

func TestMain(m *testing.M) { netlab.Main(m) }

const patience = 15 * time.Second

var (
	neighborMAC, guestMAC = mac(0x99), mac(0x61)
	neighborIP, guestIP   = netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("192.0.2.61")
)

// site is a neighbour on a switch, and a host with a guest that has two cables
// to the switch of which its bridge uses one.
type site struct {
	t                          *testing.T
	neighbor, sw, host, inside *netlab.NS
}

func newSite(t *testing.T) *site {
	netlab.Need(t)
	s := &site{t: t, neighbor: netlab.ForTest(t), sw: netlab.ForTest(t), host: netlab.ForTest(t), inside: netlab.ForTest(t)}
	must(t, netlab.Veth(netlab.End{NS: s.neighbor, Name: "eth0", MAC: neighborMAC}, netlab.End{NS: s.sw, Name: "r"}))
	must(t, netlab.Veth(netlab.End{NS: s.host, Name: "up0", MAC: mac(0xa0)}, netlab.End{NS: s.sw, Name: "p0"}))
	must(t, netlab.Veth(netlab.End{NS: s.host, Name: "up1", MAC: mac(0xa1)}, netlab.End{NS: s.sw, Name: "p1"}))
	must(t, netlab.Veth(netlab.End{NS: s.host, Name: "vif", MAC: mac(0xf1)}, netlab.End{NS: s.inside, Name: "eth0", MAC: guestMAC}))
	for _, ns := range []*netlab.NS{s.neighbor, s.inside} {
		must(t, ns.Sysctl("net/ipv6/conf/eth0/disable_ipv6", "1")) // it would not be silent
	}
	must(t, s.sw.Bridge("lan", "r", "p0", "p1"))
	must(t, s.host.Sysctl("net/ipv6/conf/up1/disable_ipv6", "1"))
	must(t, s.host.Bridge("hb", "up0", "vif"))
	must(t, s.neighbor.AddAddr("eth0", netip.PrefixFrom(neighborIP, 24)))
	must(t, s.inside.AddAddr("eth0", netip.PrefixFrom(guestIP, 24)))
	for _, dev := range []string{"r", "p0", "p1"} {
		s.forwarding(s.sw, dev)
	}
	s.forwarding(s.host, "up0")
	s.forwarding(s.host, "vif")
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *site) eventually(what string, cond func() bool) {
	s.t.Helper()
	if err := netlab.Eventually(s.t.Context(), patience, cond); err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
}

// forwarding waits until a bridge's port forwards.
func (s *site) forwarding(ns *netlab.NS, dev string) {
	s.t.Helper()
	s.eventually(dev+" forwards", func() bool {
		var list []links.Link
		must(s.t, ns.Do(func() (err error) { list, err = links.List(); return err }))
		l, ok := links.ByName(list, dev)
		return ok && l.Carrier && l.PortState == links.PortForwarding
	})
}

// pin gives ns a neighbour that it never asks for again, so that no ARP heals
// what is being shown.
func (s *site) pin(ns *netlab.NS, ip netip.Addr, mac hello.MAC) {
	s.t.Helper()
	must(s.t, ns.SetNeighbor("eth0", ip, mac, unix.NUD_PERMANENT))
}

// reaches reports whether a datagram from the neighbour reaches the guest within
// wait. The guest answers nothing.
func (s *site) reaches(wait time.Duration) bool {
	s.t.Helper()
	to := net.JoinHostPort(guestIP.String(), "9")
	in, err := s.inside.ListenPacket("udp", to)
	must(s.t, err)
	defer in.Close()
	out, err := s.neighbor.Dial(s.t.Context(), "udp", to)
	must(s.t, err)
	defer out.Close()
	_, err = out.Write([]byte("over"))
	must(s.t, err)
	must(s.t, in.SetReadDeadline(time.Now().Add(wait)))
	_, _, err = in.ReadFrom(make([]byte, 16))
	return err == nil
}

// speak makes the guest known to the switch by a datagram.
func (s *site) speak() {
	s.t.Helper()
	conn, err := s.inside.Dial(s.t.Context(), "udp", net.JoinHostPort(neighborIP.String(), "9"))
	must(s.t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("here"))
	must(s.t, err)
}

// move puts the other cable into the host's bridge; both stay up.
func (s *site) move(from, to string) {
	s.t.Helper()
	h := s.host.Netlink()
	was, err := h.LinkByName(from)
	must(s.t, err)
	now, err := h.LinkByName(to)
	must(s.t, err)
	hb, err := h.LinkByName("hb")
	must(s.t, err)
	must(s.t, h.LinkSetNoMaster(was))
	must(s.t, h.LinkSetMaster(now, hb))
	s.forwarding(s.host, to)
}

func (s *site) port(m hello.MAC) string {
	s.t.Helper()
	port, _, err := s.sw.FDBPort("lan", m)
	must(s.t, err)
	return port
}

func (s *site) announce(o Options) Report {
	s.t.Helper()
	var r Report
	must(s.t, s.host.Do(func() (err error) { r, err = Announce(s.t.Context(), o); return err }))
	return r
}

// A bridge's uplink is moved by hand without loss of link: the switch goes on
// sending to the old port until a frame with each guest's MAC comes out of the
// new one. The frame uses 0.0.0.0, which must teach nobody anything else.
func TestSwitchRelearnsSilentGuestsAfterUplinkMove(t *testing.T) {
	for _, form := range []garp.Form{garp.FormARP0, garp.FormRARP, garp.FormDummyMulticast} {
		t.Run(string(form), func(t *testing.T) { relearns(t, form) })
	}
}

func relearns(t *testing.T, form garp.Form) {
	s := newSite(t)
	s.pin(s.neighbor, guestIP, guestMAC)
	s.pin(s.inside, neighborIP, neighborMAC)
	s.speak()
	s.eventually("the switch learns the guest", func() bool { return s.port(guestMAC) == "p0" })
	if !s.reaches(patience) {
		t.Fatal("the guest is not reached before the move")
	}

	s.move("up0", "up1")
	if s.reaches(300*time.Millisecond) || s.port(guestMAC) != "p0" {
		t.Fatal("the switch knows of the move by itself: nothing is being shown")
	}
	plan := s.announce(Options{Devs: []string{"up0", "up1"}, Bridge: "hb", Form: form, DryRun: true})
	if len(plan.Items) == 0 || plan.Sent != 0 || s.port(guestMAC) != "p0" {
		t.Fatalf("a dry run did something: %+v", plan)
	}

	seen, err := s.neighbor.Capture("eth0", netlab.CaptureOptions{})
	must(t, err)
	defer seen.Close()
	r := s.announce(Options{Devs: []string{"up0", "up1"}, Bridge: "hb", Form: form})
	// The bridge has taken over the MAC of its port.
	if r.Sent != len(r.Items) || short(r.Items) != "a1>up1 61>up1" {
		t.Errorf("announced %s (%d sent)", short(r.Items), r.Sent)
	}
	s.eventually("the switch learns the new port", func() bool { return s.port(guestMAC) == "p1" })
	if !s.reaches(patience) {
		t.Error("the guest is not reached after the announcement")
	}
	if got, ok, err := s.neighbor.ARPEntry("eth0", netip.IPv4Unspecified()); ok || err != nil {
		t.Errorf("the neighbour has learned 0.0.0.0 at %s, %v", got, err)
	}
	s.eventually("the neighbour sees every frame", func() bool { return len(seen.Frames()) >= r.Sent })
}

// The macvlan of a standby is on the bridge, and another router's virtual MAC
// is behind a guest's port.
func TestStandbysVirtualMACIsNeverAnnounced(t *testing.T) {
	s := newSite(t)
	h := s.host.Netlink()
	hb, err := h.LinkByName("hb")
	must(t, err)
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.ParentIndex, attrs.HardwareAddr = "vrrp-20", hb.Attrs().Index, vrrp20.HardwareAddr()
	must(t, h.LinkAdd(&netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_BRIDGE}))
	vif, err := h.LinkByName("vif")
	must(t, err)
	must(t, h.NeighSet(&netlink.Neigh{
		Family: unix.AF_BRIDGE, LinkIndex: vif.Attrs().Index, HardwareAddr: hsrp10.HardwareAddr(), Flags: netlink.NTF_MASTER, State: unix.NUD_NOARP,
	}))
	seen, err := s.sw.Capture("p0", netlab.CaptureOptions{})
	must(t, err)
	defer seen.Close()
	r := s.announce(Options{Devs: []string{"up0"}})
	_, err = seen.WaitFor(func(f netlab.Frame) bool { return !f.Sent && hello.MAC(f.Data[6:12]) == r.Items[len(r.Items)-1].MAC }, patience)
	must(t, err)
	for _, f := range seen.Frames() {
		if _, virtual := hello.VirtualRouterOf(hello.MAC(f.Data[6:12])); virtual {
			t.Errorf("a frame from %s", hello.MAC(f.Data[6:12]))
		}
	}
	if len(r.Skipped) != 2 {
		t.Errorf("skipped %+v, want both virtual MACs", r.Skipped)
	}
}

func TestVLANsOfGuestsAreAnnouncedWithTheirTag(t *testing.T) {
	s := newSite(t)
	for _, v := range []struct {
		ns       *netlab.NS
		br, port string
		untagged bool
	}{{s.host, "hb", "vif", true}, {s.host, "hb", "up0", false}, {s.sw, "lan", "p0", false}} {
		h := v.ns.Netlink()
		if err := v.ns.FilterVLANs(v.br); errors.Is(err, unix.EOPNOTSUPP) {
			skip.Regardless(t, "the bridges of this kernel do not filter VLANs (CONFIG_BRIDGE_VLAN_FILTERING)")
		} else {
			must(t, err)
		}
		port, err := h.LinkByName(v.port)
		must(t, err)
		must(t, h.BridgeVlanAdd(port, 10, v.untagged, v.untagged, false, true))
	}
	s.pin(s.inside, neighborIP, neighborMAC)
	s.speak()
	learned := func() (vlan int) {
		list, err := s.sw.Neighbors(0, unix.AF_BRIDGE)
		must(t, err)
		for _, e := range list {
			if hello.MACFrom(e.HardwareAddr) == guestMAC {
				vlan = e.Vlan
			}
		}
		return vlan
	}
	s.eventually("the switch learns the guest in VLAN 10", func() bool { return learned() == 10 })
	// Whatever it knew, it has to know it from the announcement.
	must(t, s.sw.LinkDown("p0"))
	s.eventually("the switch forgets", func() bool { return learned() == 0 })
	must(t, s.sw.LinkUp("p0"))
	s.forwarding(s.sw, "p0")
	s.forwarding(s.host, "up0")
	r := s.announce(Options{Devs: []string{"up0"}})
	if !strings.Contains(short(r.Items), "61.10>up0") {
		t.Fatalf("announced %s", short(r.Items))
	}
	s.eventually("the switch learns the guest in VLAN 10 again", func() bool { return learned() == 10 })
}

func TestFramesLeaveWithTheirTag(t *testing.T) {
	s := newSite(t)
	left, err := s.host.Capture("up0", netlab.CaptureOptions{})
	must(t, err)
	defer left.Close()
	must(t, s.host.Do(func() error {
		p := ports{}
		defer p.close()
		_, err := send(t.Context(), []Item{{MAC: guestMAC, VLAN: 10, Out: "up0"}}, garp.FormARP0, 1, p.send)
		return err
	}))
	_, err = left.WaitFor(func(f netlab.Frame) bool {
		return f.Sent && hello.MAC(f.Data[6:12]) == guestMAC && binary.BigEndian.Uint32(f.Data[12:]) == 0x8100<<16|10
	}, patience)
	must(t, err)
}

func TestWatchTellsOfMovesAndOfCarriers(t *testing.T) {
	s := newSite(t)
	ctx, cancel := context.WithCancel(t.Context())
	reasons := make(chan string, 16)
	ended := make(chan error, 1)
	go func() {
		ended <- s.host.Do(func() error {
			return Watch(ctx, Options{Devs: []string{"up0", "up1"}, Bridge: "hb"}, func(string) {}, func(why string) { reasons <- why })
		})
	}()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("watch ended: %v", err)
		}
	}()
	// Reasons for what came before may be told late.
	expect := func(want string, cause func()) {
		t.Helper()
		for range 10 {
			cause()
			for again := time.After(2 * time.Second); again != nil; {
				select {
				case why := <-reasons:
					if strings.Contains(why, want) {
						return
					}
				case <-again:
					again = nil
				}
			}
		}
		t.Fatalf("not told of %q", want)
	}
	// The watch may not have begun when the first carrier goes; the causes can
	// be repeated.
	expect("up0 ", func() {
		must(t, s.sw.LinkDown("p0"))
		must(t, s.sw.LinkUp("p0"))
	})
	s.forwarding(s.host, "up0")
	expect("up1 is an uplink now", func() { s.move("up0", "up1") })
}
