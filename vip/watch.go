package vip

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	sockfilter "github.com/fhrpd/fhrpd/hello/wire/filter"
)

// Event is a change that a Watcher saw.
type Event struct {
	// Link is the new state of an interface. Its Name is empty when the event
	// is about what this package installs only.
	Link Link
	// Restore says that somebody else has removed addresses or routes of this
	// package, or may have, because events were lost. Call [Interface.Restore] then.
	Restore bool
	// Routes says that routes or rules which follow a role may have gone. Call [Interface.RestoreRoutes] then.
	Routes bool
	// Dropped are entries that have gone from the unicast filters of watched
	// interfaces. The kernel does not say by whose doing: [Interface.RestoreFilter]
	// finds out. Overrun says that there may be more.
	Dropped []FilterEntry
	Overrun bool
}

// FilterEntry is a MAC in an interface's unicast filter.
type FilterEntry struct {
	Index int
	MAC   [6]byte
}

// Watcher reports changes of interfaces, their addresses, whether they forward and
// answer ARP for others, their unicast filters and our routes. It looks at the present state whenever the kernel says that something has changed. So the
// last state is always reported, and a short-lived one may be missed.
type Watcher struct {
	owner  *Owner
	conn   *netlink.Conn
	lists  *lister
	query  *netlink.Conn // for questions that lists cannot ask
	events chan Event

	mu      sync.Mutex
	names   []string
	changed bool // the names have changed

	known   map[string]Link // as last reported
	pending Event           // to be reported
}

// Watch starts a Watcher in the calling thread's network namespace. What other
// processes than the owner's remove is reported, be they of the same kind. The state
// of every interface is reported first, even if the interface does not exist. The
// Watcher ends with ctx, and closes its channel.
func (o *Owner) Watch(ctx context.Context, names ...string) (*Watcher, error) {
	conn, err := watchConn(o)
	if err != nil {
		return nil, fmt.Errorf("watch interfaces: %w", err)
	}
	query, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("watch interfaces: %w", err)
	}
	lists, err := newLister()
	if err != nil {
		conn.Close()
		query.Close()
		return nil, fmt.Errorf("watch interfaces: %w", err)
	}
	w := &Watcher{
		owner: o, conn: conn, query: query, lists: lists, events: make(chan Event),
		names: slices.Clone(names), known: map[string]Link{},
	}
	go w.run(ctx)
	return w, nil
}

func watchConn(o *Owner) (*netlink.Conn, error) {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, &netlink.Config{
		Groups: unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR |
			unix.RTMGRP_IPV4_RULE | 1<<(unix.RTNLGRP_IPV6_RULE-1) |
			unix.RTMGRP_IPV4_ROUTE | unix.RTMGRP_IPV6_ROUTE | unix.RTMGRP_NEIGH |
			1<<(unix.RTNLGRP_IPV4_NETCONF-1) | 1<<(unix.RTNLGRP_IPV6_NETCONF-1),
	})
	if err != nil {
		return nil, err
	}
	conn.SetReadBuffer(1 << 20) // an overrun is repaired, not avoided
	if err := conn.SetBPF(watchFilter(o)); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// watchFilter keeps the routes and neighbours of others away: a router with a full
