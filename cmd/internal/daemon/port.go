package daemon

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"github.com/fhrpd/fhrpd/cmd/internal/engine"
	"github.com/fhrpd/fhrpd/cmd/internal/prove"
	"github.com/fhrpd/fhrpd/hello/sock"
	"github.com/fhrpd/fhrpd/vip"
)

// port is an interface of this host. It exists before the interface does and
// outlives its deletion: what the engine has prepared is kept and put into
// the kernel whenever the interface appears.
type port struct {
	name     string
	stateDir string
	log      *slog.Logger
	multi    []netip.Addr // hello groups to be a member of
	failed   func(engine.ID, error)

	// Of the loop's goroutine.
	routers map[engine.ID]engine.Virtual
	opened  *opened

	// Of the background worker.
	work chan addressWork
	done sync.WaitGroup
}

// opened is what hangs on one incarnation of the interface.
type opened struct {
	index   int
	socket  *sock.Socket
	members *sock.Members
	plane   *vip.Plane
}

// addressWork is one call of Address for the worker.
type addressWork struct {
	plane       *vip.Plane
	add, remove []vip.ID
	barrier     chan struct{}
	restore     func(missing []netip.Addr, err error)
}

func newPort(name string, groups []netip.Addr, o vip.Options, failed func(engine.ID, error)) *port {
	p := &port{
		name: name, stateDir: o.StateDir, log: o.Log, multi: groups, failed: failed,
		routers: map[engine.ID]engine.Virtual{},
		// Demotion must never wait for a slow kernel; every group can have a
		// few changes outstanding.
		work: make(chan addressWork, 4*4096),
	}
	p.done.Go(p.worker)
	return p
}

// open attaches the port to the interface as it is now. It must run on a
// thread in the daemon's network namespace.
func (p *port) open() (err error) {
	ifi, err := net.InterfaceByName(p.name)
	if err != nil {
		return fmt.Errorf("interface %s: %w", p.name, err)
	}
	o := &opened{index: ifi.Index}
	defer func() {
		if err != nil {
			o.close()
		}
	}()
	if o.socket, err = sock.Open(ifi, prove.Mark); err != nil {
		return err
	}
	if o.members, err = sock.Join(ifi, p.multi); err != nil {
		return err
	}
	if o.plane, err = vip.Open(p.name, vip.Options{StateDir: p.stateDir, Log: p.log}); err != nil {
		return err
	}
	for id, v := range p.routers {
		if err := o.plane.Add(vip.ID(id), router(v)); err != nil {
			return fmt.Errorf("prepare group on %s: %w", p.name, err)
		}
	}
	p.opened = o
	return nil
}

// close detaches the port, undoing what it did to the kernel.
func (o *opened) close() error {
	var errs error
	if o.plane != nil {
		errs = errors.Join(errs, o.plane.Close())
	}
	if o.members != nil {
		errs = errors.Join(errs, o.members.Close())
	}
	if o.socket != nil {
		errs = errors.Join(errs, o.socket.Close())
	}
	return errs
}

// detach closes what hangs on the present incarnation of the interface.
func (p *port) detach() error {
	o := p.opened
	if o == nil {
		return nil
	}
	p.settle()
	p.opened = nil
	return o.close()
}

// shutdown detaches for good and ends the worker.
func (p *port) shutdown() error {
	err := p.detach()
	close(p.work)
	p.done.Wait()
	return err
}

// restore asks the worker to put back what is missing and calls done from
// there.
func (p *port) restore(done func([]netip.Addr, error)) {
	p.work <- addressWork{plane: p.opened.plane, restore: done}
}

// settle waits until the worker has done what was asked so far.
func (p *port) settle() {
	b := make(chan struct{})
	p.work <- addressWork{barrier: b}
	<-b
}

func (p *port) worker() {
	for w := range p.work {
		if w.barrier != nil {
			close(w.barrier)
			continue
		}
		if w.restore != nil {
			w.restore(w.plane.Restore())
			continue
		}
		if err := w.plane.Address(w.add, w.remove); err != nil {
			for _, id := range w.add {
				p.failed(engine.ID(id), err)
			}
			p.log.Warn("virtual addresses", "interface", p.name, "error", err)
		}
	}
}

func router(v engine.Virtual) vip.Router {
	return vip.Router{MAC: v.MAC, Addrs: v.Addrs, Accept: v.Accept, Owned: v.Owned}
}

// Add implements engine.Port.
func (p *port) Add(id engine.ID, v engine.Virtual) error {
	_, known := p.routers[id]
	p.routers[id] = v
	if p.opened == nil {
		return nil
	}
	if known {
		if err := p.opened.plane.Remove(vip.ID(id)); err != nil {
			return err
		}
	}
	return p.opened.plane.Add(vip.ID(id), router(v))
}

// Remove implements engine.Port.
func (p *port) Remove(id engine.ID) {
	delete(p.routers, id)
	if p.opened != nil {
		if err := p.opened.plane.Remove(vip.ID(id)); err != nil {
			p.log.Warn("remove group", "interface", p.name, "error", err)
		}
	}
}

// Gate implements engine.Port.
func (p *port) Gate(open []engine.Claim, shut []engine.ID) ([]engine.ID, error) {
	if p.opened == nil {
		return nil, net.ErrClosed
	}
	claims := make([]vip.Claim, len(open))
	for i, c := range open {
		claims[i] = vip.Claim{ID: vip.ID(c.ID), Lease: c.Lease}
	}
	lost, err := p.opened.plane.Gate(claims, ids[vip.ID](shut))
	return ids[engine.ID](lost), err
}

// Transmit implements engine.Port.
func (p *port) Transmit(frames [][]byte) (int, error) {
	if p.opened == nil {
		return 0, net.ErrClosed
	}
	return p.opened.socket.Send(frames)
}

// Unicast implements engine.Port.
func (p *port) Unicast(dst netip.Addr, payload []byte) error {
	if p.opened == nil {
		return net.ErrClosed
	}
	return p.opened.members.Send(dst, payload)
}

// Address implements engine.Port.
func (p *port) Address(add, remove []engine.ID) {
	if p.opened != nil {
		p.work <- addressWork{plane: p.opened.plane, add: ids[vip.ID](add), remove: ids[vip.ID](remove)}
	}
}

// Renew implements engine.Port.
func (p *port) Renew() ([]engine.ID, error) {
	if p.opened == nil {
		return nil, nil
	}
	lost, err := p.opened.plane.Renew()
	return ids[engine.ID](lost), err
}

// ids translates group numbers between the engine and the data plane.
func ids[To, From ~uint32](list []From) []To {
	out := make([]To, len(list))
	for i, id := range list {
		out[i] = To(id)
	}
	return out
}
