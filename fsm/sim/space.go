package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// apart is how long after each other routers start that are explored: no part of a hello
// time, so that what happens at one does not coincide with what happens at the other.
const apart = 300 * time.Millisecond

// Spaces are what can be explored of a scene: for each segment the groups that two
// routers or more have there. remarks say which groups are left out, and why. Announcements
// are made once, and nothing waits for a pre_active command: neither decides who serves.
func (s *Scene) Spaces(moves int) (list []Space, names []string, remarks []string) {
	groups := s.groups()
	for segment := range s.Segments {
		space, name := Space{Moves: moves}, ""
		var out []string
		for i := range s.Hosts {
			at := slices.IndexFunc(s.Hosts[i].NICs, func(n NIC) bool { return n.Segment == segment })
			if at < 0 {
				continue
			}
			n := &s.Hosts[i].NICs[at]
			h := Host{Config: s.Hosts[i].Config, Link: n.Link, After: time.Duration(len(space.Hosts)) * apart}
			h.Config.Groups = nil
			for k := range groups {
				g := &groups[k]
				if g.Segment != segment {
					continue
				}
				if why := s.unexplored(g); why != "" {
					out = append(out, fmt.Sprintf("%s is not explored: %s", g.Ref, why))
					continue
				}
				h.Config.Groups = append(h.Config.Groups, explored(s.Hosts[i].Config.Groups[g.IDs[i]-1]))
			}
			if len(h.Config.Groups) > 0 {
				space.Hosts = append(space.Hosts, h)
				name += ", " + s.Hosts[i].Name + " " + n.Name
			}
		}
		slices.Sort(out)
		remarks = append(remarks, slices.Compact(out)...)
		if len(space.Hosts) > 1 {
			list, names = append(list, space), append(names, name[2:])
		}
	}
	return list, names, remarks
}

// unexplored returns why a group cannot be explored, or "".
func (s *Scene) unexplored(g *GroupRecord) string {
	for i, id := range g.IDs {
		if id == 0 {
			return s.Hosts[i].Name + " does not have it"
		}
		switch c := &s.Hosts[i].Config.Groups[id-1]; {
		case c.Follow != "":
			return "it follows another group"
		case len(c.Keychain.Keys) > 0:
			return "its keys have their time"
		case len(c.Peers) > 0:
			return "it has unicast peers"
		case len(c.VirtualIPs) == 0:
			return "it learns its address"
		case c.OwnsAddress():
			return "its addresses have an owner"
		}
	}
	return ""
}

// explored is a group without what only takes time.
func explored(g engine.Group) engine.Group {
	g.PreActive, g.Tracks = 0, nil
	g.Announce.Count, g.Announce.Refresh, g.Announce.RouterLifetime = 1, 0, 0
	return g
}
