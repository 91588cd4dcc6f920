package vip

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// Recover undoes what dead processes have left in the calling thread's network
// namespace. It finds that by their journals in the state directory and by the
// marks of their addresses and routes. It leaves alone
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
	nft, rtnl, err := dialBoth(0)
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	defer nft.close()
	defer rtnl.close()
	routes, err := OpenRoutes()
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	defer routes.Close()
	live, err := dir.recoverAll(nft, rtnl, routes, o, later)
	errs := []error{err}
	if !live {
		errs = append(errs, routes.purgeRules(), rtnl.purge())
	}
	if err := errors.Join(append(errs, dir.releaseShared())...); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	return nil
}

// dialBoth opens the sockets for the table and the routes of an interface, or of
// all when index is zero.
func dialBoth(index int) (nft, rtnl *conn, err error) {
	if nft, err = dial(unix.NETLINK_NETFILTER, index); err != nil {
		return nil, nil, err
	}
	if rtnl, err = dial(unix.NETLINK_ROUTE, index); err != nil {
		return nil, nil, errors.Join(err, nft.close())
	}
	return nft, rtnl, nil
}

// recoverAll undoes the journals of dead processes, and reports whether there is
// one of a live process.
func (d stateDir) recoverAll(nft, rtnl *conn, routes *Routes, o Options, later []string) (live bool, err error) {
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
			errs = append(errs, d.undo(l, nft, rtnl, routes))
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
func (d stateDir) undo(l *leftover, nft, rtnl *conn, routes *Routes) error {
	f := filter{conn: rtnl, index: l.head.Index}
	errs := []error{deleteTable(nft, l.head.Table), l.undoPlaces(rtnl, routes)}
	if linkExists(rtnl, l.head.Index) {
		for _, e := range l.made {
			if mac, ok := e.mac(); ok {
				errs = append(errs, f.del(mac))
			}
			if e.Promiscuous {
				errs = append(errs, f.setPromiscuous(false))
			}
		}
		errs = append(errs, l.head.restore())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s: %w", l.head.Interface, err)
	}
	return d.remove(l.head.Interface)
}

// undoPlaces takes back the addresses and routes alone, and forgets them.
func (l *leftover) undoPlaces(rtnl *conn, routes *Routes) error {
	list, err := markedAddrs(l.head.Index)
	h := homeOf(l.head.Index)
	for n := range l.made {
		e := &l.made[n]
		if err := routes.undo(companions(e.Routes, e.Rules)); err != nil {
			return err
		}
		e.Routes, e.Rules = nil, nil
	}
	for _, e := range l.made {
		list = append(list, routesOnly(e.anyPlaces(h))...)
	}
	if _, delErr := rtnl.delete(list); err != nil || delErr != nil {
		return errors.Join(err, delErr)
	}
	for n := range l.made {
		l.made[n].Addrs, l.made[n].Prefixes = nil, nil
	}
	return nil
}
