package vip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// filter is our part of an interface's unicast filter. The entries are permanent
// ones of the interface itself (`bridge fdb`, self permanent). They outlive the
// process: a crash must not stop forwarding before the lease does.
type filter struct {
	conn  *conn
	index int
	// open says that the interface has no filter. On a vxlan, what an entry is
	// elsewhere tells where to send frames for the MAC.
	open bool
	macs map[[6]byte]*filterEntry
	b    batch
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
	if f.open {
		f.macs[mac] = &filterEntry{users: 1}
		return nil
	}
	err := f.change(unix.RTM_NEWNEIGH, unix.NLM_F_CREATE|unix.NLM_F_EXCL, mac)
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("let %v in: %w", net.HardwareAddr(mac[:]), err)
	}
	f.macs[mac] = &filterEntry{users: 1, ours: err == nil}
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
	var b batch
	info := [unix.SizeofIfInfomsg]byte{0: unix.AF_UNSPEC}
	binary.NativeEndian.PutUint32(info[4:], uint32(index))
	b.begin(unix.RTM_GETLINK, 0)
	b.raw(info[:]...)
	b.ack()
	return c.change(&b) == nil
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
