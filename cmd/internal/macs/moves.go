package macs

import (
	"fmt"
	"slices"

	"github.com/fhrpd/fhrpd/cmd/internal/links"
)

// uplink is the state of an interface that leads to the switches.
type uplink struct {
	index       int
	name        string
	usable      bool   // has a carrier and, as a bridge's port, forwards
	carrierUp   uint32 // how often the carrier came
	bond        int    // index of the bond that it is or is stacked on, 0 when none
	activeSlave string // of that bond
}

// view returns the uplinks as they are; none when nothing fits the options.
func view(list []links.Link, o Options, route int) []uplink {
	names, err := uplinksOf(list, o.Devs, o.Bridge, route)
	if err != nil {
		return nil
	}
	var out []uplink
	for _, name := range names {
		l, _ := links.ByName(list, name)
		m, _ := links.ByIndex(list, l.Master)
		bond := below(list, l, "bond")
		s, _ := links.ByIndex(list, bond.ActiveSlave)
		blocked := m.Bridge != nil && l.PortState != links.PortForwarding
		out = append(out, uplink{
			index: l.Index, name: name, carrierUp: l.CarrierUp, bond: bond.Index, activeSlave: s.Name,
			usable: l.Carrier && !blocked,
		})
	}
	return out
}

// below returns the first interface of a kind from l downwards; zero when there
// is none.
func below(list []links.Link, l links.Link, kind string) links.Link {
	for range len(list) {
		if l.Kind == kind {
			return l
		}
		l, _ = links.ByIndex(list, l.Parent)
	}
	return links.Link{}
}

// moves returns why the switches have to learn again after the uplinks went
// from one view to another, nothing when they need not: another interface is an
// uplink, a carrier came or came back in between, a port began to forward, a
// bond changed its active port. An uplink that went matters when there is
// another one, as the bridge that lost it still has guests.
func moves(before, after []uplink) []string {
	var why []string
	usable := false
	for _, now := range after {
		usable = usable || now.usable
		if s := now.since(before); s != "" {
			why = append(why, s)
		}
	}
	for _, was := range before {
		if usable && !slices.ContainsFunc(after, was.same) {
			why = append(why, was.name+" is no uplink any more")
		}
	}
	return why
}

// same reports whether both are the same interface.
func (u uplink) same(v uplink) bool { return u.index == v.index }

// since says what has become of an uplink since an earlier view.
func (u uplink) since(before []uplink) string {
	i := slices.IndexFunc(before, u.same)
	if !u.usable {
		return ""
	}
	if i < 0 {
		return u.name + " is an uplink now"
	}
	switch was := before[i]; {
	case !was.usable:
		return u.name + " passes frames again"
	case u.carrierUp > was.carrierUp:
		return u.name + " lost its carrier for a moment"
	case u.activeSlave != was.activeSlave && u.activeSlave != "":
		return fmt.Sprintf("%s uses %s now", u.name, u.activeSlave)
	}
	return ""
}
