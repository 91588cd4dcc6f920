package vip

import (
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/hello/wire"
)

// Nothing leaves the interface because of a virtual address but what every IPv6
// address makes the kernel do, also when it is only extended: it reports the groups
// that the interface is in once more, as the host. It does not check the address for
// duplicates, which would make it wait, and joins or leaves no group with it.
func TestAddressesComeAndGoSilently(t *testing.T) {
	l := newLab(t, "ipv6/conf/default/accept_dad=1", "ipv6/conf/default/dad_transmits=1",
		"ipv6/conf/default/router_solicitation_delay=0") // checks begin at once
	setSysctl(t, "ipv6/conf/eth0/mldv2_unsolicited_report_interval=10")
	iface := l.open(Options{})
	ok(t, iface.Add(10, router10))
	groups := groupsJoined(t, "eth0")
	for receive(t, l.lan, 0) != nil { // the checks of the host's addresses
	}
	checkFlags := func(when string) {
		t.Helper()
		list := onEth0(t)
		for _, a := range router10.Addrs {
			got, there := list[a]
			if !there || got.Flags&(unix.IFA_F_TENTATIVE|unix.IFA_F_DADFAILED) != 0 || a.Is6() && got.Flags&unix.IFA_F_NODAD == 0 {
				t.Errorf("%s: %v is on the interface: %v, with flags %#x", when, a, there, got.Flags)
			}
		}
	}
	for _, step := range []struct {
		when, control string
		change        func()
		there         bool
	}{
		{"standby", "2001:db8::71", func() {}, false},
		{"promoted", "2001:db8::72", func() {
			mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}}, nil)
			ok(t, iface.Address([]ID{10}, nil))
		}, true},
		{"kept", "2001:db8::73", func() { ok(t, iface.Keep()) }, true},
		{"demoted", "2001:db8::74", func() {
			mustGate(t, iface, nil, []ID{10})
			ok(t, iface.Address(nil, []ID{10}))
		}, false},
	} {
		if step.change(); step.there {
			checkFlags(step.when)
		}
		l.checkSilent(step.when, netip.MustParseAddr(step.control), groups)
		if step.there {
			checkFlags(step.when + ", and a moment later")
		}
	}
}

// checkSilent gives eth0 another address of the host, and fails if anything leaves it
// besides the kernel's check of that one and its reports of the groups. What the kernel
// had to do before would be over when these are seen.
func (l *lab) checkSilent(when string, control netip.Addr, groups map[netip.Addr]bool) {
	l.t.Helper()
	ok(l.t, netlink.AddrAdd(link(l.t, "eth0"), &netlink.Addr{IPNet: netlink.NewIPNet(control.AsSlice())}))
	groups[wire.SolicitedNode(control)] = true
	own := l.ownLinkLocal()
	asked, reported := false, false
	until(l.t, patience, "check and report of "+control.String(), func() bool {
		for b := receive(l.t, l.lan, 0); b != nil; b = receive(l.t, l.lan, 0) {
			of := groupsKept(b, own)
			if typ, target, is := neighborDiscovery(b); is && typ == wire.ICMPv6NeighborSolicitation && target == control {
				asked = true
			} else if len(of) == 0 || [6]byte(b[6:]) != l.own {
				l.t.Errorf("%s: % x has left the interface", when, b)
			}
			for _, g := range of {
				reported = reported || g == wire.SolicitedNode(control)
				if !groups[g] {
					l.t.Errorf("%s: the interface has joined %v", when, g)
				}
			}
		}
		return asked && reported
	})
}

// ownLinkLocal returns the link-local address that the kernel gave eth0.
func (l *lab) ownLinkLocal() netip.Addr {
	l.t.Helper()
	h, err := newLister()
	ok(l.t, err)
	defer h.close()
	state, err := readLink(h, "eth0")
	ok(l.t, err)
	return state.LinkLocal
}

// groupsKept returns the groups that a frame tells of if it is an MLDv2 report (RFC
// 3810 section 5.2) from an address, and no group is left with it.
func groupsKept(b []byte, from netip.Addr) (groups []netip.Addr) {
	const ethernet, ip, hopByHop, header, record = 14, 40, 8, 8, 20
	const report, toExclude = 143, 4
	if len(b) < ethernet+ip+hopByHop+header || wire.EtherType(b) != wire.EtherTypeIPv6 {
		return nil
	}
	source, next, m := netip.AddrFrom16([16]byte(b[ethernet+8:])), b[ethernet+6], b[ethernet+ip+hopByHop:]
	if source != from || next != 0 || m[0] != report {
		return nil
	}
	for r := m[header:]; len(r) >= record; r = r[record:] { // the kernel's have no sources
		if r[0] != toExclude {
			return nil
		}
		groups = append(groups, netip.AddrFrom16([16]byte(r[4:])))
	}
	return groups
}
