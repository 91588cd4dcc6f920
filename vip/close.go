package vip

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// Close undoes what was made, and only that: the table, which ends forwarding
// at once, the routes, filter entries and memberships, and the sysctls that
// still have our value. It goes on after errors and returns them joined; the
// journal stays then, and [Recover] tries again. A second Close does nothing.
//
// The kernel makes it wait for some 20 ms, so close several Planes side by
// side, each from a thread in the right namespace.
func (p *Plane) Close() error {
	err := p.release(func() error {
		if err := p.undo(); err != nil {
			return err
		}
		_, unlock, err := lockStateDir(string(p.dir))
		if err != nil {
			return err
		}
		defer unlock()
		return p.endJournal()
	})
	if err != nil {
		return fmt.Errorf("close %s: %w", p.parent, err)
	}
	return nil
}

// Abandon closes the descriptors and leaves the kernel as it is, like the
// death of the process would: forwarding goes on until the leases end. The
// next Open takes over, with Options.Handover without an interruption, or
// else Recover clears up. IPv6 memberships end with their sockets.
func (p *Plane) Abandon() error {
	return p.release(func() error { return nil })
}

// giveUp undoes a failed Open, which holds the lock of the state directory.
func (p *Plane) giveUp() error {
	return p.release(func() error {
		if err := p.undo(); err != nil {
			return err
		}
		return p.endJournal()
	})
}

// release ends the Plane: nothing else runs on it while undo does.
func (p *Plane) release(undo func() error) error {
	if !p.shutDown() {
		return nil
	}
	p.routeMu.Lock()
	defer p.routeMu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(undo(), p.closeDescriptors())
}

// shutDown makes further calls fail. It reports whether this was the first.
func (p *Plane) shutDown() bool {
	p.mu.Lock()
	was, watch := p.closed, p.watch
	p.closed, p.watch = true, nil
	p.mu.Unlock()
	if watch != nil {
		watch.stop()
	}
	return !was
}

// undo takes back what start and the methods have made, so far as they came.
func (p *Plane) undo() error {
	if p.journal == nil {
		return nil
	}
	var errs []error
	if p.tabled {
		errs = append(errs, deleteTable(p.nft, p.rules.table))
	}
	errs = append(errs, p.removeRoutes(), p.filter.clear(), p.members.close())
	if linkExists(p.routes, p.index) {
		errs = append(errs, p.journal.head.restore())
	}
	return errors.Join(errs...)
}

// endJournal removes the journal, and the shared one after the last.
func (p *Plane) endJournal() error {
	if p.journal == nil {
		return nil
	}
	return errors.Join(p.dir.remove(p.parent), p.dir.releaseShared())
}

func (p *Plane) removeRoutes() error {
	list := slices.Collect(maps.Keys(p.wanted))
	for a := range p.left {
		list = append(list, p.anyRoutes(a)...)
	}
	_, err := p.apply(unix.RTM_DELROUTE, list)
	return err
}

// anyRoutes returns the routes that an address may have had.
func (p *Plane) anyRoutes(a netip.Addr) []route {
	return []route{p.localRoute(a), blackholeRoute(a)}
}

func (p *Plane) closeDescriptors() error {
	errs := []error{p.members.close()}
	for _, c := range []*conn{p.nft, p.routes, p.filter.conn} {
		if c != nil {
			errs = append(errs, c.close())
		}
	}
	if p.journal != nil {
		errs = append(errs, p.journal.f.Close())
	}
	return errors.Join(errs...)
}
