package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// Explanation is why a group is in the state it is in.
type Explanation struct {
	Group      string      `json:"group"`      // full reference, see Group.Ref
	Transition *Transition `json:"transition"` // the last one; null when there was none
	Lines      []string    `json:"lines"`      // the same for a person, at most five
	Facts      []Fact      `json:"facts"`      // what was known when it was decided
}

// Explain explains the last transition of g, and where g stands now.
func Explain(g *Group, now time.Time) *Explanation {
	x := &Explanation{Group: g.Ref(), Transition: g.LastTransition, Facts: []Fact{}}
	t := g.LastTransition
	if t == nil {
		x.Lines = []string{fmt.Sprintf("%s has not changed state since it was started.", g.title()), g.standing(now)}
		return x
	}
	x.Facts = append(x.Facts, t.Facts...)
	x.Lines = append(x.Lines,
		fmt.Sprintf("%s went from %s to %s at %s (transition %d).", g.title(), t.From, t.To, t.At.Format(time.RFC3339Nano), t.ID),
		fmt.Sprintf("Cause: %s.", CauseText(t.Cause)))
	if t.Detail != "" {
		x.Lines = append(x.Lines, fmt.Sprintf("Seen: %s.", strings.TrimSuffix(t.Detail, ".")))
	}
	if len(t.Facts) > 0 {
		x.Lines = append(x.Lines, "Known then: "+factLine(t.Facts)+".")
	}
	x.Lines = append(x.Lines, g.standing(now))
	return x
}

// Latest returns the index of the group that changed state last, or -1 when
// none did.
func Latest(groups []Group) int {
	best := -1
	for i := range groups {
		t := groups[i].LastTransition
		if t != nil && (best < 0 || t.At.After(groups[best].LastTransition.At)) {
			best = i
		}
	}
	return best
}

// CauseText returns a cause with its meaning.
func CauseText(cause string) string {
	for _, c := range fsm.Causes {
		if string(c.Cause) == cause {
			return cause + ": " + c.Meaning
		}
	}
	return cause
}

func (g *Group) title() string {
	if g.Name == "" || g.NameDefault {
		return g.Ref()
	}
	return fmt.Sprintf("%s (%s)", g.Ref(), g.Name)
}

// standing says in one line where the group is now.
func (g *Group) standing(now time.Time) string {
	s := "Now: " + g.State
	if !g.Since.IsZero() {
		s += fmt.Sprintf(" for %v", max(0, now.Sub(g.Since)).Round(time.Millisecond))
	}
	s += fmt.Sprintf(", priority %d (configured %d), active router %s", g.Priority, g.ConfiguredPriority, g.Active.words())
	if g.Protocol == "hsrp" {
		s += ", standby router " + g.Standby.words()
	}
	if n := len(g.Takeover); n > 0 {
		proven := len(slices.DeleteFunc(slices.Clone(g.Takeover), func(t Takeover) bool { return !t.Proven }))
		s += fmt.Sprintf(", takeover proven by %d of %d neighbours", proven, n)
	}
	return s + "."
}

func (p *Peer) words() string {
	if p == nil {
		return "unknown"
	}
	return p.Address
}

func factLine(facts []Fact) string {
	var out []string
	for _, f := range facts {
		out = append(out, f.Name+" "+f.Value)
	}
	return strings.Join(out, ", ")
}
