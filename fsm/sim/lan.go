package sim

import (
	"slices"
	"time"
)

// lan carries frames between routers, as badly as it is told to.
type lan struct {
	w       *world
	nic     string // the routers' interface on it
	second  *lan   // on which followers are; nil: there is none
	routers []*router
	blocked map[[2]int]bool // from, to
	loss    float64
	dup     float64
	delay   time.Duration // least
	jitter  time.Duration // on top, drawn anew for each frame
	station *neighbor     // nil: there is none
}

const usualJitter = 200 * time.Microsecond

func newLAN(w *world, nic string) *lan {
	return &lan{w: w, nic: nic, blocked: map[[2]int]bool{}, delay: 50 * time.Microsecond, jitter: usualJitter}
}

// block cuts the way from one router to another, or mends it.
func (l *lan) block(from, to int, undo bool) {
	if l.blocked[[2]int{from, to}] = true; undo {
		delete(l.blocked, [2]int{from, to})
	}
}

// send delivers a frame of router from to everybody it can reach.
func (l *lan) send(from int, frame []byte) {
	if l.station != nil {
		l.station.hear(l, from, frame)
	}
	for _, r := range l.routers {
		if r.id == from || l.blocked[[2]int{from, r.id}] {
			continue
		}
		l.deliver(r, frame)
		if l.dup > 0 && l.w.random.Float64() < l.dup {
			l.deliver(r, frame)
		}
	}
}

func (l *lan) deliver(r *router, frame []byte) {
	if l.loss > 0 && l.w.random.Float64() < l.loss {
		return
	}
	d := l.delay + time.Duration(l.w.random.Float64()*float64(l.jitter))
	frame = slices.Clone(frame)
	l.w.plan(l.w.now.Add(d), what{kind: "frame", router: r, on: l.nic, data: frame}, func() { r.receive(l.nic, frame) })
}

// whole reports whether every frame reaches everybody.
func (l *lan) whole() bool {
	return len(l.blocked) == 0 && l.loss == 0 && !slices.ContainsFunc(l.routers, func(r *router) bool { return r.deaf })
}
