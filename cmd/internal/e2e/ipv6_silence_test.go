package e2e

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// The standby's port for the whole of its life: nothing from the virtual MAC or
// a virtual address, and reports of the groups it is a member of all the same.
func TestStandbyIsSilentAndAMember(t *testing.T) {
	each(t, func(t testing.TB, l *lan, p protocol) {
		l.startInTurn(p.config())
		want := []netip.Addr{p.group, wire.SolicitedNode(p.local), wire.SolicitedNode(global)}
		for _, g := range l.Gateways {
			l.Eventually("reports of "+g.Name, func() bool {
				got := reported(g.Sent(time.Time{}))
				return !slices.ContainsFunc(want, func(a netip.Addr) bool { return len(got[a]) == 0 })
			})
			for group, macs := range reported(g.Sent(time.Time{})) {
				if !slices.Equal(macs, []hello.MAC{g.MAC}) {
					t.Errorf("%s reports %s from %v, want its own MAC %s", g.Name, group, macs, g.MAC)
				}
			}
		}
		l.mustPing(p.local, global)
		l.b.StopCleanly()
		for _, f := range l.b.Sent(time.Time{}) {
			m, _ := parseICMP(f)
			if f.Source() == p.mac || slices.Contains(p.addresses(), m.src) {
				t.Errorf("the standby sent %x", f.Data)
			}
		}
		if n := count(l.a.Sent(time.Time{}), and(from(p.mac), func(f netlab.Frame) bool {
			return is(reportV2)(f) || is(routerSolicitation)(f) || is(neighborSolicitation)(f) && !ordinary(f, p)
		})); n != 0 {
			t.Errorf("the active sent %d reports, router solicitations or checks for duplicates from the virtual MAC", n)
		}
	})
}

// ordinary reports whether a solicitation is a question, not a check for a
// duplicate (RFC 4862 section 5.4.2).
func ordinary(f netlab.Frame, p protocol) bool {
	_, n, err := garp.ParseND(f.Data)
	return err == nil && slices.Contains(p.addresses(), n.Src)
}

// snoop makes the switch pass multicast only to ports that have reported it:
// snooping needs a querier, and a querier that has had time for answers.
func (l *lan) snoop() {
	l.t.Helper()
	must(l.t, l.Switch.Sysctl("net/ipv6/conf/lan/disable_ipv6", "0"))
	l.WaitLinkLocal(l.Switch, "lan")
	const second = 100 // in ticks of the interface, whatever the kernel's are
	l.setBridge(nl.IFLA_BR_MCAST_QUERY_RESPONSE_INTVL, binary.NativeEndian.AppendUint64(nil, second))
	l.setBridge(nl.IFLA_BR_MCAST_SNOOPING, []byte{1})
	l.setBridge(nl.IFLA_BR_MCAST_QUERIER, []byte{1})
	l.Eventually("snooping in force", func() bool { return !l.floods() })
}

// setBridge sets an option of the switch.
func (l *lan) setBridge(option int, value []byte) {
	l.t.Helper()
	bridge, err := l.Switch.Netlink().LinkByName("lan")
	must(l.t, err)
	must(l.t, l.Switch.Do(func() error {
		req := nl.NewNetlinkRequest(unix.RTM_NEWLINK, unix.NLM_F_ACK)
		msg := nl.NewIfInfomsg(unix.AF_UNSPEC)
		msg.Index = int32(bridge.Attrs().Index)
		req.AddData(msg)
		info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
		info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated("bridge"))
		info.AddRtAttr(nl.IFLA_INFO_DATA, nil).AddRtAttr(option, value)
		req.AddData(info)
		_, err := req.Execute(unix.NETLINK_ROUTE, 0)
		return err
	}))
}

// floods reports whether the switch passes on what nobody has asked for.
func (l *lan) floods() bool {
	l.t.Helper()
	unwanted, direct := netip.MustParseAddr("2001:db8:1::de:adde"), netip.MustParseAddr("2001:db8:1::fe:ed")
	began := time.Now()
	l.ask(unwanted, hello.MAC{})
	l.ask(direct, l.b.MAC)
	toB := func(target netip.Addr) func(netlab.Frame) bool {
		return func(f netlab.Frame) bool { return f.Sent && !f.At.Before(began) && asks(f, target) }
	}
	_, err := l.b.Port.WaitFor(toB(direct), patience)
	must(l.t, err)
	return count(l.b.Port.Frames(), toB(unwanted)) > 0
}

// asks reports whether a frame asks for the MAC of an address.
func asks(f netlab.Frame, target netip.Addr) bool {
	_, n, err := garp.ParseND(f.Data)
	return err == nil && n.Type == garp.NeighborSolicitation && n.Target == target
}

// A switch that snoops lets hellos and questions through to both routers, to
// the standby too, which has to answer from the first moment of a takeover.
func TestSnoopingSwitchLetsEverythingThrough(t *testing.T) {
	each(t, func(t testing.TB, l *lan, p protocol) {
		l.routeThrough(p.local)
		l.snoop()
		l.startInTurn(p.config())
		began := time.Now()
		for _, g := range l.Gateways {
			for _, a := range p.addresses() {
				l.Eventually("question for "+a.String()+" at "+g.Name, func() bool {
					l.ask(a, hello.MAC{})
					return count(g.Port.Frames(), func(f netlab.Frame) bool { return f.Sent && !f.At.Before(began) && asks(f, a) }) > 0
				})
			}
		}
		if l.floods() {
			t.Fatal("the switch no longer snoops, so nothing is proven")
		}
		toStandby := func(f netlab.Frame) bool { return f.Sent && f.Source() == p.mac && p.hellos()(f) }
		if _, err := l.b.Port.WaitFor(toStandby, patience); err != nil {
			t.Error("no hello reaches the standby")
		}
		l.mustPing(p.local, global, fhrptest.HostIP6)
		l.a.Kill()
		l.b.WaitAll("Active")
		l.mustPing(p.local, global, fhrptest.HostIP6)
		must(t, l.Client.FlushNeighbors(lanDev))
		l.mustPing(p.local, global, fhrptest.HostIP6)
	})
}
