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

// Interface is a network interface that was opened for virtual routers. Its
// methods may be called from several goroutines. Address and Restore do not hold
// up Gate.
type Interface struct {
	name    string
	index   int
	home    home
	ifindex [4]byte // index as a set key
	mac     [6]byte
	dir     stateDir
	owner   *Owner
	giveUp  func() error // what the owner holds for this Interface
	log     *slog.Logger `state:"of this process"`

	mu         sync.Mutex `state:"nobody works on it"` // guards what follows, and the order of gate changes
	closed     bool
	routers    map[ID]*virtualRouter
	classes    []*leaseClass
	moved      []*virtualRouter // by the transaction under construction; may repeat
	standing   elementSets      // of the table, without a lease
	own        netip.Addr       // the host's link-local address
	proxy      proxy
	stood      []*virtualRouter // whose elements those became by the transaction
	unready    []*virtualRouter // added and not looked at by Ready
	lost       []ID             // for the next Renew to return
	nft        *conn
	rules      ruleset
	tableFlags uint32     // 0 before Linux 6.9
	forever    bool       // the journal says that a gate was opened without a lease
	tabled     bool       // the table is ours to delete
	rebuild    bool       // the next transaction makes the table anew
	takenOver  bool       // it is still that of the last process
	found      foundGates `state:"of the start"`
	journal    *journal
	filter     filter
	members    memberships
	watch      *tableWatch `state:"begun anew"` // nil when the table has an owner

	settings settings `state:"looked at anew"`
	shared   []sysctl // as the shared journal has them

	keep      keeper
	placeMu   sync.Mutex `state:"nobody works on it"` // guards what follows; taken before mu
	rtnl      *conn
	uses      map[place]use
	inherited map[place]bool // may have been made by the last process
	own4      netip.Addr     // the host's first IPv4 address
	mute      mute
}

// Open prepares an interface: it sets arp_ignore=1, arp_announce=2 and
// send_redirects=0 on it (the last also on all), journals what it changes, and
// makes the nftables table. No packet is treated differently until Gate.
//
// It returns [ErrBusy] when another live process drives the interface, and
// undoes what a dead one has left there. It needs CAP_NET_ADMIN in the
// namespace's user namespace and a writable /proc/sys/net. The interface must
// be Ethernet-like, not a port (see [Link].PortOf), and nf_tables must have
// the netdev family (CONFIG_NF_TABLES_NETDEV).
func Open(name string, o Options) (*Interface, error) {
	return open(name, o, tableOwner|tablePersist)
}

func open(name string, o Options, tableFlags uint32) (*Interface, error) {
	link, err := usable(name)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	owner, giveUp, err := o.hold(name)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	dir, unlock, err := lockStateDir(o.StateDir, startPatience)
	if err != nil {
		return nil, errors.Join(err, giveUp())
	}
	defer unlock()
	i := newInterface(link, dir, o.logger())
	i.owner, i.giveUp = owner, giveUp
	if err := i.start(o, tableFlags); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", name, err), i.abort())
	}
	return i, nil
}

func newInterface(link netlink.Link, dir stateDir, log *slog.Logger) *Interface {
	a := link.Attrs()
	i := &Interface{
		name: a.Name, index: a.Index, home: homeOf(a.Index), mac: [6]byte(a.HardwareAddr), dir: dir,
		log:     log.With("interface", a.Name),
		routers: map[ID]*virtualRouter{}, uses: map[place]use{}, inherited: map[place]bool{},
		filter:  filter{index: a.Index, door: doorOf(link), macs: map[[6]byte]*filterEntry{}},
		members: memberships{index: a.Index, groups: map[netip.Addr]*membership{}},
		rules:   ruleset{table: tableName(a.Name)}, standing: newElementSets(),
	}
	binary.NativeEndian.PutUint32(i.ifindex[:], uint32(a.Index))
	return i
}

// usable returns the interface if an Interface can work on it.
func usable(name string) (netlink.Link, error) {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return nil, err
	}
	a := link.Attrs()
	if a.EncapType != "ether" || len(a.HardwareAddr) != 6 {
		return nil, fmt.Errorf("not an Ethernet interface but %s", a.EncapType)
	}
	switch portOf, err := portOf(a, netlink.LinkByIndex); {
	case err != nil:
		return nil, err
	case portOf != "":
		return nil, fmt.Errorf("is a port of %s, which takes its frames: use that instead (of Open vSwitch the internal port of a bridge)", portOf)
	}
	return link, nil
}

