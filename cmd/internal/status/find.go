package status

import (
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// named returns the names of the group that an operator may use.
func (g *Group) named() engine.Named {
	return engine.Named{Ref: ref(g.Protocol, g.Family, g.Interface, g.ID), Name: g.Name}
}

func ref(protocol string, family int, iface string, number int) engine.Ref {
	r := engine.Ref{Protocol: hello.ProtocolHSRP, Family: hello.Family(family), Interface: iface, Number: uint16(number)}
	if protocol == hello.ProtocolVRRP.String() {
		r.Protocol = hello.ProtocolVRRP
	}
	return r
}

// Ref returns the full reference of g, unique within a daemon, as in
// "hsrp6:eth1:10".
func (g *Group) Ref() string { return g.named().Ref.String() }

// Matches reports whether text, in one of the forms of engine.Find, fits g; it
// may fit other groups too.
func (g *Group) Matches(text string) bool { return g.named().Matches(text) }

// Find returns the index of the one group that text names, as engine.Find does.
func Find(groups []Group, text string) (int, error) {
	names := make([]engine.Named, len(groups))
	for i := range groups {
		names[i] = groups[i].named()
	}
	return engine.Find(names, text)
}
