package importer

import (
	"fmt"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/hello"
)

// watch is how a group depends on an object by a weight, as keepalived has it: 0
// takes the group out of the election while the object is down, a negative weight
// lowers the priority then, and a positive one raises it while the object is up.
type watch struct {
	at      position
	what    string
	object  string
	weight  int
	reverse bool
}

// maxRaised is the highest priority of a router that does not own the addresses.
const maxRaised = 254

// depend gives a group its tracked objects. A priority that objects raise is a
// higher one that they lower when they are down.
func (d *draft) depend(g *group, list []watch) {
	c := g.common()
	owner := g.vrrp != nil && c.Priority == hello.OwnerPriority
	priority := int(c.Priority)
	for _, w := range list {
		switch {
		case w.reverse:
			d.not(w.at, w.what, "reverse: an object lowers a priority while it is down, never while it is up")
			continue
		case tracks(c, w.object):
			d.not(w.at, w.what, "the group depends on the object already: a second time has no meaning")
			continue
		case owner && w.weight != 0:
			d.not(w.at, w.what, "the priority of the owner of the addresses (255) does not change")
			continue
		}
		c.Track = append(c.Track, ref(w))
		priority += max(0, w.weight)
	}
	if !owner && priority > maxRaised {
		d.not(g.at, g.what, fmt.Sprintf("with all its objects up the priority would be %d: it is %d, and lower than there when several are down", priority, maxRaised))
		priority = maxRaised
	}
	c.Priority = uint8(priority)
}

func ref(w watch) configs.TrackRef {
	if w.weight == 0 {
		return configs.TrackRef{Object: w.object, Shutdown: true}
	}
	return configs.TrackRef{Object: w.object, Decrement: max(w.weight, -w.weight)}
}

func tracks(c *configs.Group, object string) bool {
	for _, r := range c.Track {
		if r.Object == object {
			return true
		}
	}
	return false
}

// object adds a tracked object, unless one of the same name is there, and returns
// its name.
func (d *draft) object(at position, t configs.Track) string {
	for _, other := range d.tracks {
		if other.Name == t.Name {
			return t.Name
		}
	}
	d.tracks = append(d.tracks, &tracked{t, at})
	return t.Name
}

// interfaceObject adds an object for the carrier of an interface. Carrier needs no
// patience: what IOS and keepalived do at once is done at once.
func (d *draft) interfaceObject(at position, name string) string {
	t := configs.NewTrack()
	t.Name, t.Kind, t.Target = "interface-"+label(name), configs.TrackInterface, name
	return d.object(at, t)
}
