package engine

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/garp/prove"
)

// Holder is who has a group's role: this router, another one, or nobody that this
// router knows of.
type Holder struct {
	Known bool
	Local bool
	Addr  netip.Addr // when not Local
}

func holderOf(st *fsm.Status) Holder {
	switch {
	case st.Role == fsm.Active:
		return Holder{Known: true, Local: true}
	case st.Active.Known && !st.Active.Local:
		return Holder{Known: true, Addr: st.Active.Addr}
	}
	return Holder{}
}

// Change is a change of who serves a group, as far as this router can know it.
type Change struct {
	ID       int // counts all groups' changes from 1
	Group    Ref
	Name     string // the group's, "" when it has none
	At       time.Time
	From, To Holder
	Records  []*Record // why, and what followed; oldest first

	// What it cost.
	LastSign  time.Time     // of the former holder; zero: there was none
	Taken     time.Time     // when this router took the role, or heard the first claim of the new holder; zero: nobody has
	Handed    bool          // the former holder served until then
	Both      time.Duration // for so long at most both were active
	Covered   *Stint        // this router forwarded for the former holder until then; nil: it did not
	Waited    time.Duration // of Taken, until this router had the address: it waited for the pre_active command
	Announced uint64        // frames that tell where the address is now, so far or in all
	Proofs    []prove.Result

	cause fsm.Cause // of this router's transition, if it made one
	move  int       // its ID
}

// keepRecords is how many records a change has at most: why it happened is a
// handful, and the rest is what followed.
const keepRecords = 16

// keepChanges is how many past changes can be asked for.
const keepChanges = 1024

// changes are the last ones of all groups, in a ring.
type changes struct {
	ring []*Change
	made int
}

func (h *changes) add(c *Change) {
	h.made++
	c.ID = h.made
	if len(h.ring) < keepChanges {
		h.ring = append(h.ring, c)
		return
	}
	h.ring[(h.made-1)%keepChanges] = c
}

// each calls fn for what is kept, oldest first.
func (h *changes) each(fn func(*Change)) {
	oldest := 0
	if len(h.ring) == keepChanges {
		oldest = h.made % keepChanges
	}
	for n := range h.ring {
		fn(h.ring[(oldest+n)%len(h.ring)])
	}
}
