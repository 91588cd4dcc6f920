package chaos

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
)

// fault breaks something and returns what it did and how to mend it.
type fault struct {
	name string
	do   func(s *segment, g *gateway) (what string, mend func())
}

// longest is how long anything is stopped or cut at random.
const longest = 1500

func faults() []fault {
	return []fault{
		{"kill", kill}, {"stop", stop}, {"freeze", freeze}, {"wink", wink},
		{"link", link}, {"port", port}, {"flap", flap}, {"partition", partition}, {"priority", priority},
	}
}

func (s *segment) again(g *gateway) func() {
	return func() {
		for n := range s.gateways {
			if s.gateways[n] == g {
				s.start(n)
			}
		}
	}
}

func kill(s *segment, g *gateway) (string, func()) {
	g.Kill()
	g.running = false
	return "a crash of " + g.name, s.again(g)
}

func stop(s *segment, g *gateway) (string, func()) {
	g.Stop()
	g.running = false
	return "a stop of " + g.name, s.again(g)
}

func freeze(s *segment, g *gateway) (string, func()) {
	g.signal(s.t, unix.SIGSTOP)
	g.frozen = true
	return "freezing " + g.name, func() {
		g.signal(s.t, unix.SIGCONT)
		g.frozen = false
	}
}

// wink freezes a daemon for less time than the others need to notice, or a
// little more.
func wink(s *segment, g *gateway) (string, func()) {
	d := s.random(longest)
	g.signal(s.t, unix.SIGSTOP)
	s.pass(d)
	g.signal(s.t, unix.SIGCONT)
	return fmt.Sprintf("%s was frozen for %v", g.name, d), func() {}
}

func link(s *segment, g *gateway) (string, func()) {
	must(s.t, g.ns.LinkDown(dev))
	g.cut = true
	return "switching off the interface of " + g.name, func() {
		must(s.t, g.ns.LinkUp(dev))
		g.cut = false
	}
}

func port(s *segment, g *gateway) (string, func()) {
	must(s.t, s.sw.LinkDown(g.name))
	g.cut = true
	return "switching off the port of " + g.name, func() {
		must(s.t, s.sw.LinkUp(g.name))
		g.cut = false
	}
}

func flap(s *segment, g *gateway) (string, func()) {
	const times = 5
	for range times {
		must(s.t, g.ns.LinkDown(dev))
		s.pass(s.random(50))
		must(s.t, g.ns.LinkUp(dev))
		s.pass(s.random(150))
	}
	return fmt.Sprintf("%d flaps of the link of %s", times, g.name), func() {}
}

// partition keeps the gateways from hearing each other for a while, while the
// client hears all.
func partition(s *segment, _ *gateway) (string, func()) {
	d := s.random(longest)
	for _, on := range []bool{true, false} {
		for _, g := range s.gateways {
			must(s.t, s.sw.Isolate(g.name, on))
		}
		if on {
			s.pass(d)
		}
	}
	return fmt.Sprintf("a partition of %v", d), func() {}
}

func priority(s *segment, g *gateway) (string, func()) {
	v := s.groups[s.chance.IntN(len(s.groups))]
	was, to := g.priority[v.ref], 1+s.chance.IntN(254)
	must(s.t, g.SetPriority(s.t.Context(), v.ref, to))
	g.priority[v.ref] = to
	return fmt.Sprintf("priority %d of %s on %s", to, v.ref, g.name), func() {
		if g.running && g.priority[v.ref] == to {
			must(s.t, g.SetPriority(s.t.Context(), v.ref, control.FilePriority))
			g.priority[v.ref] = was
		}
	}
}

// random returns a time of up to so many milliseconds.
func (s *segment) random(ms int) time.Duration {
	return time.Duration(s.chance.IntN(ms)) * time.Millisecond
}
