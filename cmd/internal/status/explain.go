package status

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// Question is what is to be explained.
type Question struct {
	Group string        // empty: whichever changed last
	All   bool          // every change that is kept: of the group, or of all when it is empty
	Since time.Duration // every change in this last time; 0: no bound
}

// Explanation is why the one who serves a group changed last.
type Explanation struct {
	Group      string      `json:"group"`      // full reference, see Group.Ref
	Transition *Transition `json:"transition"` // the last one; null when there was none
	Changes    []Change    `json:"changes"`    // of who serves, oldest first: the last one, or all that were asked for
	Lines      []string    `json:"lines"`      // the same for a person
	Facts      []Fact      `json:"facts"`      // what was known when the last transition was decided
}

// Explain tells why the one who serves a group changed last, in at most a dozen
// lines for a person; changes are all that are kept. The error is a
// *engine.GroupError, or says that there is no group.
func Explain(now time.Time, st engine.Status, changes []*engine.Change, q Question) (*Explanation, error) {
	g, err := explained(st.Groups, q.Group)
	if err != nil {
		return nil, err
	}
	out := &Explanation{Group: g.Ref.String(), Transition: lastOf(g.Last), Changes: []Change{}, Facts: []Fact{}}
	if g.Last != nil {
		out.Facts = out.Transition.Facts
	}
	if q.All || q.Since > 0 {
		for _, c := range changes {
			if (q.Group == "" || c.Group == g.Ref) && (q.Since == 0 || now.Sub(c.At) <= q.Since) {
				out.add(now, c, st.Groups)
			}
		}
		if len(out.Lines) == 0 {
			out.Lines = []string{"Nobody has taken over from anybody" + within(q.Since) + ", as far as this router knows."}
		}
		return out, nil
	}
	if g.Change == nil {
		out.Lines = unchanged(now, g)
	} else {
		out.add(now, g.Change, st.Groups, g.Unheard...)
		out.Lines = append(out.Lines, present(now, g)...)
	}
	return out, nil
}

func within(since time.Duration) string {
	if since == 0 {
		return ""
	}
	return fmt.Sprintf(" in the last %v", since)
}

// add tells of a change.
// unheard are routers that are not believed now.
func (x *Explanation) add(now time.Time, c *engine.Change, all []engine.GroupStatus, unheard ...engine.Unheard) {
	if len(x.Lines) > 0 {
		x.Lines = append(x.Lines, "")
	}
	out := changeOf(c)
	out.Together, out.Advice = together(c, all), advice(c, unheard)
	out.Lines = tell(now, c, out.Together)
	if out.Advice != "" {
		out.Lines = append(out.Lines, "If that was not intended, look at "+out.Advice+".")
	}
	x.Changes, x.Lines = append(x.Changes, out), append(x.Lines, out.Lines...)
}

// together counts the other groups whose last change began with the same record.
func together(c *engine.Change, all []engine.GroupStatus) (n int) {
	for i := range all {
		o := all[i].Change
		if o != nil && o.ID != c.ID && len(o.Records) > 0 && len(c.Records) > 0 && o.Records[0] == c.Records[0] {
			n++
		}
	}
	return n
}

// present says how it is now, and what has happened since the last change.
func present(now time.Time, g *engine.GroupStatus) (lines []string) {
	if t := g.Last; t != nil && !partOf(g.Change, t) {
		lines = append(lines, fmt.Sprintf("Since then: %s to %s at %s (%s: %s).", t.From, t.To, clock(now, t.At), t.Cause, strings.TrimSuffix(t.Detail, ".")))
	}
	if r := g.Contested; r != nil {
		lines = append(lines, fmt.Sprintf("Since then: %s, at %s, while this router was active too.", recordText(g.Ref, r), clock(now, r.At)))
	}
	lines = append(lines, stint(now, g)...)
	lines = append(lines, fmt.Sprintf("Now: state %s, active router %s, own priority %s%s.",
		g.Machine.State, describe(now, g.Machine.Active), priorities(g.InForce), waited(g)+waits(g)+covers(now, g)+bothActive(g)))
	return append(lines, notBelieved(g)...)
}

