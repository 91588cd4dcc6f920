package daemon

import (
	"net"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/sock"
)

// tap is where a port notices frames for virtual MACs that a switch floods. After one
// that was reported nobody looks before the engine is interested again: a flood must
// not cost more than its first frame.
type tap struct {
	socket *sock.Tap
	deaf   time.Time // until when nobody looks
}

// LookOut implements engine.Port.
func (p *port) LookOut(macs []hello.MAC) {
	p.lookout = slices.Clone(macs)
	p.tapAgain()
}

// Flooded implements engine.Port.
func (p *port) Flooded() uint64 {
	if p.opened == nil || p.opened.tap == nil {
		return 0
	}
	return p.opened.tap.socket.Count()
}

// tapAgain brings the tap of an open port up to date. A tap that is not needed any
// more stays open and sees nothing: to close it takes the kernel milliseconds.
func (p *port) tapAgain() {
	o := p.opened
	if o == nil || o.tap == nil && len(p.lookout) == 0 {
		return
	}
	var err error
	if o.tap == nil {
		o.tap, err = openTap(p.name, o.index, p.lookout)
	} else {
		err = o.tap.socket.LookOut(p.lookout)
	}
	if err != nil {
		p.log.Warn("flooded frames are not noticed: no group forwards for an active router that has lost its link", "interface", p.name, "error", err)
	}
}

func openTap(name string, index int, macs []hello.MAC) (*tap, error) {
	socket, err := sock.OpenTap(&net.Interface{Name: name, Index: index}, macs)
	if err != nil {
		return nil, err
	}
	return &tap{socket: socket}, nil
}

// tapped returns the tap that is to be looked at from now on, nil when there is none.
func (p *port) tapped() *tap {
	if p.opened == nil {
		return nil
	}
	return p.opened.tap
}

// hearTap reports what was flooded.
func (d *Daemon) hearTap(now time.Time, p *port) {
	t, last := p.tapped(), hello.MAC{}
	t.socket.Receive(func(mac hello.MAC) {
		if mac != last {
			t.deaf, last = d.engine.Flooded(now, p.name, mac), mac
		}
	})
	d.engine.Flush(now)
}

// listTaps appends the taps that somebody looks at now.
func (d *Daemon) listTaps(now time.Time) {
	clear(d.byTap)
	for _, p := range d.ports {
		if t := p.tapped(); t != nil && !now.Before(t.deaf) {
			d.byTap[t.socket.FD()] = p
		}
	}
}

// nextTap returns when a tap is to be looked at again, zero when none waits for that.
func (d *Daemon) nextTap(now time.Time) (at time.Time) {
	for _, p := range d.ports {
		if t := p.tapped(); t != nil && now.Before(t.deaf) && (at.IsZero() || t.deaf.Before(at)) {
			at = t.deaf
		}
	}
	return at
}
