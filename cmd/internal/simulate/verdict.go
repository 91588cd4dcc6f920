package simulate

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/fsm/sim"
)

// Verdict is the outcome of a run. Times are in milliseconds, from time zero.
type Verdict struct {
	Active      string       `json:"active"`        // who is active in the end: a or b; both with a space between, "" for none
	OutageMS    float64      `json:"outage_ms"`     // the longest time that a host of the segment had no router, of all groups
	TwoOwnersMS float64      `json:"two_owners_ms"` // the longest time that two routers had a group's addresses
	Transitions []Transition `json:"transitions"`
	Passed      bool         `json:"passed"`

	Reasons []string       `json:"reasons"` // why it did not pass
	Groups  []GroupVerdict `json:"groups"`
	BoundMS float64        `json:"bound_ms"` // what a standby is allowed, of all groups
	Seed    uint64         `json:"seed"`
	ForMS   float64        `json:"for_ms"`
	Made    []string       `json:"made_up"` // what the files do not say

	Explored []Explored `json:"explored,omitempty"` // by segment
}

// Transition is a change of a group's state.
type Transition struct {
	Router string  `json:"router"`
	Group  string  `json:"group"`
	From   string  `json:"from"`
	To     string  `json:"to"`
	AtMS   float64 `json:"at_ms"`
	Cause  string  `json:"cause"`
}

// GroupVerdict is the outcome for one group.
type GroupVerdict struct {
	Group       string  `json:"group"`
	Active      string  `json:"active"`
	OutageMS    float64 `json:"outage_ms"`
	TwoOwnersMS float64 `json:"two_owners_ms"`
}

// slack is what is allowed beside the timers: the way of a frame, and of an address into
// a kernel.
const slack = 50 * time.Millisecond

// judge weighs a run.
func judge(set *Setting, r *sim.Record) Verdict {
	s := &set.Scene
	v := Verdict{Seed: s.Seed, ForMS: ms(s.Length), Made: append([]string{}, set.Remarks...), Transitions: []Transition{}, Reasons: []string{}, Groups: []GroupVerdict{}}
	for _, e := range r.Told {
		if t := e.Transition; t != nil && !t.At.Before(r.Zero) {
			v.Transitions = append(v.Transitions, Transition{s.Hosts[e.Host].Name, t.Group.String(), t.From, t.To, ms(t.At.Sub(r.Zero)), string(t.Cause)})
		}
	}
	if !r.Settled {
		v.Reasons = append(v.Reasons, "the routers had not settled before anything failed")
	}
	v.Reasons = append(v.Reasons, clashes(s, r)...)
	var active sim.Hosts
	failed := ends(s)
	for i := range r.Groups {
		if !r.Groups[i].Address.IsValid() {
			v.Made = append(v.Made, r.Groups[i].Ref.String()+" has no address in either file, and is not judged")
			continue
		}
		j := judgement{s: s, r: r, c: &r.Groups[i], ends: failed}
		g := j.group()
		active |= final(j.c.Owned)
		v.OutageMS, v.TwoOwnersMS = max(v.OutageMS, g.OutageMS), max(v.TwoOwnersMS, g.TwoOwnersMS)
		v.BoundMS = max(v.BoundMS, ms(j.c.Detect+slack))
		v.Groups = append(v.Groups, g)
		v.Reasons = append(v.Reasons, j.reasons...)
	}
	v.Active = s.Names(active, " ")
	v.Passed = len(v.Reasons) == 0
	return v
}

// clashes names the addresses that are in two groups of a segment: routers that differ in
// the number of a group do not hear each other.
func clashes(s *sim.Scene, r *sim.Record) (reasons []string) {
	type place struct {
		segment int
		address netip.Addr
	}
	of := map[place]*sim.GroupRecord{}
	for i := range r.Groups {
		c := &r.Groups[i]
		for host, id := range c.IDs {
			if id == 0 {
				continue
			}
			for _, a := range s.Hosts[host].Config.Groups[id-1].VirtualIPs {
				p := place{c.Segment, a}
				if of[p] == nil {
					of[p] = c
				} else if of[p] != c {
					reasons = append(reasons, fmt.Sprintf("%s is in two groups of one segment, %s and %s", a, of[p].Ref, c.Ref))
				}
			}
		}
	}
	return reasons
}

// judgement is that of one group.
type judgement struct {
	s       *sim.Scene
	r       *sim.Record
	c       *sim.GroupRecord
	ends    []string // what is wrong with each host in the end, "" for nothing
	reasons []string
}

func (j *judgement) fault(format string, args ...any) {
	j.reasons = append(j.reasons, j.c.Ref.String()+": "+fmt.Sprintf(format, args...))
}

func (j *judgement) group() GroupVerdict {
	g := GroupVerdict{Group: j.c.Ref.String(), Active: j.s.Names(final(j.c.Owned), " ")}
	for i, st := range j.c.Served {
		if d := st.To.Sub(st.From); st.Hosts == 0 {
			g.OutageMS = max(g.OutageMS, ms(d))
			j.outage(st, i == len(j.c.Served)-1)
		}
	}
	for _, st := range j.c.Owned {
		if d := st.To.Sub(st.From); st.Hosts.Count() > 1 {
			g.TwoOwnersMS = max(g.TwoOwnersMS, ms(d))
			if d > slack && j.s.Loss == 0 {
				j.fault("%s have the addresses at once for %s: want at most %s", j.s.Names(st.Hosts, " and "), show(d), show(slack))
			}
		}
	}
	if last := final(j.c.Owned); last.Count() > 1 {
		j.fault("%s have the addresses in the end: want one", j.s.Names(last, " and "))
	}
	return g
}

