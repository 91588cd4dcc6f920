package chaos

import (
	"fmt"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
)

// fault breaks something and returns what it did and how to mend it, nil where this
// machine cannot do it.
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
		{"handover", handOver}, {"reload", reload}, {"upgrade", upgrade}, {"maintenance", maintenance},
		{"addresses", addresses}, {"flush", flush}, {"loss", loss},
	}
}

func kill(s *segment, g *gateway) (string, func()) {
	g.Kill()
	return "a crash of " + g.Name, func() { s.start(g) }
}

func stop(s *segment, g *gateway) (string, func()) {
	g.Stop()
	return "a stop of " + g.Name, func() { s.start(g) }
}

func freeze(_ *segment, g *gateway) (string, func()) {
	g.Freeze()
	g.frozen = true
	return "freezing " + g.Name, func() { g.Thaw(); g.frozen = false }
}

// wink freezes a daemon for less time than the others need to notice, or a
// little more.
func wink(s *segment, g *gateway) (string, func()) {
	d := s.random(longest)
	g.Freeze()
	s.pass(d)
	g.Thaw()
	return fmt.Sprintf("%s was frozen for %v", g.Name, d), func() {}
}

func link(_ *segment, g *gateway) (string, func()) {
	g.LinkDown()
	g.cut = true
	return "switching off the interface of " + g.Name, func() { g.LinkUp(); g.cut = false }
}

func port(_ *segment, g *gateway) (string, func()) {
	g.Unplug()
	g.cut = true
	return "switching off the port of " + g.Name, func() { g.Plug(); g.cut = false }
}

func flap(s *segment, g *gateway) (string, func()) {
	const times = 5
	for range times {
		g.LinkDown()
		s.pass(s.random(50))
		g.LinkUp()
		s.pass(s.random(150))
	}
	return fmt.Sprintf("%d flaps of the link of %s", times, g.Name), func() {}
}

// partition keeps the gateways from hearing each other for a while, while the
// client hears all.
func partition(s *segment, _ *gateway) (string, func()) {
	d := s.random(longest)
	s.Partition(true)
	s.pass(d)
	s.Partition(false)
	return fmt.Sprintf("a partition of %v", d), func() {}
}

func priority(s *segment, g *gateway) (string, func()) {
	v := s.groups[s.chance.IntN(len(s.groups))]
	was, to := g.priority[v.ref], 1+s.chance.IntN(254)
	must(s.t, g.SetPriority(s.t.Context(), v.ref, to))
	g.priority[v.ref] = to
	return fmt.Sprintf("priority %d of %s on %s", to, v.ref, g.Name), func() {
		if g.Up() && g.priority[v.ref] == to {
			must(s.t, g.SetPriority(s.t.Context(), v.ref, control.FilePriority))
			g.priority[v.ref] = was
		}
	}
}

// handOver hands over what the gateway has, and has it want that again.
func handOver(s *segment, g *gateway) (string, func()) {
	out, _ := g.Command("handover", "--all", "--rate", "100/s", "--timeout", "500ms")
	s.t.Log(strings.TrimSpace(out))
	for _, v := range s.groups {
		must(s.t, g.SetPriority(s.t.Context(), v.ref, g.priority[v.ref]))
	}
	return "a hand-over of " + g.Name, func() {}
}

// random returns a time of up to so many milliseconds.
func (s *segment) random(ms int) time.Duration {
	return time.Duration(s.chance.IntN(ms)) * time.Millisecond
}
