package vip

import (
	"encoding/binary"
	"errors"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// door is how frames for another MAC than the interface's come in.
type door int

const (
	filtered door = iota // by an entry in its unicast filter
	// bridged: an entry would be a port of its own in the bridge's forwarding
	// table. Frames for the virtual MAC would end there in both roles, also those
	// that guests send through the bridge to another router. A promiscuous bridge
	// hands every frame up and goes on forwarding by its table.
	bridged
	// unfiltered: a vxlan has no filter. What an entry is elsewhere tells there where to
	// send frames for the MAC.
	unfiltered
)

func doorOf(link netlink.Link) door {
	switch link.Type() {
	case "bridge":
		return bridged
	case "vxlan":
		return unfiltered
	}
	return filtered
}

// deaf reports whether the interface is to be made promiscuous: nobody else has done
// so before.
func (f *filter) deaf() bool {
	if f.door != bridged || f.promiscuous {
		return false
	}
	_, flags := linkState(f.conn, f.index)
	return flags&unix.IFF_PROMISC == 0
}

// hearAll makes the interface promiscuous if it is not.
func (f *filter) hearAll() error {
	if !f.deaf() {
		return nil
	}
	if err := f.setPromiscuous(true); err != nil {
		return err
	}
	f.promiscuous = true
	return nil
}

// deafened reports whether somebody has undone that the interface is promiscuous,
// whoever had made it so.
func (f *filter) deafened() bool {
	exists, flags := linkState(f.conn, f.index)
	return f.door == bridged && exists && flags&unix.IFF_PROMISC == 0
}

// hearAgain makes the interface promiscuous if somebody else has undone that, and
// reports whether that was so. It is ours to put back then, also if it was not before:
// the journal says so first.
func (i *Interface) hearAgain() (undone bool, err error) {
	if !i.filter.deafened() {
		return false, nil
	}
	if !i.filter.promiscuous {
		if err := i.journal.add(entry{Promiscuous: true}); err != nil {
			return false, err
		}
		i.filter.promiscuous = true
	}
	if err := i.filter.setPromiscuous(true); err != nil {
		return false, err
	}
	return true, nil
}

// setPromiscuous is no error on an interface that has gone.
func (f *filter) setPromiscuous(on bool) error {
	info := [unix.SizeofIfInfomsg]byte{0: unix.AF_UNSPEC}
	binary.NativeEndian.PutUint32(info[4:], uint32(f.index))
	if on {
		binary.NativeEndian.PutUint32(info[8:], unix.IFF_PROMISC)
	}
	binary.NativeEndian.PutUint32(info[12:], unix.IFF_PROMISC) // the flags to change
	f.b.reset()
	f.b.begin(unix.RTM_NEWLINK, 0)
	f.b.raw(info[:]...)
	f.b.ack()
	err := f.conn.change(&f.b)
	if errors.Is(err, unix.ENODEV) && !on {
		return nil
	}
	return err
}
