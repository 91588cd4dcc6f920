package sim

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// plug is an interface of a host, and the engine's Port there. Its kernel refuses
// nothing, and no lease runs out: a process that is never late renews in time.
type plug struct {
	host *host
	link engine.Link
	on   *segment // nil: it leads elsewhere
	cut  bool
	macs map[hello.MAC]engine.ID // of the groups

	lookout []hello.MAC // whose frames the engine wants to be told of
	tap     time.Time   // not before
	tapping bool        // a look is planned
	flooded uint64
}

// alive reports whether frames pass the interface.
func (g *plug) alive() bool { return g.host.engine != nil && !g.cut }

// setCut takes the link away, or gives it back.
func (g *plug) setCut(cut bool) {
	if g.cut == cut {
		return
	}
	g.cut = cut
	g.host.p.dirty = true
	g.unplugged()
	g.tellLink()
}

// unplugged has the switch forget what it has learned from the interface.
func (g *plug) unplugged() {
	if g.on != nil && !g.alive() {
		g.on.forget(g)
	}
}

func (g *plug) tellLink() {
	if g.host.engine == nil {
		return
	}
	l := g.link
	l.Up = !g.cut
	g.host.turn(func(e *engine.Engine, now time.Time) { e.LinkChanged(now, l.Name, l) })
}

// receive gives the router a frame. Its kernel answers for the interface's own address.
func (g *plug) receive(frame []byte) {
	if !g.alive() {
		return
	}
	if reply := g.kernelAnswers(frame); reply != nil {
		g.on.send(g, reply)
	}
	g.host.turn(func(e *engine.Engine, now time.Time) { e.Frame(now, g.link.Name, frame, true) })
}

func (g *plug) kernelAnswers(frame []byte) []byte {
	if _, a, err := garp.ParseARP(frame); err == nil {
		if a.Op == garp.OpRequest && !a.IsGratuitous() && g.link.Owns(a.TargetIP) {
			reply, _ := garp.ARPReply(a, g.link.MAC)
			return reply
		}
		return nil
	}
	if h, n, err := garp.ParseND(frame); err == nil && n.Type == garp.NeighborSolicitation && g.link.Owns(n.Target) {
		reply, _ := garp.NDReply(h, n, g.link.MAC)
		return reply
	}
	return nil
}

// takes reports whether the router forwards a frame that a host has sent to a MAC for
// the sake of a group.
func (g *plug) takes(mac hello.MAC, id engine.ID) bool {
	if !g.alive() || !g.host.forwards(id) {
		return false
	}
	of, virtual := g.macs[mac]
	return mac == g.link.MAC || virtual && g.host.doors[of-1].open
}

// tapWhenFlooded has the engine told of frames that the switch floods, when it wants to
// be. The hosts of the segment send all the time.
func (g *plug) tapWhenFlooded() {
	if g.tapping || !slices.ContainsFunc(g.lookout, g.on.floods) {
		return
	}
	g.tapping = true
	g.host.p.w.at(latest(g.host.p.w.now.Add(transit), g.tap), func() {
		g.tapping = false
		if g.alive() {
			g.host.turn(g.tell)
		}
		g.tapWhenFlooded()
	})
}

// tell tells the engine of what is flooded now.
func (g *plug) tell(e *engine.Engine, now time.Time) {
	for _, mac := range g.lookout {
		if g.on.floods(mac) {
			g.tap = e.Flooded(now, g.link.Name, mac)
			g.flooded++
		}
	}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Add implements engine.Port.
func (g *plug) Add(id engine.ID, v engine.Virtual) error {
	for mac, of := range g.macs {
		if of == id {
			delete(g.macs, mac)
		}
	}
	if !v.MAC.IsZero() {
		g.macs[v.MAC] = id
	}
	g.host.doors[id-1].mac = v.MAC
	return nil
}

// Remove implements engine.Port. No group of a scene goes.
func (g *plug) Remove(engine.ID) {}

// Gate implements engine.Port.
func (g *plug) Gate(open []engine.Claim, shut []engine.ID) ([]engine.ID, error) {
	for _, id := range shut {
		g.host.doors[id-1].open = false
	}
	for _, c := range open {
		d := &g.host.doors[c.ID-1]
		d.open, d.covers = true, c.Forward
	}
	g.host.p.dirty = true
	return nil, nil
}

// Transmit implements engine.Port.
func (g *plug) Transmit(frames [][]byte) ([]int, error) {
	for _, f := range frames {
		if g.alive() {
			g.on.send(g, slices.Clone(f))
		}
	}
	return nil, nil
}

// Unicast implements engine.Port. An address that is nobody's here gets nothing.
func (g *plug) Unicast(src, dst netip.Addr, payload []byte) error {
	for _, to := range g.on.plugs {
		if to != g && g.alive() && to.link.Owns(dst) {
			e := hello.Envelope{SrcMAC: g.link.MAC, DstMAC: to.link.MAC, Src: src, Dst: dst, TTL: hello.TTLVRRP, TOS: hello.TOSControl, Protocol: hello.ProtocolVRRP}
			g.on.send(g, hello.AppendFrame(nil, &e, payload))
		}
	}
	return nil
}

// addressTime is how long a kernel needs for the addresses.
const addressTime = time.Millisecond

// Address implements engine.Port.
func (g *plug) Address(round engine.Round, add, _ []engine.ID) {
	if len(add) == 0 {
		return
	}
	add = slices.Clone(add)
	g.host.later(addressTime, func(e *engine.Engine, now time.Time) { e.Addressed(now, round, add, nil) })
}

// LookOut implements engine.Port.
func (g *plug) LookOut(macs []hello.MAC) {
	g.lookout = slices.Clone(macs)
	g.tapWhenFlooded()
}

// Flooded implements engine.Port.
func (g *plug) Flooded() uint64 { return g.flooded }

// Renew implements engine.Port.
func (g *plug) Renew() ([]engine.ID, error) { return nil, nil }
