package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// ageing is how long the switch remembers a MAC: 5 minutes in the report.
const ageing = 3 * time.Second

// announceOnce leaves the refresh as the only thing that comes again.
const announceOnce = "count = 1\nrefresh = %q\nprobe = \"off\"\n"

var (
	// Hellos leave from the virtual MAC.
	multicastHellos = hsrpTable(2, address4, subSecond, "[hsrp.announce]", announceOnce)
	// Advertisements go to a peer, from the real MAC.
	unicastHellos = table("vrrp", "vrid = 10", common, address4, `advertise = "250ms"`, `peers = ["192.168.1.200"]`, "[vrrp.announce]", announceOnce)
)

// A bridge that learns from ARP alone does not hear the hellos.
func TestKB2832644BridgeThatLearnsFromARPAlone(t *testing.T) {
	t.Parallel()
	checkRefresh(t, multicastHellos, mac2, func(l *lan) { l.learnFromARP("a") })
}

// A bridge that learns from everything hears nothing from the virtual MAC when
// the hellos are unicast.
func TestKB2832644UnicastHellosDoNotRefreshTheBridge(t *testing.T) {
	t.Parallel()
	checkRefresh(t, unicastHellos, macV, func(*lan) {})
}

// checkRefresh runs one gateway behind a bridge that forgets, without and with refresh.
func checkRefresh(t *testing.T, config string, vmac hello.MAC, prepare func(*lan)) {
	for _, c := range []struct {
		refresh string
		reached bool
	}{{"off", false}, {"1s", true}} {
		t.Run("refresh "+c.refresh, func(t *testing.T) {
			fieldScenario(t, func(t testing.TB, l *lan) {
				l.forgetful("a")
				prepare(l)
				l.keep(l.Client, vip, vmac, unix.NUD_PERMANENT)
				l.a.StartAs(fmt.Sprintf(config, c.refresh), 110)
				l.a.WaitAll("Active")
				l.a.Eventually("the bridge learns", func() bool { return l.FDB(vmac) == "a" })
				l.reaches(true, l.Client, anybody, vip)
				l.waitOut(2 * ageing)
				l.checkPort(vmac, c.reached)
				l.reaches(c.reached, l.Client, anybody, vip)
				if got := l.a.Answer().Groups[0].Announce.Refreshes; (got > 0) != c.reached {
					t.Errorf("%d refreshes", got)
				}
			})
		})
	}
}

// checkPort wants the switch to have a MAC behind a, or not to have it.
func (l *lan) checkPort(mac hello.MAC, known bool) {
	l.t.Helper()
	// A test deletes and adds what is learned anew, which is no time; what has
	// aged is removed when the switch comes to it.
	want, within := "", patience
	if known {
		want, within = "a", 500*time.Millisecond
	}
	if netlab.Eventually(l.t.Context(), within, func() bool { return l.FDB(mac) == want }) != nil {
		l.t.Errorf("the bridge has %s behind %q, want %q", mac, l.FDB(mac), want)
	}
}

// forgetful makes the switch forget after the ageing time, and drop what is
// for a MAC behind the port that it does not know.
func (l *lan) forgetful(port string) {
	l.t.Helper()
	handle := l.Switch.Netlink()
	bridge := netlink.NewLinkAttrs()
	bridge.Name = "lan"
	hundredths := uint32(ageing / (10 * time.Millisecond))
	must(l.t, handle.LinkModify(&netlink.Bridge{LinkAttrs: bridge, AgeingTime: &hundredths}))
	link, err := handle.LinkByName(port)
	must(l.t, err)
	must(l.t, handle.LinkSetFlood(link, false))
}

// learnFromARP makes a port learn from the ARP frames that arrive there, as
// the bridge driver of the report does, and from nothing else.
func (l *lan) learnFromARP(port string) {
	l.t.Helper()
	handle := l.Switch.Netlink()
	link, err := handle.LinkByName(port)
	must(l.t, err)
	must(l.t, handle.LinkSetLearning(link, false))
	l.Capture(l.Switch, port, func(f netlab.Frame) bool {
		if !f.Sent && arp(func(garp.ARP) bool { return true })(f) {
			e := netlink.Neigh{
				LinkIndex: link.Attrs().Index, Family: unix.AF_BRIDGE, Flags: netlink.NTF_MASTER,
				State: unix.NUD_REACHABLE, HardwareAddr: f.Source().HardwareAddr(),
			}
			// Replacing an entry would not make it younger.
			_ = handle.NeighDel(&e)
			_ = handle.NeighAdd(&e)
		}
		return false
	})
}

// waitOut waits until the gateway has sent something so much later than now:
// its hellos go on all the time.
func (l *lan) waitOut(d time.Duration) {
	l.t.Helper()
	l.a.Sends(fmt.Sprintf("a hello %v later", d), time.Now().Add(d), anything)
}
