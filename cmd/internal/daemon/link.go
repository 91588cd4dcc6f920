package daemon

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/vip"
)

// openAgain is the pause between attempts to open an interface: another process
// may be about to release it.
const openAgain = time.Second

// linkEvent tells the engine about an interface. Its port is attached first, and
// detached from an earlier interface of the same name.
func (d *Daemon) linkEvent(ev vip.Event) {
	if d.stopped {
		return
	}
	if ev.Restore {
		d.restoreEverywhere(ev.Overrun)
	}
	d.restoreFilters(ev.Dropped)
	if ev.Routes || slices.Contains(d.routeLinks, ev.Link.Name) {
		d.checkRoutes()
	}
	if ev.Link.Name == "" {
		return
	}
	p := d.ports[ev.Link.Name]
	if p == nil { // only tracked
		d.engine.LinkChanged(time.Now(), ev.Link.Name, d.engineLink(ev.Link))
		return
	}
	deafened := p.link.Promiscuous && !ev.Link.Promiscuous
	p.link = ev.Link
	if p.opened != nil && deafened {
		d.restoreFilter(p)
	}
	if p.opened != nil && !p.opened.is(p.link) {
		closed := d.engineLink(p.link)
		closed.Closed = true
		d.engine.LinkChanged(time.Now(), p.name, closed)
		p.detach()
	}
	d.attach(p)
}

// attach starts to open a port that is not open, and tells the engine its state.
// No group runs there until the port is open.
func (d *Daemon) attach(p *port) {
	p.attach(func(err error) { d.loop.Post(func() { d.attached(p, err) }) })
	d.listDescriptors()
	d.engine.LinkChanged(time.Now(), p.name, d.portLink(p))
}

// portLink returns a port's interface as the engine sees it, and tells the data plane
// what it has to know of that.
func (d *Daemon) portLink(p *port) engine.Link {
	link := d.engineLink(p.link)
	link.Closed, link.Trouble = p.opened == nil, p.trouble
	// The kernel drops IPv4 routes with the addresses that they need, and tells nobody.
	lookAtRoutes := func() { d.loop.Post(d.checkRoutes) }
	if p.speakAs(ownAddrs{link.Addr4, link.LinkLocal}, p.link.VirtualFirst, lookAtRoutes) {
		d.restoreAddresses(p) // IPv6 may have been away, and they with it
	}
	p.proxyARP(p.link)
	return link
}

// letGoInTime shuts what a dead process left open, under a lease that may be
// long. By then another router must have the role if this one does not.
func (d *Daemon) letGoInTime(p *port) {
	o := p.opened
	d.after(d.engine.Succession(p.name), func() {
		if p.opened == o {
			p.letGo()
		}
	})
}

// attached continues when the worker has tried to open a port. Another process
// may release the interface later; a right that this process lacks never comes.
func (d *Daemon) attached(p *port, err error) {
	if d.stopped {
		return // shutdown closes what was opened
	}
	if p.adopt() {
		p.trouble = ""
		d.places.set(placesOf(d.ports))
		for _, id := range slices.Sorted(maps.Keys(p.routers)) {
			d.engine.Prepared(time.Now(), id, p.opened.refused[id])
		}
		for id, until := range p.opened.found {
			d.engine.Found(time.Now(), id, time.Until(until))
		}
		d.letGoInTime(p)
	}
	if err == nil {
		d.attach(p)
		return
	}
	if !errors.Is(err, vip.ErrBusy) && (errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES)) {
		d.fail(fmt.Errorf("interface %s: %w", p.name, err))
		return
	}
	if p.trouble != err.Error() {
		p.trouble = err.Error()
		d.log.Error("interface cannot be used", "interface", p.name, "error", err)
	}
	d.after(openAgain, func() {
		if !d.stopped {
			d.attach(p)
		}
	})
}

// after has fn run on the loop after a pause.
func (d *Daemon) after(pause time.Duration, fn func()) {
	time.AfterFunc(pause, func() { d.loop.Post(fn) })
}
