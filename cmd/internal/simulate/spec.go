package simulate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm/sim"
)

// possible lists what can fail: each router, and each interface that its file names.
func possible(s *sim.Scene) (list []string) {
	for i := range s.Hosts {
		list = append(list, s.Hosts[i].Name)
		for _, n := range s.Hosts[i].NICs {
			list = append(list, s.Hosts[i].Name+":"+n.Name)
		}
	}
	return list
}

// Possible lists what may be said after --fail, but for the time.
func (s *Setting) Possible() []string { return s.fails }

// events reads what fails and what is mended. At one moment failures come first.
func (s *Setting) events(fail, heal []string) error {
	var errs []error
	for i, list := range [][]string{fail, heal} {
		for _, text := range list {
			c, err := s.event(text, i == 1)
			if err != nil {
				errs = append(errs, fmt.Errorf("--%s %q: %w", []string{"fail", "heal"}[i], text, err))
				continue
			}
			s.Scene.Incidents = append(s.Scene.Incidents, c)
		}
	}
	slices.SortStableFunc(s.Scene.Incidents, func(a, b sim.Incident) int { return int(a.At - b.At) })
	return errors.Join(errs...)
}

// event reads one.
func (s *Setting) event(text string, heal bool) (c sim.Incident, err error) {
	c.Heal = heal
	i := strings.LastIndexByte(text, '@')
	if i < 0 {
		return c, fmt.Errorf("want a time behind it, as in %s@3s", s.example(text))
	}
	what, when := text[:i], text[i+1:]
	c.At, err = time.ParseDuration(when)
	if err != nil || c.At < 0 || c.At > longest {
		return c, fmt.Errorf("time %q: want 0s to %v with a unit, as in %s@3s", when, longest, s.example(what))
	}
	if what == "" && heal {
		c.Host = sim.AllHosts
		return c, nil
	}
	if !slices.Contains(s.fails, what) {
		return c, fmt.Errorf("want one of %s, a router or one of the interfaces in its file", strings.Join(s.fails, ", "))
	}
	name, nic, _ := strings.Cut(what, ":")
	c.NIC = nic
	c.Host = slices.IndexFunc(s.Scene.Hosts, func(h sim.Gateway) bool { return h.Name == name })
	return c, nil
}

// example is what somebody may have meant.
func (s *Setting) example(what string) string {
	if slices.Contains(s.fails, what) {
		return what
	}
	return s.fails[min(1, len(s.fails)-1)]
}
