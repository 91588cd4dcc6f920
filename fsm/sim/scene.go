package sim

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// Scene is one history of routers that are configured like real ones: what each runs,
// how they are cabled, and what fails when. Nothing is judged in it; a Plan is for that.
type Scene struct {
	Seed      uint64 // of the frames that are lost, and of the moment between two hellos that is time zero
	Hosts     []Gateway
	Segments  int // how many there are; an interface names its own by number, from 0
	Incidents []Incident
	Loss      float64       // share of all frames that are lost from time zero on, 0 to 1
	Length    time.Duration // from time zero
	Wall      time.Time     // what all clocks say in the beginning, for keys that have their time; zero: 2000-01-01
}

// Gateway is one router of a Scene.
type Gateway struct {
	Name   string
	Config engine.Config
	NICs   []NIC
}

// NIC is an interface of a Gateway.
type NIC struct {
	engine.Link
	Segment int // Elsewhere for one that no group is on
}

// elector returns the group that elects for g: the one that it follows, or g itself.
func (h *Gateway) elector(g *engine.Group) *engine.Group {
	if g.Follow == "" {
		return g
	}
	n := slices.IndexFunc(h.Config.Groups, func(l engine.Group) bool { return l.Name == g.Follow })
	return &h.Config.Groups[n]
}

// Elsewhere is where an interface leads that is on no segment of the scene: its link
// matters, and nothing is heard there.
const Elsewhere = -1

// Incident is one thing that fails at a time, or is mended.
type Incident struct {
	At   time.Duration // from time zero
	Host int           // AllHosts, with Heal only, for everything that has failed
	NIC  string        // the interface that loses its link; "" for the power of the whole router
	Heal bool
}

// AllHosts is the Host of a Incident that mends everything.
const AllHosts = -1

// Record is what became of a Scene. Times are those of the virtual clock.
type Record struct {
	Zero    time.Time // when the routers had settled
	End     time.Time
	Settled bool // false: at time zero some group had no owner or two, or was about to change
	Told    []Told
	Frames  []Sighting    // but not every claim of a long history; see GroupRecord.Claims
	Groups  []GroupRecord // in the order in which the first host that has each has them
}

// Told is an event of an engine.
type Told struct {
	Host int
	engine.Event
}

// GroupRecord is what became of one group. Routers share a group where its number, protocol
// and family are the same on one segment.
type GroupRecord struct {
	Ref     engine.Ref  // as the first host that has the group names it
	IDs     []engine.ID // by host; 0: it has no such group
	Segment int
	Address netip.Addr    // that the hosts of the segment use; invalid when no router has one configured
	Detect  time.Duration // how long the slowest router waits for a silent active one

	Served  []Stretch // who forwards what the hosts of the segment send to the group, and can
	Owned   []Stretch // who has the group's addresses and a link
	Able    []Stretch // who takes part in the election
	Standby []Stretch // who stands by

	Claims [][]Row // by host: when it said that it is active
}

// Stretch is a time during which a set of hosts did not change. The stretches of a
// group follow each other from time zero to the end.
type Stretch struct {
	Hosts    Hosts
	From, To time.Time
}

// Row is a row of claims of one router, with no longer pause than the others wait.
type Row struct{ From, To time.Time }

// Hosts is a set of hosts of a scene, by number.
type Hosts uint64

// Has reports whether host number i is in the set.
func (h Hosts) Has(i int) bool { return h&(1<<i) != 0 }

// Count returns how many hosts are in the set.
func (h Hosts) Count() int {
	n := 0
	for ; h != 0; h &= h - 1 {
		n++
	}
	return n
}

// Names returns the names of the set's hosts with a separator between them.
func (s *Scene) Names(set Hosts, separator string) string {
	var names []string
	for i := range s.Hosts {
		if set.Has(i) {
			names = append(names, s.Hosts[i].Name)
		}
	}
	return strings.Join(names, separator)
}

