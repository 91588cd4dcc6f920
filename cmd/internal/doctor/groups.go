package doctor

import (
	"slices"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/configs/setup"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// newExam looks at a host with the groups of c, which is nil without a
// configuration.
func newExam(h *Host, c *configs.Config) *exam {
	if c == nil {
		c = &configs.Config{}
	}
	e := &exam{Host: h, config: c}
	for _, g := range setup.Engine(c).Groups {
		e.groups = append(e.groups, &g)
	}
	return e
}

// devices returns the interfaces that have groups, each once, in order.
func (e *exam) devices() []string {
	var out []string
	for _, g := range e.groups {
		if !slices.Contains(out, g.Interface) {
			out = append(out, g.Interface)
		}
	}
	return out
}

// on returns the groups of an interface.
func (e *exam) on(dev string) []*engine.Group {
	return slices.DeleteFunc(slices.Clone(e.groups), func(g *engine.Group) bool { return g.Interface != dev })
}

// has reports whether a family has groups on dev; any interface when dev is "".
func (e *exam) has(dev string, f hello.Family) bool {
	return slices.ContainsFunc(e.groups, func(g *engine.Group) bool {
		return g.Family == f && (dev == "" || g.Interface == dev)
	})
}
