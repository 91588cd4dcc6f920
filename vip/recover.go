package vip

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// Recover undoes what dead processes have left in the calling thread's network
// namespace. It finds that by their journals in the state directory and by the
// protocol number of their routes. It leaves alone
//   - interfaces that a live process drives, and routes that no journal mentions
//     while there is such a process;
//   - what [Open] with Options.Adopt would leave open on the interfaces in later,
//     which the caller opens after this.
//
// It goes on after errors and returns them joined. Call it at start, before the
// first Open, and at the end if an interface in later was never opened.
func Recover(o Options, later ...string) error {
	dir, unlock, err := lockStateDir(o.StateDir)
	if err != nil {
		return err
	}
	defer unlock()
	nft, routes, err := dialBoth(0)
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	defer nft.close()
	defer routes.close()
	live, err := dir.recoverAll(nft, routes, o, later)
	errs := []error{err}
	if !live {
		errs = append(errs, routes.purgeRoutes())
	}
	if err := errors.Join(append(errs, dir.releaseShared())...); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	return nil
}

// dialBoth opens the sockets for the table and the routes of an interface, or of
// all when index is zero.
func dialBoth(index int) (nft, routes *conn, err error) {
	if nft, err = dial(unix.NETLINK_NETFILTER, index); err != nil {
		return nil, nil, err
	}
	if routes, err = dial(unix.NETLINK_ROUTE, index); err != nil {
		return nil, nil, errors.Join(err, nft.close())
	}
	return nft, routes, nil
}

// recoverAll undoes the journals of dead processes, and reports whether there is
// one of a live process.
func (d stateDir) recoverAll(nft, routes *conn, o Options, later []string) (live bool, err error) {
	names, err := d.interfaces()
	errs := []error{err}
	for _, name := range names {
		l, err := d.read(name)
		switch {
		case errors.Is(err, ErrBusy):
			live = true
		case err != nil:
			errs = append(errs, err)
		case l != nil && slices.Contains(later, name) && l.adoptable():
		case l != nil:
			o.logger().Warn("undoing what a dead process left", "interface", name)
			errs = append(errs, d.undo(l, nft, routes))
		}
	}
	return live, errors.Join(errs...)
}

// adoptable reports whether Open with Options.Adopt would leave open what the
// process left.
func (l *leftover) adoptable() bool {
	link, err := usable(l.head.Interface)
	return err == nil && link.Attrs().Index == l.head.Index && l.ends()
}

// undo takes back what a journal tells of, and ends the journal.
func (d stateDir) undo(l *leftover, nft, routes *conn) error {
	f := filter{conn: routes, index: l.head.Index}
	errs := []error{deleteTable(nft, l.head.Table), l.undoRoutes(routes)}
	if linkExists(routes, l.head.Index) {
		for _, e := range l.made {
			if mac, ok := e.mac(); ok {
				errs = append(errs, f.del(mac))
			}
		}
		errs = append(errs, l.head.restore())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s: %w", l.head.Interface, err)
	}
	return d.remove(l.head.Interface)
}

// undoRoutes takes back the routes alone, and forgets them.
func (l *leftover) undoRoutes(routes *conn) error {
	var list []route
	h := homeOf(l.head.Index)
	for _, e := range l.made {
		for _, a := range e.Addrs {
			list = append(list, anyRoutes(a, h)...)
		}
	}
	if _, err := routes.changeRoutes(unix.RTM_DELROUTE, list); err != nil {
		return err
	}
	for n := range l.made {
		l.made[n].Addrs = nil
	}
	return nil
}
