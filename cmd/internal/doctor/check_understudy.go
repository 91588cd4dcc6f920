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
// forward.
func checkUnderstudy(e *exam) {
	for _, g := range e.groups {
		if !mayStandIn(g) {
			continue
		}
		for _, q := range e.Questions {
			if q.Interface != g.Interface || !e.leads(g, q.Address) {
				continue
			}
			if q.Answered {
				e.fine("understudy", g.Ref.String(), fmt.Sprintf("%s answers for its own address", q.Address))
			} else {
				e.wrong("understudy", g.Ref.String(), fmt.Sprintf("%s is active and does not answer for its own address", q.Address),
					"ADDRESS", q.Address.String(), "GROUP", g.Ref.String())
			}
		}
	}
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
