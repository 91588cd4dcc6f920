package vip

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/state"
)

// A process that another one replaces leaves everything in the kernel as it is. Its
// successor gets the descriptors and what is known about them. The tables stay its
// own: the kernel takes whoever has the owner's socket for the owner, and a lock for
// held while somebody has its file open.

// Hand returns what a successor needs to go on with the owner and its Interfaces, for
// Succeed: a text and descriptors, which stay this process's as well. Nothing changes,
// and this process may go on all the same. No other method may run meanwhile.
func (o *Owner) Hand(ifaces []*Interface) (text []byte, fds []int, err error) {
	for _, i := range ifaces {
		if i.closed {
			return nil, nil, fmt.Errorf("hand over %s: %w", i.name, os.ErrClosed)
		}
	}
	if text, err = state.Encode(carried(o, ifaces)); err != nil {
		return nil, nil, fmt.Errorf("hand over interfaces: %w", err)
	}
	for _, fd := range o.descriptors(ifaces) {
		fds = append(fds, *fd)
	}
	for _, i := range sortedByName(ifaces) {
		fds = append(fds, int(i.journal.f.Fd()))
	}
	return text, fds, nil
}

// Leave makes the Interface do nothing any more, after a successor has taken over.
// Nothing in the kernel changes.
func (i *Interface) Leave() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.closed = true
	if i.watch != nil {
		i.watch.stop()
	}
}

// Succeed returns the owner and the Interfaces, by name, that another process has
// handed over. It changes nothing in the kernel: until Begin the other process may
// still go on. It must run on a thread in the network namespace of the other one.
// note and log are as for NewOwner. The descriptors are the owner's from then on,
// also after an error.
func Succeed(names []string, text []byte, fds []int, note string, log *slog.Logger) (*Owner, map[string]*Interface, error) {
	o := &Owner{note: note, log: Options{Log: log}.logger(), routes: &roleRoutes{}}
	out := map[string]*Interface{}
	var list []*Interface
	for _, name := range names {
		out[name] = &Interface{log: o.log.With("interface", name), name: name}
		list = append(list, out[name])
	}
	_, err := state.Decode(text, carried(o, list))
	if err == nil {
		err = o.use(list, fds)
	}
	if err != nil {
		for _, fd := range fds {
			unix.Close(fd)
		}
		return nil, nil, fmt.Errorf("take interfaces over: %w", err)
	}
	return o, out, nil
}

// use puts the descriptors into their places and opens what is this process's own.
func (o *Owner) use(list []*Interface, fds []int) (err error) {
	places := o.descriptors(list)
	if len(fds) != len(places)+len(list) {
		return fmt.Errorf("there are %d descriptors, of %d", len(fds), len(places)+len(list))
	}
	for n, fd := range places {
		*fd = fds[n]
	}
	for n, i := range sortedByName(list) {
		if i.journal == nil || i.nft == nil || i.rtnl == nil || i.filter.conn == nil {
			return fmt.Errorf("%s is not complete", i.name)
		}
		i.journal.f = os.NewFile(uintptr(fds[len(places)+n]), i.journal.path)
		i.giveUp = func() error { return o.Release(i.name) }
		i.settings.keep(append(interfaceSysctls(i.name), sharedSysctls()...)...)
	}
	for _, c := range o.conns(list) {
		c.rbuf = make([]byte, receiveRoom)
	}
	o.routes.lists, err = newLister()
	return err
}

// Begin has the owner act for itself, when the other process does not any more: the
// locks name this process, and a table that anybody may flush is watched again.
func (o *Owner) Begin(ifaces map[string]*Interface) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	errs := []error{o.relabel()}
	for _, i := range ifaces {
		if i.tableFlags == 0 {
			var err error
			i.watch, err = watchTable(i)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// relabel makes the locks anew, in one transaction, so that they name this process.
func (o *Owner) relabel() error {
	if o.lockless || len(o.held) == 0 {
		return nil
	}
	r := &ruleset{remember: o.saysOfItself()}
	r.beginTransaction()
	for _, name := range slices.Sorted(maps.Keys(o.held)) {
		r.table = lockName(name)
		r.delTable()
		r.newTable(tableOwner)
	}
	return transact(o.locks, r)
}

func sortedByName(list []*Interface) []*Interface {
	return slices.SortedFunc(slices.Values(list), func(a, b *Interface) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
}

// carried says what goes from one process to the next.
func carried(o *Owner, ifaces []*Interface) state.Options {
	c := state.Options{
		Roots: []state.Root{{Key: "owner", At: o}, {Key: "routes", At: o.routes}},
		Types: []any{ifAddr{}, route{}, roleRoute{}, roleRule{}},
	}
	for _, i := range sortedByName(ifaces) {
		c.Roots = append(c.Roots, state.Root{Key: "interface " + i.name, At: i})
	}
	return c
}

// conns lists the sockets for requests, always in the same order.
func (o *Owner) conns(ifaces []*Interface) []*conn {
	list := []*conn{o.locks, o.routes.rtnl}
	for _, i := range sortedByName(ifaces) {
		list = append(list, i.nft, i.rtnl, i.filter.conn)
	}
	return list
}

// descriptors lists where descriptors are kept, likewise.
func (o *Owner) descriptors(ifaces []*Interface) (list []*int) {
	if o.claim >= 0 {
		list = append(list, &o.claim)
	}
	for _, c := range o.conns(ifaces) {
		if c != nil {
			list = append(list, &c.fd)
		}
	}
	for _, i := range sortedByName(ifaces) {
		for n := range i.members.socks {
			list = append(list, &i.members.socks[n].fd)
		}
	}
	return list
}
