package vip

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// shut is a group's class while its gate is shut.
const shut = -1

// group is a Router on a Plane.
type group struct {
	Router
	id    ID
	gated bool // has a MAC of its own

	elements []element // of its class's sets while its gate is open

	class  int  // of its open gate, or shut
	was    int  // class before the transaction under construction
	moved  bool // was is valid
	routed bool // its addresses are to be routed; guarded by routeMu

	journaled, filtered bool // how far Add got
	joined              int  // addresses, from the first, whose groups were joined
}

// before returns the class that g had when the transaction began.
func (g *group) before() int {
	if g.moved {
		return g.was
	}
	return g.class
}

// Gate opens and shuts gates in one kernel transaction and starts again the
// leases of the routers in open. From its return on, frames for the virtual
// MACs in open are forwarded, and those for the ones in shut are not. Opening
// a gate that is open renews it, with a new lease if that differs.
//
// A lease that had run out is not started again: its routers are shut and
// returned in lost. The caller demotes them, listens, and takes part in the
// election anew. A router that is in open as well counts as lost if it was
// open before.
//
// On an error nothing has changed in the kernel. Routers without a MAC of
// their own are accepted and ignored.
func (p *Plane) Gate(open []Claim, shutIDs []ID) (lost []ID, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, fmt.Errorf("gate on %s: %w", p.parent, os.ErrClosed)
	}
	for _, id := range shutIDs {
		if g := p.groups[id]; g != nil {
			p.move(g, shut)
		}
	}
	for _, c := range open {
		if err := p.claim(c); err != nil {
			p.unwind()
			return nil, err
		}
	}
	if lost, err = p.commit(); err != nil {
		return nil, fmt.Errorf("gate on %s: %w", p.parent, err)
	}
	return lost, nil
}

// LetGo shuts what Open has left open ([Options]) and no Gate has replaced since.
// It does nothing when there is no such thing.
func (p *Plane) LetGo() error {
	p.mu.Lock()
	pending := p.rebuild
	p.mu.Unlock()
	if !pending {
		return nil
	}
	return p.restoreTable()
}

func (p *Plane) claim(c Claim) error {
	g := p.groups[c.ID]
	switch {
	case g == nil:
		return fmt.Errorf("gate on %s: router %d was never added", p.parent, c.ID)
	case c.Lease < 0 || c.Lease > 0 && c.Lease < time.Millisecond:
		return fmt.Errorf("gate on %s: lease %v of router %d is below a millisecond", p.parent, c.Lease, c.ID)
	case !g.gated:
		return nil
	}
	if old := g.before(); old != shut {
		p.classes[old].refresh = true // to learn whether the old lease has run out
	}
	if err := p.noteForever(c.Lease); err != nil {
		return err
	}
	n := p.classFor(c.Lease)
	p.classes[n].refresh = true
	if g.class != n {
		p.move(g, n)
	}
	return nil
}

// noteForever lets the next process know that a gate may never shut by itself.
func (p *Plane) noteForever(lease time.Duration) error {
	if lease > 0 || p.forever {
		return nil
	}
	p.forever = true
	return p.journal.add(entry{Forever: true})
}

// isOpen reports whether the gate of a router is open.
func (p *Plane) isOpen(id ID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.groups[id]
	return g != nil && g.class != shut
}

// classFor returns the class with the lease, taking an unused one for it or
// making one.
func (p *Plane) classFor(lease time.Duration) int {
	free := -1
	for n, c := range p.classes {
		if c.lease == lease {
			return n
		}
		if !c.held && len(c.touched) == 0 {
			free = n
		}
	}
	if free >= 0 {
		p.classes[free].lease = lease
		return free
	}
	p.classes = append(p.classes, newClass(len(p.classes), lease))
	return len(p.classes) - 1
}

// move puts g into class n, or shuts it, in the transaction under construction.
func (p *Plane) move(g *group, n int) {
	if !g.gated || g.class == n {
		return
	}
	if !g.moved {
		g.moved, g.was = true, g.class
		p.moved = append(p.moved, g)
	}
	for _, e := range g.elements {
		if g.class != shut {
			p.classes[g.class].use(e, -1)
		}
		if n != shut {
			p.classes[n].use(e, +1)
		}
	}
	g.class = n
}

