package engine

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// ID names a group towards its Port for the life of the engine.
type ID uint32

// Virtual is what a Port must know of a group: the MAC and the addresses that it
// may be asked to take.
type Virtual struct {
	MAC    hello.MAC // zero: the interface's own MAC, nothing to gate
	Addrs  []netip.Addr
	Owned  []netip.Addr // those that the interface has anyway, all of a VRRP address owner
	Accept bool         // false: packets to the addresses are dropped, ARP and ND are answered all the same

	Prefixes  []netip.Prefix // those of Addrs that bring the connected route of their subnet
	RouteOnly bool           // the addresses are local routes alone, not addresses of the interface
	Lease     time.Duration  // that its claims will most likely have; learned timers change it

	Routes []Route // which come after the addresses and go before them
	Rules  []Rule
}

// Equal reports whether v and o are the same but for the lease, which each claim has.
func (v Virtual) Equal(o Virtual) bool {
	return v.MAC == o.MAC && v.Accept == o.Accept && v.RouteOnly == o.RouteOnly &&
		slices.Equal(v.Owned, o.Owned) && slices.Equal(v.Addrs, o.Addrs) && slices.Equal(v.Prefixes, o.Prefixes) &&
		slices.Equal(v.Routes, o.Routes) && slices.Equal(v.Rules, o.Rules)
}

// Claim asks for a gate to be opened.
type Claim struct {
	ID    ID
	Lease time.Duration // how long it stays open without Renew, and the addresses at least; 0 = for ever
	// Forward opens the gate for what is on its way to others, and no addresses follow.
	// A claim without it makes such a gate a whole one.
	Forward bool
}

// Round tells the calls of a port's Address apart: an answer to an earlier one
// may come when a group has lost its role and won it again.
type Round uint64

// Link is an interface as the engine sees it.
type Link struct {
	Name       string
	Index      int
	MAC        hello.MAC
	Up         bool   // administratively up and with carrier
	Closed     bool   // it cannot be used here, or not yet: no group runs on it
	PortOf     string // what takes its frames, with its kind: "bridge br0"; "" without one
	Trouble    string // why it is closed, when it stays so
	Off4, Off6 string // the settings that keep packets of a family from being forwarded; "" where they are

	Addr4     netip.Addr     // primary IPv4 address, invalid when there is none
	LinkLocal netip.Addr     // IPv6 link-local address, invalid when there is none or it is tentative
	Addrs     []netip.Prefix // all own addresses that may be used
	Checked   []netip.Addr   // those that may not be used yet: duplicates are being looked for
	MTU       int            // bytes of the largest IP packet; 0 when it is not known
	Kind      string         // in the kernel's words: "vlan", "macvlan"; "" for hardware, or when it is not known
	Passthru  bool           // a macvlan that has the interface below it for itself
}

// Addr returns the address that this router uses on the link in family f.
func (l *Link) Addr(f hello.Family) netip.Addr {
	if f == hello.IPv6 {
		return l.LinkLocal
	}
	return l.Addr4
}

// Off returns the setting that keeps packets of family f from being forwarded, ""
// where they are.
func (l *Link) Off(f hello.Family) string {
	if f == hello.IPv6 {
		return l.Off6
	}
	return l.Off4
}

// Owns reports whether a is one of the link's own addresses.
func (l *Link) Owns(a netip.Addr) bool {
	for _, p := range l.Addrs {
		if p.Addr() == a {
			return true
		}
	}
	return false
}

// Port is what the engine may do on an interface: send frames, and take virtual
// MACs and addresses. It is one Go interface because a fake must keep the two
// consistent: who has an address answers for it. The engine calls it from one
// goroutine. On a port that is not open Gate, Transmit and Unicast return
// net.ErrClosed, Add is made up for when it opens, and the others do nothing.
type Port interface {
	// Add prepares a group in silence, in both roles. Again with something else it
	// replaces that: an open gate stays open, and the addresses change with the
	// next Address. The error says why the group could not serve here, and nothing
	// is replaced then; what Add finds out later comes as Engine.Prepared. Remove
	// forgets a group whose gate is shut.
	Add(id ID, v Virtual) error
	Remove(id ID)

	// Gate opens and shuts groups in one kernel transaction: either all of it
	// happens or none. A group without a MAC of its own has no gate, but its
	// addresses stay no longer than the lease either. Shutting must not wait for anything. lost are the
	// groups whose lease had run out before.
	Gate(open []Claim, shut []ID) (lost []ID, err error)

	// Transmit sends frames in order. unsent are the numbers of those that did
	// not leave, from 0 and ascending, and err says why; a bad frame does not
	// keep the next ones back.
	Transmit(frames [][]byte) (unsent []int, err error)

	// Unicast sends an IP payload of protocol 112 from src, one of this host's
	// addresses, through the kernel's own routing, for unicast peers.
	Unicast(src, dst netip.Addr, payload []byte) error

	// Address makes the virtual addresses of groups this host's own, or no
	// longer. It happens in order, in the background; what came of those to add
	// comes back as Engine.Addressed, with the round. What came of their routes and
	// rules comes as Engine.RoutesReported, then and whenever it changes. On a port
	// that is not open nothing does.
	Address(round Round, add, remove []ID)

	// LookOut has frames noticed that are sent to these virtual MACs and were for
	// another host, instead of those of the last call: each is reported by
	// Engine.Flooded, at the pace that it asks for. On a port that is not open it is
	// made up for. Flooded counts them, those that were not reported as well.
	LookOut(macs []hello.MAC)
	Flooded() uint64

	// Renew renews every open lease. lost are the groups whose lease had run
	// out before; their gates stay shut.
	Renew() (lost []ID, err error)
}
