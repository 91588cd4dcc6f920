package vip

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// shut is the lease class of a virtual router while its gate is shut.
const shut = -1

// virtualRouter is a Router on an Interface.
type virtualRouter struct {
	Router
	id    ID
	gated bool // has a MAC of its own

	elements []element // of its class's sets while its gate is open
	standing []element // of the table's other sets once that was open
	forward  []element // instead of elements while it is open only for what is on its way to others
	within   []element // of its class's sets now
	stands   bool      // they are there, or come with the transaction under construction

	class int           // of its open gate, or shut
	was   int           // class before the transaction under construction
	had   []element     // what was within before it
	lease time.Duration // last claimed
	wants int           // class that Ready has made for it, or shut

	placed   bool   // its addresses are to be this host's; guarded by placeMu, like the next
	lifetime uint32 // of addresses

	journaled, filtered bool // how far Add got
	joined              int  // addresses, from the first, whose groups were joined
}

// aboutAddresses reports whether the router needs the sets and rules about
// addresses.
func (vr *virtualRouter) aboutAddresses() bool {
	return len(vr.standing) > 0 || slices.ContainsFunc(vr.elements, func(e element) bool { return e.kind != elementMAC })
}

// Gate opens and shuts gates in one kernel transaction and starts again the
// leases of the routers in open. From its return on, frames for the virtual
// MACs in open are forwarded, and those for the ones in shut are not. Opening
// a gate that is open renews it, with a new lease if that differs.
//
// A lease that had run out is not started again. Its routers are shut and returned
// in lost, also those in open that were open before. The caller demotes them,
// listens, and takes part in the election anew.
//
// On an error nothing has changed in the kernel. A router without a MAC of its own
// has no gate, but a lease: when that ends its addresses on the interface are no
// longer reachable there.
func (i *Interface) Gate(open []Claim, shutIDs []ID) (lost []ID, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return nil, fmt.Errorf("gate on %s: %w", i.name, os.ErrClosed)
	}
	for _, id := range shutIDs {
		if vr := i.routers[id]; vr != nil {
			i.move(vr, shut, nil)
		}
	}
	for _, c := range open {
		if err := i.claim(c); err != nil {
			i.unwind()
			return nil, fmt.Errorf("gate on %s: %w", i.name, err)
		}
	}
	if lost, err = i.commit(); err != nil {
		return nil, fmt.Errorf("gate on %s: %w", i.name, err)
	}
	return lost, nil
}

// LetGo shuts the gates that Open has left open (Options.Adopt, Options.Handover)
// if no Gate has replaced them since, and removes the addresses and routes that Open
// has left and no router has been given. It may take as long as Address.
func (i *Interface) LetGo() error {
	i.mu.Lock()
	pending := i.rebuild
	i.mu.Unlock()
	var err error
	if pending {
		err = i.restoreTable()
	}
	return errors.Join(err, i.forgetFound())
}

func (i *Interface) claim(c Claim) error {
	vr := i.routers[c.ID]
	switch {
	case vr == nil:
		return fmt.Errorf("router %d was never added", c.ID)
	case c.Lease < 0 || c.Lease > 0 && c.Lease < time.Millisecond:
		return fmt.Errorf("lease %v of router %d is below a millisecond", c.Lease, c.ID)
	}
	vr.lease = c.Lease
	if !c.Forward {
		i.stand(vr)
	}
	if len(vr.elements) == 0 {
		return nil
	}
	if vr.was != shut {
		i.classes[vr.was].refresh = true // to learn whether the old lease has run out
	}
	if c.Lease == 0 && !i.forever { // the next process has to know
		i.forever = true
		if err := i.journal.add(entry{Forever: true}); err != nil {
			return err
		}
	}
	n := i.classFor(c.Lease)
	i.classes[n].refresh = true
	elements := vr.elements
	if c.Forward {
		elements = vr.forward
	}
	i.move(vr, n, elements)
	return nil
}

// classFor returns the class with the lease. If there is none it takes an unused
// class for it or makes one.
func (i *Interface) classFor(lease time.Duration) int {
	free := -1
	for n, c := range i.classes {
		if c.lease == lease {
			return n
		}
		if !c.held && c.open == 0 && c.wanted == 0 {
			free = n
		}
	}
	if free >= 0 {
		i.classes[free].lease = lease
		return free
	}
	i.classes = append(i.classes, newLeaseClass(len(i.classes), lease))
	return len(i.classes) - 1
}

// move puts vr into class n with elements, or shuts it, in the transaction under
// construction.
func (i *Interface) move(vr *virtualRouter, n int, elements []element) {
	if len(vr.elements) == 0 || vr.class == n && slices.Equal(vr.within, elements) {
		return
	}
	i.moved = append(i.moved, vr)
	if vr.class != shut {
		i.classes[vr.class].leave(vr.within)
	}
	if n != shut {
		i.classes[n].enter(elements)
	}
	vr.class, vr.within = n, elements
}

