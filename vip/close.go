package vip

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Close undoes what was made, and only that. It removes the table first, which
// ends forwarding at once, then addresses and routes, filter entries and memberships, and
// restores the sysctls that still have our value. It goes on after errors and
// returns them joined. The journal stays then, and [Recover] tries again. A second
// Close does nothing.
//
// The kernel makes Close wait for some 20 ms. So close several interfaces side by
// side, each from a thread in the right namespace.
func (i *Interface) Close() error {
	err := i.release(func() error {
		if err := i.undo(); err != nil {
			return err
		}
		_, unlock, err := lockStateDir(string(i.dir), stopPatience)
		if err != nil {
			return err
		}
		defer unlock()
		return i.endJournal()
	})
	if err != nil {
		return fmt.Errorf("close %s: %w", i.name, err)
	}
	return nil
}

// Abandon closes the descriptors and leaves the kernel as it is, like the death
// of the process would. Forwarding goes on until the leases end. IPv6 memberships
// end with their sockets. The next Open takes over, without an interruption if
// Options.Handover says so, or Recover clears up.
func (i *Interface) Abandon() error {
	return i.release(func() error { return nil })
}

// abort undoes a failed Open, which holds the lock of the state directory.
func (i *Interface) abort() error {
	return i.release(func() error {
		if i.journal == nil {
			return nil
		}
		if err := i.undo(); err != nil {
			return err
		}
		return i.endJournal()
	})
}

// release makes further calls fail, waits for those that run, and calls undo.
func (i *Interface) release(undo func() error) error {
	i.mu.Lock()
	closed, watch := i.closed, i.watch
	i.closed, i.watch = true, nil
	i.mu.Unlock()
	if closed {
		return nil
	}
	if watch != nil {
		watch.stop()
	}
	i.settings.end()
	i.placeMu.Lock()
	defer i.placeMu.Unlock()
	i.mu.Lock()
	defer i.mu.Unlock()
	return errors.Join(undo(), i.closeDescriptors())
}

// undo takes back what Open and the other methods have made.
func (i *Interface) undo() error {
	var errs []error
	if i.tabled {
		errs = append(errs, deleteTable(i.nft, i.rules.table))
	}
	errs = append(errs, i.owner.routes.dismiss(i.brings))
	list := slices.Collect(maps.Keys(i.inherited))
	for p, u := range i.uses {
		if u.ours {
			list = append(list, p)
		}
	}
	_, err := i.rtnl.delete(list)
	errs = append(errs, err, i.filter.clear(), i.members.close())
	if linkExists(i.rtnl, i.index) {
		errs = append(errs, i.journal.head.restore())
	}
	return errors.Join(errs...)
}

// endJournal removes the journal, and the shared one after the last.
func (i *Interface) endJournal() error {
	return errors.Join(i.dir.remove(i.name), i.dir.releaseShared())
}

func (i *Interface) closeDescriptors() error {
	errs := []error{i.members.close()}
	i.owner.routes.forget(i.brings)
	for _, c := range []*conn{i.nft, i.rtnl, i.filter.conn} {
		if c != nil {
			errs = append(errs, c.close())
		}
	}
	if i.journal != nil {
		errs = append(errs, i.journal.f.Close())
	}
	errs = append(errs, i.giveUp())
	return errors.Join(errs...)
}
