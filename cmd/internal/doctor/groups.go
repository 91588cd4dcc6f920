package doctor

import (
	"fmt"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/hello"
)

// group is a configured HSRP group or VRRP router.
type group struct {
	configs.Group
	protocol hello.Protocol
	version  uint8
	id       uint16
	hello    time.Duration // advertisement interval in VRRP
	hold     time.Duration // HSRP only
	learn    bool          // takes the active router's timers
	auth     configs.Auth
	peers    bool // unicast
}

func groupsOf(c *configs.Config) []group {
	var out []group
	for _, h := range c.HSRP {
		if h.Family == 0 { // the address is to be learned, which only IPv4 can
			h.Family = 4
		}
		out = append(out, group{
			Group: h.Group, protocol: hello.ProtocolHSRP, version: h.Version, id: h.ID,
			hello: h.Hello, hold: h.Hold, learn: h.Learn, auth: h.Auth,
		})
	}
	for _, v := range c.VRRP {
		g := group{
			Group: v.Group, protocol: hello.ProtocolVRRP, version: v.Version, id: uint16(v.VRID),
			hello: v.Advertise, auth: v.Auth, peers: len(v.Peers) > 0,
		}
		g.Neighbors = slices.Concat(g.Neighbors, v.Peers)
		out = append(out, g)
	}
	return out
}

func (g *group) family() hello.Family { return hello.Family(g.Family) }

// ref is how the command line writes the group.
func (g *group) ref() string {
	kind := g.protocol.String()
	if g.Family == 6 {
		kind += "6"
	}
	return fmt.Sprintf("%s:%s:%d", kind, g.Interface, g.id)
}

// owner reports whether the virtual addresses are this router's own, which is
// what VRRP's highest priority says.
func (g *group) owner() bool {
	return g.protocol == hello.ProtocolVRRP && g.Priority == hello.OwnerPriority
}

// mac returns the virtual MAC; zero when the group uses the interface's own.
func (g *group) mac() hello.MAC {
	switch g.MACMode {
	case configs.MACInterface:
		return hello.MAC{}
	case configs.MACChosen:
		return g.MAC
	}
	return hello.VirtualMAC(g.protocol, g.version, g.family(), g.id)
}

// devices returns the interfaces that have groups, each once, in order.
func (e *exam) devices() []string {
	var out []string
	for i := range e.groups {
		if dev := e.groups[i].Interface; !slices.Contains(out, dev) {
			out = append(out, dev)
		}
	}
	return out
}

// has reports whether a family has groups on dev; any interface when dev is "".
func (e *exam) has(dev string, f hello.Family) bool {
	return slices.ContainsFunc(e.groups, func(g group) bool {
		return g.family() == f && (dev == "" || g.Interface == dev)
	})
}
