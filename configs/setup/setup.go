// Package setup turns a validated file into what an engine runs. It is the one
// place that knows both the keys of the configuration and the groups of package
// engine.
package setup

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// Group is one group of a file: what the engine runs, and the commands beside
// it.
type Group struct {
	engine.Group
	Hooks configs.Hooks
}

// Engine returns what an engine runs of c. groups are those of Groups.
func Engine(c *configs.Config, groups []Group) engine.Config {
	out := engine.Config{Lease: lease(c.Daemon.Lease)}
	for _, t := range c.Tracks {
		o := engine.Track{Name: t.Name}
		if t.Kind == configs.TrackInterface {
			o.Interface = t.Target
		}
		out.Tracks = append(out.Tracks, o)
	}
	for _, g := range groups {
		out.Groups = append(out.Groups, g.Group)
	}
	return out
}

// Groups returns the groups of c, those of HSRP before those of VRRP. The error
// names a group whose authentication package hello does not take.
func Groups(c *configs.Config) ([]Group, error) {
	var out []Group
	for _, h := range c.HSRP {
		g := common(engine.Ref{Protocol: hello.ProtocolHSRP, Number: h.ID}, h.Version, &h.Group)
		if !h.Learn {
			g.HelloTime, g.HoldTime = h.Hello, h.Hold
		}
		if err := authenticate(&g.Group, h.Auth); err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	for _, v := range c.VRRP {
		g := common(engine.Ref{Protocol: hello.ProtocolVRRP, Number: uint16(v.VRID)}, v.Version, &v.Group)
		g.HelloTime, g.Accept, g.Peers = v.Advertise, v.Accept, v.Peers
		switch v.Checksum {
		case "rfc9568":
			g.Checksum = hello.MessageOnly
		case "pseudo-header":
			g.Checksum = hello.PseudoHeader
		}
		if err := authenticate(&g.Group, v.Auth); err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, nil
}

// common translates what both protocols have.
func common(ref engine.Ref, version uint8, c *configs.Group) Group {
	ref.Family, ref.Interface = hello.Family(c.Family), c.Interface
	a := c.Announce
	g := engine.Group{
		Ref: ref, Name: c.Name, Version: version, VirtualIPs: c.VirtualIPs,
		Priority: c.Priority, Preempt: c.Preempt, PreemptDelay: c.PreemptDelay,
		InterfaceMAC: c.MACMode == configs.MACInterface, Follow: c.Follow, Neighbors: c.Neighbors,
		Announce: engine.Announce{
			Timing: garp.Timing{Count: a.Count, Interval: a.Interval, Refresh: a.Refresh},
			RealIP: a.RealIP, RouterLifetime: a.RouterLifetime,
			Probe: map[string]engine.Probe{"warn": engine.ProbeWarn, "veto": engine.ProbeVeto}[a.Probe],
		},
		PreActive: c.Hooks.PreActive.Deadline,
	}
	if c.MACMode == configs.MACChosen {
		g.MAC = hello.MAC(c.MAC)
	}
	for _, t := range c.Track {
		g.Tracks = append(g.Tracks, engine.TrackUse{Object: t.Object, Decrement: t.Decrement, Shutdown: t.Shutdown})
	}
	return Group{Group: g, Hooks: c.Hooks}
}

func authenticate(g *engine.Group, a configs.Auth) (err error) {
	if a.MD5 != "" {
		g.Auth, err = hello.MD5Auth(a.MD5, a.KeyID)
	} else {
		g.Auth, err = hello.TextAuth(a.Text)
	}
	if err != nil {
		return fmt.Errorf("group %s: %w", g.Ref, err)
	}
	return nil
}

func lease(l configs.Lease) time.Duration {
	switch {
	case l.Off:
		return engine.LeaseOff
	case l.Auto:
		return engine.LeaseAuto
	}
	return l.Duration
}
