package status

import (
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// Leave is an operator's word that a group, or all of them, is in maintenance.
type Leave struct {
	Since time.Time `json:"since"`
	By    string    `json:"by"` // "root, uid 0"
}

// GroupLeave is that of a group, and who serves it meanwhile.
type GroupLeave struct {
	Since         time.Time  `json:"since"`
	By            string     `json:"by"`
	Departing     bool       `json:"departing,omitempty"`      // it has its address still
	Serves        string     `json:"serves,omitempty"`         // the router that serves meanwhile
	UnservedSince *time.Time `json:"unserved_since,omitempty"` // since when nobody does, as far as this router hears
}

func leaveOf(l *engine.Leave) *Leave {
	if l == nil {
		return nil
	}
	return &Leave{Since: l.Since, By: l.By}
}

// setMaintenance tells who has the group out of its election, and who serves.
func (out *Group) setMaintenance(g *engine.GroupStatus) {
	if g.Leave == nil {
		return
	}
	out.Maintenance, out.Leave = true, &GroupLeave{Since: g.Leave.Since, By: g.Leave.By, Departing: g.Departing}
	if !g.Unserved.IsZero() {
		out.Leave.UnservedSince = &g.Unserved
	}
	if g.StandIn.IsValid() {
		out.Leave.Serves = g.StandIn.String()
	}
}
