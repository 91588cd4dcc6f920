package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// answerTime is left of listening when the last question is asked.
const answerTime = time.Second

// Question is one for the own address of a router that says that it is active.
type Question struct {
	Interface string
	Address   netip.Addr
	Answered  bool
}

// question asks a router that was heard as active where it is, once.
func (e *exam) question(l *listener, h Heard) {
	s, ok := speakerOf(h)
	q := Question{Interface: l.dev, Address: h.Envelope.Src}
	if !ok || !s.active || h.At.After(e.askUntil) || e.own(l.dev, q.Address) || slices.ContainsFunc(e.Questions, q.same) {
		return
	}
	e.Questions = append(e.Questions, q)
	l.question(l.ifi, q.Address)
}

func (q Question) same(o Question) bool { return q.Interface == o.Interface && q.Address == o.Address }

// answered notes whose address somebody has answered for.
func (e *exam) answered(dev string, a netip.Addr) {
	if n := slices.IndexFunc(e.Questions, (Question{Interface: dev, Address: a}).same); n >= 0 {
		e.Questions[n].Answered = true
	}
}

// checkUnderstudy looks at whether the routers answer for which the groups would
// forward: for their own address, or from the virtual MAC for the virtual one.
func checkUnderstudy(e *exam) {
	for _, g := range e.groups {
		if !mayStandIn(g) {
			continue
		}
		e.eachLeader(g, func(q Question) {
			switch {
			case q.Answered:
				e.fine("understudy", g.Ref.String(), fmt.Sprintf("%s answers for its own address", q.Address))
			case e.answeredVirtually(g):
				e.fine("understudy", g.Ref.String(), fmt.Sprintf("%s answers for the virtual address", q.Address))
			default:
				e.wrong("understudy", g.Ref.String(), fmt.Sprintf("%s is active and answers neither for its own address nor for the virtual one", q.Address),
					"ADDRESS", q.Address.String(), "GROUP", g.Ref.String())
			}
		})
	}
}

// checkConfirm looks at whether the routers answer whose silence the groups would have
// confirmed.
func checkConfirm(e *exam) {
	for _, g := range e.groups {
		if !g.Confirm || len(g.Peers) > 0 || g.Follow != "" {
			continue
		}
		e.eachLeader(g, func(q Question) {
			if q.Answered {
				e.fine("confirm", g.Ref.String(), fmt.Sprintf("%s answers for its own address", q.Address))
			} else {
				e.wrong("confirm", g.Ref.String(), fmt.Sprintf("%s is active and does not answer for its own address", q.Address),
					"ADDRESS", q.Address.String(), "GROUP", g.Ref.String())
			}
		})
	}
}

// eachLeader calls fn with the questions to the routers that are active in a group.
func (e *exam) eachLeader(g *engine.Group, fn func(q Question)) {
	for _, q := range e.Questions {
		if q.Interface == g.Interface && e.leads(g, q.Address) {
			fn(q)
		}
	}
}

// answeredVirtually reports whether somebody has answered for an address of a group from
// its virtual MAC.
func (e *exam) answeredVirtually(g *engine.Group) bool {
	return slices.ContainsFunc(e.Claims, func(c Claim) bool {
		return c.Interface == g.Interface && c.MAC == g.VirtualMAC() && slices.Contains(g.VirtualIPs, c.Address)
	})
}

func mayStandIn(g *engine.Group) bool {
	return g.Understudy && !g.VirtualMAC().IsZero() && len(g.Peers) == 0
}

// leads reports whether a router was heard as active in a group.
func (e *exam) leads(g *engine.Group, a netip.Addr) bool {
	return slices.ContainsFunc(e.Heard, func(h Heard) bool {
		s, ok := speakerOf(h)
		return ok && s.active && s.of(g) && h.Envelope.Src == a
	})
}
