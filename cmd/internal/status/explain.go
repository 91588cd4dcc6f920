package status

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// Explanation is why a group is in its state.
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
	out := &Explanation{Group: g.Ref.String(), Transition: lastOf(g.Last), Facts: []Fact{}}
	t := g.Last
	if t == nil {
		out.Lines = []string{fmt.Sprintf("%s has not changed state since the start: it is in %s (%s).",
			g.Ref, g.Machine.State, cmp.Or(obstacle(g), "it has just been started"))}
		return out, nil
	}
	out.Facts = out.Transition.Facts
	out.Lines = []string{
		fmt.Sprintf("%s went from %s to %s %v ago, at %s.", g.Ref, t.From, t.To, now.Sub(t.At).Round(time.Second), t.At.Format("15:04:05.000")),
		fmt.Sprintf("Cause: %s: %s.", t.Cause, meaning(t.Cause)),
		"Facts: " + strings.TrimSuffix(t.Detail, ".") + ".",
		fmt.Sprintf("Before it: active router %s; own priority %s.", describe(t.At, t.Facts.Active), priorities(t.Facts.Priority)),
		fmt.Sprintf("Now: state %s, active router %s%s.", g.Machine.State, describe(now, g.Machine.Active), waited(g)+waits(g)+bothActive(g)),
	}
	return out, nil
}

// explained returns the group that ref names, or the one that changed last.
func explained(groups []engine.GroupStatus, ref string) (*engine.GroupStatus, error) {
	names := make([]engine.Named, len(groups))
	last := 0
	for i, g := range groups {
		names[i] = engine.Named{Ref: g.Ref, Name: g.Name}
		if l := groups[last].Last; g.Last != nil && (l == nil || g.Last.ID > l.ID) {
			last = i
		}
	}
	switch {
	case ref != "":
		i, err := engine.Find(names, ref)
		if err != nil {
			return nil, err
		}
		return &groups[i], nil
	case len(groups) == 0:
		return nil, errors.New("no group is configured")
	}
	return &groups[last], nil
}

// meaning looks a cause up in the closed list.
func meaning(cause fsm.Cause) (text string) {
	for _, c := range fsm.Causes {
		if c.Cause == cause {
			text = c.Meaning
		}
	}
	return text
}

// waits is the end of a sentence about a group in its first state, where the
// reason is not that of the transition.
func waits(g *engine.GroupStatus) string {
	if g.Obstacle == "" || g.Obstacle == g.Last.Detail {
		return ""
	}
	return "; it waits: " + obstacle(g)
}

// bothActive is the end of a sentence about a group that is not alone in its role.
func bothActive(g *engine.GroupStatus) string {
	if !g.BothActive {
		return ""
	}
	return "; both routers are active: " + g.Rival.Detail
}

// obstacle says as well how long an initial delay still lasts.
func obstacle(g *engine.GroupStatus) string {
	if g.DelayLeft == 0 {
		return g.Obstacle
	}
	return fmt.Sprintf("%s, %v left", g.Obstacle, g.DelayLeft.Round(time.Second))
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
