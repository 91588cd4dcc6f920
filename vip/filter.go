package vip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"

	"golang.org/x/sys/unix"
)

// filter is our part of an interface's unicast filter. The entries are permanent
// ones of the interface itself (`bridge fdb`, self permanent). They outlive the
// process: a crash must not stop forwarding before the lease does.
type filter struct {
	conn  *conn
	index int
	door  door
	macs  map[[6]byte]*filterEntry
	b     batch `state:"of one message"`

	promiscuous bool // made so by us
}

type filterEntry struct {
	users int
	ours  bool // an entry that was there before is left alone
}

// add lets mac in. Routers may share a MAC.
func (f *filter) add(mac [6]byte) error {
	if e := f.macs[mac]; e != nil {
		e.users++
		return nil
	}
	var err error
	switch f.door {
	case bridged:
		err = f.hearAll()
	case filtered:
		err = f.change(unix.RTM_NEWNEIGH, unix.NLM_F_CREATE|unix.NLM_F_EXCL, mac)
	}
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("let %v in: %w", net.HardwareAddr(mac[:]), err)
	}
	f.macs[mac] = &filterEntry{users: 1, ours: err == nil && f.door == filtered}
	return nil
}

// remove undoes one add.
func (f *filter) remove(mac [6]byte) error {
	e := f.macs[mac]
	if e.users--; e.users > 0 {
		return nil
	}
	delete(f.macs, mac)
	if !e.ours {
		return nil
	}
	return f.del(mac)
}

// del deletes an entry. One that has gone already is no error.
func (f *filter) del(mac [6]byte) error {
	err := f.change(unix.RTM_DELNEIGH, 0, mac)
	if err == nil || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.EINVAL) && !linkExists(f.conn, f.index) {
		return nil
	}
	return fmt.Errorf("no longer let %v in: %w", net.HardwareAddr(mac[:]), err)
}

// linkExists reports whether there is an interface with the index. The kernel
// answers EINVAL as well as ENODEV for a neighbour of one that has gone.
func linkExists(c *conn, index int) bool {
	exists, _ := linkState(c, index)
	return exists
}

// linkState reports whether there is an interface with the index, and its flags, as
// far as somebody has set them.
func linkState(c *conn, index int) (exists bool, flags uint32) {
	var b batch
	info := [unix.SizeofIfInfomsg]byte{0: unix.AF_UNSPEC}
	binary.NativeEndian.PutUint32(info[4:], uint32(index))
	b.begin(unix.RTM_GETLINK, 0)
	b.raw(info[:]...)
	b.ack()
	err := c.query(&b, func(typ uint16, body []byte) {
		if typ == unix.RTM_NEWLINK && len(body) >= unix.SizeofIfInfomsg {
			flags = binary.NativeEndian.Uint32(body[8:])
		}
	})
	return err == nil, flags
}

// clear deletes all our entries.
func (f *filter) clear() error {
	var errs []error
	for mac, e := range f.macs {
		if e.ours {
			errs = append(errs, f.del(mac))
		}
	}
	clear(f.macs)
	if f.promiscuous {
		errs = append(errs, f.setPromiscuous(false))
		f.promiscuous = false
	}
	return errors.Join(errs...)
}

func (f *filter) change(typ, flags uint16, mac [6]byte) error {
	f.b.reset()
	f.b.begin(typ, flags)
	nd := [unix.SizeofNdMsg]byte{0: unix.AF_BRIDGE, 10: unix.NTF_SELF}
	binary.NativeEndian.PutUint32(nd[4:], uint32(f.index))
	binary.NativeEndian.PutUint16(nd[8:], unix.NUD_PERMANENT)
	f.b.raw(nd[:]...)
	f.b.attr(unix.NDA_LLADDR, mac[:])
	f.b.ack()
	return f.conn.change(&f.b)
}

// restore makes the entry of a mac that was added again, and reports whether it had to.
func (f *filter) restore(mac [6]byte) (missing bool, err error) {
	err = f.change(unix.RTM_NEWNEIGH, unix.NLM_F_CREATE|unix.NLM_F_EXCL, mac)
	switch {
	case err == nil:
		f.macs[mac].ours = true
		return true, nil
	case errors.Is(err, unix.EEXIST) || !linkExists(f.conn, f.index):
		return false, nil
	}
	return false, fmt.Errorf("let %v in again: %w", net.HardwareAddr(mac[:]), err)
}

// RestoreFilter lets virtual MACs in that somebody else has taken from the
// interface's unicast filter, and returns those. It looks at the given ones, or at
// all when there are none. A MAC that no router needs is left out.
func (i *Interface) RestoreFilter(macs ...[6]byte) (missing [][6]byte, err error) {
	if len(macs) == 0 {
		i.mu.Lock()
		macs = slices.Collect(maps.Keys(i.filter.macs))
		i.mu.Unlock()
	}
	for _, mac := range macs {
		was, oneErr := i.restoreFilter(mac)
		if was {
			missing = append(missing, mac)
		}
		err = errors.Join(err, oneErr)
	}
	if err != nil {
		err = fmt.Errorf("restore unicast filter of %s: %w", i.name, err)
	}
	return missing, err
}

// restoreFilter holds up Gate for one MAC only: there may be thousands.
func (i *Interface) restoreFilter(mac [6]byte) (missing bool, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.closed || i.filter.macs[mac] == nil:
		return false, nil
	case i.filter.door != filtered:
		return i.hearAgain()
	}
	return i.filter.restore(mac)
}
