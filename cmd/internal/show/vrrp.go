package show

import (
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
		cell{48, vrrpStateWord(g.State)}, cell{56, vrrpMasterWord(g) + " " + firstVirtual(g)},
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

// vrrpStateWord fits a state into its column; Initialize does not.
func vrrpStateWord(state string) string {
	if state == "Initialize" {
		return "Init"
	}
	return state
}

func vrrpMasterWord(g *status.Group) string {
	if local(g.Active) {
		return g.Address + "(local)"
	}
	return address(g.Active)
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
	b.state(g)
	b.line(1, "State duration %s", duration(g.Since, now))
	b.forwarding(g)
	b.shutdownTracks(g)
	b.line(1, "Virtual IP address is %s%s", firstVirtual(g), subnet(g, firstVirtual(g)))
	if more := rest(g.VirtualIPs); len(more) > 0 {
		b.line(1, "Virtual secondary IP addresses:")
		for _, a := range more {
			b.line(2, "%s%s", a, subnet(g, a))
		}
	}
	b.line(1, "Virtual MAC address is %s", mac(g.VirtualMAC))
	b.line(1, "Advertisement interval is %d msec", g.HelloMS)
	b.line(1, "Preemption %s", preemption(g))
	b.delay(g)
	b.line(1, "Priority is %d", g.Priority)
	b.decrementTracks(g, func(up bool) string { return strings.ToUpper(upDown(up)) })
	b.conflict(g, now)
	b.rival(g, now)
	b.hooks(g, now)
	if g.Auth == "text" {
		b.line(1, "Authentication text")
	}
	b.vrrpMaster(g)
}

// duration returns minutes and seconds, however many minutes there are.
func duration(since, now time.Time) string {
	var d time.Duration
	if !since.IsZero() {
		d = max(0, now.Sub(since))
	}
	return fmt.Sprintf("%d mins %.3f secs", d/time.Minute, (d % time.Minute).Truncate(time.Millisecond).Seconds())
}

func (b *block) vrrpMaster(g *status.Group) {
	switch {
	case local(g.Active):
		b.line(1, "Master Router is %s (local), priority is %d", g.Address, g.Priority)
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
