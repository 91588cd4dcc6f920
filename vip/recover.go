package vip

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"

	"github.com/vishvananda/netlink"
)

// Recover undoes what dead processes have left in the calling thread's network
// namespace. It finds that by their journals in the state directory, by the names
// of their tables and by the marks of their addresses and routes. It leaves alone
//   - interfaces that a live process holds, and the routes that belong to no
//     interface while there is such a process and no journal mentions them;
//   - what [Open] with Options.Adopt would leave open on the interfaces in later,
//     which the caller opens after this.
//
// It goes on after errors and returns them joined. Call it at start, before the
// first Open, and at the end if an interface in later was never opened.
func Recover(o Options, later ...string) error {
	owner, giveUp, err := o.hold()
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	dir, unlock, err := lockStateDir(o.StateDir, startPatience)
	if err != nil {
		return errors.Join(err, giveUp())
	}
	defer unlock()
	o.Owner = owner
	err = errors.Join(dir.recoverAll(o, later), dir.releaseShared(), giveUp())
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	return nil
}

// hold holds interfaces by the Options' owner, or by one of its own. giveUp undoes
// that.
func (o Options) hold(names ...string) (owner *Owner, giveUp func() error, err error) {
	owner, giveUp = o.Owner, func() error { return nil }
	if owner == nil {
		if owner, err = NewOwner("", o.Log); err != nil {
			return nil, nil, err
		}
		giveUp = owner.Close
	}
	if err := owner.Hold(0, names...); err != nil {
		return nil, nil, errors.Join(err, giveUp())
	}
	if o.Owner != nil {
		giveUp = func() error { return owner.Release(names...) }
	}
	return owner, giveUp, nil
}

// recoverAll recovers one interface after the other, and at last what belongs to
// none.
func (d stateDir) recoverAll(o Options, later []string) error {
	nft, rtnl, err := o.Owner.dialBoth(0)
	if err != nil {
		return err
	}
	defer nft.close()
	defer rtnl.close()
	sweepErr := d.sweep()
	names, err := d.traces()
	live, othersErr := o.Owner.others()
	errs := []error{err, sweepErr, othersErr}
	live = live || othersErr != nil
	stays := newKept()
	for _, name := range names {
		err := d.recoverOne(name, nft, rtnl, o, later, &stays)
		if errors.Is(err, ErrBusy) {
			live = true
			continue
		}
		errs = append(errs, err)
	}
	if !live {
		errs = append(errs, o.Owner.routes.purgeRules(&stays), rtnl.purge(&stays))
	}
	return errors.Join(errs...)
}

