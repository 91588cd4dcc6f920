package daemon

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/configs"
)

// A gateway must not fail because something else has the port of its metrics.
func TestMetricsComeWhenTheirAddressIsFree(t *testing.T) {
	next := manager(t)
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	addr := busy.Addr().String()
	d, log := told()
	d.roles.init(nil)
	d.current.Store(&configs.Config{Daemon: configs.Daemon{Metrics: addr}})
	served := make(chan string)
	d.scrapes = &scrapers{run: func(ctx context.Context, l net.Listener) {
		served <- l.Addr().String()
		<-ctx.Done()
		l.Close()
	}}
	d.startMetrics(t.Context())
	d.ready()
	for _, word := range []string{"STATUS=no groups; metrics are not served: ", addr, "address already in use"} {
		if got := next(); !strings.Contains(got, word) {
			t.Errorf("systemd is told %q, want %q", got, word)
		}
		d.ready()
	}
	if list := d.troubles.all(); len(list) != 1 || !strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("troubles %q, log %q", list, log)
	}
	busy.Close()
	if got := <-served; got != addr {
		t.Errorf("served at %s, want %s", got, addr)
	}
	if list := d.troubles.all(); len(list) > 0 {
		t.Errorf("troubles %q, want none: the metrics are served", list)
	}
}

// What a reload has opened is not opened again.
func TestMetricsAreNotTriedAfterAReloadHasThem(t *testing.T) {
	d, _ := told()
	d.current.Store(&configs.Config{Daemon: configs.Daemon{Metrics: "127.0.0.1:0"}})
	d.scrapes = &scrapers{run: func(context.Context, net.Listener) { t.Error("served twice") }}
	if !d.tryMetrics() {
		t.Error("goes on trying")
	}
}
