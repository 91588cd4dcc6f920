package engine

import (
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// priorities returns the range of priorities that may be given: VRRP resigns
// with 0, and 255 is for the owner of the address.
func (g *group) priorities() (least, most int) {
	if g.hsrp() {
		return 0, 255
	}
	return hello.ResignPriority + 1, hello.OwnerPriority - 1
}

// prioritize works out the priority from the configuration, the operator and
// the tracked objects, and tells the machine when it changed. why is what has
// changed.
func (g *group) prioritize(now time.Time, why *Record) {
	if g.OwnsAddress() {
		return
	}
	effective := int(g.Priority)
	if g.priority.override >= 0 {
		effective = g.priority.override
	}
	for _, u := range g.uses {
		if !u.Shutdown && u.object.down() {
			effective -= u.Decrement
		}
	}
	least, _ := g.priorities()
	p := fsm.SetPriority{Effective: uint8(max(effective, least)), Configured: g.Priority}
	if p == g.priority.inForce {
		return
	}
	if was := g.priority.inForce.Effective; was != p.Effective {
		g.story.own = g.r.record(Record{At: now, Kind: RecordPriority, After: why, Priority: Shift{was, p.Effective}})
		g.story.goesOn(now, g.story.own)
	}
	g.priority.inForce = p
	g.step(now, p)
}
