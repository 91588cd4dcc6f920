package vip

import (
	"errors"
	"fmt"
	"slices"
)

// brings reports whether a router is one of the interface.
func (i *Interface) brings(b bringer) bool { return b.iface == i }

func (i *Interface) wantRoutes(routers []*virtualRouter) {
	for _, vr := range routers {
		i.owner.routes.want(bringer{i, vr.id}, companions(vr.Routes, vr.Rules))
	}
}

// bringRoutes makes what the routers bring. What fails stays wanted.
func (i *Interface) bringRoutes(routers []*virtualRouter) {
	for _, vr := range routers {
		i.owner.routes.bring(bringer{i, vr.id}, companions(vr.Routes, vr.Rules))
	}
}

// dismissRoutes removes what only these routers bring, with what the last process
// left of it.
func (i *Interface) dismissRoutes(routers []*virtualRouter) error {
	var errs []error
	for _, vr := range routers {
		for _, c := range companions(vr.Routes, vr.Rules) {
			errs = append(errs, i.owner.routes.release(func(k companion, b bringer) bool {
				return k == c && b.iface == i && (b.id == vr.id || b.id == inheritedID)
			}, true))
		}
	}
	return errors.Join(errs...)
}

// RoutesOf returns what has become of the routes and rules of those of the routers
// that bring any.
func (i *Interface) RoutesOf(ids ...ID) []RouterRoutes { return i.routesOf(ids, nil) }

func (i *Interface) routesOf(ids []ID, back map[companion]bool) (out []RouterRoutes) {
	i.mu.Lock()
	var list []*virtualRouter
	for _, id := range ids {
		if vr := i.routers[id]; vr != nil && len(vr.Routes)+len(vr.Rules) > 0 {
			list = append(list, vr)
		}
	}
	i.mu.Unlock()
	for _, vr := range list {
		all := i.owner.routes.states(companions(vr.Routes, vr.Rules), back)
		n := len(vr.Routes)
		out = append(out, RouterRoutes{vr.id, all[:n:n], all[n:]})
	}
	return out
}

// RestoreRoutes looks whether the routes and rules of the active routers are there,
// makes what is not, and returns what has become of them. What somebody else has
// put in the place of one stays.
func (i *Interface) RestoreRoutes() ([]RouterRoutes, error) {
	i.placeMu.Lock()
	defer i.placeMu.Unlock()
	i.mu.Lock()
	var ids []ID
	for id, vr := range i.routers {
		if vr.placed && !i.closed {
			ids = append(ids, id)
		}
	}
	i.mu.Unlock()
	if len(ids) == 0 {
		return nil, nil
	}
	slices.Sort(ids)
	back, err := i.owner.routes.restore(i)
	if err != nil {
		return nil, fmt.Errorf("restore routes on %s: %w", i.name, err)
	}
	return i.routesOf(ids, back), nil
}
