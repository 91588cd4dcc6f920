package daemon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/configs/setup"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/vip"
)

// Reload implements control.Backend. Another program on disk takes over first, and
// whoever has asked asks that one.
func (d *Daemon) Reload(ctx context.Context, dryRun bool) (*status.Plan, error) {
	if !dryRun && d.upgradedFor(ctx, false) {
		return nil, control.ErrReplaced
	}
	return d.reload(ctx, dryRun)
}

// reload has everything that can fail before the first change.
func (d *Daemon) reload(ctx context.Context, dryRun bool) (*status.Plan, error) {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	is, err := d.opts.Load()
	if err != nil {
		return nil, faults(err)
	}
	was := d.config()
	changes := setup.Plan(was, is)
	if dryRun || len(changes) == 0 {
		if !dryRun {
			d.current.Store(is) // the text may differ all the same
			d.loaded(is)
		}
		return status.PlanOf(changes), nil
	}
	var scrapes net.Listener
	if is.Daemon.Metrics != was.Daemon.Metrics {
		if scrapes, err = listenMetrics(is); err != nil {
			return nil, fmt.Errorf("%w: nothing has changed", err)
		}
	}
	if doErr := d.loop.Do(ctx, func() { err = d.reconfigure(is, caller(ctx)) }); doErr != nil {
		err = doErr
	}
	if err != nil {
		if scrapes != nil {
			scrapes.Close()
		}
		return nil, fmt.Errorf("reload: %w", err)
	}
	d.events.do(func() { d.hooks.Configure(setup.Groups(is)) }) // after those of groups that have left
	d.tracks.configure(is.Tracks)
	if is.Daemon.Metrics != was.Daemon.Metrics {
		d.scrapes.serve(scrapes)
		d.troubled(troubleMetrics, "")
	}
	if is.Daemon.Log != was.Daemon.Log {
		d.opts.Form.level.Set(logLevels[is.Daemon.Log])
	}
	d.opts.Form.json.Store(is.Daemon.Format == "json")
	for _, line := range configs.Lines("", is.Warnings) {
		d.log.Warn("configuration", "warning", line)
	}
	d.loaded(is)
	d.log.Info("configuration reloaded", "changes", len(changes), "sha256", is.Sum)
	return status.PlanOf(changes), nil
}

// faults makes an error that keeps the faults of a file apart.
func faults(err error) error {
	list, ok := errors.AsType[configs.Errors](err)
	if !ok {
		return &control.FaultsError{Faults: []string{err.Error()}}
	}
	return &control.FaultsError{Faults: configs.Lines("", list)}
}

// reconfigure runs on the loop.
func (d *Daemon) reconfigure(is *configs.Config, by engine.Caller) error {
	config := setup.Engine(is)
	virtual, multi := d.virtual, memberships(config.Groups)
	ports := map[string]engine.Port{}
	names := slices.DeleteFunc(slices.Collect(maps.Keys(multi)), func(name string) bool { return d.ports[name] != nil })
	if err := d.owner.Hold(0, names...); err != nil {
		return err
	}
	for _, name := range names {
		ports[name] = d.newPort(name, multi[name])
	}
	d.virtual = virtualAddresses(config.Groups)
	now := time.Now()
	unconfigured := d.engine.Unconfigured()
	if err := d.engine.Reconfigure(now, config, ports, by); err != nil {
		d.virtual = virtual
		for _, p := range ports {
			p.(*port).shutdown()
		}
		return err
	}
	d.tellUnconfigured(unconfigured, d.engine.Unconfigured())
	d.current.Store(is)
	d.routeLinks = routeInterfaces(config.Groups)
	for name, p := range ports {
		d.ports[name] = p.(*port)
	}
	d.recorder.Open(now, groupsOn(config.Groups))
	for name, groups := range multi {
		d.ports[name].join(groups)
	}
	d.closeVacant()
	d.placesChanged()
	if !maps.Equal(virtual, d.virtual) { // what was virtual may be the host's own address now
		for name, p := range d.ports {
			if ports[name] == nil {
				d.engine.LinkChanged(now, name, d.portLink(p))
			}
		}
	}
	d.tellLinks(ports)
	return nil
}

// tellLinks tells new ports and tracked objects of interfaces that were watched before
// for another reason. The others are new to the watcher, which reports them.
func (d *Daemon) tellLinks(ports map[string]engine.Port) {
	names := d.interfaces()
	maps.DeleteFunc(d.links, func(name string, _ vip.Link) bool { return !slices.Contains(names, name) })
	for name, l := range d.links {
		if ports[name] != nil || d.ports[name] == nil {
			d.linkEvent(vip.Event{Link: l})
		}
	}
}

// newPort returns the port of an interface that is held, and is released when the
// port has shut down.
func (d *Daemon) newPort(name string, multi []netip.Addr) *port {
	p := newPort(name, multi, d.vipOptions(), d.addressed)
	p.routed, p.recorder = d.routed, d.recorder
	p.release = func() {
		if err := d.owner.Release(name); err != nil {
			d.log.Warn("release interface", "interface", name, "error", err)
		}
	}
	return p
}

// closeVacant closes the ports whose last group has gone.
func (d *Daemon) closeVacant() {
	for name, p := range d.ports {
		if len(p.routers) > 0 {
			continue
		}
		delete(d.ports, name)
		d.recorder.Close(name)
		p.shutdown()
		d.closing = append(slices.DeleteFunc(d.closing, (*port).closed), p)
		d.listDescriptors()
		d.placesChanged()
	}
}

// placesChanged has others look at the interfaces that count now.
func (d *Daemon) placesChanged() {
	d.watcher.Set(d.interfaces()...)
	d.places.set(placesOf(d.ports))
}

// answerHangups reloads for whoever sends SIGHUP, and for systemd.
func (d *Daemon) answerHangups(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.opts.Hangups:
		}
		d.notify(reloadingState())
		if d.upgradedFor(ctx, true) {
			continue // the new process tells systemd
		}
		d.reloadAsked(ctx)
		d.ready()
	}
}

func (d *Daemon) reloadAsked(ctx context.Context) {
	plan, err := d.reload(ctx, false)
	if faulty, ok := errors.AsType[*control.FaultsError](err); ok {
		for _, f := range faulty.Faults {
			d.log.Error("configuration not reloaded, and nothing has changed", "fault", f)
		}
		return
	}
	if err != nil {
		d.log.Error("configuration not reloaded", "error", err)
		return
	}
	for _, c := range plan.Changes {
		d.log.Info("reloaded", "group", c.Group, "keys", len(c.Keys), "cost", c.Cost)
	}
}
