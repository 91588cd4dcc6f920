package track

import (
	"time"

	"github.com/fhrpd/fhrpd/configs"
)

// judge turns results of single checks into the state of an object. It takes
// Fall bad results in a row to bring an object down and Rise good ones to bring
// it up again, so that one lost packet changes nothing. The delays hold back a
// change, which a result to the contrary cancels.
//
// At first nothing is known and the object counts as up. The first good result
// settles that; a bad one does not.
//
// A judge is a value without a clock: it is told the time, and due says when it
// wants to be told again.
type judge struct {
	rise, fall int
	delay      map[bool]time.Duration // by the state that is delayed

	known, up bool
	streak    int       // results in a row against up
	due       time.Time // when a held-back change takes effect; zero = none
}

// newJudge returns the judge of an object. A route is read from the kernel, where
// nothing can be lost, so that one reading settles it. Its delays hold.
func newJudge(c configs.Track) *judge {
	j := &judge{rise: c.Rise, fall: c.Fall, up: true, delay: map[bool]time.Duration{true: c.DelayUp, false: c.DelayDown}}
	if c.Kind == configs.TrackRoute {
		j.rise, j.fall = 1, 1
	}
	return j
}

// result judges the result of one check. changed is true when the state has
// become known or has changed.
func (j *judge) result(now time.Time, ok bool) (changed bool) {
	if ok == j.up {
		first := !j.known && ok
		j.streak, j.due = 0, time.Time{}
		j.known = j.known || ok
		return first
	}
	if j.streak < j.needed() {
		j.streak++
		if j.streak == j.needed() {
			j.due = now.Add(j.delay[ok])
		}
	}
	return j.tick(now)
}

// tick lets a change that was held back take effect when its time has come.
func (j *judge) tick(now time.Time) (changed bool) {
	if j.due.IsZero() || now.Before(j.due) {
		return false
	}
	j.known, j.up = true, !j.up
	j.streak, j.due = 0, time.Time{}
	return true
}

// needed is how many results in a row it takes to leave the state.
func (j *judge) needed() int {
	if j.up {
		return j.fall
	}
	return j.rise
}
