package vip

import "golang.org/x/sys/unix"

// elementSets is what is in sets of the table, one for each kind of element, and
// what the transaction under construction does to them.
type elementSets struct {
	members map[element]member

	// Of the transaction under construction. The one that makes the sets is the largest
	// by far, so that its memory is not kept for the next.
	touched  []element // members whose number of users changed
	add, del [elementKinds][]element
}

// member is an element of some sets.
type member struct {
	users   int32 // open routers with this element
	in      bool  // in the kernel's set before the transaction
	touched bool
}

func newElementSets() elementSets { return elementSets{members: map[element]member{}} }

// use counts by more routers, which have these elements.
func (s *elementSets) use(elements []element, by int32) {
	for _, e := range elements {
		m := s.members[e]
		if !m.touched {
			s.touched = append(s.touched, e)
		}
		m.users, m.touched = m.users+by, true
		s.members[e] = m
	}
}

// plan divides the elements to be changed into additions and deletions. empty is
// for sets that are empty at that point of the transaction.
func (s *elementSets) plan(empty bool) {
	s.add, s.del = [elementKinds][]element{}, [elementKinds][]element{}
	if empty {
		for e, m := range s.members {
			if m.users > 0 {
				s.add[e.kind] = append(s.add[e.kind], e)
			}
		}
		return
	}
	for _, e := range s.touched {
		switch m := s.members[e]; {
		case m.users > 0 && !m.in:
			s.add[e.kind] = append(s.add[e.kind], e)
		case m.users == 0 && m.in:
			s.del[e.kind] = append(s.del[e.kind], e)
		}
	}
}

// end ends a transaction. The kernel's sets hold what is used.
func (s *elementSets) end() {
	for _, e := range s.touched {
		if users := s.members[e].users; users > 0 {
			s.members[e] = member{users: users, in: true}
		} else {
			delete(s.members, e)
		}
	}
	s.touched, s.add, s.del = nil, [elementKinds][]element{}, [elementKinds][]element{}
}

// writeStanding appends the part of a transaction that is about the elements
// without a lease. empty is for sets that are empty at that point of it.
func (s *elementSets) writeStanding(r *ruleset, empty bool) {
	s.plan(empty)
	for k := leasedKinds; k < elementKinds; k++ {
		r.change(unix.NFT_MSG_DELSETELEM, elementSpecs[k].name, k, s.del[k])
		r.change(unix.NFT_MSG_NEWSETELEM, elementSpecs[k].name, k, s.add[k])
	}
}