// table has millions. Of the messages about routes only those pass that remove
// ours, and of those about neighbours only those that take a MAC from an
// interface's unicast filter. What we do to addresses ourselves, again and again to
// keep them, is no news either; the kernel does not say who changed an IPv6 one.
func watchFilter(o *Owner) []bpf.RawInstruction {
	const (
		typeAt     = 4
		protocolAt = unix.SizeofNlMsghdr + 5
		familyAt   = unix.SizeofNlMsghdr
		flagsAt    = unix.SizeofNlMsghdr + 10
		neighbour  = "neighbour"
		address    = "address"
	)
	// The number that our sockets have in common is in the upper half of the sender.
	at := uint32(12)
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		at += 2
	}
	var p sockfilter.Program
	p.Load(typeAt, 2)
	p.When(asLoaded(unix.RTM_NEWROUTE), sockfilter.Refuse)
	p.When(asLoaded(unix.RTM_NEWRULE), sockfilter.Refuse)
	p.When(asLoaded(unix.RTM_NEWNEIGH), sockfilter.Refuse)
	p.When(asLoaded(unix.RTM_DELNEIGH), neighbour)
	p.When(asLoaded(unix.RTM_NEWADDR), address)
	p.Unless(asLoaded(unix.RTM_DELROUTE), sockfilter.Accept)
	p.Load(protocolAt, 1)
	p.Only(RouteProtocol)
	p.Label(neighbour)
	p.Load(familyAt, 1)
	p.Unless(unix.AF_BRIDGE, sockfilter.Refuse)
	p.Load(flagsAt, 1)
	p.Only(unix.NTF_SELF)
	p.Label(address)
	p.Load(at, 2)
	p.When(asLoaded(uint16(o.numbers())), sockfilter.Refuse)
	return p.Assemble(1 << 20)
}

// asLoaded returns what BPF, which loads in network order, makes of a number in
// host order.
func asLoaded(v uint16) uint32 {
	return uint32(binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, v)))
}

// Set replaces the watched interfaces. New ones are reported as at the start.
func (w *Watcher) Set(names ...string) {
	w.mu.Lock()
	w.names, w.changed = slices.Clone(names), true
	w.mu.Unlock()
	w.conn.SetReadDeadline(time.Unix(1, 0))
}

// Events returns the channel of events. It is closed when the Watcher ends.
// While nobody receives, changes add up to one event for each interface.
func (w *Watcher) Events() <-chan Event { return w.events }

