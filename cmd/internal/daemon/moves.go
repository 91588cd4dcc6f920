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
// change rests: a new port may have dropped the first frames.
func (d *Daemon) followMoves(ctx context.Context) {
	var plain []string
	for name := range d.ports {
		if l, err := netlink.LinkByName(name); err == nil && l.Type() == "bridge" {
			go d.watchMoves(ctx, macs.Options{Bridge: name}, name)
			continue
		}
		plain = append(plain, name)
	}
	if len(plain) > 0 {
		go d.watchMoves(ctx, macs.Options{Devs: plain}, plain...)
	}
}

func (d *Daemon) watchMoves(ctx context.Context, o macs.Options, ports ...string) {
	virtual := func(reason string) { d.loop.Post(func() { d.engine.Moved(time.Now(), ports, reason) }) }
	err := macs.Watch(ctx, o, virtual, func(reason string) {
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
