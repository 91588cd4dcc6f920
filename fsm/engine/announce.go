package engine

import (
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/garp"
)

// due queues the announcements that are due. Whoever does not serve the
// addresses says nothing but where its own one is.
func (a *announcer) due(now time.Time, g *group) {
	for step, ok := a.Due(now); ok; step, ok = a.Due(now) {
		when := whileServing
		if step.Kind == garp.StepWithdraw {
			when = always
		}
		if !when.holds(g.tenure) {
			continue
		}
		if step.Kind == garp.StepRefresh && !step.Requests {
			g.proof.Refresh(now)
		}
		g.counters.Announced += uint64(g.queueFrames(when, g.identity().Frames(step)))
	}
}

func (g *group) identity() garp.Identity {
	return garp.Identity{
		Protocol: g.Protocol, VirtualIPs: g.vips, VirtualMAC: g.mac,
		Real: g.iface.link.Addr(g.Family), RealMAC: g.iface.link.MAC, RealIP: g.Group.Announce.RealIP,
	}
}

// announce starts what a machine asks for; what is due at once goes into the
// same flush as the hello before it.
func (g *group) announce(now time.Time, kind fsm.Announcement) {
	if g.tenure == waiting {
		return // the whole schedule begins with the address
	}
	if kind == fsm.Reassert && g.mac != g.announcer.claimed {
		kind = fsm.Claim // hosts, not only switches, have something to learn
	}
	switch kind {
	case fsm.Claim:
		g.claim(now)
	case fsm.Reassert:
		g.announcer.Reassert(now)
	case fsm.Withdraw:
		g.announcer.Withdraw(now)
	}
	g.announcer.due(now, g)
	if kind == fsm.Claim {
		g.advertiser.due(now, g)
		g.proof.due(now, g)
	}
}

// claim begins everything that tells and shows a takeover. Its first frames are
// due now; proofs come last, after the announcements in the same batch.
func (g *group) claim(now time.Time) {
	g.announcer.claimed = g.mac
	g.announcer.Start(now, g.Group.Announce.Timing)
	g.advertiser = newAdvertiser(now, g.Group.Announce.RouterLifetime)
	g.prove(now)
}

// endAnnouncements ends what goes on while g serves its addresses.
func (g *group) endAnnouncements() {
	g.announcer.Stop()
	g.proof.Stop()
	g.advertiser = nil
}

// due sends the router advertisement that is due: from the link-local virtual
// address, so that the hosts' default route does not die with this router.
func (a *advertiser) due(now time.Time, g *group) {
	if a == nil || a.next.After(now) {
		return
	}
	a.took(now)
	if len(g.vips) == 0 {
		return
	}
	f, err := garp.RouterAdvert(g.vips[0], g.mac, a.lifetime, 0)
	if err != nil {
		return // the address is checked where the configuration is read
	}
	g.queueFrames(whileServing, [][]byte{f})
}

// heardSolicitation answers a host that looks for routers.
func (i *iface) heardSolicitation(now time.Time) {
	for _, g := range i.groups {
		if g.tenure.hasAddress() {
			g.turned()
			g.advertiser.solicit(now)
		}
	}
}
