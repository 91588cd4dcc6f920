package sim

// Two histories that come to one fingerprint are taken for one from there on. Of some
// it is looked whether that is so.
const (
	eachDoubt  = 100  // of so many meetings one is followed for doubts steps, the others for one
	doubts     = 300  // steps
	eachTrial  = 1000 // of so many one is tried with every move, the first one among them
	trialSteps = 30   // after each
)

// doubt looks whether from a state that was there before the same follows as the first
// time. If it does not the fingerprint hides something.
func (x *explorer) doubt(t *course, p *path, is *seen) {
	x.out.Merged++
	same := true
	if x.out.Merged%x.trial == 1%x.trial {
		same = x.tried(t, p, is)
	}
	steps := 1
	if x.out.Merged%eachDoubt == 0 {
		steps = doubts
	}
	for ; same && steps > 0 && is != nil && is.after != (key{}) && len(t.c.faults) == 0; steps-- {
		t.next()
		t.drop()
		same = x.key(t) == is.after
		is = x.seen[is.after]
	}
	if !same {
		x.out.Hidden++
	}
}

// tried makes every move in both histories, and reports whether the same came of it.
func (x *explorer) tried(t *course, p *path, is *seen) bool {
	for _, m := range x.movesAt(t) {
		a := x.play(append(p.moves(), Made{t.steps, m}))
		b := x.play(append(is.by.moves(), Made{int(is.step), m}))
		for n := 0; n < trialSteps && len(a.c.faults) == 0 && len(b.c.faults) == 0; n++ {
			a.drop()
			b.drop()
			if x.key(a) != x.key(b) {
				return false
			}
			a.next()
			b.next()
		}
	}
	return true
}
