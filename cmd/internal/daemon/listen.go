package daemon

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/fhrpd/fhrpd/configs"
)

// metricsEvery is how often an address for metrics is tried that could not be opened.
const metricsEvery = time.Second

// listenMetrics opens the address for metrics, if there is one.
func listenMetrics(c *configs.Config) (net.Listener, error) {
	addr := c.Daemon.Metrics
	if addr == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for metrics: %w", err)
	}
	return l, nil
}

// startMetrics serves the metrics. A gateway serves its groups without them as well:
// an address that cannot be opened is tried again until it can, or until a reload has
// another one.
func (d *Daemon) startMetrics(ctx context.Context) {
	d.scrapes.start(ctx, nil)
	l, err := listenMetrics(d.config())
	if err == nil {
		d.scrapes.serve(l)
		return
	}
	d.log.Error("the groups run without metrics until their address can be opened", "error", err, "tried_every", metricsEvery)
	d.lacksMetrics(err)
	go func() {
		tick := time.NewTicker(metricsEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if d.tryMetrics() {
				return
			}
		}
	}()
}

func (d *Daemon) lacksMetrics(err error) {
	d.troubled(troubleMetrics, "metrics are not served: "+err.Error())
}

// tryMetrics serves the metrics after all. It reports whether nothing is left to try:
// they are served, or a reload has another address, which it has opened.
func (d *Daemon) tryMetrics() (done bool) {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	if d.troubles.of(troubleMetrics) == "" {
		return true
	}
	l, err := listenMetrics(d.config())
	if err != nil {
		d.lacksMetrics(err)
		return false
	}
	d.log.Info("metrics are served", "address", l.Addr())
	d.troubled(troubleMetrics, "")
	d.scrapes.serve(l)
	return true
}
