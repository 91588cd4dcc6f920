package daemon

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp/prove"
	"github.com/fhrpd/fhrpd/hello/sock"
	"github.com/fhrpd/fhrpd/vip"
)

// opened is what belongs to one incarnation of the interface: one that joins or
// leaves a VRF is another.
type opened struct {
	index   int
	table   uint32                       // of its VRF
	socket  wire                         `state:"goes as a descriptor"`
	tap     *tap                         `state:"opened again"` // nil: nothing was looked out for yet
	members *sock.Members                `state:"joined again, before the other process leaves"`
	iface   *vip.Interface               `state:"a root of package vip"`
	routers map[engine.ID]engine.Virtual // what iface was opened with, until it is adopted
	refused map[engine.ID]error          // those of them that cannot be prepared
	found   map[engine.ID]time.Time      // those whose gate a dead process left open, and until when
	forms   forms
	own     ownAddrs     // as last told
	proxied []netip.Addr // the host's own addresses while the kernel answers for others, likewise

	journalTrouble string // as last said; of the worker
}

// wire is what moves frames: a sock.Socket.
type wire interface {
	FD() int
	Receive(fn func(frame []byte, checksumReady bool)) (int, error)
	Full() bool
	Send(frames [][]byte) (unsent []int, err error)
	Close() error
}

// openInterface opens an interface as it is now. It must run on a thread in
// the daemon's network namespace.
func openInterface(name string, index int, multi []netip.Addr, vo vip.Options, routers map[engine.ID]engine.Virtual) (o *opened, err error) {
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", name, err)
	}
	if ifi.Index != index {
		return nil, fmt.Errorf("interface %s: has been made anew", name)
	}
	o = &opened{index: ifi.Index, routers: routers, refused: map[engine.ID]error{}, forms: newForms()}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.close())
			o = nil
		}
	}()
	socket, err := sock.Open(ifi, prove.Mark)
	if err != nil {
		return o, err
	}
	o.socket = socket
	if o.members, err = sock.Join(ifi, multi); err != nil {
		return o, err
	}
	if o.iface, err = vip.Open(name, vo); err != nil {
		return o, err
	}
	o.table = o.iface.Table()
	for id, v := range routers {
		if err := o.iface.Add(o.forms.add(id), router(v)); err != nil {
			o.refused[id] = err // the others need not suffer
		}
	}
	o.find()
	_ = o.iface.Ready() // what the kernel refuses now it refuses when a gate is to open, and costs that group alone
	return o, nil
}

// find notes which gates are open that a dead process has left.
func (o *opened) find() {
	o.found = map[engine.ID]time.Time{}
	for id := range o.routers {
		if left, open := o.iface.Found(o.forms.of(id)); open {
			o.found[id] = time.Now().Add(left)
		}
	}
}

// is reports whether o is the interface as it is now.
func (o *opened) is(l vip.Link) bool { return o.index == l.Index && o.table == l.Table }

// close detaches the port, undoing what it did to the kernel.
func (o *opened) close() error {
	var errs error
	if o.iface != nil {
		errs = errors.Join(errs, o.iface.Close())
	}
	if o.members != nil {
		errs = errors.Join(errs, o.members.Close())
	}
	if o.tap != nil {
		errs = errors.Join(errs, o.tap.socket.Close())
	}
	if o.socket != nil {
		errs = errors.Join(errs, o.socket.Close())
	}
	return errs
}
