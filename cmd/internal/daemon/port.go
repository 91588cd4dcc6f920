package daemon

import (
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/recorder"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/sock"
	"github.com/fhrpd/fhrpd/vip"
)

// port is an interface of this host. It exists before the interface does and
// outlives its deletion: what the engine has prepared is kept and put into
// the kernel whenever the interface appears. Everything that may take time is
// done by its worker, in order; the rest belongs to the loop's goroutine.
type port struct {
	name      string
	log       *slog.Logger `state:"of this process"`
	open      func(index int, multi []netip.Addr, routers map[engine.ID]engine.Virtual) (*opened, error)
	addressed func(engine.Round, []engine.ID, error) // what came of Address, from the worker
	routed    func(*opened, []vip.RouterRoutes)      // what came of routes, from the worker; may be nil
	release   func()                                 // called by shutdown when all is put back; may be nil
	work      *worker                                `state:"of this process, idle"`
	recorder  *recorder.Recorder                     `state:"of this process: a successor begins a tape of its own"`

	link    vip.Link // as last reported
	routers map[engine.ID]engine.Virtual
	opened  *opened
	opening bool                   // the worker opens it now
	used    bool                   // it was open at least once
	fresh   atomic.Pointer[opened] // opened by the worker and not yet adopted
	trouble string                 // why it could not be opened last time
	multi   []netip.Addr           // hello groups to join
	lookout []hello.MAC            // whose frames are noticed when a switch floods them
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
	p.tapAgain()
	for id, v := range p.routers {
		if was, known := o.routers[id]; !known || !was.Equal(v) {
			o.refused[id] = p.replace(id, v, known)
			delete(o.found, id)
		}
	}
	o.routers = nil // from here on those of the port are there
	return true
}

// resume opens the port with what another process had open.
func (p *port) resume(socket int, iface *vip.Interface) (err error) {
	p.opened.socket, p.opened.iface = sock.Resume(socket), iface
	ifi, err := net.InterfaceByIndex(p.opened.index)
	if err != nil {
		return fmt.Errorf("interface %s: %w", p.name, err)
	}
	if p.opened.members, err = sock.Join(ifi, p.multi); err != nil {
		return err
	}
	p.tapAgain()
	return nil
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

// letGo has the worker give back what a dead process has left and no group has resumed.
func (p *port) letGo() {
	iface := p.opened.iface
	p.work.do(func() {
		if err := iface.LetGo(); err != nil {
			p.log.Warn("give back what the last process left", "interface", p.name, "error", err)
		}
		p.makeReady(iface)
	})
}

// makeReady has promotions to come find what they need. It is for the worker.
func (p *port) makeReady(iface *vip.Interface) {
	if err := iface.Ready(); err != nil {
		p.log.Warn("nftables", "interface", p.name, "error", err)
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

// speakAs tells the data plane the host's own addresses, if they or their place among
// the others have changed, and calls done from the worker then. It reports whether there
// is a link-local one again.
func (p *port) speakAs(own ownAddrs, virtualFirst bool, done func()) (back bool) {
	o := p.opened
	if o == nil || o.iface == nil || o.own == own && !virtualFirst {
		return false
	}
	back = own.linkLocal.IsValid() && !o.own.linkLocal.IsValid()
	o.own = own
	p.work.do(func() {
		if err := o.iface.SpeakAs(own.ipv4, own.linkLocal); err != nil {
			p.log.Warn("the host's own addresses", "interface", p.name, "error", err)
		}
		done()
	})
	return back
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
		p.tellRoutes(o, iface.RoutesOf(in...))
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
	return vip.Router{MAC: v.MAC, Addrs: v.Addrs, Accept: v.Accept, Owned: v.Owned, Prefixes: v.Prefixes, RouteOnly: v.RouteOnly,
		Routes: viaRoutes(v.Routes), Rules: viaRules(v.Rules), Lease: v.Lease}
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
	was, claim, open := o.forms.present(id)
	now := o.forms.add(id)
	err := o.iface.Add(now, router(v))
	if err == nil && known && open {
		var lost []vip.ID
		lost, err = o.iface.Gate([]vip.Claim{{ID: now, Lease: claim.Lease, Forward: claim.Forward}}, []vip.ID{was})
		o.forms.lost = append(o.forms.lost, o.forms.lose(lost)...)
	}
	switch {
	case !known:
		p.work.do(func() { p.makeReady(o.iface) })
		return err
	case err != nil:
		o.forms.back(id, was)
		was = now
	case open:
		o.forms.keepAddresses(id, was)
		return nil
	}
	p.work.do(func() {
		p.forget(o.iface, []vip.ID{was})
		p.makeReady(o.iface)
	})
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
		claims[i] = vip.Claim{ID: f.of(c.ID), Lease: c.Lease, Forward: c.Forward}
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
	unsent, err = p.opened.socket.Send(frames)
	p.recorder.Say(time.Now(), p.name, frames, unsent)
	return unsent, err
}

// Unicast implements engine.Port.
func (p *port) Unicast(src, dst netip.Addr, payload []byte) error {
	if p.opened == nil {
		return net.ErrClosed
	}
	err := p.opened.members.Send(src, dst, payload)
	if err == nil {
		p.recorder.SayTo(time.Now(), p.name, p.link.MAC, src, dst, payload)
	}
	return err
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
