// Package vip puts virtual routers into the Linux kernel and takes them out
// again: it lets the virtual MAC in, makes the virtual addresses local, and
// watches the interfaces. It knows nothing of protocols and roles.
//
// Nothing is added that a host could see. The interface accepts the virtual
// MAC through its unicast filter in both roles. A frame for it is forwarded
// only while an nftables netdev rule turns it into a frame "for this host".
// That rule tests a set element with a timeout, the lease. A process that dies
// or freezes stops renewing, and the kernel stops forwarding by itself. The
// virtual addresses are addresses of the interface while active, or routes of
// type local. Either way the kernel answers no ARP request or neighbour
// solicitation for them, so the caller does. An address ends with its lifetime,
// which is the lease in whole seconds and one more.
//
// # Threads and namespaces
//
// The sockets of an Interface stay in the network namespace of the thread that
// opened them. The sysctls are reached through /proc/sys/net, which follows the
// calling thread. So [Open], [Interface.Close], [Interface.SettingsChanged],
// [Interface.RestoreSettings], [Recover] and [Owner.Hold] must run on a thread in the same
// namespace, and so must [Interface.Add] with IPv6 addresses, which may open
// another socket. Every other method may be called from any thread.
//
// # Addresses that are only routes
//
// With RouteOnly, and where the kernel has no netdev egress hook, an address is a
// local route and nothing more. IPv4 programs can bind to it. IPv6 programs need
// net.ipv6.ip_nonlocal_bind=1 or IPV6_FREEBIND. Programs and firewalls that ask
// the interface for its addresses do not find it.
package vip

import (
	"errors"
	"log/slog"
	"net/netip"
	"time"
)

// ErrBusy means that a live process already drives the interface.
var ErrBusy = errors.New("in use by a live process")

// ID names a virtual router on one Interface. The caller chooses it.
type ID uint32

// Router is what a virtual router needs of the kernel. Routers may share a MAC
// and addresses: to change one without a gap, add the new form under another
// ID, swap the two in one call of Gate and one of Address, and remove the old.
type Router struct {
	// MAC is the virtual MAC. Zero, or the interface's own, means that the
	// router uses the interface's MAC. Then it has no gate and no lease.
	MAC [6]byte
	// Addrs are the virtual addresses, of either family.
	Addrs []netip.Addr
	// Accept makes the addresses local while active. Without it packets to
	// them are dropped, which keeps the host from resolving its own virtual
	// address (RFC 9568 section 6.1, Accept_Mode).
	Accept bool
	// Owned are those of Addrs that are configured on the interface itself; for
	// a VRRP address owner that is all of them. The kernel has their routes
	// already, and is kept from answering for them with the interface's MAC.
	Owned []netip.Addr
	// Prefixes are those of Addrs that bring the connected route of their subnet
	// while active.
	Prefixes []netip.Prefix
	// RouteOnly makes the addresses local by routes alone. Otherwise those that are
	// accepted become addresses of the interface while active.
	RouteOnly bool
	// Lease is what Gate will most likely be asked for. [Interface.Ready] goes by it.
	Lease time.Duration
	// Routes and Rules are there while the addresses are: they come after them and
	// go before. One that cannot be made is no error of Address, see RoutesOf.
	Routes []Route
	Rules  []Rule
}

// Claim opens the gate of one router.
type Claim struct {
	ID ID
	// Lease is how long the kernel goes on forwarding without [Interface.Renew],
	// in whole milliseconds. Zero means for ever.
	Lease time.Duration
	// Forward lets in what is on its way to others, and nothing that is sent to the
	// virtual addresses: the caller does not have those. A Claim without it makes
	// the gate a whole one.
	Forward bool
}

// Options are common to [Open] and [Recover]. The zero value is usable.
type Options struct {
	// StateDir holds the journals of what was changed; default /run/fhrpd. Several
	// network namespaces may share it.
	StateDir string
	// Log gets warnings about things found different than left; default none.
	Log *slog.Logger
	// Owner holds the interfaces and knows the process's changes. By default every
	// call has one of its own.
	Owner *Owner
	// Handover makes Open take over what the last process left on the interface
	// by [Interface.Abandon], or by dying. An open gate stays open until its lease
	// ends or the first Gate replaces it, in one transaction. The routes stay
	// until Address removes those of an added router, or Close removes all.
	Handover bool
	// Adopt makes Open leave the gates of a dead process open until the lease
	// ends, the first Gate replaces them or [Interface.LetGo] is called: to start
	// a dead router again must not stop the traffic that the kernel still forwards
	// for it. Addresses and routes stay until Address, LetGo or Close: the address is
	// served as long as the gate is open. A lease that never ends is not adopted. See
	// [Interface.Found].
	Adopt bool
}
