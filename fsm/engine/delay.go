package engine

import (
	"fmt"
	"time"
)

// delay is the initial delay of a group: the time after its interface came up
// for which it takes no part.
type delay struct {
	able    bool      // the interface can carry the group
	settled bool      // the first delay has come to its end: what follows is no start
	until   time.Time // zero: the group is not delayed
	why     string    // the obstacle meanwhile, "" otherwise
}

// follow begins the delay when an interface has become able to carry the group,
// and forgets it when it no longer is. A group that runs all the same is not
// interrupted. It reports whether a delay has begun.
func (d *delay) follow(now time.Time, name string, able, runs bool, c Delay) bool {
	was := d.able
	d.able = able
	switch {
	case !able:
		d.until, d.why = time.Time{}, ""
	case !was && !runs:
		return d.begin(now, name+" came up", c)
	}
	return false
}

// begin begins the delay after something. It takes every one until one has come to its
// end for that of the start: an interface that flaps while the host boots has not come
// up anew.
func (d *delay) begin(now time.Time, after string, c Delay) bool {
	length, key := c.Minimum, "delay.minimum"
	if !d.settled && c.Reload > length {
		length, key = c.Reload, "delay.reload"
	}
	if length == 0 {
		d.settled = true
		return false
	}
	d.until = now.Add(length)
	d.why = fmt.Sprintf("silent for %v after %s: %s", length, after, key)
	return true
}

// over ends the delay when it has lasted long enough, and reports whether it
// did.
func (d *delay) over(now time.Time) bool {
	if d.until.IsZero() || now.Before(d.until) {
		return false
	}
	d.settled, d.until, d.why = true, time.Time{}, ""
	return true
}

func (d *delay) deadline() time.Time { return d.until }

// left is how long the group is still delayed, 0 when it is not.
func (d *delay) left(now time.Time) time.Duration {
	if d.until.IsZero() {
		return 0
	}
	return max(d.until.Sub(now), 0)
}
