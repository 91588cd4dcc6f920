package status

import "time"

// Cleared is where the counters of a group stood when an operator cleared them.
// The counters themselves go on: whoever computes a rate must not see them fall.
type Cleared struct {
	At       time.Time `json:"at"`
	Counters Counters  `json:"counters"`
}

// ClearedInterface is the same for an interface.
type ClearedInterface struct {
	At       time.Time         `json:"at"`
	Rejected map[string]uint64 `json:"rejected"`
}

// SinceClear returns what the counters of g have counted since they were cleared,
// or since the start.
func (g *Group) SinceClear() Counters {
	c := g.Counters
	if g.Cleared == nil {
		return c
	}
	was := &g.Cleared.Counters
	c.Sent -= was.Sent
	c.Received -= was.Received
	c.Announced -= was.Announced
	c.Answered -= was.Answered
	c.Conflicts -= was.Conflicts
	c.Understudied -= was.Understudied
	c.Questioned -= was.Questioned
	c.Rejected = less(c.Rejected, was.Rejected)
	if c.Handovers != nil {
		c.Handovers = less(c.Handovers, was.Handovers)
	}
	return c
}

// SinceClear returns the packets that belonged to no group since that was cleared,
// or since the start, by reason.
func (i *Interface) SinceClear() map[string]uint64 {
	if i.Cleared == nil {
		return i.Rejected
	}
	return less(i.Rejected, i.Cleared.Rejected)
}

func less(now, was map[string]uint64) map[string]uint64 {
	out := make(map[string]uint64, len(now))
	for why, n := range now {
		out[why] = n - was[why]
	}
	return out
}
