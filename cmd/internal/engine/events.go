package engine

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// The kinds of event.
const (
	eventTransition = "transition"
	eventAddress    = "address"
	eventConflict   = "conflict"
	eventTrack      = "track"
	eventLease      = "lease"
	eventAnnounce   = "announce"
	eventReject     = "reject"
	eventTakeover   = "takeover"
	eventWarning    = "warning"
	eventNotice     = "notice"
	eventHook       = "hook"
)

// report records a transition, with what was known when it was decided.
func (e *Engine) report(now time.Time, g *group, before fsm.Status, r fsm.Report) {
	g.transitions++
	g.since = now
	t := status.Transition{
		Protocol: g.wire.protocol.String(), Interface: g.seg.name,
		Group: int(g.wire.number), Family: int(g.wire.family), Name: g.cfg.Name,
		From: r.From, To: r.To, At: now, Cause: string(r.Cause), Detail: r.Detail,
		Facts: e.facts(now, g, before), Held: g.hold.on,
	}
	e.history.add(&t)
	g.last = &t
	e.observe(status.Event{At: now, Kind: eventTransition, Group: g.ref(), Message: mnemonic(g, r), Transition: &t})
	e.suspect(now, g)
}

// mnemonic is the message that log rules written for Cisco IOS look for.
func mnemonic(g *group, r fsm.Report) string {
	name := "HSRP-5"
	if !g.isHSRP() {
		name = "VRRP-6"
	}
	return fmt.Sprintf("%%%s-STATECHANGE: %s Grp %d state %s -> %s", name, g.seg.name, g.wire.number, r.From, r.To)
}

// facts are what the decision rested on.
func (e *Engine) facts(now time.Time, g *group, before fsm.Status) []status.Fact {
	f := []status.Fact{
		{Name: "own priority", Value: fmt.Sprintf("%d (configured %d)", g.priority.told.Effective, g.priority.told.Configured)},
		{Name: "active router", Value: describe(now, before.Active)},
	}
	if g.isHSRP() {
		f = append(f, status.Fact{Name: "standby router", Value: describe(now, before.Standby)})
	}
	if before.HelloTime > 0 { // a follower has no timers
		f = append(f, status.Fact{Name: "timers", Value: fmt.Sprintf("hello %v, hold %v", before.HelloTime, before.HoldTime)})
	}
	if !g.heard.at.IsZero() {
		f = append(f, status.Fact{Name: "last heard", Value: fmt.Sprintf("%s from %s, priority %d, %v before",
			&g.heard, g.heard.from, g.heard.priority, now.Sub(g.heard.at).Round(time.Millisecond))})
	}
	if e.lateness >= lateAfter {
		f = append(f, status.Fact{Name: "own lateness", Value: fmt.Sprintf("the timer was served %v late", e.lateness.Round(time.Millisecond))})
	}
	if down := e.downTracks(g); len(down) > 0 {
		f = append(f, status.Fact{Name: "tracked objects down", Value: strings.Join(down, ", ")})
	}
	return f
}

func describe(now time.Time, p fsm.Peer) string {
	switch {
	case !p.Known:
		return "unknown"
	case p.Local:
		return "local"
	case p.Expires.IsZero():
		return fmt.Sprintf("%s, priority %d", p.Addr, p.Priority)
	}
	return fmt.Sprintf("%s, priority %d, expires in %v", p.Addr, p.Priority, p.Expires.Sub(now).Round(time.Millisecond))
}

func (e *Engine) emit(now time.Time, g *group, kind, message string) {
	e.observe(status.Event{At: now, Kind: kind, Group: g.ref(), Message: message})
}

func (e *Engine) emitSegment(now time.Time, s *segment, kind, message string) {
	e.observe(status.Event{At: now, Kind: kind, Message: s.name + ": " + message})
}

// reject counts a packet that was not used and complains about it rarely.
func (e *Engine) reject(now time.Time, s *segment, g *group, env *hello.Envelope, err error) {
	why, ok := err.(hello.Reject)
	if !ok {
		return
	}
	var where string
	if g != nil {
		g.counters.rejected[why]++
		where = g.ref()
	} else {
		s.rejected[why]++
		where = s.name
	}
	if !e.complaints.first(now, where+" "+string(why), sender(env)) {
		return
	}
	e.observe(status.Event{At: now, Kind: eventReject, Group: groupRef(g), Message: fmt.Sprintf(
		"%s: packet from %s (%s) rejected: %s; further ones are counted", s.name, env.Src, env.SrcMAC, why)})
}

// warn says something about a group once for each subject, then rarely.
func (e *Engine) warn(now time.Time, g *group, topic, subject, message string) {
	if e.unheard(now, g, topic, subject) {
		e.emit(now, g, eventWarning, message)
	}
}

// notice is warn for what is worth knowing and no fault.
func (e *Engine) notice(now time.Time, g *group, topic, subject, message string) {
	if e.unheard(now, g, topic, subject) {
		e.emit(now, g, eventNotice, message)
	}
}

func (e *Engine) unheard(now time.Time, g *group, topic, subject string) bool {
	return e.complaints.first(now, g.ref()+" "+topic, subject)
}

func sender(env *hello.Envelope) string {
	if env.Src == (netip.Addr{}) {
		return env.SrcMAC.String()
	}
	return env.Src.String()
}

func groupRef(g *group) string {
	if g == nil {
		return ""
	}
	return g.ref()
}