// Renew starts every lease in use again, in one transaction. While a gate is
// open it is called before the shortest lease ends, best after each third of it.
//
// lost are the routers whose lease had run out, be it that the kernel has
// stopped forwarding or that the clock shows a suspend: they are shut now, and
// nothing is forwarded for them until Gate opens them again.
func (p *Plane) Renew() (lost []ID, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, fmt.Errorf("renew lease on %s: %w", p.parent, os.ErrClosed)
	}
	held := false
	for _, c := range p.classes {
		c.refresh = c.held && c.lease > 0
		held = held || c.refresh
	}
	if !held {
		lost, p.lost = p.lost, nil
		return lost, nil
	}
	if lost, err = p.commit(); err != nil {
		return nil, fmt.Errorf("renew lease on %s: %w", p.parent, err)
	}
	lost, p.lost = append(lost, p.lost...), nil
	slices.Sort(lost)
	return lost, nil
}

// commit sends the transaction under construction, without the classes whose
// lease turns out to have run out: those are emptied and their routers are
// returned. A transaction that is refused for another reason is tried once more
// with the whole table made anew. On an error the Plane is as it was before.
func (p *Plane) commit() (lost []ID, err error) {
	now := bootTime()
	lost = p.fenceExpired(now)
	for {
		faults, err := p.send(now)
		if err == nil && len(faults) == 0 {
			p.settle(now)
			slices.Sort(lost)
			return lost, nil
		}
		p.unplan()
		ids, again := p.fenced(faults)
		lost = append(lost, ids...)
		switch {
		case again:
		case !p.rebuild: // the kernel has something else than we thought
			p.rebuild = true
			lost = append(lost, p.fenceExpired(now)...)
		default:
			p.unwind()
			return nil, errors.Join(err, faultsError(faults, func(int) string { return "table " + p.rules.table }))
		}
	}
}

// send writes the transaction and hands it to the kernel.
func (p *Plane) send(now time.Duration) ([]fault, error) {
	p.rules.open()
	if p.rebuild {
		p.writeTable()
	}
	for n, c := range p.classes {
		create := p.rebuild || !c.made
		c.plan(create || c.reset)
		c.write(&p.rules, n, p.ifindex[:], now, create)
	}
	if p.rules.n == 1 {
		return nil, nil
	}
	p.rules.shut()
	return p.nft.exec(&p.rules.batch)
}

// fenced empties the classes whose lease the kernel says has run out, and
// reports whether there are any. Anybody may change a table without owner, so
// that a missing element proves nothing there; the clock has been asked already.
func (p *Plane) fenced(faults []fault) (lost []ID, found bool) {
	if !p.persist {
		return nil, false
	}
	for _, f := range faults {
		for n, c := range p.classes {
			if c.notAlive == f.index && errors.Is(f.err, unix.ENOENT) {
				lost, found = append(lost, p.fence(n)...), true
			}
		}
	}
	return lost, found
}

// fenceExpired empties the classes whose lease has run out by the clock, among
// those that the transaction would start again.
func (p *Plane) fenceExpired(now time.Duration) (lost []ID) {
	for n, c := range p.classes {
		if (c.refresh || p.rebuild) && !c.reset && c.expired(now) {
			lost = append(lost, p.fence(n)...)
		}
	}
	return lost
}

// fence empties class n and returns the routers that were open in it, except
// those that the transaction shuts anyway.
func (p *Plane) fence(n int) (lost []ID) {
	p.classes[n].reset = true
	for id, g := range p.groups {
		if g.before() == n && g.class != shut {
			p.move(g, shut)
			lost = append(lost, id)
		}
	}
	return lost
}

func (p *Plane) unplan() {
	for _, c := range p.classes {
		c.unplan(p.rebuild || !c.made || c.reset)
	}
}

func (p *Plane) settle(now time.Duration) {
	for _, c := range p.classes {
		c.settle(p.rebuild || !c.made, now)
	}
	p.rebuild = false
	p.forgetMoves()
}

// unwind returns the groups to where they were before the transaction.
func (p *Plane) unwind() {
	for _, g := range p.moved {
		p.move(g, g.was)
	}
	for _, c := range p.classes {
		c.clear()
	}
	p.forgetMoves()
}

func (p *Plane) forgetMoves() {
	for _, g := range p.moved {
		g.moved = false
	}
	p.moved = p.moved[:0]
}

// bootTime is a clock that goes on while the machine is suspended.
func bootTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		panic("clock_gettime(CLOCK_BOOTTIME): " + err.Error()) // part of every kernel since 2.6.39
	}
	return time.Duration(ts.Nano())
}
