// Package prove finds out whether a takeover reached the neighbours: whether
// what they send to the virtual address arrives at this router. An ARP or ND
// answer proves nothing: a router with a pinned entry answers politely and goes on
// sending to the old MAC. The proof is an IP packet that answers one from the
// virtual address and arrives here, at the right MAC.
//
// An answer counts when it is one to a packet that was sent: each carries an
// unguessable number, which only who receives it can send back.
//
// The package is pure: it takes frames and a time and returns frames. It cannot
// delay the takeover that it checks.
package prove

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// Steps of one attempt, from its beginning. The first echo follows the
// announcements at once. A neighbour that ignores announcements is then asked for
// its own address from the virtual one, which it must learn from. UDP and TCP
// follow, for neighbours that filter ping.
const (
	NudgeAfter    = 60 * time.Millisecond
	FallbackAfter = 120 * time.Millisecond
	GiveUpAfter   = 400 * time.Millisecond
)

// attempts are when an unproven neighbour is tried, from the takeover. Linux keeps
// a fresh ARP entry for a second, so the second attempt comes just after that.
// Later every refresh tries once more.
var attempts = [...]time.Duration{0, 1100 * time.Millisecond, 3 * time.Second, 10 * time.Second, 30 * time.Second}

// Method is how a neighbour was proven to deliver here.
type Method string

// The methods.
const (
	MethodEcho Method = "icmp"
	MethodUDP  Method = "udp"
	MethodTCP  Method = "tcp"
)

// Result is what is known of one neighbour.
type Result struct {
	Neighbor netip.Addr
	Proven   bool
	Method   Method
	Nudges   int           // directed requests sent before the proof
	Took     time.Duration // from the takeover to the proof
	Alive    bool          // it answered ARP or ND
	Done     bool          // proven, or a whole attempt has failed
}

// String words the result for a person.
func (r Result) String() string {
	resolution := "neighbour discovery"
	if r.Neighbor.Is4() {
		resolution = "ARP"
	}
	switch {
	case r.Proven:
		return fmt.Sprintf("%s delivers here: proven by %s in %v%s", r.Neighbor, r.Method, r.Took.Round(100*time.Microsecond), r.requests())
	case !r.Done:
		return fmt.Sprintf("%s: not proven yet", r.Neighbor)
	case r.Alive:
		return fmt.Sprintf("%s has NOT moved: it answers %s, and nothing that it sends to the virtual address arrives here; it still delivers to the old MAC, or filters ICMP, UDP and TCP", r.Neighbor, resolution)
	}
	return fmt.Sprintf("%s is not alive: it answers neither %s nor anything else", r.Neighbor, resolution)
}

func (r Result) requests() string {
	switch r.Nudges {
	case 0:
		return ""
	case 1:
		return ", after 1 directed request"
	}
	return fmt.Sprintf(", after %d directed requests", r.Nudges)
}

// Prover proves one takeover to a group's neighbours. The zero value knows no
// neighbour. It is for one goroutine.
type Prover struct {
	// Random returns numbers that nobody else on the segment can guess, which
	// mark what is sent. Without it nothing is proven.
	Random func() uint64

	vip       netip.Addr
	mac       hello.MAC
	began     time.Time
	running   bool
	neighbors []neighbor
}

type neighbor struct {
	result  Result
	mac     hello.MAC
	attempt int
	since   time.Time // beginning of the attempt under way; zero when none is
	step    int       // steps of it that are done
	next    time.Time // zero when nothing is planned
	waiting bool      // for an answer to ARP or ND before the echo can be sent
	asked   bool      // in the attempt under way
	sent    []probe   // the last ones of this takeover, oldest first
	seq     uint16    // of the last one
}

// SetNeighbors replaces the neighbours to prove. What is known of those that
// stay is kept; new ones are tried at once while a takeover is being proven.
func (p *Prover) SetNeighbors(now time.Time, addrs []netip.Addr) {
	var list []neighbor
	for _, a := range addrs {
		if i := p.index(a); i >= 0 {
			list = append(list, p.neighbors[i])
			continue
		}
		n := neighbor{result: Result{Neighbor: a}}
		if p.running {
			n.next = now
		}
		list = append(list, n)
	}
	p.neighbors = list
}

// Neighbors reports whether there are neighbours to prove.
func (p *Prover) Neighbors() bool { return len(p.neighbors) > 0 }

// Start begins to prove that packets for vip arrive at mac. Call it when the
// announcements are on their way. Answers to what was sent before do not count
// any more.
func (p *Prover) Start(now time.Time, vip netip.Addr, mac hello.MAC) {
	if p.Random == nil {
		return
	}
	p.vip, p.mac, p.began, p.running = vip, mac, now, true
	for i := range p.neighbors {
		n := &p.neighbors[i]
		*n = neighbor{result: Result{Neighbor: n.result.Neighbor}, mac: n.mac, next: now, sent: n.sent[:0]}
	}
}

// Stop ends the proving. Results stay until the next Start.
func (p *Prover) Stop() {
	p.running = false
	for i := range p.neighbors {
		p.neighbors[i].next = time.Time{}
	}
}

// Refresh tries the unproven once more. Call it with every refresh of the
// announcements.
func (p *Prover) Refresh(now time.Time) {
	if !p.running {
		return
	}
	for i := range p.neighbors {
		if n := &p.neighbors[i]; !n.result.Proven && n.next.IsZero() {
			n.next = now
		}
	}
}

