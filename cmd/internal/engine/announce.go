package engine

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/garp"
)

// announce starts what a machine asks for; what is due at once goes into the
// same flush as the hello before it.
func (e *Engine) announce(now time.Time, g *group, kind fsm.Announcement) {
	if g.hold.on {
		return // the whole schedule begins with the address
	}
	if kind == fsm.Reassert && g.moving {
		kind = fsm.Claim // hosts, not only switches, have something to learn
	}
	switch kind {
	case fsm.Claim:
		g.claim(now)
	case fsm.Reassert:
		g.schedule.Reassert(now)
	case fsm.Withdraw:
		g.schedule.Withdraw(now)
	}
	e.announceDue(now, g)
	if kind == fsm.Claim {
		e.advertiseDue(now, g)
		e.proveDue(now, g)
	}
}

// claim begins everything that tells and shows a takeover. Its first frames are
// due now; proofs come last, after the announcements in the same batch.
func (g *group) claim(now time.Time) {
	g.schedule.Start(now, g.timing())
	g.router.start(now, g.cfg.Announce.RouterLifetime)
	g.prove(now)
}

func (g *group) timing() garp.Timing {
	a := g.cfg.Announce
	return garp.Timing{Count: a.Count, Interval: a.Interval, Refresh: a.Refresh}
}

// announceDue puts the announcements that are due into the outbox. Whoever is
// not the owner says nothing but where its own address is.
func (e *Engine) announceDue(now time.Time, g *group) {
	for step, ok := g.schedule.Due(now); ok; step, ok = g.schedule.Due(now) {
		when := whileOwner
		if step.Kind == garp.KindWithdraw {
			when = always
		}
		if !when.holds(g) {
			continue
		}
		if step.Kind == garp.KindRefresh && !step.Requests {
			g.prover.Refresh(now)
		}
		frames := g.identity().Frames(step)
		for _, f := range frames {
			g.seg.out.put(g, when, func(b []byte) []byte { return append(b, f...) })
		}
		g.counters.announced += uint64(len(frames))
	}
}

func (g *group) identity() garp.Identity {
	return garp.Identity{
		Protocol: g.wire.protocol, VirtualIPs: g.vips, VirtualMAC: g.mac,
		Real: g.seg.link.Addr(g.wire.family), RealMAC: g.seg.link.MAC, RealIP: g.cfg.Announce.RealIP,
	}
}

// Announce sends the announcements of an active group now and starts their
// schedule again.
func (e *Engine) Announce(now time.Time, ref string) error {
	g, err := e.active(ref, "announce")
	if err != nil {
		return err
	}
	e.announce(now, g, fsm.Claim)
	e.reschedule(g)
	e.emit(now, g, eventAnnounce, "announced on request")
	e.Flush(now)
	return nil
}

// Restored is the port's word that virtual addresses which somebody else had
// removed are back, or could not be put back.
func (e *Engine) Restored(now time.Time, name string, missing []netip.Addr, err error) {
	s := e.byName[name]
	if e.stopped || s == nil {
		return
	}
	for _, a := range missing {
		e.emitSegment(now, s, eventAddress, fmt.Sprintf("virtual address %s was removed by somebody else; put back", a))
		if g := s.ownerOf(a); g != nil {
			g.counters.restored++
		}
	}
	if err != nil {
		e.emitSegment(now, s, eventWarning, "put virtual addresses back: "+err.Error())
	}
}

// Moved tells the engine that the switches behind some ports have lost their
// way here, though no link went down. Every group that is active there is
// announced as if it had just taken over, by the next Ticks: there may be a
// thousand, for which no hello is to wait.
func (e *Engine) Moved(now time.Time, ports []string, reason string) {
	for _, name := range ports {
		s := e.byName[name]
		if s == nil {
			continue
		}
		for _, g := range s.groups {
			if g.active() {
				e.emit(now, g, eventAnnounce, "announced again: "+reason)
				g.claim(now)
				e.reschedule(g)
			}
		}
	}
}
