package census

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// Report is what a census found. In JSON its lists are never null.
type Report struct {
	Speakers []Speaker `json:"speakers"`
	Faults   []Fault   `json:"faults"` // something is wrong
	Notes    []Fault   `json:"notes"`  // worth knowing, and no fault
	Free     Free      `json:"free"`
	Frames   int       `json:"frames"`  // that were looked at
	Packets  int       `json:"packets"` // of the protocols
	Cut      int       `json:"cut"`     // of these, how many the capture holds too little of
	Ignored  int       `json:"ignored"` // of these, how many came from speakers beyond the bound
	MS       int64     `json:"ms"`      // from the first frame to the last, or as long as it listened
}

// Speaker is a router in one group, as it was heard last.
type Speaker struct {
	Protocol string       `json:"protocol"` // hsrp, vrrp, carp or glbp
	Version  uint8        `json:"version"`
	Family   hello.Family `json:"family"`
	ID       uint16       `json:"id"`
	Address  netip.Addr   `json:"address"`
	MAC      hello.MAC    `json:"mac"`      // its packets come from; the virtual one of who is active
	OwnMAC   string       `json:"own_mac"`  // "" when not known
	Role     string       `json:"role"`     // as the protocol calls it; "leaving" after a resignation, "silent" when the next message is overdue
	Priority int          `json:"priority"` // CARP: the skew, of which the lower one wins
	HelloMS  int64        `json:"hello_ms"` // 0 = not carried
	HoldMS   int64        `json:"hold_ms"`  // 0 = not carried
	// VirtualIPs are those that it names: HSRP over IPv4 the first alone, CARP none.
	VirtualIPs []netip.Addr `json:"virtual_ips"`
	Auth       string       `json:"auth"` // none, text, md5, hmac, hmac-sha1 or other
	Packets    int          `json:"packets"`
	Segment
}

// Fault is something about a group, or about a segment when the version is 0.
type Fault struct {
	Protocol string       `json:"protocol"`
	Version  uint8        `json:"version"` // 0 = no certain one
	Family   hello.Family `json:"family"`
	ID       uint16       `json:"id"`
	What     string       `json:"what"`
	Segment
}

// Report returns what is known by now. until is when listening ended, or zero: then
// the last frame ended it.
func (c *Census) Report(until time.Time) Report {
	if until.Before(c.last) {
		until = c.last
	}
	r := Report{
		Speakers: []Speaker{}, Free: c.free(),
		Frames: c.frames, Packets: c.packets, Cut: c.cut, Ignored: c.ignored,
	}
	if !c.first.IsZero() {
		r.MS = until.Sub(c.first).Milliseconds()
	}
	sorted := c.sorted(until)
	for _, s := range sorted {
		r.Speakers = append(r.Speakers, s.report())
	}
	r.Faults, r.Notes = c.judge(sorted)
	return r
}

func (s *speaker) report() Speaker {
	out := Speaker{
		Protocol: s.protocol, Version: s.version, Family: s.family, ID: s.id, Address: s.from, MAC: s.mac,
		Role: s.role, Priority: s.priority, HelloMS: s.hello.Milliseconds(), HoldMS: s.hold.Milliseconds(),
		VirtualIPs: append([]netip.Addr{}, s.vips...), Auth: s.auth, Packets: s.packets, Segment: s.Segment,
	}
	if !s.own.IsZero() {
		out.OwnMAC = s.own.String()
	}
	return out
}

// sorted returns copies of the speakers by segment, protocol, number, version, and
// the active ones first. Those that are overdue by then are silent.
func (c *Census) sorted(until time.Time) []*speaker {
	list := make([]*speaker, 0, len(c.speakers))
	for _, s := range c.speakers {
		cp := *s
		if s.role != leaving && until.Sub(s.last) > s.patience() {
			cp.role = silent
		}
		list = append(list, &cp)
	}
	slices.SortFunc(list, func(a, b *speaker) int {
		return cmp.Or(a.group.compare(b.group), cmp.Compare(a.version, b.version),
			cmp.Compare(rank(a.role), rank(b.role)), a.from.Compare(b.from))
	})
	return list
}

func (g group) compare(o group) int {
	return cmp.Or(cmp.Compare(g.Interface, o.Interface), cmp.Compare(g.VLAN, o.VLAN), cmp.Compare(g.protocol, o.protocol),
		cmp.Compare(g.family, o.family), cmp.Compare(g.id, o.id))
}

func rank(role string) int {
	switch role {
	case active:
		return 0
	case "Standby":
		return 1
	}
	return 2
}
