package doctor

import (
	"slices"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/configs/setup"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// groupsOf returns the groups of c.
func groupsOf(c *configs.Config) []engine.Group { return setup.Engine(c).Groups }

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
	return slices.ContainsFunc(e.groups, func(g engine.Group) bool {
		return g.Family == f && (dev == "" || g.Interface == dev)
	})
}
