package engine

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// outbox collects what one segment is to do. The order of carrying it out is
// the safety of the whole: gates first, so that a frame that claims a role
// never leaves before the kernel serves it and nobody forwards after resigning;
// then frames, of which those that decide over roles come first; addresses last
// and in the background.
type outbox struct {
	open        []Claim
	shut        []ID
	add, remove []ID
	messages    []frame // of the protocols
	frames      []frame // all others
	unicast     []datagram
	wire        [][]byte
	arena       []byte
}

// frame is one prepared frame.
type frame struct {
	group      *group
	when       premise
	start, end int
}

// premise is what must still be true of a group when a frame leaves.
type premise uint8

const (
	always      premise = iota
	whileActive         // it has the role, if not the address
	whileOwner          // it has both
)

func (p premise) holds(g *group) bool {
	return p == always || g.owner || p == whileActive && g.hold.on
}

// put appends the bytes that build makes as one frame of g.
func (o *outbox) put(g *group, when premise, build func([]byte) []byte) {
	o.frames = append(o.frames, o.build(g, when, build))
}

// say is put for a message, which leaves before all other frames: a role that
// is given up or claimed late costs more than an announcement.
func (o *outbox) say(g *group, when premise, build func([]byte) []byte) {
	o.messages = append(o.messages, o.build(g, when, build))
}

func (o *outbox) build(g *group, when premise, build func([]byte) []byte) frame {
	start := len(o.arena)
	o.arena = build(o.arena)
	return frame{group: g, when: when, start: start, end: len(o.arena)}
}

// withdraw drops what a group asked for that has not been carried out. The
// frames that counted on it are dropped when they would leave.
func (o *outbox) withdraw(id ID) {
	o.open = slices.DeleteFunc(o.open, func(c Claim) bool { return c.ID == id })
	o.add = slices.DeleteFunc(o.add, func(i ID) bool { return i == id })
}

func (o *outbox) empty() bool {
	return len(o.open)+len(o.shut)+len(o.add)+len(o.remove)+len(o.messages)+len(o.frames)+len(o.unicast) == 0
}

// reset empties the outbox and keeps its memory.
func (o *outbox) reset() {
	o.open, o.shut, o.add, o.remove = o.open[:0], o.shut[:0], o.add[:0], o.remove[:0]
	o.messages, o.frames, o.unicast = o.messages[:0], o.frames[:0], o.unicast[:0]
	o.wire, o.arena = o.wire[:0], o.arena[:0]
}

// Flush carries out everything that the engine has decided and not yet done.
func (e *Engine) Flush(now time.Time) {
	for again := true; again; {
		e.reconsiderDoubtful(now)
		again = false
		for _, s := range e.segments {
			if !s.out.empty() {
				e.flushSegment(now, s)
				again = true
			}
		}
	}
	e.tellObstacles(now)
	e.beginHolds(now)
}

// flushSegment empties the outbox. What a refused gate leads to is in it
// afterwards.
func (e *Engine) flushSegment(now time.Time, s *segment) {
	o := &s.out
	failed := e.gate(now, s)
	e.transmit(now, s)
	e.renewBeat(now, s)
	if len(o.add)+len(o.remove) > 0 {
		s.port.Address(o.add, o.remove)
	}
	o.reset()
	for _, f := range failed {
		e.step(now, f.group, fsm.Failed{Err: f.err})
	}
}

// failure is a group whose gate the kernel refused to open.
type failure struct {
	group *group
	err   error
}

// gate opens and shuts what was decided. When the one transaction fails the
// closings are made alone and each opening by itself, so that one bad group
// costs nobody else the role.
func (e *Engine) gate(now time.Time, s *segment) []failure {
	o := &s.out
	if len(o.open)+len(o.shut) == 0 {
		return nil
	}
	lost, err := s.port.Gate(o.open, o.shut)
	if err == nil {
		return e.openEach(s, e.stillShut(s, lost))
	}
	if len(o.shut) > 0 {
		if lost, err = s.port.Gate(nil, o.shut); err != nil {
			s.keepShutting(now, o.shut, err)
			if e.complaints.first(now, s.name+" shut", err.Error()) {
				e.emitSegment(now, s, eventWarning, "shut gate: "+err.Error())
			}
		}
		e.noteLost(s, lost)
	}
	return e.openEach(s, slices.Clone(o.open))
}

// stillShut sorts out the leases that had run out. A group that was to be
// opened again in the same transaction, after giving the role up, was not and
// has to ask once more; for the others the loss is news.
func (e *Engine) stillShut(s *segment, lost []ID) []Claim {
	var again []Claim
	for _, id := range lost {
		if i := slices.IndexFunc(s.out.open, func(c Claim) bool { return c.ID == id }); i >= 0 {
			again = append(again, s.out.open[i])
		} else {
			e.noteLost(s, []ID{id})
		}
	}
	return again
}

// openEach opens gates one by one and takes the role from groups that get
// none.
func (e *Engine) openEach(s *segment, claims []Claim) []failure {
	var failed []failure
	for _, c := range claims {
		lost, err := s.port.Gate([]Claim{c}, nil)
		if err == nil {
			e.noteLost(s, lost)
			continue
		}
		g := e.byID(c.ID)
		g.lose()
		s.out.withdraw(c.ID)
		failed = append(failed, failure{g, err})
	}
	return failed
}

// transmit sends the frames whose groups still may say what is in them. A lost
// frame is repeated by the next hello or announcement; what counts is that it
// is seen, for a router whose hellos do not leave is not the only one active.
func (e *Engine) transmit(now time.Time, s *segment) {
	o := &s.out
	for _, list := range [...][]frame{o.messages, o.frames} {
		for _, f := range list {
			if f.when.holds(f.group) {
				o.wire = append(o.wire, o.arena[f.start:f.end])
			}
		}
	}
	for _, d := range o.unicast {
		if !d.when.holds(d.group) {
			continue
		}
		if err := s.port.Unicast(d.src, d.dst, d.payload); err != nil {
			e.unsent(now, s, 1, err)
		}
	}
	if len(o.wire) == 0 {
		return
	}
	if n, err := s.port.Transmit(o.wire); err != nil {
		e.unsent(now, s, len(o.wire)-n, err)
	}
}

// unsent counts frames that did not leave, and says so unless the interface is
// known to be away.
func (e *Engine) unsent(now time.Time, s *segment, n int, err error) {
	s.framesLost += uint64(n)
	s.lastError = err
	away := errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ENETDOWN) || errors.Is(err, syscall.ENXIO)
	if !away && e.complaints.first(now, s.name+" send", "") {
		e.emitSegment(now, s, eventWarning, fmt.Sprintf("%d frames did not leave: %v; further ones are counted", n, err))
	}
}
