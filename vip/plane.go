package vip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Plane is the data plane of one interface, its parent. Its methods may be
// called from several goroutines; Address and Restore do not hold up Gate.
type Plane struct {
	parent  string
	index   int
	ifindex [4]byte // index as a set key
	mac     [6]byte
	dir     stateDir
	log     *slog.Logger

	mu      sync.Mutex // guards what follows, and the order of gate changes
	closed  bool
	groups  map[ID]*group
	classes []*class
	moved   []*group
	lost    []ID // found by the table's watch, for the next Renew
	nft     *conn
	rules   ruleset
	persist bool // the kernel knows owner and persist
	forever bool // the journal says that a gate was opened without a lease
	tabled  bool // the table is ours to delete
	rebuild bool // the next transaction makes the table anew
	journal *journal
	filter  filter
	members memberships
	watch   *tableWatch // nil when the table has an owner

	routeMu sync.Mutex // guards what follows; taken before mu
	routes  *conn
	wanted  map[route]int       // by how many routers
	left    map[netip.Addr]bool // may have routes of the last process
}

// Open prepares an interface: it sets arp_ignore=1, arp_announce=2 and
// send_redirects=0 on it (the last also on all), journals what it changes, and
// makes the nftables table. No packet is treated differently until Gate.
//
// It returns [ErrBusy] when another live process drives the interface, and
// undoes what a dead one has left there. It needs CAP_NET_ADMIN in the
// namespace's user namespace and a writable /proc/sys/net. The interface must
// be Ethernet-like, not the port of a bridge or bond, and nf_tables must have
// the netdev family (CONFIG_NF_TABLES_NETDEV).
func Open(parent string, o Options) (*Plane, error) {
	return open(parent, o, tableOwner|tablePersist)
}

func open(parent string, o Options, tableFlags uint32) (*Plane, error) {
	link, err := usable(parent)
	if err != nil {
		return nil, err
	}
	dir, unlock, err := lockStateDir(o.StateDir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	p := newPlane(link, dir, o.logger())
	if err := p.start(o, tableFlags); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", parent, err), p.giveUp())
	}
	return p, nil
}

func newPlane(link netlink.Link, dir stateDir, log *slog.Logger) *Plane {
	a := link.Attrs()
	p := &Plane{
		parent: a.Name, index: a.Index, mac: [6]byte(a.HardwareAddr), dir: dir,
		log:    log.With("interface", a.Name),
		groups: map[ID]*group{}, wanted: map[route]int{}, left: map[netip.Addr]bool{},
		filter:  filter{index: a.Index, macs: map[[6]byte]*filterEntry{}},
		members: newMemberships(a.Index),
		rules:   ruleset{table: tableName(a.Name)},
	}
	binary.NativeEndian.PutUint32(p.ifindex[:], uint32(a.Index))
	return p
}

func (o Options) logger() *slog.Logger {
	if o.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Log
}

// usable returns the interface if a Plane can work on it.
func usable(parent string) (netlink.Link, error) {
	link, err := netlink.LinkByName(parent)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", parent, err)
	}
	a := link.Attrs()
	if a.EncapType != "ether" || len(a.HardwareAddr) != 6 {
		return nil, fmt.Errorf("open %s: not an Ethernet interface but %s", parent, a.EncapType)
	}
	taker, err := portOf(a, netlink.LinkByIndex)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", parent, err)
	}
	if taker != "" {
		return nil, fmt.Errorf("open %s: is a port of %s, which takes its frames: use that instead", parent, taker)
	}
	return link, nil
}

// start makes what Open promises. What it has made when it fails is undone by
// release.
func (p *Plane) start(o Options, tableFlags uint32) (err error) {
	if p.nft, err = dial(unix.NETLINK_NETFILTER); err != nil {
		return err
	}
	if p.routes, err = dialRoute(p.index); err != nil {
		return err
	}
	if p.filter.conn, err = dial(unix.NETLINK_ROUTE); err != nil {
		return err
	}
	takenOver, err := p.openJournal(o)
	if err != nil {
		return err
	}
	if err := p.openTable(takenOver, tableFlags); err != nil {
		return err
	}
	if err := p.journal.head.apply(); err != nil {
		return err
	}
	return p.dir.acquireShared()
}

// openJournal writes down the values that start is about to change. After a
// crash the values of before the crash count, not those found now. It reports
// whether the gates of the last process are taken over.
func (p *Plane) openJournal(o Options) (takenOver bool, err error) {
	old, err := p.dir.read(p.parent)
	if err != nil {
		return false, err
	}
	if old != nil {
		takenOver = p.takeOver(old, o)
	}
	if old != nil && !takenOver {
		if err := p.dir.undo(old, p.nft, p.routes); err == nil {
			old = nil
		} else {
			p.log.Warn("what the last process left stays until Close", "error", err)
		}
	}
	head, err := newHead(p.parent, p.index)
	if err != nil {
		return false, err
	}
	var made []entry
	if old != nil {
		head.Sysctls, made = since(old.head.Sysctls, head.Sysctls), compact(old.made)
	}
	p.journal, err = p.dir.create(head, made)
	p.inherit(made)
	return takenOver, err
}

