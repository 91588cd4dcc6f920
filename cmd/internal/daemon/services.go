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
	"github.com/fhrpd/fhrpd/vip"
)

// startServices starts everything that runs beside the loop. It reaches the loop
// by Post only, and so cannot delay a hello. scrapes is nil without metrics.
func (d *Daemon) startServices(ctx context.Context, w *vip.Watcher, scrapes net.Listener) {
	go d.followLinks(w)
	go d.followGateways(ctx)
	go d.followMoves(ctx)
	go d.watchdog(ctx)
	go d.followRoles(ctx)
	go track.Run(ctx, d.opts.Config.Tracks, d.log, func(name string, up bool, detail string) {
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
