package lab

import (
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// record is everything that was seen of one run. The verdict, the story and the
// picture are computed from it alone.
type record struct {
	plan plan

	start  time.Time // of the stream
	fault  time.Time
	second time.Time // when the fault ended or went on; zero when it has one part
	end    time.Time // of the stream

	sent      []time.Time // by number
	arrivals  []arrival
	sightings []sighting // oldest first
	learned   []tableChange
	// transitions are what the daemons report of themselves, by gateway, oldest
	// first.
	transitions map[string][]status.Transition
	// understudies are when a gateway began to forward for a silent active router, by
	// gateway.
	understudies map[string][]status.Record

	ended         map[string]time.Time // when the daemon of a gateway had ended; none runs on
	before, after snapshot
	missed        int      // frames that the captures lost
	notes         []string // what did not come in time
}

// tableChange is a change of a table of the client or the switch.
type tableChange struct {
	node string
	netlab.NeighborChange
}

// announced returns the announcements of the router that takes over, from the
// fault on.
func (r record) announced() []string {
	list := []string{}
	for _, s := range r.sightings {
		if s.Kind == seenAnnounce && s.Node == r.plan.fault.taker() && !s.At.Before(r.fault) && s.Detail != garpRealBack {
			list = append(list, s.Detail)
		}
	}
	return list
}

// standbyFrames counts the frames from the virtual MAC that the router that was
// not active sent before the fault.
func (r record) standbyFrames() int {
	n := 0
	for _, s := range r.sightings {
		if s.Virtual && s.Node != r.plan.fault.first && s.At.After(r.start) && s.At.Before(r.fault) {
			n++
		}
	}
	return n
}

// takeover returns the time from the fault until the last group had been
// claimed by the router that takes over, and how many groups never were.
func (r record) takeover() (after time.Duration, missing int) {
	claimed := map[int]time.Time{}
	for _, s := range r.sightings {
		_, known := claimed[s.Group]
		if s.Kind == seenActive && s.Node == r.plan.fault.taker() && !s.At.Before(r.fault) && !known {
			claimed[s.Group] = s.At
			after = max(after, s.At.Sub(r.fault))
		}
	}
	return after, r.plan.groups - len(claimed)
}

// span is a time during which a router claimed the first group without a pause,
// or had one role.
type span struct {
	name     string // of the router or the role
	from, to time.Time
}

// spans returns when each router claimed the virtual MAC, from a given time on.
// A hello in another state, a Resign or a silence of the hold time ends a span.
func (r record) spans(since time.Time) []span {
	var list []span
	open := map[string]int{}
	for _, s := range r.sightings {
		if s.Group != 1 || s.At.Before(since) {
			continue
		}
		i, ok := open[s.Node]
		switch {
		case !s.claims() && s.Kind != seenCoup:
			delete(open, s.Node)
		case !s.claims():
		case ok && s.At.Sub(list[i].to) <= r.plan.detect():
			list[i].to = s.At
		default:
			open[s.Node] = len(list)
			list = append(list, span{s.Node, s.At, s.At})
		}
	}
	return list
}

// overlap returns the longest time during which two routers claimed at once.
func overlap(list []span) time.Duration {
	var most time.Duration
	for i, a := range list {
		for _, b := range list[i+1:] {
			if a.name != b.name {
				most = max(most, min(a.to.Sub(a.from), a.to.Sub(b.from), b.to.Sub(a.from), b.to.Sub(b.from)))
			}
		}
	}
	return most
}
