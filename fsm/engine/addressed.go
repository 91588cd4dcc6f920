package engine

import "time"

// Addressed is the port's answer to Address: the virtual addresses of these
// groups are this host's own now, or err says why they are not.
func (e *Engine) Addressed(now time.Time, round Round, ids []ID, err error) {
	if e.stopped {
		return
	}
	for _, id := range ids {
		if g := e.byID[id]; g != nil && g.round == round && g.tenure.hasAddress() {
			g.addressed(now, err)
		}
	}
	e.Flush(now)
}

// addressed goes on with what waited for the addresses. Announcements do not:
// the gate and the answers to ARP and ND are all that forwarding needs.
func (g *group) addressed(now time.Time, err error) {
	if err != nil {
		g.refuse(now, err)
		return
	}
	g.turned()
	g.proof.held = false
	g.proof.due(now, g)
}

// address hands the port what was decided about addresses.
func (i *iface) address(add, remove []ID) {
	if len(add)+len(remove) == 0 {
		return
	}
	i.round++
	for _, id := range add {
		i.r.byID[id].round = i.round
	}
	i.port.Address(i.round, add, remove)
}
