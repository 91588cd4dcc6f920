package sim

import (
	"fmt"
	"strings"
	"time"
)

// MoveKind is one way in which a history leaves its calm course.
type MoveKind string

// The kinds of moves. Whatever is broken stays so until a later move mends it.
const (
	Lose    MoveKind = "lose"    // the next frame is lost
	Twice   MoveKind = "twice"   // the next frame comes twice
	Late    MoveKind = "late"    // what is next comes after what would follow it
	Kill    MoveKind = "kill"    // A's process dies
	Boot    MoveKind = "boot"    // A's process starts
	Halt    MoveKind = "halt"    // A's process is stopped cleanly
	Freeze  MoveKind = "freeze"  // A's process is not scheduled
	Thaw    MoveKind = "thaw"    // it is again
	Unplug  MoveKind = "unplug"  // A's link goes down
	Plug    MoveKind = "plug"    // it comes up
	Cut     MoveKind = "cut"     // nothing arrives from A at B
	Mend    MoveKind = "mend"    // it does again
	Pass    MoveKind = "pass"    // A hands its roles over
	Depart  MoveKind = "depart"  // A goes into maintenance
	Return  MoveKind = "return"  // it comes back
	Refile  MoveKind = "reload"  // A is given another file: see reloads
	Restore MoveKind = "restore" // A is given its first file
	Heal    MoveKind = "heal"    // everything is mended; the last move of a history, which does not count
)

// Kinds are the moves of a Space that names none: all but those of operators, which
// lead to many more states.
var Kinds = []MoveKind{Lose, Twice, Late, Kill, Boot, Halt, Freeze, Thaw, Unplug, Plug, Cut, Mend, Refile, Restore}

// Move is one of them.
type Move struct {
	Kind MoveKind
	A, B int // routers
	N    int // which file
}

func (m Move) String() string { return fmt.Sprintf("%s a=%d b=%d n=%d", m.Kind, m.A, m.B, m.N) }

// Made is a move with its place: after so many steps.
type Made struct {
	Step int
	Move
}

// History is the moves of a history, in their order.
type History []Made

// String returns a line for each move, as the files in testdata/explored have them.
func (h History) String() string {
	var b strings.Builder
	for _, m := range h {
		fmt.Fprintf(&b, "step %d %s\n", m.Step, m.Move)
	}
	return b.String()
}

// patience is how much later than another happening one may come that was due before.
const patience = 20 * time.Millisecond

// movesAt lists what may be done now, before what comes next.
func (x *explorer) movesAt(t *course) (list []Move) {
	add := func(is bool, m Move) {
		if is && x.kinds[m.Kind] {
			list = append(list, m)
		}
	}
	broken := len(t.l.blocked) > 0
	if q := t.w.queue; len(q) > 0 {
		add(q[0].what.kind == "frame", Move{Kind: Lose})
		add(q[0].what.kind == "frame", Move{Kind: Twice})
		add(len(q) > 1 && q[1].at.Sub(q[0].at) <= patience, Move{Kind: Late})
	}
	for _, r := range t.l.routers {
		if t.waitsForBoot(r) {
			continue
		}
		runs, goes := r.engine != nil, r.engine != nil && !r.stalled
		broken = broken || !goes || !r.up || r.file != 0 || !r.stored.None()
		a := r.id
		add(runs, Move{Kind: Kill, A: a})
		add(!runs, Move{Kind: Boot, A: a})
		add(goes, Move{Kind: Halt, A: a})
		add(goes, Move{Kind: Freeze, A: a})
		add(runs && r.stalled, Move{Kind: Thaw, A: a})
		add(r.up, Move{Kind: Unplug, A: a})
		add(!r.up, Move{Kind: Plug, A: a})
		add(goes, Move{Kind: Pass, A: a})
		add(goes && r.stored.None(), Move{Kind: Depart, A: a})
		add(goes && !r.stored.None(), Move{Kind: Return, A: a})
		add(goes && r.file != 0, Move{Kind: Restore, A: a})
		for _, n := range x.space.Files {
			add(goes && r.file == 0, Move{Kind: Refile, A: a, N: n})
		}
		for _, o := range t.l.routers {
			is := t.l.blocked[[2]int{a, o.id}]
			add(o != r && !is, Move{Kind: Cut, A: a, B: o.id})
			add(is, Move{Kind: Mend, A: a, B: o.id})
		}
	}
	if broken {
		list = append(list, Move{Kind: Heal})
	}
	return list
}

// waitsForBoot reports whether a router has not been started yet.
func (t *course) waitsForBoot(r *router) bool {
	for i := range t.w.queue {
		if t.w.queue[i].what.kind == "boot" && t.w.queue[i].what.router == r {
			return true
		}
	}
	return false
}

// make makes a move at the present moment.
func (t *course) make(m Move) {
	t.drop() // what is next is alive
	t.disturb()
	a := t.l.routers[m.A]
	switch m.Kind {
	case Lose:
		t.w.queue = t.w.queue[1:]
	case Twice:
		first := t.w.queue[0]
		t.w.plan(first.at, first.what, first.do)
	case Late:
		first, second := t.w.queue[0], t.w.queue[1]
		t.w.queue = t.w.queue[1:]
		t.w.plan(second.at, first.what, first.do)
	case Kill:
		a.crash()
	case Boot:
		a.start()
	case Halt:
		a.stop()
	case Freeze:
		a.stall()
	case Thaw:
		a.resume()
	case Unplug:
		a.setLink(false)
	case Plug:
		a.setLink(true)
	case Cut:
		t.l.block(m.A, m.B, false)
	case Mend:
		t.l.block(m.A, m.B, true)
	case Pass:
		a.handOver()
	case Depart:
		a.away(awayAll, false)
	case Return:
		a.away(awayAll, true)
	case Refile:
		a.file = m.N + 1
		a.reload(m.N, false)
	case Restore:
		a.file = 0
		a.reload(0, true)
	case Heal:
		for _, r := range t.l.routers {
			r.file = 0
		}
		t.l.mend()
	}
}
