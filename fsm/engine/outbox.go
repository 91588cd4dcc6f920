package engine

import (
	"net/netip"
	"slices"

	"github.com/fhrpd/fhrpd/hello"
)

// outbox collects what is to be done on one interface. The order of carrying it
// out is the safety of the whole: gates first, so that a frame that claims a
// role never leaves before the kernel serves it and nobody forwards after
// resigning; then frames, of which those that decide over roles come first;
// addresses last and in the background.
type outbox struct {
	open        []Claim
	shut        []ID
	add, remove []ID
	messages    []frame // of the protocols
	frames      []frame // all others
	unicast     []datagram
	wire        [][]byte
	speakers    []*group // of the first frames in wire, which are messages
	arena       []byte
	payload     []byte // of the last message
}

// frame is one prepared frame.
type frame struct {
	of         *group // that says it
	when       condition
	start, end int
}

// datagram is a message to a unicast peer.
type datagram struct {
	of       *group
	when     condition
	src, dst netip.Addr
	payload  []byte
}

// condition is what must still be true of a group's tenure when a frame of it
// leaves.
type condition uint8

const (
	always condition = iota
	whileElected
	whileServing // the address included
)

func (c condition) holds(t tenure) bool {
	return c == always || t.hasAddress() || c == whileElected && t.elected()
}

// queueFrame queues the bytes that build appends as one frame of a group.
func (o *outbox) queueFrame(of *group, when condition, build func([]byte) []byte) {
	o.frames = append(o.frames, o.build(of, when, build))
}

// queueMessage queues a message of the protocol, which leaves before all other
// frames: a role that is given up or claimed late costs more than an
// announcement.
func (o *outbox) queueMessage(of *group, when condition, build func([]byte) []byte) {
	o.messages = append(o.messages, o.build(of, when, build))
}

func (o *outbox) build(of *group, when condition, build func([]byte) []byte) frame {
	start := len(o.arena)
	o.arena = build(o.arena)
	return frame{of: of, when: when, start: start, end: len(o.arena)}
}

// sendable returns the frames whose conditions hold, and who says those of them
// that are messages, which come first.
func (o *outbox) sendable() (frames [][]byte, speakers []*group) {
	for _, f := range o.messages {
		if f.when.holds(f.of.tenure) {
			o.wire = append(o.wire, o.arena[f.start:f.end])
			o.speakers = append(o.speakers, f.of)
		}
	}
	for _, f := range o.frames {
		if f.when.holds(f.of.tenure) {
			o.wire = append(o.wire, o.arena[f.start:f.end])
		}
	}
	return o.wire, o.speakers
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
	o.wire, o.speakers, o.arena = o.wire[:0], o.speakers[:0], o.arena[:0]
}

// voice is how a message leaves.
type voice struct {
	mac  hello.MAC // Ethernet source
	when condition
}
