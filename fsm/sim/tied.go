package sim

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// nic2 is the routers' interface on the second segment, where the followers are. It
// loses nothing, and what a stalled host misses there decides over nothing.
const nic2 = "eth1"

// tie ties the groups of all routers, and cuts their second interfaces now and then. A
// reload may rename a leader, which its followers would not find.
func (p *Plan) tie(r *rand.Rand) {
	for i := range p.Routers {
		p.Routers[i].Tied = true
	}
	p.Faults = slices.DeleteFunc(p.Faults, func(f Fault) bool { return f.Kind == Reload })
	for range r.IntN(3) {
		f := randomFault(r, p)
		if f.Kind = Link2; r.IntN(2) == 0 {
			f.Kind = Link
		}
		f.N = 0
		p.Faults = append(p.Faults, f)
	}
	slices.SortStableFunc(p.Faults, func(a, b Fault) int { return int(a.At - b.At) })
}

// tie adds a follower on the second segment for each group.
func tie(c *engine.Config) {
	leaders := len(c.Groups)
	for i := range leaders {
		l := &c.Groups[i]
		l.Name = fmt.Sprintf("leader %d", i)
		f := *l
		f.Interface, f.Name, f.Follow, f.Number, f.Keychain = nic2, "", l.Name, l.Number+50, hello.Keychain{}
		f.VirtualIPs = []netip.Addr{netip.AddrFrom4([4]byte{192, 0, 2, byte(150 + i)})}
		if f.Family == hello.IPv6 {
			f.VirtualIPs[0] = netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 14: 2, 15: byte(i)})
		}
		c.Groups = append(c.Groups, f)
	}
}

// count is how many groups the router has.
func (r Router) count() int {
	n := len(r.groups())
	if r.Tied {
		n *= 2
	}
	return n
}

// second is the router's port on the second segment.
type second struct{ *router }

func (s second) Gate(open []engine.Claim, shut []engine.ID) ([]engine.ID, error) {
	return s.gateOn(nic2, open, shut)
}

// LookOut looks out for nothing: floods are those of the first segment.
func (s second) LookOut([]hello.MAC) {}

// Flooded counts none.
func (s second) Flooded() uint64 { return 0 }

func (s second) Renew() ([]engine.ID, error) { return s.renewOn(nic2) }

func (s second) Transmit(frames [][]byte) ([]int, error) { return s.transmitOn(nic2, frames) }

// ports are what an engine of this router gets.
func (r *router) ports() map[string]engine.Port {
	list := map[string]engine.Port{nic: r.port(r)}
	if r.lan.second != nil {
		list[nic2] = r.port(second{r})
	}
	return list
}

// mark returns a number that nobody here would guess, and another one each time.
func (r *router) mark() uint64 {
	r.marks++
	return uint64(r.id)<<32 | r.marks<<1
}

// secondLink is the router's link on the second segment.
func (r *router) secondLink() engine.Link {
	l := r.link
	l.Name, l.Index, l.Up = nic2, 2, r.up2
	return l
}

func (r *router) interfaceOf(id engine.ID) string { return r.config.Groups[id-1].Interface }

// linked reports whether the interface of a group is up.
func (r *router) linked(id engine.ID) bool {
	if r.interfaceOf(id) == nic2 {
		return r.up2
	}
	return r.up
}

// leaderOf returns the group that elects for another, or for itself.
func (r *router) leaderOf(id engine.ID) engine.ID {
	if r.config.Groups[id-1].Follow == "" {
		return id
	}
	return id - engine.ID(len(r.config.Groups)/2)
}
