package daemon

import (
	"context"
	"net"
	"os"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/metrics"
	"github.com/fhrpd/fhrpd/cmd/internal/statuspage"
)

// startServices starts everything that runs beside the loop. It reaches the loop
// by Post only, and so cannot delay a hello.
func (d *Daemon) startServices(ctx context.Context, l *legacy) {
	go d.followLinks(d.watcher)
	go d.followGateways(ctx)
	go d.followMoves(ctx)
	go d.watchdog(ctx)
	go d.followRoles(ctx)
	go d.answerHangups(ctx)
	go d.keepRecordings(ctx)
	d.tracks.start(ctx, d.config().Tracks)
	if l != nil && l.scrapes != nil { // which the last process has left
		d.scrapes.start(ctx, l.scrapes)
		return
	}
	d.startMetrics(ctx)
}

// tracked brings the state of a tracked object to the loop.
func (d *Daemon) tracked(name string, up bool, detail string) {
	d.loop.Post(func() { d.engine.TrackChanged(time.Now(), name, up, detail) })
}

func newScrapers(d *Daemon) *scrapers {
	return &scrapers{run: func(ctx context.Context, l net.Listener) {
		pages, err := statuspage.Handler(d, hostName(), time.Now)
		if err == nil {
			err = metrics.Serve(ctx, l, d, pages)
		}
		if err != nil {
			d.log.Error("metrics", "error", err)
		}
	}}
}

// admitReaders opens the control socket to those who may look. A gateway serves
// without them as well.
func (d *Daemon) admitReaders(l net.Listener) {
	group := d.opts.Config.Daemon.Readers
	if group == "" {
		return
	}
	if err := control.Admit(l, group); err != nil {
		d.log.Warn("readers", "error", err)
	}
}

// hostName is what the status page calls this router.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "this router"
	}
	return name
}
