package daemon

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/metrics"
	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/cmd/internal/track"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/vip"
)

// startServices starts everything that runs beside the loop and reaches it only
// by Post: none of it can hold up a hello. scrapes is nil without metrics.
func (d *Daemon) startServices(ctx context.Context, w *vip.Watcher, scrapes net.Listener) {
	d.warnHooks()
	go d.follow(w)
	go d.followGateways(ctx)
	go d.followMoves(ctx)
	go d.watchdog(ctx)
	go track.Run(ctx, d.opts.Config.Tracks, track.Options{Log: d.log}, func(name string, up bool, detail string) {
		d.loop.Post(func() { d.engine.TrackChanged(time.Now(), name, up, detail) })
	})
	if scrapes != nil {
		go func() {
			if err := metrics.Serve(ctx, scrapes, d, page); err != nil {
				d.log.Error("metrics", "error", err)
			}
		}()
	}
}

// listenMetrics opens the address for metrics, if there is one.
func (d *Daemon) listenMetrics() (net.Listener, error) {
	addr := d.opts.Config.Daemon.Metrics
	if addr == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for metrics: %w", err)
	}
	return l, nil
}

// page is what a browser gets.
func page(st *status.Status) string {
	return show.Status(st, time.Now()) + "\n" + show.Takeover(st.Groups)
}

// hooksWithin is how long the last hooks may take at a clean stop.
const hooksWithin = 700 * time.Millisecond

func (d *Daemon) closeHooks(deadline time.Time) {
	if latest := time.Now().Add(hooksWithin); latest.Before(deadline) {
		deadline = latest
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	if err := d.hooks.Close(ctx); err != nil {
		d.log.Warn("hooks", "error", err)
	}
}

// warnHooks says which hooks of the configuration are not run.
func (d *Daemon) warnHooks() {
	c := d.opts.Config
	for _, g := range c.HSRP {
		d.warnPreActive(g.Group)
	}
	for _, g := range c.VRRP {
		d.warnPreActive(g.Group)
	}
}

func (d *Daemon) warnPreActive(g configs.Group) {
	if len(g.Hooks.PreActive.Command) > 0 {
		d.log.Warn("the pre_active hook is not run by this version; the address does not wait for it", "interface", g.Interface, "name", g.Name)
	}
}
