package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// report prints story and verdict.
func report(o Options, r record, v Verdict, w io.Writer) error {
	events := story(r)
	if o.JSON {
		return printJSON(w, events, v)
	}
	_, err := io.WriteString(w, text(r.plan, events, v, ink{terminal(w)}))
	return err
}

// printJSON prints the events and, last, the verdict, one object a line.
func printJSON(w io.Writer, events []event, v Verdict) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	var errs []error
	for _, e := range events {
		errs = append(errs, enc.Encode(e))
	}
	return errors.Join(append(errs, enc.Encode(v))...)
}

// terminal reports whether colours are welcome on w (https://no-color.org).
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// ink paints text, if there is colour.
type ink struct{ colour bool }

const (
	bold  = "1"
	dim   = "2"
	red   = "31"
	green = "32"
	cyan  = "36"
)

func (i ink) paint(code, s string) string {
	if !i.colour || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// text lays out the whole report.
func text(p plan, events []event, v Verdict, i ink) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s · fault: %s\n\n%s\n", i.paint(bold, "fhrpd lab: "+p.title()), p.timers(), p.fault.name, topology(p))
	timeline(&b, events, i)
	b.WriteString("\n")
	v.write(&b, p, i)
	return b.String()
}

func topology(p plan) string {
	at := func(node string, a address) string { return node + " " + a.addr(p.family).String() }
	client := at(nodeClient, clientAt)
	return fmt.Sprintf("  %s ── switch ──┬── %s ──┬── core ── %s\n", client, at(nodeGW1, gateways[nodeGW1]), at(nodeHost, hostAt)) +
		fmt.Sprintf("  %*s             └── %s ──┘\n", len(client), "", at(nodeGW2, gateways[nodeGW2])) +
		fmt.Sprintf("  virtual address %s at %s\n", p.vip(), p.mac(1))
}

var glyphs = map[string]struct{ sign, code string }{
	roleActive: {"┃", green},
	roleWait:   {"╎", cyan},
	roleServes: {"┇", green},
	roleFrozen: {"‖", red},
	roleOther:  {"·", dim},
	roleDead:   {"✗", red},
}

// meanings are the glyphs in the order of the legend, which has those that occur.
var meanings = []struct{ role, text string }{
	{roleActive, "active"}, {roleServes, "forwards on"}, {roleWait, "standby"},
	{roleOther, "other"}, {roleFrozen, "frozen"}, {roleDead, "gone"},
}

func legend(events []event) string {
	var parts []string
	for _, m := range meanings {
		if slices.ContainsFunc(events, func(e event) bool { return e.Role == m.role }) {
			parts = append(parts, glyphs[m.role].sign+" "+m.text)
		}
	}
	return strings.Join(parts, "  ")
}

func timeline(b *strings.Builder, events []event, i ink) {
	fmt.Fprintf(b, "  %s\n", i.paint(dim, "          ms  gw1 gw2"))
	lanes := map[string]string{nodeGW1: " ", nodeGW2: " "}
	for _, e := range events {
		if g, ok := glyphs[e.Role]; ok {
			lanes[e.Node] = i.paint(g.code, g.sign)
		}
		text := e.Text
		if e.mark {
			text = i.paint(red, text)
		}
		node := i.paint(bold, fmt.Sprintf("%-6s", e.Node))
		fmt.Fprintf(b, "  %12s   %s   %s   %s %s\n", signed(e.MS), lanes[nodeGW1], lanes[nodeGW2], node, text)
	}
	fmt.Fprintf(b, "  %s\n", i.paint(dim, strings.Repeat(" ", 14)+legend(events)))
}

func signed(v float64) string {
	switch {
	case math.Abs(v) < 0.05: // no sign before what is written as zero
		return "0.0"
	case v < 0:
		return fmt.Sprintf("−%.1f", -v)
	}
	return fmt.Sprintf("+%.1f", v)
}

// write prints the verdict block.
func (v Verdict) write(b *strings.Builder, p plan, i ink) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(b, "    %-17s %s\n", name, fmt.Sprintf(format, args...))
	}
	colour, word := green, "PASSED"
	if !v.Passed {
		colour, word = red, "FAILED"
	}
	fmt.Fprintf(b, "  %s\n", i.paint(bold+";"+colour, word))
	for _, why := range v.Reasons {
		row("", "%s", i.paint(red, why))
	}
	row("outage", "%s; allowed %.1f ms = %s", v.outage(), v.BoundMS, v.boundText)
	slowest := ""
	if v.Lost < v.Sent {
		slowest = fmt.Sprintf("; the slowest took %.1f ms", v.SlowestMS)
	}
	row("datagrams", "%d sent, %d lost, %d duplicated%s", v.Sent, v.Lost, v.Duplicated, slowest)
	row("served by", "%s", servedText(p, v.Served, v.endMS))
	row("takeover", "%s", v.takeover(p))
	if p.fault.split() && v.parted {
		row("two owners", "%.1f ms after the partition; allowed %.1f ms; %.1f ms with it", v.OwnersAfterMS, v.TwoOwnersBound, v.TwoOwnersMS)
	} else {
		row("two owners", "%.1f ms; allowed %.1f ms", v.TwoOwnersMS, v.TwoOwnersBound)
	}
	row("active", "%s", orNone(v.Active))
	row("announced", "%s", orNone(strings.Join(v.GARPs, ", ")))
	row("client's table", "%-15s %s", p.vip(), v.ARP)
	for _, ip := range slices.Sorted(maps.Keys(v.RealARP)) {
		row("", "%-15s %s; %s", ip, v.RealARP[ip], v.RealReachable[ip])
	}
	row("switch", "%s %s", p.mac(1), v.FDB)
	if !p.fault.alone {
		row("standby", "%d frames from the virtual MAC before the fault", v.StandbyFrames)
	}
}

// takeover words when the other router had taken over, or that it has not.
func (v Verdict) takeover(p plan) string {
	switch {
	case v.TakeoverMS != nil && v.Groups > 1:
		return fmt.Sprintf("%.1f ms after the fault, the last of %d groups", *v.TakeoverMS, v.Groups)
	case v.TakeoverMS != nil:
		return fmt.Sprintf("%.1f ms after the fault", *v.TakeoverMS)
	case p.fault.stays && v.missing == v.Groups:
		return "none, as it should be"
	}
	return fmt.Sprintf("none by %s of %d of %d groups", p.fault.taker(), v.missing, v.Groups)
}

// String words a change.
func (c Change) String() string {
	if c.Before == c.After {
		return orNone(c.After) + " before and after"
	}
	return orNone(c.Before) + " → " + orNone(c.After)
}

// String words whether an address answered.
func (r Reachable) String() string {
	switch r {
	case Reachable{true, true}:
		return "answers before and after"
	case Reachable{true, false}:
		return "answered before"
	case Reachable{false, true}:
		return "answers now"
	}
	return "never answered"
}
