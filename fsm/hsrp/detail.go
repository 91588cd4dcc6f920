package hsrp

import (
	"fmt"
	"strconv"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// report describes the change to next before it is made.
func (g *Group) report(o occurrence, next hello.HSRPState) fsm.Report {
	r := fsm.Report{From: g.state.String(), To: next.String(), Cause: o.cause, Detail: o.detail}
	if r.Cause == "" {
		r.Cause, r.Detail = g.explain(o)
	}
	return r
}

// explain returns the cause and detail of an event that brings none.
func (g *Group) explain(o occurrence) (fsm.Cause, string) {
	switch o.event {
	case activeExpired:
		return fsm.CauseActiveTimer, g.active.silence(o.now, "active")
	case standbyExpired:
		return fsm.CauseStandbyTimer, g.standby.silence(o.now, "standby")
	case betterActive, worseActive, preemptedActive:
		return g.explainActive(o)
	case resigned:
		return fsm.CauseResigned, o.peer.String() + " resigned"
	case coup:
		return fsm.CauseCoup, "Coup from " + g.against(o.peer, "")
	case betterSpeaker:
		return fsm.CauseBetterSpeaker, g.against(o.peer, " speaks")
	case betterStandby:
		return fsm.CauseBetterStandby, g.against(o.peer, " is standby")
	}
	return fsm.CauseWorseStandby, g.against(o.peer, " is standby")
}

func (g *Group) explainActive(o occurrence) (fsm.Cause, string) {
	switch {
	case g.state == hello.Learn:
		return fsm.CauseVirtualIPLearned, fmt.Sprintf("%s from %s", plain(o.message.VirtualIP), o.peer)
	case o.event == betterActive:
		return fsm.CauseBetterActive, g.against(o.peer, " is active")
	}
	return fsm.CausePreempt, g.against(o.peer, " is active")
}

// against names another router and this one side by side.
func (g *Group) against(p peer, does string) string {
	s := fmt.Sprintf("%s%s, own priority %d", p, does, g.priority)
	if p.priority == g.priority {
		s += fmt.Sprintf(" and address %s", g.addr)
	}
	return s
}

// silence tells how long nothing was heard, and how long that is allowed.
func (w *watch) silence(now time.Time, role string) string {
	b := make([]byte, 0, 64)
	if w.peer.addr.IsValid() {
		b = append(append(b, "nothing from "...), w.peer.String()...)
	} else {
		b = append(append(append(b, "no "...), role...), " router heard"...)
	}
	b = appendElapsed(append(b, " for "...), now.Sub(w.since))
	return string(append(append(b, ", hold time "...), w.hold.String()...))
}

// String returns the router's address and priority.
func (p peer) String() string { return fmt.Sprintf("%s (priority %d)", p.addr, p.priority) }

// appendElapsed prints a measured time: tenths of a second, or milliseconds below one.
func appendElapsed(b []byte, d time.Duration) []byte {
	if d < time.Second {
		return append(strconv.AppendInt(b, d.Milliseconds(), 10), "ms"...)
	}
	return append(strconv.AppendFloat(b, d.Seconds(), 'f', 1, 64), "s"...)
}
