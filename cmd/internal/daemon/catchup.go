package daemon

import "time"

// Bounds on reading what came while this process was stopped. A receive buffer
// holds fewer frames than so many batches; a segment that sends faster than they
// can be read must not keep the engine from its timers for ever.
const (
	catchUpBatches = 4096
	catchUps       = 3
)

// catchUp gives the engine everything that has arrived. deaf are the ports where
// that was more than there is room for.
func (d *Daemon) catchUp(now time.Time) (deaf []string) {
	for _, p := range d.ports {
		if p.opened == nil {
			continue
		}
		if p.opened.socket.Full() {
			deaf = append(deaf, p.name)
		}
		d.readAll(now, p)
	}
	return deaf
}

func (d *Daemon) readAll(now time.Time, p *port) {
	for range catchUpBatches {
		n, err := p.opened.socket.Receive(func(b []byte, ready bool) { d.engine.Frame(now, p.name, b, ready) })
		if err != nil {
			d.log.Debug("receive", "interface", p.name, "error", err)
		}
		if n == 0 {
			return
		}
	}
}
