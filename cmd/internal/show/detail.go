package show

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/hello"
)

// news is how long something that has happened is told where nobody asked for
// it. It is as long as the log is silent about the same again, so what lasts is
// never taken for over. What happened stays in "show events".
const news = time.Hour

func fresh(at, now time.Time) bool { return now.Sub(at) < news }

// StandbyDetail renders HSRP groups as Standby does. What IOS has no line for
// follows in each block.
func StandbyDetail(groups []status.Group, now time.Time) string {
	var b block
	for i := range groups {
		b.standby(&groups[i], now)
		b.beyond(&groups[i], now)
		b.statistics(&groups[i])
	}
	return b.String()
}

// VRRPDetail renders VRRP routers as VRRP does, with their counters below as in
// "show vrrp detail" of IOS-XE. What IOS has no line for comes between.
func VRRPDetail(groups []status.Group, now time.Time) string {
	var b block
	for i := range groups {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.vrrp(&groups[i], now)
		b.beyond(&groups[i], now)
		b.statistics(&groups[i])
	}
	return b.String()
}

// beyond shows what IOS has no line for. One line that it does not print is too
// much for many parsers, so the plain forms have none of this.
func (b *block) beyond(g *status.Group, now time.Time) {
	b.forwarding(g)
	b.maintenance(g, now)
	b.delay(g)
	b.preemptDelay(g)
	b.override(g)
	b.trackNames(g)
	b.outside(g)
	b.hmac(g, now)
	if g.Follow != "" {
		b.line(1, "Following %q", g.Follow)
	}
	b.duplicate(g.Duplicate, now)
	b.tell(g, now)
}

// tell shows what has happened lately.
func (b *block) tell(g *status.Group, now time.Time) {
	b.conflict(g, now)
	b.rival(g, now)
	b.handover(g, now)
	b.hooks(g, now)
}

// forwarding has a line only where the host drops what hosts send through it.
func (b *block) forwarding(g *status.Group) {
	if g.ForwardingOff != "" {
		b.line(1, "%s forwarding is switched off (%s)", family(g), g.ForwardingOff)
	}
}

// delay shows the initial delay, if there is one.
func (b *block) delay(g *status.Group) {
	d := g.Delay
	if d.MinimumMS == 0 && d.ReloadMS == 0 {
		return
	}
	left := ""
	if d.LeftMS > 0 {
		left = fmt.Sprintf(" (%s sec left)", seconds(d.LeftMS))
	}
	b.line(1, "Initial delay minimum %s, reload %s%s", period(d.MinimumMS), period(d.ReloadMS), left)
}

// preemptDelay is for VRRP, whose line in the plain form ends before it.
func (b *block) preemptDelay(g *status.Group) {
	if g.Protocol == "vrrp" && g.Preempt && g.PreemptDelayMS > 0 {
		b.line(1, "Preemption delay min %s", period(g.PreemptDelayMS))
	}
}

// override shows a run-time priority, for which IOS has no word.
func (b *block) override(g *status.Group) {
	if g.SetPriority != nil {
		b.line(1, "Priority set to %d", *g.SetPriority)
	}
}

// trackNames tells which objects of the file the numbers of VRRP mean.
func (b *block) trackNames(g *status.Group) {
	if g.Protocol != "vrrp" {
		return
	}
	for _, t := range g.Tracks {
		if n := trackNumber(t.Number, t.Object); n != t.Object {
			b.line(1, "Object %s is %q", n, t.Object)
		}
	}
}

// outside lists virtual addresses in no prefix of the interface. HSRP marks them
// in their own lines, as IOS does.
func (b *block) outside(g *status.Group) {
	if g.Protocol != "vrrp" {
		return
	}
	for _, a := range g.Outside {
		b.line(1, "%s", misplaced(a))
	}
}

func misplaced(a string) string { return a + " is in the wrong subnet for this interface" }

// conflict shows who else was last seen to have a virtual address.
func (b *block) conflict(g *status.Group, now time.Time) {
	if c := g.Conflict; c != nil && fresh(c.At, now) {
		b.line(1, "Last conflict: %s at %s (%s, %s), %s ago", c.Address, mac(c.MAC), c.Who, c.Reason, Age(c.At, now))
	}
}

// handover shows how the last hand-over ended.
func (b *block) handover(g *status.Group, now time.Time) {
	if h := g.Handover; h != nil && fresh(h.Began, now) {
		b.line(1, "Last hand-over: %s, %s ago", h.Text, Age(h.Began, now))
	}
}

// duplicate shows who else was seen with this router's own address.
func (b *block) duplicate(d *status.Duplicate, now time.Time) {
	if d != nil && fresh(d.At, now) {
		b.line(1, "Duplicate address: %s is this router's own and was seen at %s, %s ago", d.Address, mac(d.MAC), Age(d.At, now))
	}
}

// rival shows who has the role as well, and why neither router gives way.
func (b *block) rival(g *status.Group, now time.Time) {
	r := g.Rival
	if r == nil || !fresh(r.At, now) {
		return
	}
	both := ""
	if r.BothActive {
		both = "; both routers are active"
	}
	if hello.Reject(r.Reason).IsAuth() {
		b.line(1, "Bad authentication from %s, remote state Active (%s), %s ago%s", r.Address, r.Reason, Age(r.At, now), both)
		return
	}
	b.line(1, "Another active router (%s): %s, %s ago%s", r.Reason, r.Detail, Age(r.At, now), both)
}