// start makes what Open promises. After an error giveUp undoes what there is.
func (i *Interface) start(o Options, tableFlags uint32) (err error) {
	if i.nft, i.rtnl, err = i.owner.dialBoth(i.index); err != nil {
		return err
	}
	if i.filter.conn, err = i.owner.dial(unix.NETLINK_ROUTE, i.index); err != nil {
		return err
	}
	takenOver, err := i.openJournal(o)
	if err != nil {
		return err
	}
	if err := i.openTable(takenOver, tableFlags); err != nil {
		return err
	}
	if err := i.journal.head.apply(); err != nil {
		return err
	}
	i.settings.keep(append(interfaceSysctls(i.name), sharedSysctls()...)...)
	return i.dir.acquireShared()
}

// openJournal writes down the values that start is about to change. After a
// crash these are the values from before the crash. It reports whether the gates
// of the last process are taken over.
func (i *Interface) openJournal(o Options) (takenOver bool, err error) {
	old, err := i.dir.find(i.name, i.log)
	if err != nil {
		return false, err
	}
	takenOver = old != nil && i.takeOver(old, o)
	if old != nil && !takenOver {
		if err := i.dir.undo(old, i.owner, i.nft, i.rtnl); err == nil {
			old = nil
		} else {
			i.log.Warn("what the last process left stays until Close", "error", err)
		}
	}
	head, err := newHead(i.name, i.index)
	if err != nil {
		return false, err
	}
	head.Losses = carrierLosses(i.rtnl, i.index)
	var made []entry
	if old != nil {
		head.Sysctls, made = addChanged(old.head.Sysctls, head.Sysctls), compact(old.made)
	}
	journal, err := i.dir.create(head, made)
	if err != nil {
		return takenOver, err
	}
	i.journal = journal
	if takenOver && old.head.Losses == head.Losses { // else another router may have been needed meanwhile
		if err := i.findGates(made); err != nil {
			i.log.Warn("what the last process left open cannot be read: no role is resumed", "error", err)
		}
	}
	if err := i.rememberSettings(); err != nil {
		return takenOver, err
	}
	return takenOver, i.inherit(made)
}

// takeOver reports whether what the last process left open on the interface is
// to stay open.
func (i *Interface) takeOver(old *leftover, o Options) bool {
	switch {
	case old.head.Index != i.index:
		return false
	case o.Handover:
		return true
	case !o.Adopt || !old.journaled() || !old.ends():
		return false
	}
	i.log.Warn("the last process died: gates that it left open shut when their leases end, unless their roles are resumed")
	return true
}

// inherit takes over the filter entries, addresses and routes of a process that has
// gone.
func (i *Interface) inherit(made []entry) error {
	if len(made) == 0 {
		return nil
	}
	left, err := markedAddrs(i.index)
	for _, e := range made {
		i.forever = i.forever || e.Forever
		i.filter.promiscuous = i.filter.promiscuous || e.Promiscuous
		mac, ok := e.mac()
		switch {
		case !ok:
		case i.filter.door == filtered:
			i.filter.macs[mac] = &filterEntry{ours: true}
		case i.filter.door == bridged: // of a version that made entries everywhere
			err = errors.Join(err, i.filter.del(mac))
		}
		for _, r := range routesOnly(e.anyPlaces(i.home)) {
			i.inherited[r] = true
		}
		i.owner.routes.inherit(bringer{i, inheritedID}, companions(e.Routes, e.Rules))
	}
	for _, a := range left {
		i.inherited[a] = true
	}
	return err
}

// Add prepares a router for either role, and sends no frame with its MAC. It lets
// the MAC through the interface's unicast filter; an interface whose filter is
// full turns promiscuous by itself. It joins the solicited-node group of each IPv6
// address, so that snooping switches deliver neighbour solicitations. The kernel
// sends the MLD reports from the interface's own MAC.
func (i *Interface) Add(id ID, r Router) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.add(id, r); err != nil {
		return fmt.Errorf("add router %d to %s: %w", id, i.name, err)
	}
	return nil
}

