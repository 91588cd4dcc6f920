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
}

// Watcher reports changes of interfaces, their addresses and our routes. It looks
// at the present state whenever the kernel says that something has changed. So the
// last state is always reported, and a short-lived one may be missed.
type Watcher struct {
	conn   *netlink.Conn
	lists  *lister
	events chan Event

	mu      sync.Mutex
	names   []string
	changed bool // the names have changed

	known   map[string]Link // as last reported
	restore bool            // to be reported
}

// Watch starts a Watcher in the calling thread's network namespace. The state
// of every interface is reported first, even if the interface does not exist. The
// Watcher ends with ctx, and closes its channel.
func Watch(ctx context.Context, names ...string) (*Watcher, error) {
	conn, err := watchConn()
	if err != nil {
		return nil, fmt.Errorf("watch interfaces: %w", err)
	}
	lists, err := newLister()
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("watch interfaces: %w", err)
	}
	w := &Watcher{
		conn: conn, lists: lists, events: make(chan Event),
		names: slices.Clone(names), known: map[string]Link{},
	}
	go w.run(ctx)
	return w, nil
}

func watchConn() (*netlink.Conn, error) {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, &netlink.Config{
		Groups: unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR |
			unix.RTMGRP_IPV4_ROUTE | unix.RTMGRP_IPV6_ROUTE,
	})
	if err != nil {
		return nil, err
	}
	conn.SetReadBuffer(1 << 20) // an overrun is repaired, not avoided
	if err := conn.SetBPF(watchFilter()); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// watchFilter keeps the routes of others away: a router with a full table has
// millions. Of the messages about routes only those pass that remove ours.
func watchFilter() []bpf.RawInstruction {
	const typeAt, protocolAt = 4, unix.SizeofNlMsghdr + 5
	var p sockfilter.Program
	p.Load(typeAt, 2)
	p.When(asLoaded(unix.RTM_NEWROUTE), sockfilter.Refuse)
	p.Unless(asLoaded(unix.RTM_DELROUTE), sockfilter.Accept)
	p.Load(protocolAt, 1)
	p.Only(RouteProtocol)
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
	defer w.conn.Close()
	stop := context.AfterFunc(ctx, func() { w.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	for dirty := true; ctx.Err() == nil; {
		if dirty && !w.report(ctx) {
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
		w.restore = true
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

// concerns reports whether the messages may be about a watched interface, and
// notes removals of our routes by others.
func (w *Watcher) concerns(msgs []netlink.Message) (dirty bool) {
	for _, m := range msgs {
		switch m.Header.Type {
		case unix.RTM_DELROUTE:
			if !ours(m.Header.PID) {
				w.restore, dirty = true, true
			}
		case unix.RTM_NEWADDR, unix.RTM_DELADDR:
			a, _ := parseAddr(m.Data)
			if a.ours && m.Header.Type == unix.RTM_DELADDR && !ours(m.Header.PID) {
				w.restore, dirty = true, true
			}
			dirty = dirty || !a.ours && w.watched("", indexIn(m.Data))
		case unix.RTM_NEWLINK, unix.RTM_DELLINK:
			dirty = dirty || w.watched(nameIn(m.Data), indexIn(m.Data))
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

// nameIn returns the interface's name in a message about its link.
func nameIn(data []byte) (name string) {
	attrs(data[min(unix.SizeofIfInfomsg, len(data)):], func(typ uint16, v []byte) {
		if typ == unix.IFLA_IFNAME {
			name = unix.ByteSliceToString(v)
		}
	})
	return name
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
		l, err := readLink(w.lists, name)
		if old, ok := w.known[name]; ok && (err != nil || l.equal(old)) {
			continue
		}
		if !w.deliver(ctx, Event{Link: l}) {
			return false
		}
		w.known[name] = l
	}
	if w.restore && !w.deliver(ctx, Event{}) {
		return false
	}
	return true
}

// deliver sends ev, with the pending Restore.
func (w *Watcher) deliver(ctx context.Context, ev Event) bool {
	ev.Restore = w.restore
	select {
	case w.events <- ev:
		w.restore = false
		return true
	case <-ctx.Done():
		return false
	}
}
