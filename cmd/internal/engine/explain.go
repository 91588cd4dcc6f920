package engine

import (
	"fmt"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm"
)

// Explain says why a group last changed state, in at most five lines for a
// person; an empty ref is the group that changed last.
func (e *Engine) Explain(now time.Time, ref string) (*status.Explanation, error) {
	g, err := e.lastMoved(ref)
	if err != nil {
		return nil, err
	}
	out := &status.Explanation{Group: g.ref(), Transition: g.last, Lines: []string{}, Facts: []status.Fact{}}
	st := g.machine.Status()
	if g.last == nil {
		why, detail := e.obstacle(g)
		if why == "" {
			detail = "it has just been started"
		}
		out.Lines = append(out.Lines, fmt.Sprintf("%s has not changed state since the start: it is in %s (%s).", g.ref(), st.State, detail))
		return out, nil
	}
	t := g.last
	out.Facts = t.Facts
	out.Lines = append(out.Lines,
		fmt.Sprintf("%s went from %s to %s %v ago, at %s.", g.ref(), t.From, t.To, now.Sub(t.At).Round(time.Second), t.At.Format("15:04:05.000")),
		fmt.Sprintf("Cause: %s: %s.", t.Cause, meaning(t.Cause)),
		"Facts: "+strings.TrimSuffix(t.Detail, ".")+".",
		fmt.Sprintf("Before it: active router %s; own priority %s.", fact(t, "active router"), fact(t, "own priority")),
		fmt.Sprintf("Now: state %s, active router %s%s.", st.State, describe(now, st.Active), g.explainHold(now)))
	return out, nil
}

func (e *Engine) lastMoved(ref string) (*group, error) {
	if ref != "" {
		return e.find(ref)
	}
	var last *group
	for _, g := range e.groups {
		if last == nil || g.last != nil && (last.last == nil || g.last.ID > last.last.ID) {
			last = g
		}
	}
	if last == nil {
		return nil, fmt.Errorf("no group is configured")
	}
	return last, nil
}

func meaning(cause string) string {
	for _, c := range fsm.Causes {
		if string(c.Cause) == cause {
			return c.Meaning
		}
	}
	return "no such cause"
}

func fact(t *status.Transition, name string) string {
	for _, f := range t.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return "unknown"
}
