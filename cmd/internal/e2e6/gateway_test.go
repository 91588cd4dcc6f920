package e2e6

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// gateway is one router with its addresses and its port of the switch.
type gateway struct {
	*Gateway
	l      *lan
	global netip.Addr      // on the client's segment
	core   netip.Addr      // on the host's
	own    netip.Addr      // link-local, on the client's segment
	port   *netlab.Capture // the switch's port, both directions
}

func newGateway(l *lan, g *Gateway, n byte) *gateway {
	return &gateway{
		Gateway: g, l: l,
		global: netip.MustParseAddr(fmt.Sprintf("2001:db8:1::%d00", n)),
		core:   netip.MustParseAddr(fmt.Sprintf("2001:db8:2::%d00", n)),
	}
}

// groups returns what the daemon says of its groups, nothing while it is not
// there.
func (g *gateway) groups() []status.Group { return g.Report().Groups }

// setPriority gives every group of the daemon another priority.
func (g *gateway) setPriority(priority int) {
	g.l.t.Helper()
	for _, s := range g.Answer().Groups {
		must(g.l.t, g.SetPriority(g.l.t.Context(), fmt.Sprintf("%s:%d", s.Interface, s.ID), priority))
	}
}

// sent returns the frames that arrived from the gateway at or after a time.
func (g *gateway) sent(since time.Time) []netlab.Frame {
	return slices.DeleteFunc(g.port.Frames(), func(f netlab.Frame) bool { return f.Sent || f.At.Before(since) })
}

// waitSent waits until the gateway has sent a frame that matches.
func (g *gateway) waitSent(what string, since time.Time, match func(netlab.Frame) bool) netlab.Frame {
	g.l.t.Helper()
	f, err := g.port.WaitFor(func(f netlab.Frame) bool { return !f.Sent && !f.At.Before(since) && match(f) }, patience)
	if err != nil {
		g.l.t.Fatalf("%s has not sent %s: %v\n%s", g.Name, what, err, g.Tail())
	}
	return f
}
