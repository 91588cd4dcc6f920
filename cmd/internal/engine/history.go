package engine

import (
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// keepTransitions is how many past transitions can be asked for.
const keepTransitions = 1024

// history holds the last transitions of all groups in a ring.
type history struct {
	ring []status.Transition
	made int // transitions since the start; the last one's ID
}

// add numbers t and keeps it.
func (h *history) add(t *status.Transition) {
	h.made++
	t.ID = h.made
	if len(h.ring) < keepTransitions {
		h.ring = append(h.ring, *t)
		return
	}
	h.ring[(h.made-1)%keepTransitions] = *t
}

// list returns what is kept, oldest first.
func (h *history) list() []status.Transition {
	if len(h.ring) < keepTransitions {
		return append([]status.Transition(nil), h.ring...)
	}
	oldest := h.made % keepTransitions
	return append(append([]status.Transition(nil), h.ring[oldest:]...), h.ring[:oldest]...)
}

// What is complained about, and how often.
const (
	// quiet is how long the same complaint about the same sender is held back.
	quiet = time.Hour
	// newcomers is how many senders may be complained about for one reason in
	// one budget, however many there are: forged ones cost the sender nothing.
	newcomers = 8
	budget    = time.Minute
	// maxSubjects bounds what is remembered of senders.
	maxSubjects = 4096
)

// complaints remembers what was complained about, so that it is not again.
// Topics are bounded by the configuration, subjects are not.
type complaints struct {
	said   map[complaint]time.Time
	topics map[string]*topic
}

type complaint struct{ topic, subject string }

// topic counts the complaints of the present budget.
type topic struct {
	since time.Time
	n     int
}

func newComplaints() complaints {
	return complaints{said: map[complaint]time.Time{}, topics: map[string]*topic{}}
}

// first reports whether a complaint is to be made: whether it is new, or old
// enough to be repeated, and not one of many.
func (c *complaints) first(now time.Time, name, subject string) bool {
	key := complaint{name, subject}
	if at, ok := c.said[key]; ok && now.Sub(at) < quiet {
		return false
	}
	t := c.topics[name]
	if t == nil {
		t = &topic{since: now}
		c.topics[name] = t
	}
	if now.Sub(t.since) >= budget {
		*t = topic{since: now}
	}
	if t.n >= newcomers || !c.room(now) {
		return false
	}
	t.n++
	c.said[key] = now
	return true
}

// room reports whether another complaint can be remembered.
func (c *complaints) room(now time.Time) bool {
	if len(c.said) < maxSubjects {
		return true
	}
	for k, at := range c.said {
		if now.Sub(at) >= quiet {
			delete(c.said, k)
		}
	}
	return len(c.said) < maxSubjects
}
