package engine

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/vrrp"
)

// track is a tracked object as the groups see it. What is not known yet
// counts as up: a restart must not cost priority before the first result.
type track struct {
	cfg     configs.Track
	known   bool
	up      bool
	since   time.Time
	changes int
	detail  string
}

func newTrack(c configs.Track) *track { return &track{cfg: c, up: true, detail: "no result yet"} }

func (t *track) down() bool { return t != nil && t.known && !t.up }

// TrackChanged tells the engine the state of a tracked object. detail says
// what was seen, for people.
func (e *Engine) TrackChanged(now time.Time, name string, up bool, detail string) {
	t := e.tracks[name]
	if e.stopped || t == nil {
		return
	}
	changed := !t.known || t.up != up
	t.detail = detail
	if !changed {
		return
	}
	if t.known {
		t.changes++
	}
	was := t.down()
	t.known, t.up, t.since = true, up, now
	if was != t.down() {
		e.observe(status.Event{At: now, Kind: eventTrack, Message: fmt.Sprintf("tracked object %s is %s: %s", name, upDown(up), detail)})
		e.trackMoved(now, name)
	}
	e.Flush(now)
}

// trackMoved gives every group that uses an object its new priority or state.
func (e *Engine) trackMoved(now time.Time, name string) {
	for _, g := range e.groups {
		for _, ref := range g.cfg.Track {
			if ref.Object != name {
				continue
			}
			e.prioritize(now, g)
			if ref.Shutdown {
				e.reconsider(now, g)
			}
			break
		}
	}
}

// trackLink feeds the objects that follow an interface.
func (e *Engine) trackLink(now time.Time, name string, up bool) {
	for _, t := range e.objects {
		if t.cfg.Kind == configs.TrackInterface && t.cfg.Target == name {
			e.TrackChanged(now, t.cfg.Name, up, "line protocol "+upDown(up))
		}
	}
}

// SetPriority overrides a group's priority until it is called with -1, which
// restores the configuration's. Values are 0-255 in HSRP and 1-254 in VRRP,
// where 255 is an address owner's and cannot be changed (RFC 9568 section
// 5.2.4).
func (e *Engine) SetPriority(now time.Time, ref string, value int) error {
	g, err := e.find(ref)
	if err != nil {
		return err
	}
	if e.stopped {
		return refused("set priority", g, "the daemon stops")
	}
	if least, most := g.priorities(); value != -1 && (value < least || value > most) {
		return refused("set priority", g, "%d is out of range: want %d to %d, or default", value, least, most)
	}
	if g.cfg.Follow != "" {
		return refused("set priority", g, "it has none: it follows %s", g.cfg.Follow)
	}
	if g.ownsAddress() {
		return refused("set priority", g, "its priority is that of the address owner, 255")
	}
	g.priority.override = value
	e.prioritize(now, g)
	e.Flush(now)
	return nil
}

// priorities returns the range of priorities that may be given: VRRP resigns
// with 0, and 255 is for the owner of the address.
func (g *group) priorities() (least, most int) {
	if g.isHSRP() {
		return 0, 255
	}
	return 1, vrrp.Owner - 1
}

// ownsAddress reports whether g is a VRRP address owner.
func (g *group) ownsAddress() bool { return !g.isHSRP() && g.priority.file == vrrp.Owner }

// prioritize works out a group's priority from the file, the operator and the
// tracked objects, and tells its machine when it changed.
func (e *Engine) prioritize(now time.Time, g *group) {
	if g.ownsAddress() {
		return
	}
	least, _ := g.priorities()
	base := int(g.priority.file)
	if g.priority.override >= 0 {
		base = g.priority.override
	}
	effective := base
	for _, ref := range g.cfg.Track {
		if !ref.Shutdown && e.tracks[ref.Object].down() {
			effective -= ref.Decrement
		}
	}
	p := fsm.SetPriority{Effective: uint8(max(effective, least)), Configured: g.priority.file}
	if p == g.priority.told {
		return
	}
	g.priority.told = p
	e.step(now, g, p)
}

// downTracks names the objects that count against g now.
func (e *Engine) downTracks(g *group) []string {
	var names []string
	for _, ref := range g.cfg.Track {
		if e.tracks[ref.Object].down() {
			names = append(names, ref.Object)
		}
	}
	return names
}

func upDown(up bool) string {
	if up {
		return "up"
	}
	return "down"
}
