package lab

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// stretch is a time during which one router carried the stream, in milliseconds
// from the fault.
type stretch struct {
	Router string  `json:"router"`
	FromMS float64 `json:"from_ms"`
	ToMS   float64 `json:"to_ms"`
}

// served returns which router carried the stream, and when: measured at the host,
// whatever the daemons say of themselves.
func (r record) served() []stretch {
	list := []stretch{}
	for _, a := range r.arrivals {
		at := ms(a.at.Sub(r.fault))
		if n := len(list); n > 0 && list[n-1].Router == a.via {
			list[n-1].ToMS = at
			continue
		}
		list = append(list, stretch{a.via, at, at})
	}
	return list
}

// mostStretches are told one by one; more are a dispute.
const mostStretches = 4

// servedText words who served before, during and after the fault.
func servedText(p plan, list []stretch, endMS float64) string {
	switch {
	case len(list) == 0:
		return "nobody"
	case len(list) > mostStretches:
		return fmt.Sprintf("both in turns, %d times in all; %s in the end", len(list), list[len(list)-1].Router)
	}
	var parts []string
	for i, s := range list {
		text, next, gap := s.Router, endMS, ms(lateEnd)
		if i > 0 {
			text += fmt.Sprintf(" from %s ms", signed(s.FromMS))
		}
		if i+1 < len(list) {
			next, gap = list[i+1].FromMS, ms(2*p.rate+time.Millisecond)
		}
		if next-s.ToMS > gap {
			text += fmt.Sprintf(" until %s ms", signed(s.ToMS))
		}
		if s.Router == nodeGW1 && s.FromMS < 0 && s.ToMS > 0 && p.fault.servesOn != "" {
			text += " (" + p.fault.servesOn + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", then ")
}

// lateEnd is how long before the end of the stream the last datagram may have
// arrived without a word about it.
const lateEnd = 100 * time.Millisecond

// relieved returns when gw1 no longer carried the stream although the fault had
// taken its daemon out of play: the kernel forwards on the lease, or until a
// successor is heard. That is when the next datagram came through the other router,
// or was sent and lost. ok is false where the fault leaves the daemon alone, or where
// nothing was carried after it.
func (r record) relieved() (at time.Time, ok bool) {
	if r.plan.fault.role == "" {
		return at, false
	}
	until := r.end
	if !r.second.IsZero() {
		until = r.second
	}
	mine := func(a arrival) bool { return a.via == nodeGW1 && a.at.Before(until) }
	i := len(r.arrivals) - 1
	for i >= 0 && !mine(r.arrivals[i]) {
		i--
	}
	if i < 0 {
		return at, false
	}
	next := r.arrivals[i].seq + 1
	if next >= uint64(len(r.sent)) {
		return r.end, true
	}
	at = r.sent[next]
	if j := slices.IndexFunc(r.arrivals[i:], func(a arrival) bool { return a.seq == next }); j >= 0 {
		at = r.arrivals[i+j].at
	}
	return at, at.After(r.fault)
}

// serving tells how long gw1 serves on without its daemon, and when daemons end.
func (t *teller) serving() {
	until, on := t.r.relieved()
	if on && until.Before(t.r.end) {
		role := t.r.plan.fault.role
		if ended := t.r.ended[nodeGW1]; !ended.IsZero() && ended.Before(until) {
			role = roleDead
		}
		t.add(until, nodeGW1, "no longer carries the traffic").Role = role
	}
	for _, node := range pair {
		at, ended := t.r.ended[node]
		if !ended || at.After(t.r.end) || node == nodeGW1 && t.r.plan.fault.role == roleDead {
			continue
		}
		e := t.add(at, node, "its daemon has ended")
		if node != nodeGW1 || !on || at.After(until) {
			e.Role = roleDead
		}
	}
}

// faultRole returns what gw1 is from the fault on, "" where its daemon says so
// itself.
func (r record) faultRole() string {
	if _, on := r.relieved(); on {
		return roleServes
	}
	return r.plan.fault.role
}
