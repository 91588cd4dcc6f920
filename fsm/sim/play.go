package sim

import (
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// staging is a scene while it is played.
type staging struct {
	scene    *Scene
	w        *world
	hosts    []*host
	segments []*segment
	groups   []*shared
	byFrame  map[frameKey]*shared   // the group that a message belongs to
	byClaim  map[addressKey]*shared // and an announcement
	rec      *Record

	begun   bool      // time zero has come
	dirty   bool      // who serves may have changed
	changed time.Time // the last transition
}

// shared is a group of the scene while it is played.
type shared struct {
	*GroupRecord
	p      *staging
	number int
}

// Play plays a scene: all routers start at once and settle, then what the scene has
// planned happens, to its length. One seed gives one record.
func Play(s Scene) (*Record, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	p := newStaging(&s)
	for _, h := range p.hosts {
		h.start()
	}
	p.rec.Settled = p.settle()
	p.begin()
	for _, c := range s.Incidents {
		p.w.at(p.rec.Zero.Add(c.At), func() { p.happen(c) })
	}
	p.rec.End = p.rec.Zero.Add(s.Length)
	p.w.run(p.rec.End, p.look)
	p.look()
	p.end()
	return p.rec, nil
}

func newStaging(s *Scene) *staging {
	p := &staging{scene: s, w: newWorld(s.Seed), rec: &Record{}, byFrame: map[frameKey]*shared{}, byClaim: map[addressKey]*shared{}}
	for i := range s.Segments {
		p.segments = append(p.segments, newSegment(p, i))
	}
	for i := range s.Hosts {
		p.hosts = append(p.hosts, newHost(p, i, &s.Hosts[i], p.segments))
	}
	p.rec.Groups = s.groups()
	for i := range p.rec.Groups {
		p.file(&shared{GroupRecord: &p.rec.Groups[i], p: p, number: i})
	}
	return p
}

// file has a course found by what is said of its group.
func (p *staging) file(c *shared) {
	p.groups = append(p.groups, c)
	p.byFrame[frameKey{c.Segment, c.Ref.Protocol, c.Ref.Family, c.Ref.Number}] = c
	for i, id := range c.IDs {
		if id == 0 {
			continue
		}
		p.hosts[i].groups[id-1] = c
		for _, a := range p.hosts[i].config.Groups[id-1].VirtualIPs {
			p.byClaim[addressKey{i, c.Segment, a}] = c
		}
	}
}

// wall is what the routers' clocks say.
func (p *staging) wall(now time.Time) time.Time {
	if p.scene.Wall.IsZero() {
		return now
	}
	return p.scene.Wall.Add(now.Sub(epoch))
}

// happen does what an incident says.
func (p *staging) happen(c Incident) {
	if c.Host == AllHosts {
		for _, h := range p.hosts {
			for _, g := range h.plugs {
				g.setCut(false)
			}
			h.start()
		}
		return
	}
	switch h := p.hosts[c.Host]; {
	case c.NIC != "":
		h.plugOf(c.NIC).setCut(!c.Heal)
	case c.Heal:
		h.start()
	default:
		h.stop()
	}
}

// calmAfter is how long nothing changes before routers count as settled: what a standby
// learns of an active router takes a second.
const calmAfter = 2 * time.Second

// settle plays until nothing changes any more, and to a moment between two hellos that
// chance decides. It is false when the routers did not come to rest.
func (p *staging) settle() bool {
	const step = 50 * time.Millisecond
	var every, detect time.Duration
	for i := range p.scene.Hosts {
		gw := &p.scene.Hosts[i]
		for n := range gw.Config.Groups {
			h, d := Times(gw.elector(&gw.Config.Groups[n]))
			every, detect = max(every, h), max(detect, d)
		}
	}
	calm := detect + calmAfter
	limit := epoch.Add(p.scene.Bound() + calm)
	rested := func() bool { return p.w.now.Sub(p.changed) >= calm }
	for p.w.now.Before(limit) && !(rested() && p.placed(true)) {
		p.w.run(p.w.now.Add(step), func() {})
	}
	p.w.run(p.w.now.Add(time.Duration(p.w.random.Float64()*float64(every))), func() {})
	return rested() && p.placed(false)
}

// placed reports whether every group has exactly one owner, and, if all is asked for,
// every other router of it stands by.
func (p *staging) placed(all bool) bool {
	for _, c := range p.groups {
		if !c.Address.IsValid() { // it waits to learn one
			continue
		}
		owners := 0
		for i, id := range c.IDs {
			switch {
			case id == 0:
			case p.hosts[i].owns(id):
				owners++
			case all && !p.hosts[i].standsBy(id):
				return false
			}
		}
		if owners != 1 {
			return false
		}
	}
	return true
}

// asked is the MAC that a host learns that asks for the group's address now, zero when
// nobody answers.
func (c *shared) asked() hello.MAC {
	for i, id := range c.IDs {
		if id == 0 || !c.p.hosts[i].owns(id) {
			continue
		}
		if mac := c.p.hosts[i].doors[id-1].mac; !mac.IsZero() {
			return mac
		}
		return c.p.hosts[i].plugOfGroup(id).link.MAC
	}
	return hello.MAC{}
}
