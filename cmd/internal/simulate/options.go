// Package simulate plays a pair of routers with the configurations of real ones in
// virtual time, lets something fail, and tells what happened as the lab does. It
// touches nothing of this machine.
package simulate

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/fsm/sim"
)

// Options are what a run is asked for.
type Options struct {
	Routers []engine.Config // one, beside which another is made up, or two
	Fail    []string        // ROUTER:INTERFACE@TIME or ROUTER@TIME
	Heal    []string        // the same, or @TIME for everything
	For     time.Duration   // from time zero; 0: as long as the routers may need after the last event
	Seed    uint64
	Loss    string    // percent of all frames, with or without the sign
	Wall    time.Time // what the routers' clocks say
}

// longest is the last moment of a run, and of an event in it.
const longest = time.Hour

// quietLength is how long a run lasts in which nothing happens.
const quietLength = 10 * time.Second

// Setting is a run that can be played.
type Setting struct {
	Scene   sim.Scene
	Remarks []string // what the files do not say and was made up
	fails   []string // what may be said after --fail, but for the time
}

// Prepare checks options. The error names all that is wrong with them.
func Prepare(o Options) (*Setting, error) {
	var s Setting
	switch len(o.Routers) {
	case 1:
		b, remarks := sim.Beside(o.Routers[0])
		o.Routers = append(o.Routers, b)
		s.Remarks = remarks
	case 2:
	default:
		return nil, fmt.Errorf("%d configurations: want one or two", len(o.Routers))
	}
	scene, remarks := sim.Pair(o.Routers[0], o.Routers[1])
	s.Scene, s.Remarks = scene, append(s.Remarks, append(remarks, unplayed(o.Routers)...)...)
	s.Scene.Seed, s.Scene.Wall = o.Seed, o.Wall
	s.fails = possible(&s.Scene)
	var loss error
	s.Scene.Loss, loss = share(o.Loss)
	events := s.events(o.Fail, o.Heal)
	length := s.setLength(o.For)
	if len(scene.Hosts[0].Config.Groups)+len(scene.Hosts[1].Config.Groups) == 0 {
		return nil, errors.Join(errors.New("there is no group in the configuration"), loss, events, length)
	}
	return &s, errors.Join(events, loss, length)
}

// unplayed says what of the files takes no part.
func unplayed(routers []engine.Config) (remarks []string) {
	var objects []string
	commands := false
	for i, c := range routers {
		for _, t := range c.Tracks {
			if name := string(rune('a'+i)) + " " + t.Name; t.Interface == "" {
				objects = append(objects, name)
			}
		}
		for n := range c.Groups {
			commands = commands || c.Groups[n].PreActive > 0
		}
	}
	if len(objects) > 0 {
		remarks = append(remarks, "tracked objects that are no interfaces are up all the while: "+engine.Listing(objects))
	}
	if commands {
		remarks = append(remarks, "commands are not run, and nothing waits for a pre_active command")
	}
	return remarks
}

// share reads the part of all frames that are lost.
func share(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	p, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if err != nil || !(p >= 0 && p <= 100) {
		return 0, fmt.Errorf("--loss %q: want percent, 0 to 100", text)
	}
	return p / 100, nil
}

// setLength sets how long the run lasts.
func (s *Setting) setLength(d time.Duration) error {
	var last time.Duration
	for _, c := range s.Scene.Incidents {
		last = max(last, c.At)
	}
	switch {
	case d < 0 || d > longest:
		return fmt.Errorf("--for %v: want more than 0, at most %v", d, longest)
	case d > 0 && last > d:
		return fmt.Errorf("--for %v: something happens at %v, after the end", d, last)
	case d > 0:
		s.Scene.Length = d
	case len(s.Scene.Incidents) == 0:
		s.Scene.Length = quietLength
	default:
		s.Scene.Length = last + s.Scene.Bound()
	}
	return nil
}
