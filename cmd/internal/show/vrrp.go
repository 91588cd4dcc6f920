package show

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/hello"
)

// vrrpHeader is the header on IOS-XE.
const vrrpHeader = "  Interface          Grp  A-F Pri  Time Own Pre State   Master addr/Group addr\n"

// VRRPBrief renders VRRP routers as "show vrrp brief": one line each. Time is
// the Active_Down_Interval in milliseconds, 0 while this router is active.
func VRRPBrief(groups []status.Group) string {
	var b strings.Builder
	b.WriteString(vrrpHeader)
	for i := range groups {
		b.WriteString(vrrpRow(&groups[i]))
	}
	return b.String()
}

func vrrpRow(g *status.Group) string {
	return row(
		cell{2, g.Interface}, ending(24, g.ID), cell{25, family(g)}, ending(33, g.Priority), ending(39, vrrpTime(g)),
		cell{41, yesNo(g.ConfiguredPriority == hello.OwnerPriority)}, cell{45, yesNo(g.Preempt)},
		cell{48, vrrpState(g.State)}, cell{56, vrrpMasterWord(g) + " " + vrrpVirtual(g)},
	)
}

// ending is a number whose last digit is just before column end.
func ending[T int | int64](end int, n T) cell {
	s := fmt.Sprint(n)
	return cell{end - len(s), s}
}

func vrrpTime(g *status.Group) int64 {
	if local(g.Active) {
		return 0
	}
	return g.HoldMS
}

// vrrpState returns a state in the word of IOS, which has kept those of RFC 5798.
func vrrpState(state string) string {
	switch state {
	case "Active":
		return "MASTER"
	case "Initialize":
		return "INIT"
	}
	return strings.ToUpper(state)
}

// vrrpMasterWord is an address whatever is known: a parser expects one there.
func vrrpMasterWord(g *status.Group) string {
	switch {
	case g.Active == nil:
		return unspecified(g)
	case local(g.Active):
		return cmp.Or(g.Address, unspecified(g)) + "(local)"
	}
	return g.Active.Address
}

func vrrpVirtual(g *status.Group) string {
	if len(g.VirtualIPs) == 0 {
		return unspecified(g)
	}
	return g.VirtualIPs[0]
}

// unspecified is the address that stands for none.
func unspecified(g *status.Group) string {
	if g.Family == 6 {
		return "::"
	}
	return "0.0.0.0"
}

func family(g *status.Group) string { return fmt.Sprintf("IPv%d", g.Family) }

func yesNo(b bool) string {
	if b {
		return "Y"
	}
	return "N"
}

// VRRP renders VRRP routers as "show vrrp" of IOS-XE: one block each.
func VRRP(groups []status.Group, now time.Time) string {
	var b block
	for i := range groups {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.vrrp(&groups[i], now)
	}
	return b.String()
}

func (b *block) vrrp(g *status.Group, now time.Time) {
	b.line(0, "%s - Group %d - Address-Family %s", g.Interface, g.ID, family(g))
	b.state(g, vrrpState(g.State), now)
	b.line(1, "State duration %s", duration(g.Since, now))
	b.line(1, "Virtual IP address is %s", vrrpVirtual(g))
	if more := rest(g.VirtualIPs); len(more) > 0 {
		b.line(1, "Virtual secondary IP addresses:")
		for _, a := range more {
			b.line(2, "%s", a)
		}
	}
	b.line(1, "Virtual MAC address is %s", mac(g.VirtualMAC))
	b.line(1, "Advertisement interval is %d msec", g.HelloMS)
	b.line(1, "Preemption %s", enabled(g.Preempt))
	b.line(1, "Priority is %d%s", g.Priority, lowered(g))
	b.vrrpTracks(g)
	if g.Auth == "text" {
		b.line(1, "Authentication text")
	}
	b.vrrpMaster(g)
}

func enabled(is bool) string {
	if is {
		return "enabled"
	}
	return "disabled"
}

// lowered tells the configured priority where another one is in force.
func lowered(g *status.Group) string {
	if g.Priority == g.ConfiguredPriority {
		return ""
	}
	return fmt.Sprintf(" (Configured %d)", g.ConfiguredPriority)
}

// vrrpTracks lists the tracked objects by number: the parsers of this form take
// no name.
func (b *block) vrrpTracks(g *status.Group) {
	for _, t := range g.Tracks {
		does := fmt.Sprintf("decrement %d", t.Decrement)
		if t.Shutdown {
			does = "shutdown"
		}
		b.line(2, "Track object %s state %s %s", trackNumber(t.Number, t.Object), strings.ToUpper(upDown(t.Up)), does)
	}
}

// duration returns how long ago since was in the words of IOS-XE: "49.507 secs",
// "8 mins 40.214 secs", "6 hours 40 mins 47 secs", "2 weeks 2 days 14 hours".
func duration(since, now time.Time) string {
	var d time.Duration
	if !since.IsZero() {
		d = max(0, now.Sub(since))
	}
	secs := (d % time.Minute).Truncate(time.Millisecond).Seconds()
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.3f secs", secs)
	case d < time.Hour:
		return fmt.Sprintf("%d mins %.3f secs", d/time.Minute, secs)
	case d < day:
		return fmt.Sprintf("%d hours %d mins %d secs", d/time.Hour, d/time.Minute%60, d/time.Second%60)
	case d < week:
		return fmt.Sprintf("%d days %d hours %d mins", d/day, d%day/time.Hour, d/time.Minute%60)
	}
	return fmt.Sprintf("%d weeks %d days %d hours", d/week, d%week/day, d%day/time.Hour)
}

func (b *block) vrrpMaster(g *status.Group) {
	switch {
	case local(g.Active):
		b.line(1, "Master Router is %s (local), priority is %d", cmp.Or(g.Address, unspecified(g)), g.Priority)
		b.line(1, "Master Advertisement interval is %d msec%s", g.HelloMS, expires(g.NextHelloMS))
		b.line(1, "Master Down interval is unknown")
	case g.Active != nil:
		b.line(1, "Master Router is %s, priority is %d", g.Active.Address, g.Active.Priority)
		b.line(1, "Master Advertisement interval is %d msec (learned)", g.HelloMS)
		b.line(1, "Master Down interval is %d msec%s", g.HoldMS, expires(g.Active.ExpiresMS))
	default:
		b.line(1, "Master Router is unknown, priority is unknown")
		b.line(1, "Master Advertisement interval is unknown")
		b.line(1, "Master Down interval is unknown")
	}
}

func expires(ms int64) string {
	if ms < 0 {
		return ""
	}
	return fmt.Sprintf(" (expires in %d msec)", ms)
}
