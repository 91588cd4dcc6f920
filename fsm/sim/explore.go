package sim

import (
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// Space is what Explore goes through: routers on one segment, and what may befall
// them. Everything else takes its calm course: a frame arrives after 50 µs, a timer is
// served when it is due, and nothing is random.
type Space struct {
	Hosts []Host
	// Moves is how many moves a history has at most: see Kinds. They come at every
	// moment at which something happens, in every order.
	Moves int
	// Kinds are those that may be made; nil: all of Kinds.
	Kinds []MoveKind
	// Files are what a router may be given to read, by their numbers in reloads; nil:
	// usualFiles.
	Files []int
	// Bound is how long after the last move the routers may need until exactly one
	// serves; 0: what follows from their times.
	Bound time.Duration
	// More is asked now and then whether to go on. Nil: until everything was seen.
	More func() bool
	// Most is how many violations are looked for; 0: one.
	Most int

	between func(engine.Port) engine.Port // for tests: something between the engines and their ports
}

// Host is one router of a Space.
type Host struct {
	Config engine.Config // of groups on one interface, whatever its name
	Link   engine.Link   // that interface, of which the addresses count; zero: one in 192.0.2.0/24 and fe80::/64
	After  time.Duration // the process starts so long after the beginning
}

// onOneInterface returns the configuration with the name that the interface has here.
func (h *Host) onOneInterface() (engine.Config, error) {
	c := h.Config
	c.Groups = slices.Clone(c.Groups)
	for n := range c.Groups {
		g := &c.Groups[n]
		switch {
		case g.Interface != h.Config.Groups[0].Interface:
			return c, fmt.Errorf("group %s: its group and %s are on two interfaces, and only one can be explored", g.Ref, h.Config.Groups[0].Ref)
		case g.PreActive > 0:
			return c, fmt.Errorf("group %s: a pre_active command cannot be explored", g.Ref)
		}
		g.Interface = nic
	}
	return c, nil
}

// Explored is what came of an exploration.
type Explored struct {
	States     int   // that differ
	Steps      int   // from one state to the next
	Histories  int   // that were played
	Moves      int   // all histories with so many were played to their end
	ByMoves    []int // states by the least number of moves that leads there
	Merged     int   // histories that came to a state that was there before
	Hidden     int   // of these, those that went on in another way: a fault of the explorer
	Unfinished int   // histories that had found nothing known after mostSteps
	Violations []Violation
}

// Violation is a history that breaks a rule.
type Violation struct {
	Broken  []string // the rules, with the time
	History History
	Story   []string // every event of every router
}

// mostSteps is how long a history is followed. One that is calm comes back to a state
// that is known long before.
const mostSteps = 5000

// Explore plays every history of a space, the ones with fewer moves first. A state that
// was there before, after no more moves, is not gone through again. The error says what
// is wrong with a configuration.
func Explore(s Space) (*Explored, error) {
	x, err := newExplorer(s)
	if err != nil {
		return nil, err
	}
	x.run()
	return x.out, nil
}

// run plays the histories with n moves, and then those with one more.
func (x *explorer) run() {
	layer := []*path{nil}
	for n := 0; n <= x.space.Moves; n++ {
		var next []*path
		x.out.ByMoves = append(x.out.ByMoves, 0)
		for _, p := range layer {
			if len(x.out.Violations) >= max(x.space.Most, 1) || x.space.More != nil && !x.space.More() {
				return
			}
			next = append(next, x.follow(p, n)...)
		}
		layer = next
		x.out.Moves = n
	}
}

// path is a history as the search remembers it: the moves before, and one that is made
// after so many steps.
type path struct {
	before *path
	step   int32
	move   Move
}

// moves returns the moves of a path in their order.
func (p *path) moves() (list History) {
	if p == nil {
		return nil
	}
	return append(p.before.moves(), Made{int(p.step), p.move})
}

// explorer is one search.
type explorer struct {
	space Space
	bound time.Duration
	past  time.Duration // what was earlier is over
	kinds map[MoveKind]bool
	seen  map[key]*seen
	trial int // eachTrial
	marks *engine.Fingerprints
	seeds [2]maphash.Seed
	buf   []byte
	out   *Explored
}

// key tells states apart: two hashes of a fingerprint.
type key [2]uint64

// seen is a state that was there.
type seen struct {
	visits []visit // none covers another one
	after  key     // the state that follows if nothing is moved; zero: not known
	by     *path   // that led there first
	step   int32   // at which
}

// visit is how a state was reached.
type visit struct {
	moves       int
	calm, still time.Duration // since the last disturbance
}

// covers reports whether what follows another visit has been gone through with v.
func (v visit) covers(o visit) bool {
	return v.moves <= o.moves && v.calm >= o.calm && v.still >= o.still
}

func newExplorer(s Space) (*explorer, error) {
	if s.Kinds == nil {
		s.Kinds = Kinds
	}
	if s.Files == nil {
		s.Files = usualFiles
	}
	if s.between == nil {
		s.between = func(p engine.Port) engine.Port { return p }
	}
	x := &explorer{space: s, bound: s.Bound, kinds: map[MoveKind]bool{}, seen: map[key]*seen{}, trial: eachTrial, out: &Explored{}}
	for _, k := range s.Kinds {
		x.kinds[k] = true
	}
	x.space.Hosts = slices.Clone(s.Hosts)
	for i := range x.space.Hosts {
		h := &x.space.Hosts[i]
		c, err := h.onOneInterface()
		if err != nil {
			return nil, fmt.Errorf("router %d: %w", i, err)
		}
		if len(c.Groups) == 0 || len(c.Groups) != len(s.Hosts[0].Config.Groups) {
			return nil, fmt.Errorf("router %d: it has %d groups, and all need the same ones", i, len(c.Groups))
		}
		h.Config = c
		x.past = max(x.past, longestOf(&h.Config))
		if s.Bound == 0 {
			x.bound = max(x.bound, boundOf(&h.Config))
		}
	}
	x.marks = engine.NewFingerprints(x.past)
	x.seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	return x, nil
}

// boundOf is how long after the last disturbance routers with a configuration may need
// until exactly one of them serves: as Plan.bound.
func boundOf(c *engine.Config) (longest time.Duration) {
	for n := range c.Groups {
		g := &c.Groups[n]
		hello, hold := g.HelloTime, g.HoldTime
		if hello == 0 {
			hello, hold = 3*time.Second, 10*time.Second
		}
		hold = max(hold, 4*hello)
		longest = max(longest, 3*hold+3*hello+g.PreemptDelay+g.PreActive+max(c.Lease, 0)+max(g.Delay.Minimum, g.Delay.Reload))
	}
	return longest + time.Second
}

// longestOf is longer than each time of a configuration.
func longestOf(c *engine.Config) (longest time.Duration) {
	for n := range c.Groups {
		g := &c.Groups[n]
		hello, hold := g.HelloTime, g.HoldTime
		if hello == 0 {
			hello, hold = 3*time.Second, 10*time.Second
		}
		burst := time.Duration(g.Announce.Count) * g.Announce.Interval
		longest = max(longest, max(hold, 4*hello)+hello, c.Lease, g.PreemptDelay, g.PreActive, g.Delay.Minimum, g.Delay.Reload, burst)
	}
	return longest + time.Second
}

// follow plays a path of n moves to its calm end, or to where everything is known, and
// returns the paths that branch off.
func (x *explorer) follow(p *path, n int) (branches []*path) {
	h := p.moves()
	t := x.play(h)
	x.out.Histories++
	healed := p != nil && p.move.Kind == Heal
	var last *seen
	for begun := t.steps; ; {
		if len(t.c.faults) > 0 {
			x.out.Violations = append(x.out.Violations, Violation{t.c.faults, h, t.story})
			return branches
		}
		t.drop()
		is, fresh := x.note(t, p, n, healed, last)
		if !fresh {
			x.doubt(t, p, is)
			return branches
		}
		last = is
		if !healed && n < x.space.Moves {
			for _, m := range x.movesAt(t) {
				branches = append(branches, &path{p, int32(t.steps), m})
			}
		}
		if t.steps-begun > mostSteps {
			x.out.Unfinished++
			return branches
		}
		if x.out.Steps++; !t.next() {
			x.rest(t, p)
			return branches
		}
	}
}

// rest lets a history in which nothing happens any more come to its bound.
func (x *explorer) rest(t *course, p *path) {
	t.w.now = t.w.now.Add(2 * x.bound)
	t.c.check(t.w.now)
	if len(t.c.faults) > 0 {
		x.out.Violations = append(x.out.Violations, Violation{t.c.faults, p.moves(), t.story})
	}
}

// note notes the state, which follows another one, and reports whether it is a new one,
// or was reached by more moves or later after the last disturbance than ever before.
func (x *explorer) note(t *course, p *path, moves int, healed bool, before *seen) (s *seen, fresh bool) {
	if healed {
		moves = x.space.Moves
	}
	k := x.key(t)
	if before != nil {
		before.after = k
	}
	s = x.seen[k]
	if s == nil {
		s = &seen{by: p, step: int32(t.steps)}
		x.seen[k] = s
		x.out.States++
		x.out.ByMoves[len(x.out.ByMoves)-1]++
	}
	now := visit{moves, min(t.w.now.Sub(t.c.calm), x.bound), min(t.w.now.Sub(t.c.still), x.bound)}
	if slices.ContainsFunc(s.visits, func(v visit) bool { return v.covers(now) }) {
		return s, false
	}
	s.visits = append(slices.DeleteFunc(s.visits, now.covers), now)
	return s, true
}

func (x *explorer) key(t *course) key {
	b := x.fingerprint(t)
	return key{maphash.Bytes(x.seeds[0], b), maphash.Bytes(x.seeds[1], b)}
}
