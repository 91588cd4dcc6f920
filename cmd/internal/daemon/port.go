package daemon

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp/prove"
	"github.com/fhrpd/fhrpd/hello/sock"
	"github.com/fhrpd/fhrpd/vip"
)

// port is an interface of this host. It exists before the interface does and
// outlives its deletion: what the engine has prepared is kept and put into
// the kernel whenever the interface appears. Everything that may take time is
// done by its worker, in order; the rest belongs to the loop's goroutine.
type port struct {
	name      string
	log       *slog.Logger
	open      func(index int, multi []netip.Addr, routers map[engine.ID]engine.Virtual) (*opened, error)
	addressed func(engine.Round, []engine.ID, error) // what came of Address, from the worker
	release   func()                                 // called by shutdown when all is put back; may be nil
	work      *worker

	link    vip.Link // as last reported
	routers map[engine.ID]engine.Virtual
	opened  *opened
	opening bool                   // the worker opens it now
	used    bool                   // it was open at least once
	fresh   atomic.Pointer[opened] // opened by the worker and not yet adopted
	trouble string                 // why it could not be opened last time
	multi   []netip.Addr           // hello groups to join
}

// opened is what belongs to one incarnation of the interface: one that joins or
// leaves a VRF is another.
type opened struct {
	index   int
	table   uint32 // of its VRF
	socket  wire
	members *sock.Members
	iface   *vip.Interface
	routers map[engine.ID]engine.Virtual // what iface was opened with
	refused map[engine.ID]error          // those of them that cannot be prepared
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

// newPort returns a port that is not open. It will join the hello groups in
// multi.
func newPort(name string, multi []netip.Addr, o vip.Options, addressed func(engine.Round, []engine.ID, error)) *port {
	p := &port{name: name, log: o.Log, addressed: addressed, work: newWorker(), routers: map[engine.ID]engine.Virtual{}, multi: multi}
	p.open = func(index int, multi []netip.Addr, routers map[engine.ID]engine.Virtual) (*opened, error) {
		return openInterface(name, index, multi, o, routers)
	}
	return p
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
	return o, nil
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
	if o.socket != nil {
		errs = errors.Join(errs, o.socket.Close())
	}
	return errs
}

// attach has the worker open the interface, if it exists and is not open. The
// worker then calls done; adopt has to follow on the loop's goroutine.
func (p *port) attach(done func(error)) {
	if p.opened != nil || p.opening || p.link.Index == 0 {
		return
	}
	p.opening = true
	index, multi, routers := p.link.Index, p.multi, maps.Clone(p.routers)
	p.work.do(func() {
		o, err := p.open(index, multi, routers)
		p.fresh.Store(o)
		done(err)
	})
}

// adopt puts to use what the worker has opened. It reports whether the port is
// open now: the interface may have changed again meanwhile.
func (p *port) adopt() bool {
	p.opening = false
	o := p.fresh.Swap(nil)
	if o == nil {
		return p.opened != nil
	}
	p.used = true
	if !o.is(p.link) {
		p.discard(o)
		return false
	}
	p.opened = o
	for id, v := range p.routers {
		if was, known := o.routers[id]; !known || !was.Equal(v) {
			o.refused[id] = p.replace(id, v, known)
		}
	}
	return true
}

// detach closes the present incarnation of the interface.
func (p *port) detach() {
	if o := p.opened; o != nil {
		p.opened = nil
		p.discard(o)
	}
}

// discard has the worker close o, after its other work on it.
func (p *port) discard(o *opened) {
	p.work.do(func() {
		if err := o.close(); err != nil {
			p.log.Warn("put the kernel back", "interface", p.name, "error", err)
		}
	})
}

// join joins further hello groups. Nothing is left before the port closes.
func (p *port) join(multi []netip.Addr) {
	var more []netip.Addr
	for _, a := range multi {
		if !slices.Contains(p.multi, a) {
			more = append(more, a)
		}
	}
	if len(more) == 0 {
		return
	}
	p.multi = slices.Concat(p.multi, more)
	if p.opened == nil {
		return
	}
	if err := p.opened.members.Join(p.name, more); err != nil {
		p.log.Warn("hello groups", "interface", p.name, "error", err)
	}
}

// closed reports whether a port that was shut down has put the kernel back.
func (p *port) closed() bool {
	select {
	case <-p.work.done:
		return true
	default:
		return false
	}
}

// shutdown detaches for good. The worker's done tells when that has happened.
func (p *port) shutdown() {
	p.detach()
	p.work.do(func() {
		if o := p.fresh.Swap(nil); o != nil {
			_ = o.close()
		}
		if p.release != nil {
			p.release()
		}
	})
	p.work.end()
}

// letGo shuts the gates of a dead process that were left open.
func (p *port) letGo() {
	if err := p.opened.iface.LetGo(); err != nil {
		p.log.Warn("shut what the last process left open", "interface", p.name, "error", err)
	}
}

// restore asks the worker to put back what is missing and calls done from
// there.
func (p *port) restore(done func([]netip.Addr, error)) {
	iface := p.opened.iface
	p.work.do(func() { done(iface.Restore()) })
}

// ownAddrs are those that the host speaks from.
type ownAddrs struct{ ipv4, linkLocal netip.Addr }

// speakAs tells the data plane the host's own addresses.
func (p *port) speakAs(own ownAddrs) {
	o := p.opened
	if o == nil || o.iface == nil || o.own == own {
		return
	}
	o.own = own
	p.work.do(func() {
		if err := o.iface.SpeakAs(own.ipv4, own.linkLocal); err != nil {
			p.log.Warn("nftables", "interface", p.name, "error", err)
		}
	})
}

// proxyARP tells the data plane whether the kernel answers ARP for others, and for
// whom it does so by right.
func (p *port) proxyARP(l vip.Link) {
	o := p.opened
	if o == nil || o.iface == nil {
		return
	}
	var own []netip.Addr // nil while it does not
	if l.ProxyARP {
		own = []netip.Addr{}
		for _, a := range l.Addrs {
			own = append(own, a.Addr())
		}
	}
	if (own == nil) == (o.proxied == nil) && slices.Equal(own, o.proxied) {
		return
	}
	o.proxied = own
	p.work.do(func() {
		if err := o.iface.ProxyARP(own != nil, own); err != nil {
			p.log.Warn("nftables", "interface", p.name, "error", err)
		}
	})
}

// restoreSettings asks the worker to put settings back and calls done from there.
func (p *port) restoreSettings(done func([]string, error)) {
	iface := p.opened.iface
	p.work.do(func() { done(iface.RestoreSettings()) })
}

// restoreJournal asks the worker to write the journal anew that somebody else has
// removed. What cannot be written is said once.
func (p *port) restoreJournal() {
	o := p.opened
	p.work.do(func() {
		lost, err := o.iface.RestoreJournal()
		trouble := ""
		switch {
		case err != nil:
			trouble = err.Error()
			if trouble != o.journalTrouble {
				p.log.Error("the journal of what was changed in the kernel is lost: the next start after a crash goes by what it finds there",
					"interface", p.name, "error", err)
			}
		case lost:
			p.log.Warn("the journal of what was changed in the kernel was removed or changed by somebody else; written anew", "interface", p.name)
		}
		o.journalTrouble = trouble
	})
}

// restoreFilter asks the worker to let MACs in again that the filter has lost, and
// calls done from there. Without MACs all are looked at.
func (p *port) restoreFilter(macs [][6]byte, done func([][6]byte, error)) {
	iface := p.opened.iface
	p.work.do(func() { done(iface.RestoreFilter(macs...)) })
}

// Address implements engine.Port.
func (p *port) Address(round engine.Round, add, remove []engine.ID) {
	if p.opened == nil {
		return
	}
	o := p.opened
	add = slices.Clone(add) // the engine uses its memory again
	in, out, old := o.forms.address(add, remove)
	iface := o.iface
	p.work.do(func() {
		err := iface.Address(in, out)
		if err == nil {
			if len(add) > 0 {
				p.addressed(round, add, nil)
			}
		} else {
			p.log.Warn("virtual addresses", "interface", p.name, "error", err)
			for n, id := range in { // one that fails must not cost the others the role
				p.addressed(round, add[n:n+1], iface.Address([]vip.ID{id}, nil))
			}
		}
		p.forget(iface, old)
	})
}

// forget removes forms that nothing needs any more. It is for the worker.
func (p *port) forget(iface *vip.Interface, old []vip.ID) {
	for _, id := range old {
		if err := iface.Remove(id); err != nil {
			p.log.Warn("remove group", "interface", p.name, "error", err)
		}
	}
}

func router(v engine.Virtual) vip.Router {
	return vip.Router{MAC: v.MAC, Addrs: v.Addrs, Accept: v.Accept, Owned: v.Owned, Prefixes: v.Prefixes, RouteOnly: v.RouteOnly}
}

// Add implements engine.Port.
func (p *port) Add(id engine.ID, v engine.Virtual) error {
	_, known := p.routers[id]
	p.routers[id] = v
	if p.opened == nil {
		return nil
	}
	return p.replace(id, v, known)
}

// replace puts a group into the kernel, beside the form that it has there already
// and in place of that.
func (p *port) replace(id engine.ID, v engine.Virtual, known bool) error {
	o := p.opened
	was, lease, open := o.forms.present(id)
	now := o.forms.add(id)
	err := o.iface.Add(now, router(v))
	if err == nil && known && open {
		var lost []vip.ID
		lost, err = o.iface.Gate([]vip.Claim{{ID: now, Lease: lease}}, []vip.ID{was})
		o.forms.lost = append(o.forms.lost, o.forms.lose(lost)...)
	}
	switch {
	case !known:
		return err
	case err != nil:
		o.forms.back(id, was)
		was = now
	case open:
		o.forms.keepAddresses(id, was)
		return nil
	}
	p.work.do(func() { p.forget(o.iface, []vip.ID{was}) })
	return err
}

// Remove implements engine.Port.
func (p *port) Remove(id engine.ID) {
	delete(p.routers, id)
	if o := p.opened; o != nil {
		old := o.forms.forget(id)
		p.work.do(func() { p.forget(o.iface, old) })
	}
}

// Gate implements engine.Port.
func (p *port) Gate(open []engine.Claim, shut []engine.ID) ([]engine.ID, error) {
	if p.opened == nil {
		return nil, net.ErrClosed
	}
	f := &p.opened.forms
	claims := make([]vip.Claim, len(open))
	for i, c := range open {
		claims[i] = vip.Claim{ID: f.of(c.ID), Lease: c.Lease}
	}
	shuts := make([]vip.ID, len(shut))
	for i, id := range shut {
		shuts[i] = f.of(id)
	}
	lost, err := p.opened.iface.Gate(claims, shuts)
	if err == nil {
		f.gate(open, shut)
	}
	return f.lose(lost), err
}

// Transmit implements engine.Port.
func (p *port) Transmit(frames [][]byte) (unsent []int, err error) {
	if p.opened == nil {
		for n := range frames {
			unsent = append(unsent, n)
		}
		return unsent, net.ErrClosed
	}
	return p.opened.socket.Send(frames)
}

// Unicast implements engine.Port.
func (p *port) Unicast(src, dst netip.Addr, payload []byte) error {
	if p.opened == nil {
		return net.ErrClosed
	}
	return p.opened.members.Send(src, dst, payload)
}

// Renew implements engine.Port.
func (p *port) Renew() ([]engine.ID, error) {
	if p.opened == nil {
		return nil, nil
	}
	o := p.opened
	iface := o.iface
	lost, err := iface.Renew()
	if err == nil && iface.KeepDue() {
		p.work.do(func() {
			if err := iface.Keep(); err != nil {
				p.log.Warn("virtual addresses", "interface", p.name, "error", err)
			}
		})
	}
	return o.forms.takeLost(lost), err
}
