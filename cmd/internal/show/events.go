package show

import (
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/plain"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// stamp is RFC 3339 with milliseconds, always three.
const stamp = "2006-01-02T15:04:05.000Z07:00"

// History renders transitions and commands, one line each.
func History(list []status.Past) string {
	if len(list) == 0 {
		return "no transitions since the start\n"
	}
	var b strings.Builder
	for i := range list {
		p := &list[i]
		line := ""
		if p.Command != nil {
			ev := status.Event{At: p.At, Kind: "command", Message: p.Detail}
			if p.Interface != "" {
				ev.Group = p.Ref().String()
			}
			line = Event(&ev)
		} else {
			line = transition(p.At, &p.Transition)
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// Event renders one event as a line without its end.
func Event(ev *status.Event) string {
	if ev.Transition != nil {
		return transition(ev.At, ev.Transition)
	}
	words := []string{ev.At.Format(stamp), ev.Kind + ":"}
	if ev.Group != "" {
		words = append(words, ev.Group)
	}
	return strings.Join(append(words, plain.Line(ev.Message)), " ")
}

// transition renders the line that IOS would log, then cause and detail.
func transition(at time.Time, t *status.Transition) string {
	s := at.Format(stamp) + " " + t.Message() + " (" + t.Cause
	if t.Detail != "" {
		s += ": " + plain.Line(t.Detail)
	}
	return s + ")"
}

// Explanation renders the lines of an explanation.
func Explanation(x *status.Explanation) string {
	return strings.Join(x.Lines, "\n") + "\n"
}
