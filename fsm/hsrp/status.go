package hsrp

import (
	"net/netip"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// Status returns what the group shows of itself. VirtualIPs is shared and must
// not be changed.
func (g *Group) Status() fsm.Status {
	return fsm.Status{
		State:      g.state.String(),
		Active:     g.inRole(hello.Active, &g.active),
		Standby:    g.inRole(hello.Standby, &g.standby),
		Priority:   g.priority,
		Configured: g.configured,
		HelloTime:  g.helloTime,
		HoldTime:   g.holdTime,
		NextHello:  g.helloAt,
		VirtualIPs: g.virtualIPs(),
		Yielded:    g.yielded.on,
		Role:       [...]fsm.Role{hello.Speak: fsm.Candidate, hello.Standby: fsm.Standby, hello.Active: fsm.Active}[g.state],
	}
}

// inRole returns the router in role: this one, the one w watches, or nobody.
func (g *Group) inRole(role hello.HSRPState, w *watch) fsm.Peer {
	if g.state == role {
		return fsm.Peer{Known: true, Local: true, Priority: g.priority, MAC: g.mac}
	}
	if !w.known {
		return fsm.Peer{}
	}
	return fsm.Peer{Known: true, Addr: w.peer.addr, Priority: w.peer.priority, MAC: w.peer.mac, Expires: w.at}
}

func (g *Group) virtualIPs() []netip.Addr {
	if len(g.cfg.VirtualIPs) == 0 && g.learnedIP.IsValid() {
		return []netip.Addr{g.learnedIP}
	}
	return g.cfg.VirtualIPs
}
