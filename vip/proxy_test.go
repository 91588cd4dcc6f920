package vip

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/hello/wire"
)

// whoAnswers sends an ARP request and returns the answers: the sender of the frame
// and the MAC in it.
func (l *lab) whoAnswers(a netip.Addr) (macs string) {
	l.t.Helper()
	for receive(l.t, l.lan, 0) != nil { // what was said before
	}
	write(l.t, l.lan, arpRequest(a))
	l.passed()
	for b := receive(l.t, l.lan, 0); b != nil; b = receive(l.t, l.lan, 0) {
		if len(b) >= 42 && wire.EtherType(b) == wire.EtherTypeARP && b[21] == 2 && netip.AddrFrom4([4]byte(b[28:32])) == a {
			macs += fmt.Sprintf("%x says %x ", b[6:12], b[22:28])
		}
	}
	return macs
}

func says(mac [6]byte) string { return fmt.Sprintf("%x says %x ", mac, mac) }

// What hosts learn of addresses of other networks must outlive this router (RFC 2281
// section 6.4).
func TestAnswersForOthersHaveTheVirtualMAC(t *testing.T) {
	for _, routeOnly := range []bool{false, true} {
		t.Run(fmt.Sprintf("route only %v", routeOnly), func(t *testing.T) {
			l := newLab(t)
			setSysctl(t, "ipv4/neigh/eth0/proxy_delay=0")
			iface := l.open(Options{})
			r := router10
			r.RouteOnly = routeOnly
			ok(t, iface.Add(10, r))
			other := r
			other.MAC[5]++
			other.Addrs = []netip.Addr{netip.MustParseAddr("10.0.0.77")}
			ok(t, iface.Add(11, other))
			check := func(when string, others string) {
				t.Helper()
				if got := l.whoAnswers(far4); got != others {
					t.Errorf("%s: %v: %q, want %q", when, far4, got, others)
				}
				if got := l.whoAnswers(own4); got != says(l.own) {
					t.Errorf("%s: the router's own %v: %q, want %q", when, own4, got, says(l.own))
				}
			}
			check("proxy_arp is off", "")
			setSysctl(t, "ipv4/conf/eth0/proxy_arp=1")
			check("nobody has said so", says(l.own))
			ok(t, iface.ProxyARP(true, []netip.Addr{own4}))
			check("standby", "")
			mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}}, nil)
			check("active", says(vmac))
			mustGate(t, iface, []Claim{{ID: 11, Lease: time.Minute}}, []ID{10})
			check("the first router is not active", "")
			mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}}, nil)
			check("both are active", says(vmac))
			ok(t, iface.ProxyARP(false, nil))
			check("not our business", says(l.own))
			ok(t, iface.ProxyARP(true, []netip.Addr{own4}))
			check("active again", says(vmac))
			ok(t, iface.Remove(10))
			check("the first router is gone", says(other.MAC))
			mustGate(t, iface, []Claim{{ID: 11, Lease: 50 * time.Millisecond}}, nil)
			until(t, patience, "no answer after the lease", func() bool { return l.whoAnswers(far4) == "" })
			check("the lease has run out", "")
			ok(t, iface.Close())
			check("closed", says(l.own))
		})
	}
}

// Without a MAC of its own the active router answers with the interface's, and so do
// programs that answer by themselves.
func TestAnswersWithTheInterfacesMACStay(t *testing.T) {
	l, iface := newOpen(t)
	bia := netip.MustParseAddr("10.0.0.78")
	ok(t, iface.Add(10, router10))
	ok(t, iface.ProxyARP(true, []netip.Addr{own4}))
	ok(t, iface.Add(11, Router{Addrs: []netip.Addr{bia}, Accept: true}))
	broadcast := [6]byte{255, 255, 255, 255, 255, 255}
	foreign := netip.MustParseAddr("10.0.0.79")
	for what, frame := range map[string][]byte{
		"an answer for a router with the interface's MAC":   arpReply(l.own, hostMAC, bia),
		"an announcement of an address that was just added": arpReply(l.own, broadcast, foreign),
		"an answer from another MAC":                        arpReply(hostMAC, l.own, foreign),
	} {
		if !l.sends(frame) {
			t.Errorf("%s is not sent", what)
		}
	}
	if l.sends(arpReply(l.own, hostMAC, foreign)) {
		t.Error("an answer for others is sent")
	}
}

// sends reports whether a frame of a program leaves the LAN's interface.
func (l *lab) sends(frame []byte) bool {
	l.t.Helper()
	dev := packetSocket(l.t, "eth0")
	for receive(l.t, l.lan, 0) != nil { // what was said before
	}
	_, err := unix.Write(dev, frame)
	if err == unix.ENOBUFS { // dropped
		return false
	}
	ok(l.t, err)
	for b := receive(l.t, l.lan, 0); b != nil; b = receive(l.t, l.lan, 0) {
		if bytes.Equal(b, frame) {
			return true
		}
	}
	return false
}

func arpReply(from, to [6]byte, a netip.Addr) []byte {
	b := append(append([]byte{}, to[:]...), from[:]...)
	b = append(append(b, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2), from[:]...)
	b = append(append(b, a.AsSlice()...), to[:]...)
	return append(b, 10, 0, 0, 99)
}

// The watcher tells of the setting, of the interface and of all.
func TestWatcherTellsOfProxyARP(t *testing.T) {
	w := newLab(t).watch("eth0")
	for _, s := range []struct {
		set  string
		want bool
	}{{"eth0/proxy_arp=1", true}, {"eth0/proxy_arp=0", false}, {"all/proxy_arp=1", true}, {"all/proxy_arp=0", false}} {
		setSysctl(t, "ipv4/conf/"+s.set)
		await(t, w, s.set, func(e Event) bool { return e.Link.Name == "eth0" && e.Link.ProxyARP == s.want })
	}
}
