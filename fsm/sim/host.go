package sim

import (
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// host is a router of a scene: its interfaces, and an engine while it has power. Its
// process is never late, so that what happens is what the timers say; a Plan has hosts
// that stall and crash.
type host struct {
	p       *staging
	number  int
	config  engine.Config
	plugs   []*plug
	engine  *engine.Engine // nil: no power
	life    int            // number of starts; what an older one has planned means nothing
	armed   time.Time
	boots   bool               // not every link has been told: what the engine says of those means nothing
	doors   []door             // by ID less 1
	states  []string           // by ID less 1: as the engine last told
	groups  []*shared          // by ID less 1
	outs    [][]*plug          // by ID less 1: where what the group forwards leaves; none: not known
	leaders []engine.ID        // by ID less 1: which group elects for it, itself or another
	marks   uint64             // that were given out
	numbers map[engine.Ref]int // of the groups, from 0
}

// door is what the kernel does for a group.
type door struct {
	mac    hello.MAC // zero: the interface's own
	open   bool
	covers bool // it is open only for what is on its way to others
}

// turnTime is how long a turn of the loop takes that leaves more to do.
const turnTime = 100 * time.Microsecond

func newHost(p *staging, number int, spec *Gateway, segments []*segment) *host {
	groups := len(spec.Config.Groups)
	h := &host{p: p, number: number, config: spec.Config, doors: make([]door, groups), states: make([]string, groups),
		groups: make([]*shared, groups), outs: make([][]*plug, groups), leaders: make([]engine.ID, groups), numbers: map[engine.Ref]int{}}
	h.config.Groups = slices.Clone(h.config.Groups)
	for _, n := range spec.NICs {
		g := &plug{host: h, link: n.Link, macs: map[hello.MAC]engine.ID{}}
		if n.Segment != Elsewhere {
			g.on = segments[n.Segment]
			g.on.plugs = append(g.on.plugs, g)
		}
		h.plugs = append(h.plugs, g)
	}
	tracked := map[string]*plug{}
	for _, t := range h.config.Tracks {
		tracked[t.Name] = h.plugOf(t.Interface)
	}
	for i := range h.config.Groups {
		h.numbers[h.config.Groups[i].Ref] = i
		h.outs[i] = h.waysOut(&h.config.Groups[i], tracked)
	}
	for i := range h.config.Groups {
		g := &h.config.Groups[i]
		g.Neighbors = nil // who would answer is not in the scene
		h.leaders[i] = engine.ID(h.numbers[spec.elector(g).Ref] + 1)
	}
	return h
}

// plugOf returns the interface of a name, nil when there is none.
func (h *host) plugOf(name string) *plug {
	for _, g := range h.plugs {
		if g.link.Name == name {
			return g
		}
	}
	return nil
}

// waysOut returns the interfaces through which the traffic of a group leaves, as far as
// a file tells: those that it tracks, and those that carry no group.
func (h *host) waysOut(g *engine.Group, tracked map[string]*plug) []*plug {
	var list []*plug
	for _, p := range h.plugs {
		tracks := slices.ContainsFunc(g.Tracks, func(u engine.TrackUse) bool { return tracked[u.Object] == p })
		if p.link.Name != g.Interface && (tracks || p.on == nil) {
			list = append(list, p)
		}
	}
	return list
}

// forwards reports whether what reaches the router for a group gets any further.
func (h *host) forwards(id engine.ID) bool {
	return len(h.outs[id-1]) == 0 || slices.ContainsFunc(h.outs[id-1], (*plug).alive)
}

// start gives the router power, unless it has. It boots in no time.
func (h *host) start() {
	if h.engine != nil {
		return
	}
	h.life++
	h.armed = time.Time{}
	clear(h.doors)
	clear(h.states)
	ports := map[string]engine.Port{}
	for _, g := range h.plugs {
		ports[g.link.Name] = g
		g.lookout = nil
		clear(g.macs)
	}
	e, err := engine.New(h.config, engine.Options{
		Ports:   ports,
		Random:  h.p.w.random.Float64,
		Mark:    h.mark,
		Observe: h.observe,
		Wall:    h.p.wall,
		Now:     h.p.w.now,
	})
	if err != nil {
		panic(err) // a configuration that setup has made of a valid file
	}
	h.engine, h.boots = e, true
	_ = e.Prepare() // the ports here refuse nothing
	h.p.dirty = true
	for i, g := range h.plugs {
		h.boots = i < len(h.plugs)-1
		g.tellLink()
	}
}

// mark returns a number that nobody here guesses, and another one each time.
func (h *host) mark() uint64 {
	h.marks++
	return uint64(h.number+1)<<32 | h.marks<<1
}

// stop takes the power away.
func (h *host) stop() {
	h.engine = nil
	h.life++
	clear(h.doors)
	clear(h.states)
	h.p.dirty = true
	for _, g := range h.plugs {
		g.unplugged()
	}
}

func (h *host) observe(ev engine.Event) {
	if t := ev.Transition; t != nil {
		if n, ok := h.numbers[t.Group]; ok {
			h.states[n] = t.To
		}
		h.p.dirty, h.p.changed = true, h.p.w.now
	}
	if ev.Transition != nil || !h.boots {
		h.p.rec.Told = append(h.p.rec.Told, Told{h.number, ev})
	}
}

// turn is one round of the daemon's loop, in which do is done.
func (h *host) turn(do func(e *engine.Engine, now time.Time)) {
	e, now := h.engine, h.p.w.now
	e.Wake(now, 0)
	if do != nil {
		do(e, now)
	}
	e.CaughtUp(now)
	e.Tick(now)
	h.rearm()
}

// later is a turn after a while, if the router has the same life then.
func (h *host) later(d time.Duration, do func(e *engine.Engine, now time.Time)) {
	life := h.life
	h.p.w.after(d, func() {
		if h.life == life && h.engine != nil {
			h.turn(do)
		}
	})
}

// rearm plans the next turn for the engine's deadline.
func (h *host) rearm() {
	at, armed := h.engine.Deadline()
	now := h.p.w.now
	switch {
	case !armed:
		return
	case !at.After(now):
		at = now.Add(turnTime)
	}
	if h.armed.After(now) && !at.Before(h.armed) {
		return
	}
	h.armed = at
	life := h.life
	h.p.w.at(at, func() {
		if h.life == life && h.engine != nil && h.armed.Equal(at) {
			h.armed = time.Time{}
			h.turn(nil)
		}
	})
}

// owns reports whether the router has the addresses of a group and a link.
func (h *host) owns(id engine.ID) bool {
	d := &h.doors[id-1]
	return d.open && !d.covers && h.plugOfGroup(id).alive()
}

func (h *host) plugOfGroup(id engine.ID) *plug { return h.plugOf(h.config.Groups[id-1].Interface) }

// able reports whether a group takes part in its election, or the one that it follows does.
func (h *host) able(id engine.ID) bool {
	s := h.states[id-1]
	if l := h.leaders[id-1]; l != id && !h.able(l) {
		return false
	}
	return h.engine != nil && h.plugOfGroup(id).alive() && s != "" && !strings.HasPrefix(s, "Init")
}

// standsBy reports whether a group would take over from a silent active router.
func (h *host) standsBy(id engine.ID) bool {
	s := h.states[id-1]
	return h.able(id) && (s == "Standby" || s == "Backup")
}
