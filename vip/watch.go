package vip

import (
	"context"
	"net/netip"
)

// Link is the state of an interface.
type Link struct {
	Name      string
	Index     int // 0 while it does not exist
	MAC       [6]byte
	Up        bool       // administratively up and with carrier
	Addr4     netip.Addr // primary IPv4 address, or invalid
	Prefix4   netip.Prefix
	LinkLocal netip.Addr // without zone, or invalid
	Addrs     []netip.Prefix
}

// Except returns l with Addr4, Prefix4 and LinkLocal chosen among the
// addresses that are not virtual.
func (l Link) Except(virtual func(netip.Addr) bool) Link { return l }

// Event is a change that a Watcher saw.
type Event struct {
	Link    Link // the new state; Name is empty when the event is about routes only
	Restore bool // routes of ours were removed by somebody else, or events were lost: call Restore
}

// Watcher reports changes of interfaces, the initial state first.
type Watcher struct{ events chan Event }

// Watch starts a Watcher that ends with ctx.
func Watch(ctx context.Context, parents ...string) (*Watcher, error) { return &Watcher{}, nil }

// Set replaces the watched interfaces.
func (w *Watcher) Set(parents ...string) {}

// Events returns the channel of events. It is closed when the Watcher ends.
func (w *Watcher) Events() <-chan Event { return w.events }
