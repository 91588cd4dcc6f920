package vip

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// foundGates is what a dead process has left open, as it was when Open took it over.
type foundGates struct {
	at      time.Duration // boot time
	made    []entry       // as its journal tells
	classes []foundClass
}

// foundClass are the gates under one lease.
type foundClass struct {
	left time.Duration
	keys [leasedKinds][][]byte
}

// Found reports how long the gate of a router stays open that a dead process has left
// open (Options.Adopt), and false if it is shut. The gate counts only if the router is
// the same as that process's: its MAC, addresses, routes and rules. It is asked before
// the first Gate, which replaces what was found.
func (i *Interface) Found(id ID) (left time.Duration, open bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	vr := i.routers[id]
	if vr == nil || !i.rebuild || !slices.ContainsFunc(i.found.made, newEntry(vr).same) {
		return 0, false
	}
	for _, c := range i.found.classes {
		if left := c.left - (bootTime() - i.found.at); left > 0 && c.admits(vr.elements) {
			return left, true
		}
	}
	return 0, false
}

// admits reports whether the gates include that of a router with these elements.
func (c *foundClass) admits(elements []element) bool {
	for _, e := range elements {
		if !slices.ContainsFunc(c.keys[e.kind], func(k []byte) bool { return bytes.Equal(k, e.key[:min(len(k), len(e.key))]) }) {
			return false
		}
	}
	return len(elements) > 0
}

// same reports whether two entries are of the same router.
func (e entry) same(o entry) bool {
	return e.MAC == o.MAC && slices.Equal(e.Addrs, o.Addrs) && slices.Equal(e.Prefixes, o.Prefixes) &&
		slices.Equal(e.Routes, o.Routes) && slices.Equal(e.Rules, o.Rules)
}

// findGates reads from the kernel what the table of a dead process admits.
func (i *Interface) findGates(made []entry) error {
	c, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return fmt.Errorf("list nftables sets: %w", err)
	}
	defer c.Close()
	i.found = foundGates{at: bootTime(), made: made}
	numbers, err := classNumbers(c, i.rules.table)
	for _, n := range numbers {
		alive, listErr := elementsOf(c, i.rules.table, newLeaseClass(n, 0).alive)
		at := slices.IndexFunc(alive, func(e foundElement) bool { return bytes.Equal(e.key, i.ifindex[:]) })
		if err = errors.Join(err, listErr); at < 0 || alive[at].left == 0 {
			continue
		}
		class := foundClass{left: alive[at].left}
		for k, set := range newLeaseClass(n, 0).names {
			list, listErr := elementsOf(c, i.rules.table, set)
			err = errors.Join(err, listErr)
			for _, e := range list {
				class.keys[k] = append(class.keys[k], e.key)
			}
		}
		i.found.classes = append(i.found.classes, class)
	}
	return err
}

// classNumbers lists the lease classes of a table.
func classNumbers(c *netlink.Conn, table string) (numbers []int, err error) {
	var which batch
	which.str(unix.NFTA_SET_TABLE, table)
	msgs, err := dumpNft(c, unix.NFT_MSG_GETSET, which.b)
	for _, m := range msgs {
		if len(m.Data) < 4 {
			continue
		}
		inside(m.Data[4:], unix.NFTA_SET_NAME, func(v []byte) {
			number, isAlive := strings.CutPrefix(unix.ByteSliceToString(v), "alive_")
			if n, err := strconv.Atoi(number); isAlive && err == nil {
				numbers = append(numbers, n)
			}
		})
	}
	if err != nil {
		return numbers, fmt.Errorf("list nftables sets of %s: %w", table, err)
	}
	return numbers, nil
}

// foundElement is an element of a set.
type foundElement struct {
	key  []byte
	left time.Duration // until it times out; 0: never
}

// elementsOf lists a set. One that does not exist has none.
func elementsOf(c *netlink.Conn, table, set string) (list []foundElement, err error) {
	var which batch
	which.str(unix.NFTA_SET_ELEM_LIST_TABLE, table)
	which.str(unix.NFTA_SET_ELEM_LIST_SET, set)
	msgs, err := dumpNft(c, unix.NFT_MSG_GETSETELEM, which.b)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return nil, fmt.Errorf("list nftables set %s: %w", set, err)
	}
	for _, m := range msgs {
		if len(m.Data) < 4 {
			continue
		}
		inside(m.Data[4:], unix.NFTA_SET_ELEM_LIST_ELEMENTS, func(all []byte) {
			inside(all, unix.NFTA_LIST_ELEM, func(elem []byte) { list = append(list, readElement(elem)) })
		})
	}
	return list, nil
}