func partOf(c *engine.Change, t *engine.Transition) bool {
	return slices.ContainsFunc(c.Records, func(r *engine.Record) bool { return r.Transition != nil && r.Transition.ID == t.ID })
}

// notBelieved tells of routers that may belong to the group, and why this one does
// not hear them.
func notBelieved(g *engine.GroupStatus) (lines []string) {
	for _, u := range g.Unheard[:min(len(g.Unheard), 2)] {
		lines = append(lines, "Not believed: "+rejectedText(&u)+".")
	}
	return lines
}

// unchanged tells of a group that somebody has served for as long as this router
// knows of it, or nobody.
func unchanged(now time.Time, g *engine.GroupStatus) []string {
	t := g.Last
	if t == nil {
		return append([]string{fmt.Sprintf("%s has not changed state since the start: it is in %s (%s).",
			g.Ref, g.Machine.State, cmp.Or(obstacle(g), "it has just been started"))}, notBelieved(g)...)
	}
	lines := []string{
		fmt.Sprintf("%s went from %s to %s %v ago, at %s.", g.Ref, t.From, t.To, now.Sub(t.At).Round(time.Second), clock(now, t.At)),
		fmt.Sprintf("Cause: %s: %s.", t.Cause, meaning(t.Cause)),
		"Facts: " + strings.TrimSuffix(t.Detail, ".") + ".",
		fmt.Sprintf("Before it: active router %s; own priority %s.", describe(t.At, t.Facts.Active), priorities(t.Facts.Priority)),
	}
	lines = append(lines, stint(now, g)...)
	lines = append(lines, fmt.Sprintf("Now: state %s, active router %s%s.", g.Machine.State, describe(now, g.Machine.Active), waited(g)+waits(g)+covers(now, g)+bothActive(g)))
	if h := g.Serves; h.Known {
		lines = append(lines, fmt.Sprintf("Who serves has not changed: %s was heard as active first at %s.", h.Addr, clock(now, g.ServesSince)))
	}
	return append(lines, notBelieved(g)...)
}

// explained returns the group that ref names, or the one that changed last.
func explained(groups []engine.GroupStatus, ref string) (*engine.GroupStatus, error) {
	names := make([]engine.Named, len(groups))
	last := 0
	for i, g := range groups {
		names[i] = engine.Named{Ref: g.Ref, Name: g.Name}
		if later(&g, &groups[last]) {
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

// later reports whether g has got another router that serves later than o, or has
// moved later where neither has.
func later(g, o *engine.GroupStatus) bool {
	switch {
	case g.Change != nil && o.Change != nil:
		return g.Change.ID > o.Change.ID
	case g.Change != nil || o.Change != nil:
		return g.Change != nil
	}
	return g.Last != nil && (o.Last == nil || g.Last.ID > o.Last.ID)
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

// stint tells of the last time that this router forwarded for an active router which
// was there again, unless a change of who serves came after it.
func stint(now time.Time, g *engine.GroupStatus) []string {
	s := g.Stint
	if s == nil || s.Took || g.Change != nil && g.Change.At.After(s.Began.At) {
		return nil
	}
	return []string{fmt.Sprintf("At %s %s. That ended after %v (%s flooded): %s.",
		clock(now, s.Began.At), recordText(g.Ref, s.Began), short(s.For), plural(int(s.Packets), "packet"), s.End)}
}

// covers is the end of a sentence about a group that forwards for a silent router.
func covers(now time.Time, g *engine.GroupStatus) string {
	u := g.Covers
	if u == nil {
		return ""
	}
	return fmt.Sprintf("; it does not answer, and this router forwards for it since %s (%s flooded)", clock(now, u.Since), plural(int(u.Packets), "packet"))
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