// traces lists the interfaces that a process of this kind works on, or did.
func (d stateDir) traces() (names []string, err error) {
	names, err = d.interfaces()
	tables, tableErr := abandoned()
	addrs, addrErr := markedAddrs(0)
	routes, routeErr := markedOfAddresses()
	names = append(names, tables...)
	for _, p := range append(addrs, routes...) {
		if ifi, err := net.InterfaceByIndex(indexOf(p)); err == nil && ifi.Index != loopbackIndex {
			names = append(names, ifi.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), errors.Join(err, tableErr, addrErr, routeErr)
}

// recoverOne undoes what is left on one interface. It returns [ErrBusy] if a live
// process holds it.
func (d stateDir) recoverOne(name string, nft, rtnl *conn, o Options, later []string, stays *kept) error {
	if err := o.Owner.Hold(0, name); err != nil {
		return err
	}
	defer o.Owner.Release(name)
	l, err := d.find(name, o.logger())
	if err != nil || l == nil {
		return err
	}
	if slices.Contains(later, name) && l.adoptable() {
		return stays.keep(l)
	}
	o.logger().Warn("undoing what a dead process left", "interface", name)
	return d.undo(l, o.Owner, nft, rtnl)
}

// find returns what a dead process left on an interface, nil if nothing, by its
// journal, or by the kernel's memory where there is none that can be read.
func (d stateDir) find(name string, log *slog.Logger) (*leftover, error) {
	l, err := d.read(name)
	if errors.Is(err, errDamaged) {
		log.Warn("journal", "interface", name, "error", err)
		err = nil
	}
	if l != nil || err != nil {
		return l, err
	}
	l, shared, err := withoutJournal(name)
	return l, errors.Join(err, d.rememberShared(shared))
}

// withoutJournal returns what can be known without a journal of what is left on an
// interface: its table, with what that says of settings, and what carries our marks.
// It returns nil if there is none.
func withoutJournal(name string) (l *leftover, shared []sysctl, err error) {
	l = &leftover{head: head{Interface: name, Table: tableName(name)}}
	if ifi, err := net.InterfaceByName(name); err == nil {
		l.head.Index = ifi.Index
	}
	tables, err := listTables()
	t, tabled := tables[l.head.Table]
	marked, markedErr := l.marked()
	if (!tabled || t.owner != 0) && len(marked) == 0 {
		return nil, nil, errors.Join(err, markedErr)
	}
	boot, bootErr := bootID()
	var setErr error
	if t.of(boot) {
		l.made, setErr = rememberedMACs(l.head.Table)
	}
	for _, s := range remembered(t.comment, name, boot) {
		if isShared(s) {
			shared = append(shared, s)
		} else {
			l.head.Sysctls = append(l.head.Sysctls, s)
		}
	}
	return l, shared, errors.Join(err, markedErr, bootErr, setErr)
}

// adoptable reports whether Open with Options.Adopt would leave open what the
// process left.
func (l *leftover) adoptable() bool {
	link, err := usable(l.head.Interface)
	return err == nil && link.Attrs().Index == l.head.Index && l.journaled() && l.ends()
}

// journaled reports whether there was a journal. Nothing else says whether a gate
// ever shuts.
func (l *leftover) journaled() bool { return l.head.Boot != "" }

// undo takes back what a journal tells of, and ends the journal. An interface that
// has got another name since may be another process's by now.
func (d stateDir) undo(l *leftover, o *Owner, nft, rtnl *conn) error {
	if ifi, err := net.InterfaceByIndex(l.head.Index); err == nil && ifi.Name != l.head.Interface {
		if err := o.Hold(0, ifi.Name); err != nil {
			return err
		}
		defer o.Release(ifi.Name)
	}
	errs := []error{deleteTable(nft, l.head.Table), l.undoPlaces(rtnl, o)}
	if linkExists(rtnl, l.head.Index) {
		errs = append(errs, l.undoFilter(rtnl), l.head.restore())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s: %w", l.head.Interface, err)
	}
	return d.remove(l.head.Interface)
}

// undoFilter takes back what was made to let virtual MACs in. An entry of a vxlan is
// never ours; a bridge may have one of a version that made them everywhere.
func (l *leftover) undoFilter(rtnl *conn) error {
	link, err := netlink.LinkByIndex(l.head.Index)
	if err != nil {
		return err
	}
	f := filter{conn: rtnl, index: l.head.Index, door: doorOf(link)}
	var errs []error
	for _, e := range l.made {
		if mac, ok := e.mac(); ok && f.door != unfiltered {
			errs = append(errs, f.del(mac))
		}
		if e.Promiscuous {
			errs = append(errs, f.setPromiscuous(false))
		}
	}
	return errors.Join(errs...)
}

// undoPlaces takes back the addresses and routes alone, and forgets them.
func (l *leftover) undoPlaces(rtnl *conn, o *Owner) error {
	list, err := l.marked()
	h := homeOf(l.head.Index)
	for n := range l.made {
		e := &l.made[n]
		if err := o.routes.undo(companions(e.Routes, e.Rules)); err != nil {
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

// marked lists what carries our marks on the interface, if that exists.
func (l *leftover) marked() ([]place, error) {
	if l.head.Index == 0 {
		return nil, nil
	}
	addrs, err := markedAddrs(l.head.Index)
	routes, routeErr := markedOfAddresses()
	routes = slices.DeleteFunc(routes, func(p place) bool { return indexOf(p) != l.head.Index })
	return append(addrs, routes...), errors.Join(err, routeErr)
}

// indexOf returns the index of the interface of a place, 0 if it has none.
func indexOf(p place) int {
	switch p := p.(type) {
	case ifAddr:
		return p.index
	case route:
		return int(p.oif)
	}
	return 0
}