func readElement(b []byte) (e foundElement) {
	attrs(b, func(typ uint16, v []byte) {
		switch {
		case typ == unix.NFTA_SET_ELEM_KEY:
			inside(v, unix.NFTA_DATA_VALUE, func(v []byte) { e.key = bytes.Clone(v) })
		case typ == unix.NFTA_SET_ELEM_EXPIRATION && len(v) == 8:
			e.left = time.Duration(binary.BigEndian.Uint64(v)) * time.Millisecond
		}
	})
	return e
}

// forgetFound removes the addresses and routes of a dead process that no router needs.
func (i *Interface) forgetFound() error {
	i.placeMu.Lock()
	defer i.placeMu.Unlock()
	var list []place
	for p := range i.inherited {
		if i.uses[p].routers == 0 {
			list = append(list, p)
		}
	}
	_, err := i.rtnl.delete(list)
	if err == nil {
		for _, p := range list {
			delete(i.inherited, p)
		}
	}
	return errors.Join(err, i.owner.routes.dismiss(func(b bringer) bool { return b == bringer{i, inheritedID} }))
}

// kept is what Recover leaves alone for an Open that follows.
type kept struct {
	places     map[place]bool
	prefixes   map[route]bool // destination and table of routes that follow a role
	companions map[companion]bool
}

func newKept() kept {
	return kept{map[place]bool{}, map[route]bool{}, map[companion]bool{}}
}

// keep adds what a dead process has left on an interface.
func (k *kept) keep(l *leftover) error {
	list, err := l.marked()
	for _, e := range l.made {
		list = append(list, e.anyPlaces(homeOf(l.head.Index))...)
		for _, c := range companions(e.Routes, e.Rules) {
			k.companions[c.entry()] = true
		}
		for _, r := range e.Routes {
			k.prefixes[destination(r.To, r.Table)] = true
		}
	}
	for _, p := range list {
		k.places[p] = true
	}
	return err
}

// destination is what stands for all routes to one destination.
func destination(dst netip.Prefix, table uint32) route { return route{dst: dst.Masked(), table: table} }

// has reports whether a place stays.
func (k *kept) has(p place) bool {
	r, isRoute := p.(route)
	return k.places[p] || isRoute && k.prefixes[destination(r.dst, r.table)]
}

// renewInherited lets addresses live on that a dead process has made for its own lease.
func (i *Interface) renewInherited(list []place) error {
	var old []place
	for _, p := range list {
		if _, isAddr := p.(ifAddr); isAddr && i.inherited[p] {
			old = append(old, p)
			delete(i.inherited, p)
		}
	}
	_, err := i.rtnl.alter(old, func(b *batch, p place) { p.(ifAddr).extend(b, i.uses[p].lifetime) })
	return err
}

// carrierLosses returns how often the interface has lost its carrier, 0 where the
// kernel does not tell.
func carrierLosses(c *conn, index int) (n uint32) {
	const iflaCarrierDownCount = 48 // golang.org/x/sys does not have it yet
	var b batch
	info := [unix.SizeofIfInfomsg]byte{0: unix.AF_UNSPEC}
	binary.NativeEndian.PutUint32(info[4:], uint32(index))
	b.begin(unix.RTM_GETLINK, 0)
	b.raw(info[:]...)
	b.ack()
	_ = c.query(&b, func(typ uint16, body []byte) {
		if typ != unix.RTM_NEWLINK || len(body) < unix.SizeofIfInfomsg {
			return
		}
		inside(body[unix.SizeofIfInfomsg:], iflaCarrierDownCount, func(v []byte) { n = binary.NativeEndian.Uint32(v) })
	})
	return n
}

// noteLosses has the journal say how often the carrier was lost when a role was taken:
// a gate that is found after another loss is not resumed.
func (i *Interface) noteLosses() error {
	losses := carrierLosses(i.rtnl, i.index)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed || losses == i.journal.head.Losses {
		return nil
	}
	i.journal.head.Losses = losses
	return i.journal.add(entry{Losses: losses})
}
