package daemon

import (
	"context"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/fhrpd/fhrpd/cmd/internal/macs"
)

// followMoves lets the switches learn again when the physical path of an
// interface has moved and its link has not gone down: a bond chose another port,
// a bridge another uplink. Nobody else tells the switches. Until they know, the
// traffic to this host and to the guests behind it ends at the old port. The
// virtual addresses are announced at once, and again with everything else when the
// change rests: a new port may have dropped the first frames. It begins anew with other
// interfaces.
func (d *Daemon) followMoves(ctx context.Context) {
	for ctx.Err() == nil {
		watching, stop := context.WithCancel(ctx)
		var plain []string
		for _, at := range d.places.now() {
			if l, err := netlink.LinkByName(at.name); err == nil && l.Type() == "bridge" {
				go d.watchMoves(ctx, watching, macs.Options{Bridge: at.name}, at.name)
				continue
			}
			plain = append(plain, at.name)
		}
		if len(plain) > 0 {
			go d.watchMoves(ctx, watching, macs.Options{Devs: plain}, plain...)
		}
		select {
		case <-ctx.Done():
		case <-d.places.moves:
		}
		stop()
	}
}

// watchMoves goes on until watching is done. What is being announced then is announced
// to the end, unless ctx is done as well.
func (d *Daemon) watchMoves(ctx, watching context.Context, o macs.Options, ports ...string) {
	virtual := func(reason string) { d.loop.Post(func() { d.engine.Moved(time.Now(), ports, reason) }) }
	err := macs.Watch(watching, o, virtual, func(reason string) {
		virtual(reason)
		d.relearn(ctx, o, reason)
	})
	if err != nil {
		d.log.Warn("moves of an uplink are not followed; announce-macs does it by hand", "error", err)
	}
}

// relearn announces every MAC that is reached over the moved path.
func (d *Daemon) relearn(ctx context.Context, o macs.Options, reason string) {
	st, err := d.Status(ctx)
	if err != nil {
		return
	}
	o.Roles = macs.RolesOf(st)
	report, err := macs.Announce(ctx, o)
	if err != nil {
		d.log.Warn("announce MACs", "reason", reason, "sent", report.Sent, "error", err)
		return
	}
	d.log.Info("announced MACs", "reason", reason, "sent", report.Sent, "left", report.Left, "skipped", len(report.Skipped))
}
