package vip

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// marks are the entries of what carries our mark, each with the address that a route
// goes out from.
type marks map[companion]netip.Addr

func (m marks) has(c companion) bool {
	_, ok := m[c.entry()]
	return ok
}

// marked returns what carries our mark.
func (r *roleRoutes) marked() (marks, error) {
	found, err := markedRoleRoutes(r.lists)
	if err != nil {
		return nil, err
	}
	rules, err := markedRules(r.lists)
	for c := range rules {
		found[c] = netip.Addr{}
	}
	return found, err
}

// make makes one companion. One that is there with our mark is ours.
func (r *roleRoutes) make(c companion) error {
	index, err := r.index(c, true)
	if err != nil {
		return err
	}
	err = r.request(c, true, index)
	if errors.Is(err, unix.EEXIST) {
		if there, listErr := r.marked(); listErr == nil && there.has(c) {
			return nil
		}
	}
	if err != nil {
		return c.explain(err)
	}
	return nil
}

// index returns the index of the interface that a companion needs, 0 for none.
func (r *roleRoutes) index(c companion, needsUp bool) (uint32, error) {
	if c.device() == "" {
		return 0, nil
	}
	index, up, err := r.rtnl.indexOf(c.device())
	switch {
	case err != nil:
	case index == 0:
		err = fmt.Errorf("%s does not exist", c.device())
	case needsUp && !up:
		err = fmt.Errorf("%s is down", c.device())
	}
	return index, err
}

// delete deletes one companion, which may have gone with its interface.
func (r *roleRoutes) delete(c companion) error {
	index, err := r.index(c, false)
	if err != nil {
		return nil
	}
	err = r.request(c, false, index)
	if err == nil || slices.ContainsFunc([]error{unix.ESRCH, unix.ENOENT, unix.ENODEV}, func(gone error) bool { return errors.Is(err, gone) }) {
		return nil
	}
	return fmt.Errorf("delete %v: %w", c, err)
}

func (r *roleRoutes) request(c companion, add bool, index uint32) error {
	var b batch
	c.write(&b, add, index)
	b.ack()
	return r.rtnl.change(&b)
}

// undo removes what a dead process has left, unless routers of this one bring it.
func (r *roleRoutes) undo(list []companion) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(list) == 0 {
		return nil
	}
	there, err := r.marked()
	errs := []error{err}
	for _, c := range list {
		if u := r.uses[c]; there.has(c) && (u == nil || !u.in) {
			errs = append(errs, r.delete(c))
		}
	}
	return errors.Join(errs...)
}

// purgeRules removes all rules with our mark, except for those that stay.
func (r *roleRoutes) purgeRules(stays *kept) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	there, err := markedRules(r.lists)
	errs := []error{err}
	for c := range there {
		if !stays.companions[c] {
			errs = append(errs, r.delete(c))
		}
	}
	return errors.Join(errs...)
}
