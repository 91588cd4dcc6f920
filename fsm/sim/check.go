package sim

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// forbidden says what a frame claims that only an open gate allows: an active
// hello, an announcement or an answer from the virtual MAC. Messages that give
// the role up may leave after the gate has shut.
func (r *router) forbidden(f []byte) string {
	if len(f) < 14 {
		return "a frame without a header"
	}
	source := hello.MAC(f[6:12])
	id, virtual := r.virtual[source]
	switch {
	case source == r.mac(), virtual && r.open(id) && !r.gates[id].covers:
		return ""
	case !virtual:
		return "a frame from a MAC that is nobody's"
	}
	if binary.BigEndian.Uint16(f[12:]) == 0x0806 {
		return "an ARP frame from the virtual MAC"
	}
	var env hello.Envelope
	payload, err := hello.ParseFrame(f, &env, true)
	if err != nil {
		return "a neighbour advertisement from the virtual MAC"
	}
	if resigns(&env, payload) {
		return ""
	}
	return "a claim of the role from the virtual MAC"
}

// claimsRole reports whether a frame is a message of a router that is active.
func claimsRole(f []byte) bool {
	var env hello.Envelope
	payload, err := hello.ParseFrame(f, &env, true)
	if err != nil || resigns(&env, payload) {
		return false
	}
	var p hello.HSRPPacket
	return env.Protocol == hello.ProtocolVRRP || p.Parse(payload) == nil && p.HSRP.State == hello.Active
}

// givesUp reports whether a frame is the last word of a router that was active.
func givesUp(f []byte) bool {
	var env hello.Envelope
	payload, err := hello.ParseFrame(f, &env, true)
	return err == nil && resigns(&env, payload)
}

func resigns(env *hello.Envelope, payload []byte) bool {
	if env.Protocol == hello.ProtocolVRRP {
		var p hello.VRRPPacket
		return p.Parse(payload, env.Src, env.Dst) == nil && p.VRRP.Priority == 0
	}
	var p hello.HSRPPacket
	return p.Parse(payload) == nil && p.HSRP.Op == hello.OpResign
}

// checkAddresses is called after every turn of the loop. A host has the addresses
// of the gates that its engine has opened, and no others. An engine that has not
// yet heard that a lease ran out still has the addresses.
func (r *router) checkAddresses() {
	for id, g := range r.gates {
		switch {
		case g.covers && g.owns:
			r.broken(fmt.Sprintf("router %s forwards for another one and has the addresses of group %d", r.name(), id))
		case g.covers:
		case g.opened && !g.owns:
			r.broken(fmt.Sprintf("router %s has opened the gate of group %d and not taken its addresses", r.name(), id))
		case g.opened && !g.found && !g.lapsed && !r.refuses && r.open(id) && r.engine != nil && !r.engine.Serves(id):
			r.broken(fmt.Sprintf("router %s has left group %d and not shut its gate", r.name(), id))
		case g.owns && !g.opened && !g.lapsed:
			r.broken(fmt.Sprintf("router %s has shut the gate of group %d and kept its addresses", r.name(), id))
		}
	}
}

// checker watches the invariants of one history.
type checker struct {
	lan    *lan
	groups int // how many every router has
	bound  time.Duration
	calm   time.Time // since when nothing has disturbed the segment
	still  time.Time // the same, but for hand-overs
	faults []string
}

// check is called after every happening. Once the segment has been whole and
// undisturbed for the bound there is exactly one owner, as long as anybody may
// be one. Hand-overs leave it an owner all the while.
func (c *checker) check(now time.Time) {
	if len(c.faults) > 0 || !c.lan.whole() || now.Sub(c.still) < c.bound {
		return
	}
	for id := range c.groups {
		c.checkGroup(now, engine.ID(id+1))
	}
}

func (c *checker) checkGroup(now time.Time, id engine.ID) {
	var owners []string
	for _, r := range c.lan.routers {
		if r.holds(id) {
			owners = append(owners, r.name())
		}
		if r.holds(id) && r.isAway(id) {
			c.fail(now, "router %s is in maintenance and owns group %d %v after the last disturbance (bound %v)", r.name(), id, now.Sub(c.calm), c.bound)
		}
	}
	if len(owners) > 1 && now.Sub(c.calm) >= c.bound {
		c.fail(now, "group %d has owners %s at the same time, %v after the last disturbance (bound %v)", id, strings.Join(owners, " and "), now.Sub(c.calm), c.bound)
	}
	if len(owners) > 0 {
		return
	}
	able := 0
	for _, r := range c.lan.routers {
		if r.up && (r.up2 || c.lan.second == nil) && !r.bare && r.engine != nil && !r.stalled && !r.waits(id) && !r.isAway(id) {
			able++
		}
	}
	if able > 0 {
		c.fail(now, "nobody owns group %d %v after the last disturbance (bound %v), %d routers could", id, now.Sub(c.still), c.bound, able)
	}
}

// waits reports whether a group takes no part because the kernel refused it, or
// does.
func (r *router) waits(id engine.ID) bool {
	return r.refuses || strings.Contains(r.engine.Status(r.w.now).Groups[r.leaderOf(id)-1].Obstacle, errRefused.Error())
}

func (c *checker) fail(now time.Time, format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf("%12v ", now.Sub(epoch))+fmt.Sprintf(format, args...))
}
