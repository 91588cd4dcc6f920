package sim

import (
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// begin makes the present time zero.
func (p *staging) begin() {
	p.begun, p.dirty, p.rec.Zero = true, true, p.w.now
	p.look()
}

// look notes who serves each group, if that may have changed.
func (p *staging) look() {
	if !p.dirty {
		return
	}
	p.dirty = false
	for _, c := range p.groups {
		c.note(&c.Served, p.segments[c.Segment].served(c))
		c.note(&c.Owned, c.which((*host).owns))
		c.note(&c.Able, c.which((*host).able))
		c.note(&c.Standby, c.which((*host).standsBy))
	}
}

// which returns the hosts of which something is true.
func (c *shared) which(is func(*host, engine.ID) bool) (set Hosts) {
	for i, id := range c.IDs {
		if id != 0 && is(c.p.hosts[i], id) {
			set |= 1 << i
		}
	}
	return set
}

// note begins another stretch when the set has changed. What was so for no time at all
// has not been.
func (c *shared) note(list *[]Stretch, set Hosts) {
	now := c.p.w.now
	if n := len(*list); n > 0 {
		last := &(*list)[n-1]
		if last.Hosts == set {
			return
		}
		last.To = now
		if last.From.Equal(now) {
			*list = (*list)[:n-1]
			if n > 1 && (*list)[n-2].Hosts == set {
				(*list)[n-2].To = time.Time{}
				return
			}
		}
	}
	*list = append(*list, Stretch{Hosts: set, From: now})
}

// end closes what is open.
func (p *staging) end() {
	for _, c := range p.groups {
		for _, list := range [][]Stretch{c.Served, c.Owned, c.Able, c.Standby} {
			if n := len(list); n > 0 {
				list[n-1].To = p.w.now
			}
		}
	}
}
