// Package census tells who speaks HSRP, VRRP, CARP and GLBP on a segment, and what
// is wrong there, from frames with their times. It opens nothing but the socket of
// Listen, and sends nothing.
package census

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/whohas"
	"github.com/fhrpd/fhrpd/hello"
)

// Bounds of what is remembered: a flood of invented routers costs some megabytes.
// What comes beyond is counted only.
const (
	maxSpeakers = 16384 // two routers with all of HSRP's groups
	maxClaims   = 16384
	maxRefusals = 256
	maxMACs     = 4 // of one address
)

// Segment is a broadcast domain: numbers and addresses of different ones never
// clash.
type Segment struct {
	Interface string `json:"interface"` // "" in a capture that does not name one
	VLAN      string `json:"vlan"`      // "" untagged, "100", "10.100" with two tags
}

// Frame is one that was heard.
type Frame struct {
	Segment
	At            time.Time
	Data          []byte // untagged Ethernet
	ChecksumReady bool   // false where the host's own packets are not finished yet
	Cut           bool   // the capture has its beginning alone
}

// group is a virtual router by its number, whatever the version.
type group struct {
	Segment
	protocol string
	family   hello.Family
	id       uint16
}

// speaker is a router in one group.
type speaker struct {
	group
	version  uint8
	from     netip.Addr
	mac, own hello.MAC
	role     string
	priority int
	hello    time.Duration
	hold     time.Duration
	vips     []netip.Addr
	auth     string
	key      string
	packets  int
	badTTL   uint8 // one that the protocol does not send with, 0 = none
	insane   bool  // timers that cannot work
	active   time.Time
	last     time.Time
}

type speakerKey struct {
	group
	version uint8
	from    netip.Addr
}

// place is an address on a segment.
type place struct {
	Segment
	address netip.Addr
}

// tenure is who was active in a group, and in what order.
type tenure struct {
	last    *speaker
	other   *speaker // the one before
	overlap int      // how often two were heard by turns
	moves   int
	moved   time.Time
}

// Census is what was heard so far. The zero value is not one: see New.
type Census struct {
	dec      decoder
	frames   int
	packets  int
	cut      int
	ignored  int // speakers and refusals beyond the bounds
	first    time.Time
	last     time.Time
	speakers map[speakerKey]*speaker
	tenures  map[group]*tenure
	claims   map[place][]hello.MAC
	virtual  map[hello.MAC]bool // virtual MACs that were seen as a source
	refusals map[refusal]refused
}

// refused is how often, in what, and with which TTL.
type refused struct {
	Segment
	count int
	ttl   uint8
}

// New returns a census of nothing.
func New() *Census {
	return &Census{
		speakers: map[speakerKey]*speaker{}, tenures: map[group]*tenure{}, claims: map[place][]hello.MAC{},
		virtual: map[hello.MAC]bool{}, refusals: map[refusal]refused{},
	}
}

// Add takes a frame into account. The frame is not kept.
func (c *Census) Add(f Frame) {
	c.frames++
	if c.first.IsZero() || f.At.Before(c.first) {
		c.first = f.At
	}
	if f.At.After(c.last) {
		c.last = f.At
	}
	if o, ok := whohas.Claim(f.Data); ok {
		c.claim(place{f.Segment, o.IP}, o.MAC)
		return
	}
	m, reason, ok := c.dec.decode(f.Data, f.ChecksumReady)
	if !ok {
		return
	}
	c.packets++
	switch {
	case f.Cut && reason != "":
		c.cut++
	case reason != "":
		c.refuse(f.Segment, &m, reason)
	case m.role != "":
		c.hear(f, &m)
	}
}

// claim notes that an address was said to be at a MAC.
func (c *Census) claim(p place, mac hello.MAC) {
	if virtual(mac) {
		if len(c.virtual) < maxClaims {
			c.virtual[mac] = true
		}
		return
	}
	macs, known := c.claims[p]
	if slices.Contains(macs, mac) || len(macs) == maxMACs || !known && len(c.claims) >= maxClaims {
		return
	}
	c.claims[p] = append(macs, mac)
}

func (c *Census) refuse(s Segment, m *message, reason hello.Reject) {
	k := refusal{m.protocol, m.version, m.id, m.from, reason}
	r, known := c.refusals[k]
	if !known && len(c.refusals) >= maxRefusals {
		c.ignored++
		return
	}
	c.refusals[k] = refused{s, r.count + 1, m.ttl}
}

func (c *Census) hear(f Frame, m *message) {
	g := group{f.Segment, m.protocol, m.family, m.id}
	k := speakerKey{g, m.version, m.from}
	s := c.speakers[k]
	if s == nil {
		if len(c.speakers) >= maxSpeakers {
			c.ignored++
			return
		}
		s = &speaker{group: g, version: m.version, from: m.from}
		c.speakers[k] = s
	}
	s.update(f.At, m)
	if own := m.station(); !own.IsZero() {
		c.claim(place{f.Segment, m.from}, own)
	}
	c.follow(f.At, s, m.role == active && !m.leaves)
}

func (s *speaker) update(at time.Time, m *message) {
	s.packets++
	s.last, s.mac, s.role, s.auth, s.key = at, m.mac, m.role, m.auth, m.key
	switch {
	case !m.own.IsZero():
		s.own = m.own
	case !m.mac.IsZero() && !virtual(m.mac):
		s.own = m.mac
	}
	if m.leaves {
		s.role = leaving
	} else {
		s.priority = m.priority // one who leaves may say 0
	}
	if m.hello != 0 {
		s.hello = m.hello
	}
	if m.hold != 0 {
		s.hold = m.hold
	}
	if len(m.vips) > 0 && !slices.Equal(s.vips, m.vips) {
		s.vips = slices.Clone(m.vips)
	}
	if want := sentTTL(m); m.ttl != want {
		s.badTTL = m.ttl
	}
	s.insane = m.hello != 0 && m.hold != 0 && m.hold <= m.hello
}

// sentTTL is the TTL that a protocol sends with, or the message's own where others
// are in use: unicast VRRP has any, GLBP is known from captures only.
func sentTTL(m *message) uint8 {
	switch {
	case m.protocol != hsrp:
		return m.ttl
	case m.family == hello.IPv6:
		return hello.TTLHSRP6
	}
	return hello.TTLHSRP
}

// patience is how long a speaker counts as active after it has said so.
func (s *speaker) patience() time.Duration {
	switch {
	case s.hold != 0:
		return s.hold
	case s.hello != 0:
		return 3*s.hello + time.Second // 3 advertisements and a skew (RFC 9568 section 6.1)
	}
	return hello.DefaultHoldTime
}

// follow notes who is active. A takeover is told from two who are active at once by
// the old one: it falls silent or says something else.
func (c *Census) follow(at time.Time, s *speaker, is bool) {
	if !is {
		s.active = time.Time{}
		return
	}
	t := c.tenures[s.group]
	if t == nil {
		t = &tenure{last: s}
		c.tenures[s.group] = t
	}
	if o := t.last; o != s {
		if !s.active.IsZero() && at.Sub(s.active) <= s.patience() && !o.active.IsZero() && at.Sub(o.active) <= o.patience() {
			t.overlap++
		} else {
			t.moves, t.moved = t.moves+1, at
		}
		t.last, t.other = s, o
	}
	s.active = at
}
