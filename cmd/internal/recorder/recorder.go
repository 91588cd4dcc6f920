package recorder

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// How much memory the rings take, in bytes. Ten minutes of one group at its default
// times are some 15 KiB. A thousand groups have about a minute, which is several
// hold times, on one interface as on many.
const (
	ringLeast  = 8 << 10 // of an interface, whatever the others have
	ringAlone  = 96 << 10
	ringGroup  = 24 << 10 // more for each group
	ringMost   = 1536 << 10
	ringRouter = 32 << 10 // of what is about no interface

	// Budget is what the interfaces have together; where it is used up, each further
	// one has ringLeast.
	Budget = 2 << 20
)

// mostFrame is the longest frame that a daemon reads, in bytes.
const mostFrame = 2048

// Recorder has a ring for each interface, and one for what is about none. It is for
// the goroutine that runs the engine. A nil Recorder records nothing.
type Recorder struct {
	rings   map[string]*Ring
	left    int    // of Budget
	current *Ring  // of the frame that the engine is given
	frame   uint64 // its number
	scratch []byte
}

// New returns a recorder without interfaces.
func New(now time.Time) *Recorder {
	return &Recorder{
		rings:   map[string]*Ring{"": NewRing(ringRouter, now)},
		left:    Budget,
		scratch: make([]byte, 0, mostFrame),
	}
}

// Open makes rings for those interfaces that have none, given with the number of
// their groups. Those that are opened together share what is left of Budget: what the
// smaller ones do not need is for the larger ones.
func (r *Recorder) Open(now time.Time, groups map[string]int) {
	var fresh []string
	for name := range groups {
		if r.rings[name] == nil {
			fresh = append(fresh, name)
		}
	}
	slices.SortFunc(fresh, func(a, b string) int { return groups[a] - groups[b] })
	for n, name := range fresh {
		share := r.left / (len(fresh) - n)
		size := max(min(ringAlone+groups[name]*ringGroup, ringMost, share), ringLeast)
		r.rings[name] = NewRing(size, now)
		r.left = max(r.left-size, 0)
	}
}

// Close forgets an interface.
func (r *Recorder) Close(name string) {
	ring := r.rings[name]
	if name == "" || ring == nil {
		return
	}
	delete(r.rings, name)
	taken := -ringRouter
	for _, o := range r.rings {
		taken += o.Size()
	}
	r.left = max(Budget-taken, 0)
	r.Done()
}

// Sizes returns the size of each ring by the name of its interface, "" for what is
// about none.
func (r *Recorder) Sizes() map[string]int {
	sizes := make(map[string]int, len(r.rings))
	for name, ring := range r.rings {
		sizes[name] = ring.Size()
	}
	return sizes
}

// Copy copies a ring into one of the size that Sizes has said. It reports false when
// the interface has gone meanwhile.
func (r *Recorder) Copy(name string, dst *Ring) bool {
	ring := r.rings[name]
	if ring == nil || ring.Size() != dst.Size() {
		return false
	}
	ring.CopyTo(dst)
	return true
}

// Hear records a frame that the engine is given next. What the engine decides until
// Done is about it.
func (r *Recorder) Hear(now time.Time, name string, frame []byte) {
	if r == nil {
		return
	}
	if r.current = r.rings[name]; r.current != nil {
		r.frame = r.current.Add(now, Received, 0, frame)
	}
}

// Done ends what Hear has begun.
func (r *Recorder) Done() {
	if r != nil {
		r.current, r.frame = nil, 0
	}
}

// Say records frames that have left: all but those whose numbers are in unsent, in
// ascending order.
func (r *Recorder) Say(now time.Time, name string, frames [][]byte, unsent []int) {
	if r == nil || r.rings[name] == nil {
		return
	}
	ring := r.rings[name]
	for n, f := range frames {
		if len(unsent) > 0 && unsent[0] == n {
			unsent = unsent[1:]
			continue
		}
		ring.Add(now, Sent, 0, f)
	}
}

// SayTo records a VRRP packet to one router, for which the kernel makes the headers.
func (r *Recorder) SayTo(now time.Time, name string, mac hello.MAC, src, dst netip.Addr, payload []byte) {
	if r == nil || r.rings[name] == nil {
		return
	}
	h := wire.Headers{SrcMAC: mac, Src: src.WithZone(""), Dst: dst.WithZone(""), TTL: hello.TTLVRRP, Proto: hello.ProtoNumber}
	r.scratch = h.Append(r.scratch[:0], payload)
	r.rings[name].Add(now, Composed, 0, r.scratch)
}

// Decide records what the engine tells: about the frame that it was given, if that
// came in on the same interface, and by itself otherwise.
func (r *Recorder) Decide(ev *engine.Event) {
	if r == nil {
		return
	}
	ring, about := r.rings[ev.Group.Interface], uint64(0)
	if r.current != nil && (ring == r.current || ev.Group.Interface == "") {
		ring, about = r.current, r.frame
	}
	if ring == nil {
		ring = r.rings[""]
	}
	r.scratch = appendEvent(r.scratch[:0], ev)
	ring.Add(ev.At, Note, about, r.scratch)
}

// appendEvent words an event in one line.
func appendEvent(b []byte, ev *engine.Event) []byte {
	t := ev.Transition
	if t == nil {
		b = append(append(b, ev.Kind...), ": "...)
		if ev.Group != (engine.Ref{}) {
			b = append(append(b, ev.Group.String()...), ": "...)
		}
		return append(b, ev.Message...)
	}
	for _, s := range []string{t.Group.String(), " from ", t.From, " to ", t.To, ": ", string(t.Cause)} {
		b = append(b, s...)
	}
	if t.Detail != "" {
		b = append(append(b, ": "...), t.Detail...)
	}
	return b
}
