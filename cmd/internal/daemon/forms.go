package daemon

import (
	"slices"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/vip"
)

// forms knows under which numbers the data plane has the engine's groups. A group
// that becomes another one while its gate is open gets a new number: both forms are
// there while one takes the place of the other.
type forms struct {
	last  vip.ID
	now   map[engine.ID]form
	owner map[vip.ID]engine.ID
	lost  []engine.ID // by a change of form, for the next renewal to tell
}

// form is what the data plane has of one group.
type form struct {
	id    vip.ID
	open  bool
	claim engine.Claim // while open
	old   []vip.ID     // whose addresses are still there
}

func newForms() forms { return forms{now: map[engine.ID]form{}, owner: map[vip.ID]engine.ID{}} }

// add gives a group a new number.
func (f *forms) add(id engine.ID) vip.ID {
	f.last++
	g := f.now[id]
	g.id = f.last
	f.now[id], f.owner[g.id] = g, id
	return g.id
}

// of returns the present number, 0 for a group that has none.
func (f *forms) of(id engine.ID) vip.ID { return f.now[id].id }

// present returns what a group has before it becomes another one.
func (f *forms) present(id engine.ID) (was vip.ID, claim engine.Claim, open bool) {
	g := f.now[id]
	return g.id, g.claim, g.open
}

// back undoes add.
func (f *forms) back(id engine.ID, was vip.ID) {
	g := f.now[id]
	delete(f.owner, g.id)
	g.id = was
	f.now[id] = g
}

// keepAddresses notes that the addresses of an old form stay until the next Address.
func (f *forms) keepAddresses(id engine.ID, old vip.ID) {
	g := f.now[id]
	g.old = append(g.old, old)
	f.now[id] = g
}

// address returns the numbers whose addresses are to come and to go, and those that
// are not needed any more after that.
func (f *forms) address(add, remove []engine.ID) (in, out, old []vip.ID) {
	for _, id := range slices.Concat(add, remove) {
		if g := f.now[id]; len(g.old) > 0 {
			old = append(old, g.old...)
			g.old = nil
			f.now[id] = g
		}
	}
	for _, id := range add {
		in = append(in, f.of(id))
	}
	for _, id := range remove {
		out = append(out, f.of(id))
	}
	return in, append(out, old...), old
}

// gate notes which gates are open.
func (f *forms) gate(open []engine.Claim, shut []engine.ID) {
	for _, id := range shut {
		f.shut(id)
	}
	for _, c := range open {
		g := f.now[c.ID]
		g.open, g.claim = true, c
		f.now[c.ID] = g
	}
}

func (f *forms) shut(id engine.ID) {
	if g, known := f.now[id]; known {
		g.open = false
		f.now[id] = g
	}
}

// lose notes which gates have shut by themselves, and returns whose they were.
func (f *forms) lose(list []vip.ID) (out []engine.ID) {
	for _, v := range list {
		if id, known := f.owner[v]; known {
			f.shut(id)
			out = append(out, id)
		}
	}
	return out
}

// takeLost is lose for a renewal, which tells what a change of form has lost as well.
func (f *forms) takeLost(list []vip.ID) []engine.ID {
	out := append(f.lose(list), f.lost...)
	f.lost = nil
	return out
}

// forget drops a group and returns all its numbers.
func (f *forms) forget(id engine.ID) []vip.ID {
	g := f.now[id]
	delete(f.now, id)
	all := append(g.old, g.id)
	for _, v := range all {
		delete(f.owner, v)
	}
	return all
}
