// Package setup turns a file that configs.Parse has validated into what an
// engine runs. It is the one place that knows both the keys of the configuration
// and the groups of package engine.
package setup

import (
	"time"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/fsm/trailer"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// Group is one group of a file: what the engine runs, and the commands beside
// it.
type Group struct {
	engine.Group
	Hooks configs.Hooks
}

// Engine returns what an engine runs of c.
func Engine(c *configs.Config) engine.Config {
	out := engine.Config{Lease: lease(c.Daemon.Lease), RequireForwarding: c.Daemon.RequireForwarding, Return: c.Daemon.Return}
	for _, t := range c.Tracks {
		o := engine.Track{Name: t.Name, First: first(&t)}
		if t.Kind == configs.TrackInterface {
			o.Interface = t.Target
		}
		out.Tracks = append(out.Tracks, o)
	}
	for _, g := range Groups(c) {
		out.Groups = append(out.Groups, g.Group)
	}
	return out
}

// linkKnown is how long it takes at most until the state of a link is known.
const linkKnown = time.Second

// first returns how long a group waits for the first result of t before it takes a role
// from another router: for the results that it takes to find the object down, the last
// of which may need its whole timeout, an interval to spare, and what delays it.
func first(t *configs.Track) time.Duration {
	if t.Kind == configs.TrackInterface {
		return linkKnown
	}
	return time.Duration(t.Fall+1)*t.Interval + t.Timeout + t.DelayDown
}

// Groups returns the groups of c, those of HSRP before those of VRRP.
func Groups(c *configs.Config) []Group {
	var out []Group
	chains := keychains(c)
	for _, h := range c.HSRP {
		g := common(engine.Ref{Protocol: hello.ProtocolHSRP, Number: h.ID}, h.Version, &h.Group)
		if !h.Learn {
			g.HelloTime, g.HoldTime = h.Hello, h.Hold
		}
		g.Auth, g.Keychain, g.OffSubnet = auth(h.Auth), chains[h.Auth.Keychain], h.OffSubnet
		out = append(out, g)
	}
	for _, v := range c.VRRP {
		g := common(engine.Ref{Protocol: hello.ProtocolVRRP, Number: uint16(v.VRID)}, v.Version, &v.Group)
		g.HelloTime, g.Accept, g.Peers, g.MinTTL = v.Advertise, v.Accept, v.Peers, v.MinTTL
		switch v.Checksum {
		case "rfc9568":
			g.Checksum = hello.MessageOnly
		case "pseudo-header":
			g.Checksum = hello.PseudoHeader
		}
		g.Auth, g.Keychain = auth(v.Auth), chains[v.Auth.Keychain]
		g.Trailer = rules(v)
		out = append(out, g)
	}
	return out
}

// keychains returns the keychains of c by their names.
func keychains(c *configs.Config) map[string]hello.Keychain {
	out := map[string]hello.Keychain{}
	for i := range c.Keychains {
		out[c.Keychains[i].Name] = c.Keychains[i].Chain()
	}
	return out
}

// rules translates how a VRRP router uses the trailer; they are zero where it has
// none.
func rules(v configs.VRRP) trailer.Rules {
	if v.Auth.Keychain == "" {
		return trailer.Rules{}
	}
	r := trailer.Rules{
		Mode:      map[string]trailer.Mode{"permissive": trailer.Permissive, "receive-only": trailer.ReceiveOnly}[v.Auth.Mode],
		Window:    v.Auth.Window,
		Monotonic: v.Auth.Replay == "monotonic",
	}
	if r.Window == 0 {
		r.Window = trailer.DefaultWindow(v.Advertise)
	}
	return r
}

// common translates what both protocols have.
func common(ref engine.Ref, version uint8, c *configs.Group) Group {
	ref.Family, ref.Interface = c.Family, c.Interface
	a := c.Announce
	g := engine.Group{
		Ref: ref, Name: c.Name, Version: version, VirtualIPs: c.VirtualIPs,
		Prefixes: c.Prefixes, RouteOnly: c.Install == configs.InstallRoute, Understudy: c.Understudy, Confirm: c.Confirm,
		Priority: c.Priority, Preempt: c.Preempt, PreemptDelay: c.PreemptDelay,
		Delay:        engine.Delay{Minimum: c.Delay.Minimum, Reload: c.Delay.Reload},
		InterfaceMAC: c.MACMode == configs.MACInterface, Follow: c.Follow, Neighbors: c.Neighbors,
		Announce: engine.Announce{
			Timing: garp.Timing{Count: a.Count, Interval: a.Interval, Refresh: a.Refresh},
			RealIP: a.RealIP, RouterLifetime: a.RouterLifetime,
			Probe: map[string]engine.Probe{"warn": engine.ProbeWarn, "veto": engine.ProbeVeto}[a.Probe],
		},
		PreActive: c.Hooks.PreActive.Deadline,
	}
	if c.MACMode == configs.MACChosen {
		g.MAC = c.MAC
	}
	for _, r := range c.Routes {
		g.Routes = append(g.Routes, engine.Route(r))
	}
	for _, r := range c.Rules {
		g.Rules = append(g.Rules, engine.Rule(r))
	}
	for _, t := range c.Track {
		g.Tracks = append(g.Tracks, engine.TrackUse{Object: t.Object, Decrement: t.Decrement, Shutdown: t.Shutdown})
	}
	return Group{Group: g, Hooks: c.Hooks}
}

// auth panics on a key that configs.Parse does not let through.
func auth(a configs.Auth) hello.Auth {
	out, err := hello.TextAuth(a.Text)
	if a.MD5 != "" {
		out, err = hello.MD5Auth(a.MD5, a.KeyID)
	}
	if err != nil {
		panic(err)
	}
	return out
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