// Times returns the hello and the hold time of a group, of VRRP the advertisement
// interval and how long a Backup waits at most (RFC 9568 section 6.1). A group that
// learns its times has those of RFC 2281 section 5.
func Times(g *engine.Group) (every, detect time.Duration) {
	switch {
	case g.Protocol == hello.ProtocolHSRP && g.HelloTime == 0:
		return 3 * time.Second, 10 * time.Second
	case g.Protocol == hello.ProtocolHSRP:
		return g.HelloTime, g.HoldTime
	}
	base := g.HelloTime
	if g.Version == 2 {
		base = time.Second
	}
	return g.HelloTime, 3*g.HelloTime + time.Duration(256-int(g.Priority))*base/256
}

// Bound returns how long after the last incident the routers may need until exactly one of
// them owns each group: an initial delay, the way through Speak and Standby, a preempt
// delay, and a hello to settle who is better.
func (s *Scene) Bound() time.Duration {
	var longest time.Duration
	for i := range s.Hosts {
		for n := range s.Hosts[i].Config.Groups {
			g := &s.Hosts[i].Config.Groups[n]
			every, detect := Times(s.Hosts[i].elector(g))
			longest = max(longest, 3*detect+3*every+g.PreemptDelay+max(g.Delay.Minimum, g.Delay.Reload))
		}
	}
	return longest + time.Second
}

// validate returns what keeps a scene from being played.
func (s *Scene) validate() error {
	for i := range s.Hosts {
		h, names := &s.Hosts[i], map[string]bool{}
		for _, n := range h.NICs {
			if n.Segment != Elsewhere && (n.Segment < 0 || n.Segment >= s.Segments) {
				return fmt.Errorf("router %s: %s is on segment %d: want 0 to %d", h.Name, n.Name, n.Segment, s.Segments-1)
			}
			names[n.Name] = n.Segment != Elsewhere
		}
		for n := range h.Config.Groups {
			g := &h.Config.Groups[n]
			if !names[g.Interface] {
				return fmt.Errorf("router %s: group %s: its interface is on no segment", h.Name, g.Ref)
			}
			if g.Follow != "" && !slices.ContainsFunc(h.Config.Groups, func(l engine.Group) bool { return l.Name == g.Follow }) {
				return fmt.Errorf("router %s: group %s follows %q, which it does not have", h.Name, g.Ref, g.Follow)
			}
		}
	}
	for _, c := range s.Incidents {
		if err := s.validateIncident(c); err != nil {
			return fmt.Errorf("incident at %v: %w", c.At, err)
		}
	}
	return nil
}

func (s *Scene) validateIncident(c Incident) error {
	switch {
	case c.Host == AllHosts && (!c.Heal || c.NIC != ""):
		return errors.New("only mending is for all routers")
	case c.Host == AllHosts:
		return nil
	case c.Host < 0 || c.Host >= len(s.Hosts):
		return fmt.Errorf("no router %d", c.Host)
	case c.NIC != "" && !slices.ContainsFunc(s.Hosts[c.Host].NICs, func(n NIC) bool { return n.Name == c.NIC }):
		return fmt.Errorf("router %s has no interface %s", s.Hosts[c.Host].Name, c.NIC)
	}
	return nil
}

// groups are those of the scene's groups, with nothing in them yet.
func (s *Scene) groups() []GroupRecord {
	type key struct {
		segment  int
		protocol hello.Protocol
		family   hello.Family
		number   uint16
	}
	var list []GroupRecord
	found := map[key]int{}
	for i := range s.Hosts {
		segments := map[string]int{}
		for _, n := range s.Hosts[i].NICs {
			segments[n.Name] = n.Segment
		}
		for n := range s.Hosts[i].Config.Groups {
			g := &s.Hosts[i].Config.Groups[n]
			k := key{segments[g.Interface], g.Protocol, g.Family, g.Number}
			at, known := found[k]
			if !known {
				at = len(list)
				found[k] = at
				list = append(list, GroupRecord{Ref: g.Ref, Segment: k.segment, IDs: make([]engine.ID, len(s.Hosts)), Claims: make([][]Row, len(s.Hosts))})
			}
			list[at].IDs[i] = engine.ID(n + 1)
			c := &list[at]
			_, detect := Times(s.Hosts[i].elector(g))
			c.Detect = max(c.Detect, detect)
			if !c.Address.IsValid() && len(g.VirtualIPs) > 0 {
				c.Address = g.VirtualIPs[0]
			}
		}
	}
	return list
}
