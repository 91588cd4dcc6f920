package engine

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"time"
)

// Flush carries out everything that the engine has decided and not yet done,
// unless it is behind.
func (e *Engine) Flush(now time.Time) {
	if e.behind {
		return
	}
	for again := true; again; {
		e.gates(now)
		again = false
		for _, i := range e.ifaces {
			if !i.out.empty() {
				i.flush(now)
				again = true
			}
		}
	}
	e.tellObstacles(now)
	for _, i := range e.ifaces {
		i.tellCovers(now)
		i.lookOut(now)
		i.tellForwarding(now)
	}
	e.beginCommands(now)
}

// gates opens and shuts the gates of all interfaces before anything is said on
// one of them: a group that is refused may take others along, which have not
// claimed the role then.
func (e *Engine) gates(now time.Time) {
	for again := true; again; {
		e.reconsiderDoubtful(now)
		again = false
		for _, i := range e.ifaces {
			for _, d := range i.gate(now) {
				d.group.refuse(now, d.err)
				again = true
			}
		}
	}
}

// flush empties the outbox, whose gates have been seen to.
func (i *iface) flush(now time.Time) {
	o := &i.out
	i.transmit(now)
	if i.leases.takeDue() {
		i.renew(now)
	}
	i.address(o.add, o.remove)
	o.reset()
}

// denial is a group whose gate the kernel refused to open.
type denial struct {
	group *group
	err   error
}

// gate opens and shuts what was decided. When the one transaction fails the
// closings are made alone and each opening by itself, so that one bad group
// costs nobody else the role.
func (i *iface) gate(now time.Time) []denial {
	o := &i.out
	i.reviewCovers(now)
	if len(o.open)+len(o.shut) == 0 {
		return nil
	}
	defer func() { o.open, o.shut = o.open[:0], o.shut[:0] }()
	lost, err := i.port.Gate(o.open, o.shut)
	if err == nil {
		for _, c := range o.open {
			i.r.byID[c.ID].regranted(now, nil)
		}
		return i.openEach(now, i.stillShut(lost))
	}
	if len(o.shut) > 0 {
		if lost, err = i.port.Gate(nil, o.shut); err != nil {
			if !errors.Is(err, net.ErrClosed) { // on a port that is closed no gate is open
				i.leases.keepShutting(now, o.shut)
			}
			if i.r.complaints.first(now, i.ref(), wordShut, byText(err.Error())) {
				i.tell(now, KindWarning, "shut gate: "+err.Error())
			}
		}
		i.noteLost(lost)
	}
	return i.openEach(now, slices.Clone(o.open))
}

// stillShut sorts out the leases that had run out. A group that was to be
// opened again in the same transaction, after giving the role up, was not and
// has to ask once more; for the others the loss is news.
func (i *iface) stillShut(lost []ID) []Claim {
	var again []Claim
	for _, id := range lost {
		if at := slices.IndexFunc(i.out.open, func(c Claim) bool { return c.ID == id }); at >= 0 {
			again = append(again, i.out.open[at])
		} else {
			i.noteLost([]ID{id})
		}
	}
	return again
}

// openEach opens gates one by one and takes the address from groups that get
// none.
func (i *iface) openEach(now time.Time, claims []Claim) []denial {
	var denied []denial
	for _, c := range claims {
		lost, err := i.port.Gate([]Claim{c}, nil)
		g := i.r.byID[c.ID]
		if g.regranted(now, err) || err == nil {
			i.noteLost(lost)
			continue
		}
		if c.Forward {
			g.endCover(now, err.Error(), false)
			continue
		}
		g.happen(now, onDenial)
		denied = append(denied, denial{g, err})
	}
	return denied
}

// transmit sends the frames whose groups still may say what is in them. A lost
// frame is repeated by the next hello or announcement; what counts is that it
// is seen, for a router whose hellos do not leave is not the only one active.
func (i *iface) transmit(now time.Time) {
	frames, speakers := i.out.sendable()
	for _, d := range i.out.unicast {
		if !d.when.holds(d.of.tenure) {
			continue
		}
		if err := i.port.Unicast(d.src, d.dst, d.payload); err != nil {
			i.noteUnsent(now, 1, err)
		} else {
			d.of.counters.Sent++
		}
	}
	if len(frames) == 0 {
		return
	}
	unsent, err := i.port.Transmit(frames)
	if err != nil {
		i.noteUnsent(now, len(unsent), err)
	}
	for n, g := range speakers {
		if _, missed := slices.BinarySearch(unsent, n); missed {
			g.missed(now, err)
		} else {
			g.counters.Sent++
			g.silence.spoke(now)
		}
	}
}

// noteUnsent counts frames that did not leave, and says so unless the interface
// is known to be away.
func (i *iface) noteUnsent(now time.Time, n int, err error) {
	i.unsent += uint64(n)
	i.lastError = err
	away := errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ENETDOWN) || errors.Is(err, syscall.ENXIO)
	if !away && i.r.complaints.first(now, i.ref(), wordSend, subject{}) {
		i.tell(now, KindWarning, fmt.Sprintf("%d frames did not leave: %v; further ones are counted", n, err))
	}
}