// Renew starts every lease in use again, in one transaction. While a gate is
// open it is called before the shortest lease ends, best after each third of it.
//
// lost are the routers whose lease had run out: the kernel has stopped forwarding,
// or the clock shows a suspend. They are shut now, and nothing is forwarded for
// them until Gate opens them again.
func (i *Interface) Renew() (lost []ID, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return nil, fmt.Errorf("renew lease on %s: %w", i.name, os.ErrClosed)
	}
	held := false
	for _, c := range i.classes {
		c.refresh = c.held && c.lease > 0
		held = held || c.refresh
	}
	if held {
		if lost, err = i.commit(); err != nil {
			return nil, fmt.Errorf("renew lease on %s: %w", i.name, err)
		}
	}
	lost, i.lost = append(lost, i.lost...), nil
	slices.Sort(lost)
	return lost, nil
}

// commit sends the transaction under construction. It empties the classes whose
// lease turns out to have run out, and returns their routers. If the kernel refuses
// the transaction for another reason, commit makes the whole table anew, once. On
// an error the Interface is as it was before.
func (i *Interface) commit() (lost []ID, err error) {
	now := bootTime()
	lost = i.fenceExpired(now)
	for {
		refused, err := i.send(now)
		if err == nil && len(refused) == 0 {
			i.settle(now)
			slices.Sort(lost)
			return lost, nil
		}
		ids, again := i.fenceRefused(refused)
		lost = append(lost, ids...)
		switch {
		case again:
		case !i.rebuild: // the kernel does not have what we thought
			i.rebuild = true
			lost = append(lost, i.fenceExpired(now)...)
		default:
			i.unwind()
			for _, e := range refused {
				err = errors.Join(err, fmt.Errorf("table %s: %w", i.rules.table, e))
			}
			return nil, err
		}
	}
}

// send writes the transaction and hands it to the kernel.
func (i *Interface) send(now time.Duration) ([]*messageError, error) {
	i.rules.beginTransaction()
	if i.rebuild {
		i.writeTable()
	}
	i.standing.writeStanding(&i.rules, i.rebuild)
	for _, c := range i.classes {
		c.write(&i.rules, i.ifindex[:], now, i.rebuild || !c.made)
	}
	if i.rules.n == 1 {
		return nil, nil
	}
	i.rules.endTransaction()
	return i.nft.exec(&i.rules.batch)
}

// fenceRefused empties the classes whose lease has run out according to the kernel,
// and reports whether there are any. In a table without owner a missing element
// proves nothing, because anybody may have removed it. There the clock alone counts.
func (i *Interface) fenceRefused(refused []*messageError) (lost []ID, found bool) {
	if i.tableFlags == 0 {
		return nil, false
	}
	for _, e := range refused {
		for n, c := range i.classes {
			if c.check == e.index && e.errno == unix.ENOENT {
				lost, found = append(lost, i.fence(n)...), true
			}
		}
	}
	return lost, found
}

// fenceExpired empties the classes whose lease has run out by the clock, among
// those that the transaction would start again.
func (i *Interface) fenceExpired(now time.Duration) (lost []ID) {
	for n, c := range i.classes {
		if (c.refresh || i.rebuild) && !c.reset && c.expired(now) {
			lost = append(lost, i.fence(n)...)
		}
	}
	return lost
}

// fence empties class n and returns the routers that were open in it, except
// those that the transaction shuts anyway.
func (i *Interface) fence(n int) (lost []ID) {
	i.classes[n].reset = true
	for id, vr := range i.routers {
		if vr.was == n && vr.class != shut {
			i.move(vr, shut, nil)
			lost = append(lost, id)
		}
	}
	return lost
}

func (i *Interface) settle(now time.Duration) {
	for _, c := range i.classes {
		c.settle(i.rebuild || !c.made, now)
	}
	i.rebuild, i.takenOver = false, false
	i.endMoves()
}

// unwind returns the routers to where they were before the transaction.
func (i *Interface) unwind() {
	for _, vr := range i.moved {
		i.move(vr, vr.was, vr.had)
	}
	for _, vr := range i.stood {
		vr.stands = false
		i.standing.use(vr.standing, -1)
	}
	for _, c := range i.classes {
		c.end()
	}
	i.endMoves()
}

func (i *Interface) endMoves() {
	for _, vr := range i.moved {
		vr.was, vr.had = vr.class, vr.within
	}
	i.moved, i.stood = i.moved[:0], i.stood[:0]
	i.standing.end()
}

// bootTime reads a clock that goes on while the machine is suspended.
func bootTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		panic("clock_gettime(CLOCK_BOOTTIME): " + err.Error()) // part of every kernel since 2.6.39
	}
	return time.Duration(ts.Nano())
}
