package status

import (
	"fmt"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// Explanation is why a group is in the state it is in.
type Explanation struct {
	Group      string      `json:"group"`      // full reference, see Group.Ref
	Transition *Transition `json:"transition"` // the last one; null when there was none
	Lines      []string    `json:"lines"`      // the same for a person, at most five
	Facts      []Fact      `json:"facts"`      // what was known when it was decided
}

// Explain says why a group last changed state, in at most five lines for a
// person. An empty ref is the group that changed last. The error is a
// *engine.GroupError, or says that there is no group.
func Explain(now time.Time, st engine.Status, ref string) (*Explanation, error) {
	g, err := explained(st.Groups, ref)
	if err != nil {
		return nil, err
	}
	out := &Explanation{Group: g.Ref.String(), Lines: []string{}, Facts: []Fact{}}
	t := lastOf(g.Last)
	if t == nil {
		detail := g.Obstacle
		if detail == "" {
			detail = "it has just been started"
		}
		out.Lines = append(out.Lines, fmt.Sprintf("%s has not changed state since the start: it is in %s (%s).", g.Ref, g.Machine.State, detail))
		return out, nil
	}
	out.Transition, out.Facts = t, t.Facts
	out.Lines = append(out.Lines,
		fmt.Sprintf("%s went from %s to %s %v ago, at %s.", g.Ref, t.From, t.To, now.Sub(t.At).Round(time.Second), t.At.Format("15:04:05.000")),
		fmt.Sprintf("Cause: %s: %s.", t.Cause, meaning(g.Last.Cause)),
		"Facts: "+strings.TrimSuffix(t.Detail, ".")+".",
		fmt.Sprintf("Before it: active router %s; own priority %s.", t.fact(factActive), t.fact(factPriority)),
		fmt.Sprintf("Now: state %s, active router %s%s.", g.Machine.State, describe(now, g.Machine.Active), waited(g)))
	return out, nil
}

// explained returns the group that ref names, or the one that moved last.
func explained(groups []engine.GroupStatus, ref string) (*engine.GroupStatus, error) {
	names := make([]engine.Named, len(groups))
	last := 0
	for i, g := range groups {
		names[i] = engine.Named{Ref: g.Ref, Name: g.Name}
		if l := groups[last].Last; g.Last != nil && (l == nil || g.Last.ID > l.ID) {
			last = i
		}
	}
	if ref == "" && len(groups) > 0 {
		return &groups[last], nil
	}
	if ref == "" {
		return nil, fmt.Errorf("no group is configured")
	}
	i, err := engine.Find(names, ref)
	if err != nil {
		return nil, err
	}
	return &groups[i], nil
}

func meaning(cause fsm.Cause) string {
	for _, c := range fsm.Causes {
		if c.Cause == cause {
			return c.Meaning
		}
	}
	return "no such cause"
}

func (t *Transition) fact(name string) string {
	for _, f := range t.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return "unknown"
}

// waited is the end of a sentence about an active group.
func waited(g *engine.GroupStatus) string {
	w, leader := g.Wait, ""
	if w.Leader != (engine.Ref{}) {
		leader = " of " + w.Leader.String()
	}
	switch {
	case w.Outcome == "" || w.Transition != g.Last.ID:
		return ""
	case w.Outcome == engine.Waiting:
		return fmt.Sprintf("; the address waits for the pre_active command%s, %v at most", leader, w.Left)
	case w.Err != "":
		return fmt.Sprintf("; the address was taken %v later: %s", w.Waited, w.Err)
	}
	return fmt.Sprintf("; the address was taken %v later, when the pre_active command%s had ended", w.Waited, leader)
}
