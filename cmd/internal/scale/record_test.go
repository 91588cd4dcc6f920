package scale

import (
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// recorder notes what matters of the frames at b's port of the switch, without
// keeping them: with thousands of groups that would be part of what is measured.
type recorder struct {
	capture *netlab.Capture

	mu        sync.Mutex
	groups    map[int]*seen
	sent      map[bool]int // messages of b, and of a
	punctual  []time.Time  // advertisements of the router with an interval of 10 ms
	lastHeard time.Time    // last message of a
}

// seen is what was seen of one group since the last forget.
type seen struct {
	heard time.Time // last hello of an active a
	claim time.Time // first hello of an active b
	garp  time.Time // first announcement of b
}

const (
	etherIPv4, etherARP = 0x0800, 0x0806
	protoUDP, protoVRRP = 17, 112

	network   = 14
	transport = network + 20
	payload   = transport + 8
	punctualV = 255
)

func record(g *gateway) *recorder {
	g.T.Helper()
	r := &recorder{}
	r.forget()
	g.Watch(r.note)
	r.capture = g.Port
	return r
}

// forget begins anew.
func (r *recorder) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.groups, r.sent, r.punctual = map[int]*seen{}, map[bool]int{}, nil
}

// note looks at one frame and keeps none.
func (r *recorder) note(f netlab.Frame) bool {
	b := f.Data
	if len(b) < payload {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case binary.BigEndian.Uint16(b[12:]) == etherARP:
		if s := r.group(int(b[30])-1, int(b[31])-1); !f.Sent && s != nil && s.garp.IsZero() {
			s.garp = f.At
		}
	case binary.BigEndian.Uint16(b[12:]) != etherIPv4:
	case b[network+9] == protoVRRP:
		r.noteVRRP(f)
	case b[network+9] == protoUDP && len(b) > payload+8:
		const active = 6
		if r.sent[f.Sent]++; b[payload+4] == active {
			r.claimed(f, int(binary.BigEndian.Uint16(b[payload+6:])))
		}
	}
	return false
}

func (r *recorder) noteVRRP(f netlab.Frame) {
	if f.Data[transport+1] == punctualV {
		r.punctual = append(r.punctual, f.At)
		return
	}
	r.sent[f.Sent]++
	r.claimed(f, int(f.Data[transport+1])-1)
}

// claimed notes a hello of a router that is active.
func (r *recorder) claimed(f netlab.Frame, n int) {
	s := r.group(n/250, n%250)
	switch {
	case s == nil:
	case f.Sent:
		s.heard, r.lastHeard = f.At, f.At
	case s.claim.IsZero():
		s.claim = f.At
	}
}

func (r *recorder) group(hi, lo int) *seen {
	if hi < 0 || lo < 0 || hi > 20 {
		return nil
	}
	n := hi*250 + lo
	if r.groups[n] == nil {
		r.groups[n] = &seen{}
	}
	return r.groups[n]
}

// announced counts the groups that b has announced.
func (r *recorder) announced() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.groups {
		if !s.garp.IsZero() && !s.claim.IsZero() {
			n++
		}
	}
	return n
}

// messages returns how many b and a have sent.
func (r *recorder) messages() (b, a int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sent[false], r.sent[true]
}

// takeover sums up the takeover of all groups after the hold time.
func (r *recorder) takeover(died time.Time, hold time.Duration) takeover {
	r.mu.Lock()
	defer r.mu.Unlock()
	var t takeover
	var garps []time.Time
	for _, s := range r.groups {
		if s.garp.IsZero() || s.claim.IsZero() {
			continue
		}
		garps = append(garps, s.garp)
		if !s.heard.IsZero() {
			t.late = append(t.late, s.claim.Sub(s.heard)-hold)
		}
	}
	slices.SortFunc(garps, time.Time.Compare)
	slices.Sort(t.late)
	if len(garps) > 0 {
		t.first, t.last = garps[0].Sub(died), garps[len(garps)-1].Sub(died)
	}
	t.bystander = lateness(r.punctual, 10*time.Millisecond)
	return t
}

// takeover is when the first and the last group was announced after the death
// of the other router, how late each was claimed, and how late another router
// of the same daemon was meanwhile.
type takeover struct {
	first, last time.Duration
	late        []time.Duration
	bystander   []time.Duration
}

// lateness returns by how much more than the interval each message followed
// the one before, sorted.
func lateness(at []time.Time, interval time.Duration) []time.Duration {
	var late []time.Duration
	for i := 1; i < len(at); i++ {
		late = append(late, max(at[i].Sub(at[i-1])-interval, 0))
	}
	slices.Sort(late)
	return late
}
