package daemon

import (
	"errors"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// playHSRP has a group become active, lose the role, come back and be shut down.
func playHSRP(w *world) {
	const vip, vmac = "192.0.2.1", "00:00:0c:9f:f0:0a"
	near := station{ip: "192.0.2.201", mac: "02:00:00:00:02:01"}
	users := func(state hello.HSRPState, priority uint8) hello.HSRP {
		return hello.HSRP{State: state, Group: 10, Priority: priority, VirtualIP: addr(vip)}
	}
	secret, text := sure(hello.MD5Auth("secret of the segment", 7)), sure(hello.TextAuth("public"))
	say := func(m hello.HSRP) { w.hear(peer.hsrp(m, secret)) }
	w.link("lanA", true, "192.0.2.10/24", "fe80::10/64")
	w.link("lanB", true)
	w.track("provider", true, "answered in 3 ms")
	w.hear(peer.hsrp(hello.HSRP{Version: 1, State: hello.Active, Group: 7, Priority: 110, VirtualIP: addr("192.0.2.7")}, text))
	w.repeat(7, func() { say(users(hello.Active, 200)) })
	w.announce("users")
	w.look("1-standby")

	// It becomes active, and hears and suffers whatever can be wrong.
	w.run(4 * time.Second)
	w.hear(client.asks(vip))
	w.hear(stranger.claims(vip))
	w.hear(stranger.claims(own.ip))
	other := users(hello.Standby, 90)
	other.VirtualIP = addr("192.0.2.3")
	say(other)
	w.hear(peer.hsrp(hello.HSRP{State: hello.Standby, Group: 77}, text))
	w.hear(peer.hsrpPayload(2, []byte{2, 4, 0, 1, 0, 2})) // the state of an interface
	w.port.broken = errors.New("no buffer space available")
	w.run(time.Second)
	w.port.broken = nil
	w.run(time.Second)
	w.setPriority("users", 130)
	w.setPriority("nobody", 130)
	w.announce("users")

	// It is beaten, and back before the command of the standby has ended.
	say(users(hello.Active, 200))
	w.repeat(3, func() { say(users(hello.Active, 200)) })
	resign := users(hello.Active, 200)
	resign.Op = hello.OpResign
	say(resign)

	// It proves itself to one of two neighbours, and again on request.
	w.hear(near.asks("192.0.2.99"))
	w.run(605 * time.Millisecond)
	w.hear(near.answers(vip, vmac))
	w.run(700 * time.Millisecond)
	w.later(20*time.Millisecond, near.answers(vip, vmac))
	w.verify("users")
	w.hear(peer.hsrp(users(hello.Active, 200), text)) // under another secret
	w.clear("hsrp", "users")
	w.clear("hsrp", "eth9")
	say(users(hello.Standby, 90))
	w.link("lanB", false)
	w.track("provider", false, "3 times no answer")
	w.run(100 * time.Millisecond)
	w.look("2-active")
	w.scrape()

	w.track("flag", false, "no such file")
	w.run(6 * time.Second)
	w.explainJSON("users")
	w.explainAll("")
}

// playVRRP has routers of both versions and families become active.
func playVRRP(w *world) {
	lan := func(priority uint8, form hello.Checksum) {
		w.hear(peer.vrrp(hello.VRRP{VRID: 10, Priority: priority, VirtualIPs: addresses("192.0.2.1", "198.51.100.129")}, "", form))
	}
	old := func(priority uint8, text string) {
		w.hear(peer.vrrp(hello.VRRP{Version: 2, VRID: 20, Priority: priority, VirtualIPs: addresses("192.0.2.20")}, text, hello.ChecksumUnknown))
	}
	w.link("lanB", false)
	w.link("lanA", true, "192.0.2.10/24", "fe80::10/64")
	w.track("route", true, "via 192.0.2.254")
	w.repeat(3, func() {
		lan(150, hello.MessageOnly)
		old(90, "plain")
	})
	lan(150, hello.MessageOnly)
	time.Sleep(800 * time.Millisecond) // the daemon is not served in time
	w.run(100 * time.Millisecond)
	w.look("1-backup")
	w.explainJSON("lan6")

	lan(0, hello.MessageOnly)
	w.run(time.Second)
	lan(100, hello.PseudoHeader)
	w.hear(peer.vrrp(hello.VRRP{VRID: 10, Priority: 100, VirtualIPs: addresses("fe80::1")}, "", hello.ChecksumUnknown))
	old(200, "wrong")
	w.track("route", false, "no such route")
	w.setPriority("owner", 100)
	w.setPriority("lan", 0)
	w.setPriority("lan", 105)

	// Somebody changes the host underneath.
	w.linkOff("lanA", true, "net/ipv4/ip_forward", "192.0.2.10/24", "fe80::10/64")
	w.do(func(now time.Time) {
		w.engine.AddressesRestored(now, "lanA", []netip.Addr{addr("192.0.2.1")}, nil)
		w.engine.SettingsRestored(now, "lanA", []string{"net/ipv4/conf/lanA/arp_ignore", "net/ipv4/conf/lanA/arp_announce"}, nil)
		w.engine.FilterRestored(now, "lanA", []hello.MAC{mac("00:00:5e:00:01:0a")}, nil)
		down := engine.RouteOutcome{Err: errors.New("wan is down")}
		refused := engine.RouteOutcome{Err: errors.New("operation not supported")}
		w.engine.RoutesReported(now, []engine.RouteReport{{ID: 1, Outcomes: []engine.RouteOutcome{down, {Restored: true}, refused}}})
	})
	w.run(2 * time.Second)
	w.look("2-active")
	w.scrape()

	w.link("lanA", true, "192.0.2.10/24", "fe80::10/64")
	w.port.lost = []engine.ID{1}
	w.run(time.Second)
	w.explainJSON("lan")
	w.explainAll("lan6")
}
