package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// mostSteps bounds the lines between the first cause and the cost, so that a story
// is read at a glance.
const mostSteps = 6

// tell words a change in a few lines.
func tell(now time.Time, c *engine.Change, together int) []string {
	lines := []string{fmt.Sprintf("%s: %s.", title(c), headline(now, c))}
	for i, r := range told(c.Records) {
		line := fmt.Sprintf("  %s  %s", clock(c.At, r.At), recordText(c.Group, r))
		if i == 0 {
			line = fmt.Sprintf("First, at %s: %s.", clock(c.At, r.At), recordText(c.Group, r))
		}
		lines = append(lines, line)
	}
	lines = append(lines, "Cost: "+cost(c)+".")
	if together > 0 {
		lines = append(lines, fmt.Sprintf("With it, for the same reason: %s.", plural(together, "other group")))
	}
	return lines
}

// plural returns "1 thing" or "n things".
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func title(c *engine.Change) string {
	if c.Name == "" {
		return c.Group.String()
	}
	return fmt.Sprintf("%s (%s)", c.Group, c.Name)
}

// headline says who serves instead of whom, and since when.
func headline(now time.Time, c *engine.Change) string {
	when := fmt.Sprintf("%s (%v ago)", c.At.Format("2006-01-02 15:04:05.000"), now.Sub(c.At).Round(time.Second))
	switch {
	case !c.To.Known:
		return fmt.Sprintf("this router served until %s; nobody is known to have taken over", when)
	case c.To.Local && !c.From.Known:
		return "this router serves since " + when + "; nobody was known to do so before"
	case c.To.Local:
		return fmt.Sprintf("this router took over from %s at %s", c.From.Addr, when)
	case c.From.Local:
		return fmt.Sprintf("%s took over from this router at %s", c.To.Addr, when)
	case !c.From.Known:
		return fmt.Sprintf("%s serves since %s", c.To.Addr, when)
	}
	return fmt.Sprintf("%s took over from %s at %s", c.To.Addr, c.From.Addr, when)
}

// told leaves out what a person does not need: how those who do not serve find
// their roles.
func told(records []*engine.Record) (list []*engine.Record) {
	for i, r := range records {
		if i == 0 || r.News != engine.NewsState || claimsAnew(records[:i], r) {
			list = append(list, r)
		}
	}
	return list[:min(len(list), mostSteps+1)]
}

// claimsAnew reports whether r says that its sender is active, and no Coup of it has
// said so.
func claimsAnew(before []*engine.Record, r *engine.Record) bool {
	return r.Heard.State == hello.Active && !slices.ContainsFunc(before, func(b *engine.Record) bool {
		return b.News == engine.NewsCoup && b.Peer == r.Peer
	})
}

// heardOtherwise reports whether the former owner was heard once more, without the role.
func heardOtherwise(c *engine.Change) bool {
	return slices.ContainsFunc(c.Records, func(r *engine.Record) bool {
		return r.Kind == engine.RecordPeer && r.Peer == c.From.Addr && r.At.After(c.LastSign) && !r.At.After(c.At)
	})
}

func cost(c *engine.Change) string {
	parts := []string{unserved(c)}
	if c.Announced > 0 {
		parts = append(parts, plural(int(c.Announced), "announcement")+" sent")
	}
	if n := len(c.Proofs); n > 0 {
		proven := 0
		var missing []string
		for _, p := range c.Proofs {
			if p.Proven {
				proven++
			} else {
				missing = append(missing, p.String())
			}
		}
		parts = append(parts, fmt.Sprintf("%d of %s proven to deliver here", proven, plural(n, "neighbour")))
		parts = append(parts, missing...)
	}
	return strings.Join(parts, "; ")
}

// unserved says for how long nobody served, as far as this router can know.
func unserved(c *engine.Change) string {
	switch {
	case c.Handed && !c.Taken.IsZero() && c.From.Local && c.Taken.After(c.At):
		return fmt.Sprintf("none known: this router served until %s, and %s was heard as active %v later", clock(c.At, c.At), c.To.Addr, short(c.Taken.Sub(c.At)))
	case c.Both > 0:
		return fmt.Sprintf("no time without an owner, but both routers were active for up to %v", short(c.Both))
	case c.Handed:
		return "no time without an owner: the former one served until the other took over"
	case c.Taken.IsZero():
		return fmt.Sprintf("nobody is known to serve since %s", clock(c.At, c.LastSign))
	case c.LastSign.IsZero():
		return "the time without an owner is not known: this router had heard of nobody"
	case c.Taken.Add(c.Waited).Sub(c.LastSign) < time.Millisecond:
		return "no time without an owner that this router could see"
	}
	sign := "the last sign of " + c.From.Addr.String()
	switch {
	case !c.From.Known:
		sign = "this router had given the role up"
	case c.From.Local && c.LastSign.Before(c.At):
		sign = "this process stood still"
	case c.From.Local:
		sign = "this router gave the role up"
	case heardOtherwise(c):
		sign = fmt.Sprintf("%s said last that it is active", c.From.Addr)
	}
	end := "this router took it"
	if !c.To.Local {
		end = c.To.Addr.String() + " was heard as active"
	}
	text := fmt.Sprintf("at most %v without an owner, from %s (%s) to %s (%s)",
		short(c.Taken.Add(c.Waited).Sub(c.LastSign)), clock(c.At, c.LastSign), sign, clock(c.At, c.Taken.Add(c.Waited)), end)
	if s := c.Covered; s != nil {
		text += fmt.Sprintf(", in which this router forwarded for the former one from %s on (%s flooded)", clock(c.At, s.Began.At), plural(int(s.Packets), "packet"))
	}
	if c.Waited > 0 {
		text += fmt.Sprintf(", %v of it for the pre_active command", c.Waited)
	}
	return text
}
