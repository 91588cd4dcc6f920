package vip

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// leaseClass is a pair of sets, active_N and alive_N, with the rule between
// them, and the sets and rules for addresses where a router needs them. Routers
// with the same lease share a class. A class that no router uses or wants keeps its
// sets and may be taken for another lease. So there are never more rules than leases
// in use or wanted at one time.
type leaseClass struct {
	number int
	elementSets
	names   [leasedKinds]string // of the sets, by kind
	alive   string              // the set that holds the interface while the lease runs
	lease   time.Duration
	open    int           // routers
	wanted  int           // routers that Ready has made it for
	made    bool          // the sets and the rules exist
	held    bool          // alive_N holds the interface, unless the lease ran out
	renewed time.Duration // boot time of the last refresh

	// What the transaction under construction does to the class.
	refresh bool // start the lease again, if used, provided that it has not run out
	reset   bool // empty the sets first: the lease has run out
	check   int  // index of the message that the kernel refuses if the lease has run out
}

func newLeaseClass(number int, lease time.Duration) *leaseClass {
	c := &leaseClass{number: number, lease: lease, elementSets: newElementSets(), alive: fmt.Sprintf("alive_%d", number)}
	for k := range c.names {
		c.names[k] = fmt.Sprintf("%s_%d", elementSpecs[k].name, number)
	}
	return c
}

// enter and leave count routers, which have these elements.
func (c *leaseClass) enter(elements []element) { c.open++; c.use(elements, +1) }
func (c *leaseClass) leave(elements []element) { c.open--; c.use(elements, -1) }

// expired reports whether more than a lease has passed since the last refresh. Its
// clock counts the time of a suspend, which the kernel's timeouts do not.
func (c *leaseClass) expired(now time.Duration) bool {
	return c.held && c.lease > 0 && now-c.renewed > c.lease
}

// left returns the timeout for the interface in alive.
func (c *leaseClass) left(now time.Duration) time.Duration {
	if c.refresh || !c.held || c.lease == 0 {
		return c.lease
	}
	return max(c.lease-(now-c.renewed), time.Millisecond)
}

// write appends the class's part of a transaction. create is for a class whose
// sets do not exist at that point of it.
func (c *leaseClass) write(r *ruleset, ifindex []byte, now time.Duration, create bool) {
	kinds, used := r.kinds(), c.open > 0
	c.check = -1
	c.plan(create || c.reset)
	switch {
	case create && !used && c.wanted == 0:
		return
	case create:
		r.newLeaseClass(c)
	case c.reset:
		for k := range kinds {
			r.flush(c.names[k])
		}
		r.flush(c.alive)
	case c.refresh && c.held:
		c.check = r.deleteAlive(c.alive, ifindex)
	case used != c.held:
		r.flush(c.alive)
	}
	for k := range kinds {
		r.change(unix.NFT_MSG_DELSETELEM, c.names[k], k, c.del[k])
		r.change(unix.NFT_MSG_NEWSETELEM, c.names[k], k, c.add[k])
	}
	if used && (create || c.reset || !c.held || c.refresh) {
		r.addAlive(c.alive, ifindex, uint64(c.left(now).Milliseconds()))
	}
}

// settle notes that the kernel has agreed to the transaction.
func (c *leaseClass) settle(created bool, now time.Duration) {
	used := c.open > 0
	if !used || c.refresh || c.reset || !c.held {
		c.held, c.renewed = used, now
	}
	c.made = used || c.wanted > 0 || c.made && !created
	c.end()
}

// end ends a transaction, also one whose moves were taken back.
func (c *leaseClass) end() {
	c.elementSets.end()
	c.refresh, c.reset = false, false
}
