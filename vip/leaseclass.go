package vip

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// leaseClass is a pair of sets, active_N and alive_N, with the rule between
// them, and the sets and rules for addresses where a router needs them. Routers
// with the same lease share a class. A class that no router uses keeps its sets
// and may be taken for another lease. So there are never more rules than leases
// in use at one time.
type leaseClass struct {
	number  int
	sets    [elementKinds]string // by kind
	alive   string               // the set that holds the interface while the lease runs
	lease   time.Duration
	open    int // routers
	members map[element]member
	made    bool          // the sets and the rules exist
	held    bool          // alive_N holds the interface, unless the lease ran out
	renewed time.Duration // boot time of the last refresh

	// What the transaction under construction does to the class.
	touched  []element // members whose number of users changed
	add, del [elementKinds][]element
	refresh  bool // start the lease again, if used, provided that it has not run out
	reset    bool // empty the sets first: the lease has run out
	check    int  // index of the message that the kernel refuses if the lease has run out
}

// member is an element of a class.
type member struct {
	users   int  // open routers with this element
	in      bool // in the kernel's set before the transaction
	touched bool
}

func newLeaseClass(number int, lease time.Duration) *leaseClass {
	c := &leaseClass{number: number, lease: lease, members: map[element]member{}, alive: fmt.Sprintf("alive_%d", number)}
	for k, spec := range elementSpecs {
		c.sets[k] = fmt.Sprintf("%s_%d", spec.name, number)
	}
	return c
}

// use counts by more routers, which have these elements.
func (c *leaseClass) use(elements []element, by int) {
	c.open += by
	for _, e := range elements {
		m := c.members[e]
		if !m.touched {
			c.touched = append(c.touched, e)
		}
		m.users, m.touched = m.users+by, true
		c.members[e] = m
	}
}

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

// plan divides the elements to be changed into additions and deletions. empty is
// for sets that are empty at that point of the transaction.
func (c *leaseClass) plan(empty bool) {
	for k := range elementKinds {
		c.add[k], c.del[k] = c.add[k][:0], c.del[k][:0]
	}
	if empty {
		for e, m := range c.members {
			if m.users > 0 {
				c.add[e.kind] = append(c.add[e.kind], e)
			}
		}
		return
	}
	for _, e := range c.touched {
		switch m := c.members[e]; {
		case m.users > 0 && !m.in:
			c.add[e.kind] = append(c.add[e.kind], e)
		case m.users == 0 && m.in:
			c.del[e.kind] = append(c.del[e.kind], e)
		}
	}
}

// write appends the class's part of a transaction. create is for a class whose
// sets do not exist at that point of it.
func (c *leaseClass) write(r *ruleset, ifindex []byte, now time.Duration, create bool) {
	kinds, used := r.kinds(), c.open > 0
	c.check = -1
	c.plan(create || c.reset)
	switch {
	case create && !used:
		return
	case create:
		r.newLeaseClass(c)
	case c.reset:
		for k := range kinds {
			r.flush(c.sets[k])
		}
		r.flush(c.alive)
	case c.refresh && c.held:
		c.check = r.deleteAlive(c.alive, ifindex)
	case used != c.held:
		r.flush(c.alive)
	}
	for k := range kinds {
		r.change(unix.NFT_MSG_DELSETELEM, c.sets[k], k, c.del[k])
		r.change(unix.NFT_MSG_NEWSETELEM, c.sets[k], k, c.add[k])
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
	c.made = used || c.made && !created
	c.end()
}

// end ends a transaction, also one whose moves were taken back. The kernel's sets
// hold what is used.
func (c *leaseClass) end() {
	for _, e := range c.touched {
		if users := c.members[e].users; users > 0 {
			c.members[e] = member{users: users, in: true}
		} else {
			delete(c.members, e)
		}
	}
	c.touched = c.touched[:0]
	c.refresh, c.reset = false, false
}