func (w *Watcher) run(ctx context.Context) {
	defer close(w.events)
	defer w.lists.close()
	defer w.query.Close()
	defer w.conn.Close()
	stop := context.AfterFunc(ctx, func() { w.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	for dirty := true; ctx.Err() == nil; {
		if dirty && !w.report(ctx) || !w.deliverPending(ctx) {
			return
		}
		var err error
		if dirty, err = w.wait(ctx); err != nil {
			return
		}
	}
}

// wait receives until something concerns us.
func (w *Watcher) wait(ctx context.Context) (dirty bool, err error) {
	msgs, err := w.conn.Receive()
	switch {
	case err == nil:
		return w.concerns(msgs), nil
	case errors.Is(err, unix.ENOBUFS):
		w.pending.Restore, w.pending.Routes, w.pending.Overrun = true, true, true
		return true, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return w.interrupted(), nil
	}
	return false, err
}

// interrupted ends the deadline by which Set interrupted a Receive. It does so
// before it looks for new names, so that a Set in between interrupts again.
func (w *Watcher) interrupted() (changed bool) {
	w.conn.SetReadDeadline(time.Time{})
	w.mu.Lock()
	defer w.mu.Unlock()
	changed, w.changed = w.changed, false
	return changed
}

// concerns reports whether the state of a watched interface may have changed, and
// notes removals of our routes by others and of entries of filters.
func (w *Watcher) concerns(msgs []netlink.Message) (dirty bool) {
	for _, m := range msgs {
		switch m.Header.Type {
		case unix.RTM_DELROUTE:
			if !w.owner.ours(m.Header.PID) {
				w.pending.Restore, w.pending.Routes = true, true
			}
		case unix.RTM_DELRULE:
			w.pending.Routes = w.pending.Routes || !w.owner.ours(m.Header.PID) && deletedRule(m.Data)
		case unix.RTM_DELNEIGH:
			if e, ok := filterEntryIn(m.Data); ok && w.watched("", e.Index) {
				w.pending.Dropped = append(w.pending.Dropped, e)
			}
		case unix.RTM_NEWNETCONF:
			index, ok := netconfValue(m.Data, netconfIndex)
			dirty = dirty || ok && (int32(index) == netconfAll || w.watched("", int(index)))
		case unix.RTM_NEWADDR, unix.RTM_DELADDR:
			a, _ := parseAddr(m.Data)
			if a.ours && m.Header.Type == unix.RTM_DELADDR && !w.owner.ours(m.Header.PID) {
				w.pending.Restore = true
			}
			dirty = dirty || !a.ours && w.watched("", indexIn(m.Data))
		case unix.RTM_NEWLINK, unix.RTM_DELLINK:
			if !w.watched(nameIn(m.Data), indexIn(m.Data)) {
				continue
			}
			dirty = true
			if linkDown(m.Data) { // with it routes go in silence, and it may be up again by now
				w.pending.Restore, w.pending.Routes = true, true
			}
		}
	}
	return dirty
}

// watched compares the index as well as the name: an interface may have been
// renamed.
func (w *Watcher) watched(name string, index int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.names, func(n string) bool { return n == name || w.known[n].Index == index })
}

// indexIn returns the interface's index in a message about its addresses or its
// link, which is in the same place in both.
func indexIn(data []byte) int {
	if len(data) < unix.SizeofIfAddrmsg {
		return -1
	}
	return int(binary.NativeEndian.Uint32(data[4:]))
}

// linkDown reports whether a message about a link says that it is administratively down.
func linkDown(data []byte) bool {
	const flags = 8
	return len(data) >= unix.SizeofIfInfomsg && binary.NativeEndian.Uint32(data[flags:])&unix.IFF_UP == 0
}

// nameIn returns the interface's name in a message about its link.
func nameIn(data []byte) (name string) {
	attrs(data[min(unix.SizeofIfInfomsg, len(data)):], func(typ uint16, v []byte) {
		if typ == unix.IFLA_IFNAME {
			name = unix.ByteSliceToString(v)
		}
	})
	return name
}

// filterEntryIn returns the entry that a message about a neighbour is about.
func filterEntryIn(data []byte) (e FilterEntry, ok bool) {
	if len(data) < unix.SizeofNdMsg {
		return e, false
	}
	e.Index = int(binary.NativeEndian.Uint32(data[4:]))
	attrs(data[unix.SizeofNdMsg:], func(typ uint16, v []byte) {
		ok = ok || typ == unix.NDA_LLADDR && copy(e.MAC[:], v) == len(e.MAC)
	})
	return e, ok
}

// read returns the present state of an interface.
func (w *Watcher) read(name string) (Link, error) {
	l, err := readLink(w.lists, name)
	if err == nil && l.Index != 0 {
		l.Off4, l.Off6 = forwardingOff(w.query, name, l.Index)
		l.ProxyARP = proxies(w.query, l.Index)
	}
	return l, err
}

// report delivers what has changed since the last report. It returns false
// when ctx ends.
func (w *Watcher) report(ctx context.Context) bool {
	w.mu.Lock()
	names := w.names
	w.mu.Unlock()
	maps.DeleteFunc(w.known, func(name string, _ Link) bool {
		return !slices.Contains(names, name) // so that it is new if it comes back
	})
	for _, name := range names {
		l, err := w.read(name)
		if old, ok := w.known[name]; ok && (err != nil || l.equal(old)) {
			continue
		}
		if !w.deliver(ctx, l) {
			return false
		}
		w.known[name] = l
	}
	return true
}

// deliverPending sends what no event about an interface has taken along.
func (w *Watcher) deliverPending(ctx context.Context) bool {
	return !w.pending.Restore && !w.pending.Routes && len(w.pending.Dropped) == 0 || w.deliver(ctx, Link{})
}

// deliver sends the state of an interface, with what is pending beside it.
func (w *Watcher) deliver(ctx context.Context, l Link) bool {
	ev := w.pending
	ev.Link = l
	select {
	case w.events <- ev:
		w.pending = Event{}
		return true
	case <-ctx.Done():
		return false
	}
}
