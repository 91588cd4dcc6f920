package engine

import (
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// A router whose address waits for its pre_active command says that it is active from
// the MAC of its interface, and from the virtual one as soon as it serves (see voice).
// Who is to leave the address to it goes on serving until then, where such a command
// is known of: it is configured here as well, or the successor has said so. Other
// implementations may speak from their interface for ever.

// longestWait returns how long the address of another router of the group may wait, as
// far as is known here; 0 when it does not.
func (g *group) longestWait() time.Duration {
	d := g.PreActive
	if g.passing != nil {
		d = max(d, g.passing.wait)
	}
	for _, f := range g.followers {
		d = max(d, f.PreActive)
	}
	return d
}

// successorWaits reports whether the message that g is given just now takes the role
// from it for a router that may not serve the address yet.
func (g *group) successorWaits() bool {
	return g.hearing != nil && g.longestWait() > 0 && !g.mac.IsZero() && g.hearing.SrcMAC != g.mac
}

// succeeded lets go when m says that another router has taken the role, and its source
// that it serves the address.
func (g *group) succeeded(now time.Time, env *hello.Envelope, m hello.Message) {
	if h, ok := m.(*hello.HSRP); ok && h.State != hello.Active || resigns(m) || g.tenure != leaving {
		return
	}
	g.passing.taken(now, env.Src)
	wait := g.longestWait()
	switch {
	case wait == 0 || g.mac.IsZero() || env.SrcMAC == g.mac:
		g.letGo(now)
	case !g.awaited:
		g.awaited = true
		if g.r.stopping { // which has its own limit
			wait = min(wait, farewellMost/2)
		}
		g.until = now.Add(wait + farewellLeast)
		g.r.farewells.next = sooner(g.r.farewells.next, g.until)
	}
}

// endFarewell ends the time of a successor. A role that was handed over and that
// nobody has taken comes back.
func (g *group) endFarewell(now time.Time) {
	if p := g.passing; p != nil && p.phase == handing && !p.last.To.IsValid() && g.takeBack(now, nobodyTook) {
		return
	}
	g.letGo(now)
}