// Learn notes a neighbour's MAC as ARP or ND told it. It may be called at any
// time, also before a takeover: a MAC known beforehand saves a round trip.
func (p *Prover) Learn(now time.Time, a netip.Addr, mac hello.MAC) {
	i := p.index(a)
	if i < 0 || mac.IsMulticast() || mac.IsZero() {
		return
	}
	n := &p.neighbors[i]
	n.mac = mac
	if !p.running || n.result.Proven {
		return
	}
	n.result.Alive = true
	if n.waiting {
		n.waiting, n.next = false, now
	}
}

// Deadline returns when Due has something to return next.
func (p *Prover) Deadline() (time.Time, bool) {
	var at time.Time
	for _, n := range p.neighbors {
		if !n.next.IsZero() && (at.IsZero() || n.next.Before(at)) {
			at = n.next
		}
	}
	return at, !at.IsZero()
}

// Due returns the frames to send at now, and the results of neighbours whose first
// whole attempt has failed.
func (p *Prover) Due(now time.Time) (frames [][]byte, failed []Result) {
	for i := range p.neighbors {
		n := &p.neighbors[i]
		if n.next.IsZero() || n.next.After(now) {
			continue
		}
		if n.since.IsZero() {
			n.since, n.step, n.asked = now, 0, false
		}
		frames = append(frames, p.advance(now, n)...)
		if n.since.IsZero() && !n.result.Done {
			n.result.Done = true
			failed = append(failed, n.result)
		}
	}
	return frames, failed
}

// advance does the step of an attempt that is due.
func (p *Prover) advance(now time.Time, n *neighbor) [][]byte {
	n.step++
	n.waiting = false
	switch n.step {
	case 1:
		n.next = n.since.Add(NudgeAfter)
		if n.mac.IsZero() && !n.asked {
			n.step, n.waiting, n.asked = 0, true, true
			return p.nudge(n)
		}
		return p.echo(n)
	case 2:
		n.next = n.since.Add(FallbackAfter)
		return append(p.nudge(n), p.echo(n)...)
	case 3:
		n.next = n.since.Add(GiveUpAfter)
		if n.mac.IsZero() {
			return nil
		}
		return append(p.echo(n), p.ask(n, MethodUDP), p.ask(n, MethodTCP))
	}
	p.giveUp(now, n)
	return nil
}

// giveUp ends an attempt and plans the next.
func (p *Prover) giveUp(now time.Time, n *neighbor) {
	n.since, n.next = time.Time{}, time.Time{}
	if n.attempt++; n.attempt >= len(attempts) {
		return
	}
	n.next = p.began.Add(attempts[n.attempt])
	if n.next.Before(now) {
		n.next = now
	}
}

func (p *Prover) nudge(n *neighbor) [][]byte {
	n.result.Nudges++
	f, err := garp.Nudge(p.vip, p.mac, n.result.Neighbor, n.mac)
	if err != nil {
		return nil
	}
	return [][]byte{f}
}

func (p *Prover) echo(n *neighbor) [][]byte {
	if n.mac.IsZero() {
		return nil
	}
	return [][]byte{p.ask(n, MethodEcho)}
}

// remembered is how many packets to a neighbour can still be answered: those of
// all attempts but the refreshes.
const remembered = 5 * len(attempts)

// ask returns the next packet to a neighbour and remembers it.
func (p *Prover) ask(n *neighbor, m Method) []byte {
	n.seq++
	q := probe{method: m, seq: n.seq, number: p.Random()}
	frame := q.append(p.headers(n))
	if len(n.sent) == remembered {
		n.sent = slices.Delete(n.sent, 0, 1)
	}
	n.sent = append(n.sent, q)
	return frame
}

func (p *Prover) headers(n *neighbor) wire.Headers {
	return wire.Headers{DstMAC: n.mac, SrcMAC: p.mac, Src: p.vip, Dst: n.result.Neighbor, TTL: 64}
}

// Heard tells of an answer that arrived, however long after the question. It
// returns the neighbour's result, and true when the answer is the first proof.
func (p *Prover) Heard(now time.Time, a Answer) (Result, bool) {
	i := p.index(a.From)
	if i < 0 || !p.running || a.To != p.vip || a.MAC != p.mac || p.neighbors[i].result.Proven {
		return Result{}, false
	}
	n := &p.neighbors[i]
	if !slices.ContainsFunc(n.sent, func(q probe) bool { return q.isAnswered(&a) }) {
		return Result{}, false
	}
	n.result.Proven, n.result.Alive, n.result.Done = true, true, true
	n.result.Method, n.result.Took = a.Method, now.Sub(p.began)
	n.next, n.since, n.waiting = time.Time{}, time.Time{}, false
	return n.result, true
}

// Results returns what is known of every neighbour.
func (p *Prover) Results() []Result {
	out := make([]Result, 0, len(p.neighbors))
	for _, n := range p.neighbors {
		out = append(out, n.result)
	}
	return out
}

// Settled reports whether every neighbour is proven or has failed a whole
// attempt.
func (p *Prover) Settled() bool {
	return !slices.ContainsFunc(p.neighbors, func(n neighbor) bool { return !n.result.Done })
}

func (p *Prover) index(a netip.Addr) int {
	return slices.IndexFunc(p.neighbors, func(n neighbor) bool { return n.result.Neighbor == a })
}