func (i *Interface) add(id ID, r Router) error {
	switch {
	case i.closed:
		return os.ErrClosed
	case i.routers[id] != nil:
		return errors.New("is there already")
	case slices.ContainsFunc(r.Addrs, func(a netip.Addr) bool { return !a.IsValid() || a.IsUnspecified() || a.IsMulticast() }):
		return fmt.Errorf("not all of %v are unicast addresses", r.Addrs)
	case r.MAC[0]&1 != 0:
		return fmt.Errorf("virtual MAC %x is a multicast address", r.MAC)
	}
	r.Addrs, r.Owned = plainAddrs(r.Addrs), plainAddrs(r.Owned)
	r.Routes, r.Rules = i.home.inTables(r.Routes, r.Rules)
	r.RouteOnly = r.RouteOnly || !i.rules.egress
	vr := &virtualRouter{Router: r, id: id, class: shut, was: shut, wants: shut, gated: r.MAC != [6]byte{} && r.MAC != i.mac}
	vr.elements, vr.standing = r.elements(vr.gated), r.standing(vr.gated)
	vr.forward = r.forwardElements(vr.gated, i.rules.addresses || vr.aboutAddresses())
	vr.standing = vr.speakAs(i.own)
	i.routers[id] = vr
	err := i.prepare(vr)
	if err != nil {
		i.discard(vr)
		return err
	}
	i.unready = append(i.unready, vr)
	return i.changeProxy()
}

// plainAddrs copies addresses, without zones and as IPv4 where they are.
func plainAddrs(addrs []netip.Addr) []netip.Addr {
	out := make([]netip.Addr, len(addrs))
	for i, a := range addrs {
		out[i] = a.Unmap().WithZone("")
	}
	return out
}

// prepare makes what Add promises and notes it in vr.
func (i *Interface) prepare(vr *virtualRouter) error {
	if err := i.journal.add(newEntry(vr)); err != nil {
		return err
	}
	vr.journaled = true
	if !i.rules.addresses && vr.aboutAddresses() {
		i.rules.addresses, i.rebuild = true, true
	}
	if vr.gated {
		if i.filter.deaf() { // about to change
			if err := i.journal.add(entry{Promiscuous: true}); err != nil {
				return err
			}
		}
		if err := i.filter.add(vr.MAC); err != nil {
			return err
		}
		vr.filtered = true
	}
	for _, a := range vr.Addrs {
		if err := i.members.join(a); err != nil {
			return err
		}
		vr.joined++
	}
	return nil
}

// Remove shuts the router's gate, removes its addresses and undoes Add. If the
// gate cannot be shut, it does nothing else. After other errors it goes on and
// returns them joined. An unknown id is no error.
func (i *Interface) Remove(id ID) error {
	i.mu.Lock()
	vr := i.routers[id]
	open := vr != nil && vr.class != shut
	i.mu.Unlock()
	var lost []ID
	if open { // else a transaction would needlessly replace what was taken over
		var err error
		if lost, err = i.Gate(nil, []ID{id}); err != nil {
			return err
		}
	}
	err := i.Address(nil, []ID{id})
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lost = append(i.lost, lost...)
	if vr = i.routers[id]; vr == nil || i.closed {
		return nil
	}
	return errors.Join(err, i.discard(vr))
}

// discard undoes prepare, as far as that went.
func (i *Interface) discard(vr *virtualRouter) error {
	delete(i.routers, vr.id)
	var errs []error
	if vr.stands {
		i.standing.use(vr.standing, -1)
	}
	if vr.wants != shut {
		i.classes[vr.wants].wanted--
	}
	errs = append(errs, i.changeProxy())
	if vr.filtered {
		errs = append(errs, i.filter.remove(vr.MAC))
	}
	for _, a := range vr.Addrs[:vr.joined] {
		errs = append(errs, i.members.leave(a))
	}
	if vr.journaled {
		errs = append(errs, i.journal.drop(newEntry(vr)))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove router %d from %s: %w", vr.id, i.name, err)
	}
	return nil
}
