package daemon

import (
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/engine"
	"github.com/fhrpd/fhrpd/vip"
)

// openAgain is the pause before an interface that could not be opened is tried
// again: another process may be about to leave it.
const openAgain = time.Second

// linkEvent tells the engine about an interface. A port is attached to it
// first, or to another one of the same name.
func (d *Daemon) linkEvent(ev vip.Event) {
	if d.stopped {
		return
	}
	if ev.Restore {
		d.restore(ev.Link.Name)
	}
	if ev.Link.Name == "" {
		return
	}
	p := d.ports[ev.Link.Name]
	if p == nil { // only tracked
		d.engine.LinkChanged(time.Now(), ev.Link.Name, d.convert(ev.Link))
		return
	}
	if ev.Link.Index == 0 && (!p.reported || p.link.Index != 0) {
		d.log.Warn("interface does not exist; its groups wait in Init", "interface", p.name)
	}
	p.link, p.reported = ev.Link, true
	if p.opened != nil && p.opened.index != p.link.Index {
		d.engine.LinkChanged(time.Now(), p.name, engine.Link{Name: p.name})
		p.detach()
	}
	d.attach(p)
}

// attach has a port opened if it is not, and tells the engine what there is.
// Until the port is open its interface counts as down.
func (d *Daemon) attach(p *port) {
	p.attach(func(err error) { d.loop.Post(func() { d.attached(p, err) }) })
	d.listDescriptors()
	link := d.convert(p.link)
	link.Up = link.Up && p.opened != nil
	d.engine.LinkChanged(time.Now(), p.name, link)
}

// attached goes on when the worker has tried to open a port.
func (d *Daemon) attached(p *port, err error) {
	if d.stopped {
		return // shutdown closes what was opened
	}
	if p.adopt() {
		p.trouble = ""
	}
	if err == nil {
		d.attach(p)
		return
	}
	if p.trouble != err.Error() {
		p.trouble = err.Error()
		d.log.Error("interface cannot be used", "interface", p.name, "error", err)
	}
	time.AfterFunc(openAgain, func() {
		d.loop.Post(func() {
			if !d.stopped {
				d.attach(p)
			}
		})
	})
}
