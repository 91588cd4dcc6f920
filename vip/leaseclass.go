package vip

import (
	"time"

	"golang.org/x/sys/unix"
)

// leaseClass is a lease class: the pair of sets active_N and alive_N and the rule
// between them, with the sets and rules for addresses where there are such.
// Routers with the same lease share one. A class that no router uses keeps its
// sets and may be taken for another lease, so that there are never more rules
// than leases in use at one time.
type leaseClass struct {
	lease   time.Duration
	members map[element]member
	made    bool                 // the sets and the rules exist
	held    bool                 // alive_N holds the interface, unless the lease ran out
	renewed time.Duration        // boot time of the last refresh
	sets    [elementKinds]string // by kind
	alive   string

	// What the transaction under construction does to the class.
	touched  []element // those whose number of users changed; may repeat
	add, del []element
	refresh  bool // start the lease again, if used, provided that it has not run out
	reset    bool // empty the sets first: the lease has run out
	notAlive int  // index of the message that tells whether it has
}

// member is an element in a class.
type member struct {
	users int  // open routers with this element
	in    bool // in the kernel's set
}

func newLeaseClass(n int, lease time.Duration) *leaseClass {
	c := &leaseClass{lease: lease, members: map[element]member{}, alive: aliveSet(n)}
	for k := range elementKinds {
		c.sets[k] = k.set(n)
	}
	return c
}

func (c *leaseClass) use(e element, by int) {
	m := c.members[e]
	m.users += by
	c.members[e] = m
	c.touched = append(c.touched, e)
}

// inUse reports whether any router of the class is open.
func (c *leaseClass) inUse() bool {
	for _, m := range c.members {
		if m.users > 0 {
			return true
		}
	}
	return false
}

// expired reports whether more than a lease has passed since the last
// refresh, by a clock that counts suspended time while the kernel's timeouts
// do not.
func (c *leaseClass) expired(now time.Duration) bool {
	return c.held && c.lease > 0 && now-c.renewed > c.lease
}

// left is what to give as the timeout when the sets are made anew.
func (c *leaseClass) left(now time.Duration) time.Duration {
	if c.refresh || !c.held || c.lease == 0 {
		return c.lease
	}
	return max(c.lease-(now-c.renewed), time.Millisecond)
}

// plan turns the touched elements into additions and deletions. anew is for sets
// that are empty at that point of the transaction.
func (c *leaseClass) plan(anew bool) {
	c.add, c.del = c.add[:0], c.del[:0]
	if anew {
		for e, m := range c.members {
			if m.users > 0 {
				c.add = append(c.add, e)
			}
		}
		return
	}
	for _, e := range c.touched {
		m := c.members[e]
		if want := m.users > 0; want == m.in {
			continue
		} else if want {
			c.add = append(c.add, e)
		} else {
			c.del = append(c.del, e)
		}
		m.in = !m.in // one that is touched twice is planned once
		c.members[e] = m
	}
}

// unplan takes back what plan assumed of the kernel.
func (c *leaseClass) unplan(anew bool) {
	if anew {
		return
	}
	for _, list := range [][]element{c.add, c.del} {
		for _, e := range list {
			m := c.members[e]
			m.in = !m.in
			c.members[e] = m
		}
	}
}

// settle makes the plan the state, now that the kernel has agreed.
func (c *leaseClass) settle(created bool, now time.Duration) {
	anew := created || c.reset
	for e, m := range c.members {
		if m.users == 0 {
			delete(c.members, e)
		} else if anew {
			m.in = true
			c.members[e] = m
		}
	}
	used := len(c.members) > 0
	if !used || c.refresh || c.reset || !c.held {
		c.held, c.renewed = used, now
	}
	c.made = used || c.made && !created
	c.clear()
}

// clear forgets the transaction.
func (c *leaseClass) clear() {
	c.touched = c.touched[:0]
	c.refresh, c.reset = false, false
}

// write appends the class's part of a transaction. create is for a class whose
// sets do not exist at that point of it.
func (c *leaseClass) write(r *ruleset, n int, ifindex []byte, now time.Duration, create bool) {
	have := r.kinds()
	used := c.inUse()
	c.notAlive = -1
	switch {
	case create && !used:
		return
	case create:
		r.newLeaseClass(n)
	case c.reset:
		for k := range have {
			r.flush(c.sets[k])
		}
		r.flush(c.alive)
	case c.refresh && c.held:
		c.notAlive = r.notAlive(c.alive, ifindex)
	case used != c.held:
		r.flush(c.alive)
	}
	for k := range have {
		r.change(unix.NFT_MSG_DELSETELEM, c.sets[k], k, c.del)
		r.change(unix.NFT_MSG_NEWSETELEM, c.sets[k], k, c.add)
	}
	if used && (create || c.reset || !c.held || c.refresh) {
		r.alive(c.alive, ifindex, uint64(c.left(now).Milliseconds()))
	}
}
