package daemon

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/vip"
)

// What this daemon needs of the kernel may be taken away by others: a network
// manager that starts again, sysctl --system, somebody who cleans up. The kernel
// tells of routes and filters, which the watcher of the links passes on. Of
// settings it tells nothing, so that the loop looks, and looks after the journals.

// restoreEverywhere puts back addresses that somebody else has removed, and
// after a loss of events whatever is missing in filters.
func (d *Daemon) restoreEverywhere(overrun bool) {
	for _, p := range d.ports {
		if p.opened == nil {
			continue
		}
		d.restoreAddresses(p)
		if overrun {
			d.restoreFilter(p)
		}
	}
}

func (d *Daemon) restoreAddresses(p *port) {
	p.restore(func(missing []netip.Addr, err error) {
		d.loop.Post(func() { d.engine.AddressesRestored(time.Now(), p.name, missing, err) })
	})
}

// restoreFilters looks after entries that have gone from filters.
func (d *Daemon) restoreFilters(dropped []vip.FilterEntry) {
	for _, p := range d.ports {
		if p.opened == nil {
			continue
		}
		var macs [][6]byte
		for _, e := range dropped {
			if e.Index == p.opened.index {
				macs = append(macs, e.MAC)
			}
		}
		if len(macs) > 0 {
			d.restoreFilter(p, macs...)
		}
	}
}

func (d *Daemon) restoreFilter(p *port, macs ...[6]byte) {
	p.restoreFilter(macs, func(missing [][6]byte, err error) {
		if len(missing) == 0 && err == nil {
			return
		}
		list := make([]hello.MAC, len(missing))
		for n, mac := range missing {
			list[n] = mac
		}
		d.loop.Post(func() { d.engine.FilterRestored(time.Now(), p.name, list, err) })
	})
}

// The settings of the interfaces are looked at when the loop is awake anyway,
// which costs a few microseconds: to wake for that alone, or to wake somebody else,
// costs more than a hello. So hellos of a second are often enough. While the settings
// are wrong hosts may learn the wrong MAC.
const (
	lookLeast   = 900 * time.Millisecond // between two looks
	lookMost    = 2 * time.Second
	journalRest = 5 * time.Second // between two looks at the journals, which matter when this process has died
)

// lookAround looks at the settings and the journals when it is time to.
func (d *Daemon) lookAround(now time.Time) {
	if now.Sub(d.looked) < lookLeast || d.engine.Urgent(now) {
		return
	}
	d.looked = now
	journals := now.Sub(d.read) >= journalRest
	if journals {
		d.read = now
	}
	d.garbage.look(now, d.told.Number)
	for _, p := range d.ports {
		if p.opened == nil || p.opened.iface == nil {
			continue
		}
		if p.opened.iface.SettingsChanged() {
			p.restoreSettings(func(changed []string, err error) {
				d.loop.Post(func() { d.engine.SettingsRestored(time.Now(), p.name, changed, err) })
			})
		}
		if journals && p.opened.iface.JournalLost() {
			p.restoreJournal()
		}
	}
}

// nextLook is when to wake at the latest for that.
func (d *Daemon) nextLook() (at time.Time, due bool) {
	return d.looked.Add(lookMost), len(d.fds) > 0
}
