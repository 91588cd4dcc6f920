package trailer

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// leastRoom is how many senders are remembered at least: several routers, and some
// that are gone.
const leastRoom = 16

// Peer is what is known of a sender. Its times are of the wall clock.
type Peer struct {
	Addr   netip.Addr
	Heard  time.Time     // its last packet, replays left out
	Good   time.Time     // its last packet with a right trailer; zero: none
	KeyID  uint8         // of that one
	Skew   time.Duration // of that one: how far its clock was ahead of the own one
	Failed time.Time     // its last packet without a right trailer; zero: none
	Why    hello.Reject  // what was wrong with that one

	mark hello.Sequence
}

// Enforceable reports whether its packets would be believed in mode enforce: a
// right one came within hold before its last. When they would not, Why says why.
func (p *Peer) Enforceable(hold time.Duration) bool {
	return !p.Good.IsZero() && p.Heard.Sub(p.Good) <= hold
}

// peers are the senders that are remembered, at most room. Whoever has proven that
// it knows a key never makes room for somebody who has not.
type peers struct {
	room int
	list []Peer
}

func (l *peers) find(addr netip.Addr) *Peer {
	for n := range l.list {
		if l.list[n].Addr == addr {
			return &l.list[n]
		}
	}
	return nil
}

// proven notes a right packet of a sender.
func (l *peers) proven(now time.Time, addr netip.Addr, news Peer) {
	p := l.place(addr, true)
	news.Addr, news.Heard, news.Good, news.Failed, news.Why = addr, now, now, p.Failed, p.Why
	*p = news
}

// failed notes that a packet of a sender was not right.
func (l *peers) failed(now time.Time, addr netip.Addr, why hello.Reject) {
	if p := l.place(addr, false); p != nil {
		p.Addr, p.Heard, p.Failed, p.Why = addr, now, now, why
	}
}

// place returns where addr is noted, in place of another one when there is no room
// left; nil when there is none for a sender that has proven nothing.
func (l *peers) place(addr netip.Addr, proves bool) *Peer {
	if p := l.find(addr); p != nil {
		return p
	}
	if len(l.list) < l.room {
		l.list = append(l.list, Peer{})
		return &l.list[len(l.list)-1]
	}
	oldest := &l.list[0]
	for n := range l.list {
		if p := &l.list[n]; p.Good.Before(oldest.Good) || p.Good.Equal(oldest.Good) && p.Heard.Before(oldest.Heard) {
			oldest = p
		}
	}
	if !proves && !oldest.Good.IsZero() {
		return nil
	}
	*oldest = Peer{}
	return oldest
}

func (l *peers) sorted() []Peer {
	list := slices.Clone(l.list)
	slices.SortFunc(list, func(a, b Peer) int { return a.Addr.Compare(b.Addr) })
	return list
}
