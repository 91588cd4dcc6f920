package engine

import "time"

// journal tells the observer what happens, complains rarely, and keeps the last
// transitions, commands and changes of who serves.
type journal struct {
	observe    func(Event)
	complaints complaints
	history    history
	commands   []Event // the last ones, oldest first
	records    int     // made since the start
	changes    changes
}

// tell tells the observer something about a group, or about none.
func (j *journal) tell(now time.Time, group Ref, kind Kind, message string) {
	j.observe(Event{At: now, Kind: kind, Group: group, Message: message})
}

// keepTransitions is how many past transitions can be asked for.
const keepTransitions = 1024

// history holds the last transitions of all groups in a ring.
type history struct {
	ring []*Transition `inplace:"mostly the last ones of groups"`
	made int           // transitions since the start; the last one's ID
}

// add numbers t and keeps it.
func (h *history) add(t *Transition) {
	h.made++
	t.ID = h.made
	if len(h.ring) < keepTransitions {
		h.ring = append(h.ring, t)
		return
	}
	h.ring[(h.made-1)%keepTransitions] = t
}

// list returns what is kept, oldest first.
func (h *history) list() (list []Transition) {
	oldest := 0
	if len(h.ring) == keepTransitions {
		oldest = h.made % keepTransitions
	}
	for n := range h.ring {
		list = append(list, *h.ring[(oldest+n)%len(h.ring)])
	}
	return list
}