// takeOver reports whether what the last process left open on the interface is
// to stay open.
func (p *Plane) takeOver(old *leftover, o Options) bool {
	switch {
	case old.head.Index != p.index:
		return false
	case o.Handover:
		return true
	case !o.Adopt || !old.ends():
		return false
	}
	p.log.Warn("the last process died: gates that it left open shut when their leases end")
	if err := old.undoRoutes(p.routes); err != nil {
		p.log.Warn("what the last process left stays until Close", "error", err)
	}
	return true
}

// inherit takes over filter entries and routes of a process that has gone.
func (p *Plane) inherit(made []entry) {
	for _, e := range made {
		p.forever = p.forever || e.Forever
		if mac, ok := e.mac(); ok {
			p.filter.macs[mac] = &filterEntry{ours: true}
		}
		for _, a := range e.Addrs {
			p.left[a] = true
		}
	}
}

// Add prepares a router, in either role and without a frame with its MAC: it
// lets the MAC through the interface's unicast filter and joins the
// solicited-node group of each IPv6 address, so that snooping switches deliver
// neighbour solicitations. Joining sends MLD reports from the interface's own
// MAC. An interface whose filter is full turns promiscuous by itself.
func (p *Plane) Add(id ID, r Router) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fmt.Errorf("add router %d to %s: %w", id, p.parent, os.ErrClosed)
	}
	if p.groups[id] != nil {
		return fmt.Errorf("add router %d to %s: is there already", id, p.parent)
	}
	if slices.ContainsFunc(r.Addrs, func(a netip.Addr) bool { return !a.IsValid() || a.IsUnspecified() || a.IsMulticast() }) {
		return fmt.Errorf("add router %d to %s: not all of %v are unicast addresses", id, p.parent, r.Addrs)
	}
	if r.MAC[0]&1 != 0 {
		return fmt.Errorf("add router %d to %s: virtual MAC %x is a multicast address", id, p.parent, r.MAC)
	}
	r.Addrs, r.Owned = plainAddrs(r.Addrs), plainAddrs(r.Owned)
	g := &group{Router: r, id: id, class: shut, gated: r.MAC != [6]byte{} && r.MAC != p.mac, elements: r.elements()}
	p.groups[id] = g
	if err := p.prepare(g); err != nil {
		p.discard(g)
		return fmt.Errorf("add router %d to %s: %w", id, p.parent, err)
	}
	return nil
}

// plainAddrs copies addresses, without zones and as IPv4 where they are.
func plainAddrs(addrs []netip.Addr) []netip.Addr {
	out := make([]netip.Addr, len(addrs))
	for i, a := range addrs {
		out[i] = a.Unmap().WithZone("")
	}
	return out
}

// prepare makes what Add promises and notes it in g.
func (p *Plane) prepare(g *group) error {
	if err := p.journal.add(newEntry(g)); err != nil {
		return err
	}
	g.journaled = true
	if len(g.elements) > 1 && g.gated && !p.rules.addresses {
		p.rules.addresses, p.rebuild = true, true
	}
	if g.gated {
		if err := p.filter.add(g.MAC); err != nil {
			return err
		}
		g.filtered = true
	}
	for _, a := range g.Addrs {
		if err := p.members.join(a); err != nil {
			return err
		}
		g.joined++
	}
	return nil
}

// Remove shuts the router's gate, removes its addresses and undoes Add. If the
// gate cannot be shut, nothing else is done; after other errors it goes on and
// returns them joined. An unknown id is no error.
func (p *Plane) Remove(id ID) error {
	var lost []ID
	if p.isOpen(id) { // a change would replace what was taken over
		var err error
		if lost, err = p.Gate(nil, []ID{id}); err != nil {
			return err
		}
	}
	address := p.Address(nil, []ID{id})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost = append(p.lost, lost...)
	g := p.groups[id]
	if g == nil || p.closed {
		return nil
	}
	return errors.Join(address, p.discard(g))
}

// discard undoes prepare, as far as that went.
func (p *Plane) discard(g *group) error {
	delete(p.groups, g.id)
	var errs []error
	if g.filtered {
		errs = append(errs, p.filter.remove(g.MAC))
	}
	for _, a := range g.Addrs[:g.joined] {
		errs = append(errs, p.members.leave(a))
	}
	if g.journaled {
		errs = append(errs, p.journal.drop(newEntry(g)))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove router %d from %s: %w", g.id, p.parent, err)
	}
	return nil
}
