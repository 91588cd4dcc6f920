package simulate

import (
	"fmt"
	"strings"

	"github.com/fhrpd/fhrpd/fsm/sim"
)

// Explored is what came of every order of events on one segment.
type Explored struct {
	Segment   string   `json:"segment"`   // the routers and their interfaces
	Events    int      `json:"events"`    // histories with so many beside the calm course were all played
	States    int      `json:"states"`    // that differ
	Histories int      `json:"histories"` // that were played
	Broken    []string `json:"broken"`    // rules that did not hold in one of them
	History   []string `json:"history"`   // that one's events
	Story     []string `json:"story"`     // and what the routers told
}

// mostEvents is how many events a history has at most: each one more takes a hundred
// times as long.
const mostEvents = 4

// CheckExplore returns what is wrong with the number behind --explore.
func CheckExplore(events int) error {
	if events < 0 || events > mostEvents {
		return fmt.Errorf("--explore %d: want 1 to %d events", events, mostEvents)
	}
	return nil
}

// Explore plays every order of up to so many events on each segment, beside the run that
// was asked for, and adds what came of it to the verdict. more is asked now and then
// whether to go on.
func (r *Result) Explore(events int, more func() bool) error {
	spaces, names, remarks := r.set.Scene.Spaces(events)
	r.Verdict.Made = append(r.Verdict.Made, remarks...)
	if len(spaces) == 0 {
		r.Verdict.Made = append(r.Verdict.Made, "there is nothing to explore")
	}
	for i, s := range spaces {
		s.More = more
		out, err := sim.Explore(s)
		if err != nil {
			return fmt.Errorf("explore %s: %w", names[i], err)
		}
		e := Explored{Segment: names[i], Events: out.Moves, States: out.States, Histories: out.Histories, Broken: []string{}, History: []string{}, Story: []string{}}
		if len(out.Violations) > 0 {
			v := out.Violations[0]
			e.Broken, e.Story = v.Broken, v.Story
			for _, m := range v.History {
				e.History = append(e.History, fmt.Sprint(m))
			}
			r.Verdict.Reasons = append(r.Verdict.Reasons, "explored "+names[i]+": "+strings.TrimSpace(v.Broken[0]))
			r.Verdict.Passed = false
		}
		r.Verdict.Explored = append(r.Verdict.Explored, e)
	}
	return nil
}

// explored writes what was explored.
func (r *Result) explored(b *strings.Builder) {
	for _, e := range r.Verdict.Explored {
		word := "nothing is broken"
		if len(e.Broken) > 0 {
			word = "broken"
		}
		fmt.Fprintf(b, "    %-12s %s: %d states in %d histories with up to %d events: %s\n", "explored", e.Segment, e.States, e.Histories, e.Events, word)
		for _, line := range append(e.Broken, append(e.History, e.Story...)...) {
			fmt.Fprintf(b, "    %-12s %s\n", "", line)
		}
	}
}