// outage judges one time without a router. Where frames are lost its length is a matter
// of luck.
func (j *judgement) outage(st sim.Stretch, open bool) {
	owner := at(j.c.Owned, j.r.End)
	switch {
	case open && owner == 0:
		j.fault("nobody serves in the end: %s", j.whyNobody())
	case open && at(j.c.Owned, st.From) == owner:
		j.fault("no traffic from %s on: %s stays active, and what it gets goes no further%s", show(st.From.Sub(j.r.Zero)), j.s.Names(owner, " and "), j.wayOut(owner))
	case open:
		j.fault("no traffic in the end, though %s is active%s", j.s.Names(owner, " and "), j.wayOut(owner))
	case j.s.Loss > 0:
	default:
		if d, allowed, name := j.allowed(st); d > allowed {
			j.fault("no traffic for %s: %s allows %s", show(d), name, show(allowed))
		}
	}
}

// allowed returns how much of an outage counts, and how long that may be: the time that a
// standby waits, or, without one, what a router needs that begins to take part, each time
// anew where nobody was able to for a while.
func (j *judgement) allowed(st sim.Stretch) (counts, d time.Duration, name string) {
	ready := at(j.c.Standby, st.From) | before(j.c.Standby, st.From)
	for _, a := range j.c.Able {
		if a.From.Before(st.To) && a.To.After(st.From) {
			ready &= a.Hosts
		}
	}
	if ready != 0 {
		return st.To.Sub(st.From), j.c.Detect + slack, "the standby"
	}
	from := st.From
	for _, a := range j.c.Able {
		if a.From.After(from) && at(j.c.Able, a.From.Add(-1)) == 0 {
			from = a.From
		}
		if end := earlier(a.To, st.To); a.Hosts != 0 && end.After(from) {
			counts = max(counts, end.Sub(from))
		}
	}
	return counts, j.s.Bound(), "an election"
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// whyNobody says of each router that has the group why it does not serve.
func (j *judgement) whyNobody() string {
	var parts []string
	for i, id := range j.c.IDs {
		switch {
		case id == 0:
		case j.ends[i] != "":
			parts = append(parts, j.s.Hosts[i].Name+" "+j.ends[i])
		default:
			parts = append(parts, j.s.Hosts[i].Name+" is "+j.lastState(i, id))
		}
	}
	return strings.Join(parts, "; ")
}

// lastState is where a group is in the end, and why.
func (j *judgement) lastState(host int, id engine.ID) string {
	state := "silent"
	ref := j.s.Hosts[host].Config.Groups[id-1].Ref
	for _, e := range j.r.Told {
		if t := e.Transition; t != nil && e.Host == host && t.Group == ref {
			if state = t.To; t.Detail != "" {
				state += " (" + t.Detail + ")"
			}
		}
	}
	return state
}

// wayOut names what is wrong with the routers in the end.
func (j *judgement) wayOut(set sim.Hosts) string {
	var parts []string
	for i := range j.s.Hosts {
		if set.Has(i) && j.ends[i] != "" {
			parts = append(parts, j.s.Hosts[i].Name+" "+j.ends[i])
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

// ends returns what has failed of each host and was not mended.
func ends(s *sim.Scene) []string {
	out := make([]string, len(s.Hosts))
	for i := range s.Hosts {
		dark, down := false, map[string]bool{}
		for _, c := range s.Incidents {
			switch {
			case c.Host == sim.AllHosts:
				dark, down = false, map[string]bool{}
			case c.Host != i:
			case c.NIC == "":
				dark = !c.Heal
			default:
				down[c.NIC] = !c.Heal
			}
		}
		var names []string
		for _, n := range s.Hosts[i].NICs {
			if down[n.Name] {
				names = append(names, n.Name)
			}
		}
		switch {
		case dark:
			out[i] = "has no power"
		case len(names) > 0:
			out[i] = "has no link on " + strings.Join(names, ", ")
		}
	}
	return out
}

// at returns the set of a moment, and before that of the moment before it.
func at(list []sim.Stretch, t time.Time) sim.Hosts {
	for i := len(list) - 1; i >= 0; i-- {
		if !list[i].From.After(t) {
			return list[i].Hosts
		}
	}
	return 0
}

func before(list []sim.Stretch, t time.Time) sim.Hosts { return at(list, t.Add(-1)) }

func final(list []sim.Stretch) sim.Hosts {
	if len(list) == 0 {
		return 0
	}
	return list[len(list)-1].Hosts
}

// ms returns d in milliseconds, rounded to a microsecond.
func ms(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}

// show returns d for a person.
func show(d time.Duration) string {
	if d >= 10*time.Millisecond {
		return fmt.Sprintf("%.0f ms", ms(d))
	}
	return fmt.Sprintf("%.1f ms", ms(d))
}
