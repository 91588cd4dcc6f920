package lab

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// observer records what happens on the network, from start to stop.
type observer struct {
	ports  map[string]*netlab.Capture // by the switch's port
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	learned []tableChange
}

// observe starts captures on every port of the switch and watches the tables of
// the client and the switch.
func observe(ctx context.Context, n network, limit int) (_ *observer, err error) {
	ctx, cancel := context.WithCancel(ctx)
	o := &observer{ports: map[string]*netlab.Capture{}, cancel: cancel}
	defer func() {
		if err != nil {
			o.stop()
		}
	}()
	for _, port := range []string{nodeClient, nodeGW1, nodeGW2} {
		// A frame that leaves through a port has arrived at another one.
		arriving := func(f netlab.Frame) bool { return !f.Sent }
		c, err := n[nodeSwitch].Capture(port, netlab.CaptureOptions{Limit: limit, Keep: arriving})
		if err != nil {
			return nil, err
		}
		o.ports[port] = c
	}
	return o, errors.Join(o.watch(ctx, nodeClient, n[nodeClient]), o.watch(ctx, nodeSwitch, n[nodeSwitch]))
}

func (o *observer) watch(ctx context.Context, node string, ns *netlab.NS) error {
	changes, err := ns.WatchNeighbors(ctx)
	if err != nil {
		return err
	}
	o.wg.Go(func() {
		for c := range changes {
			o.mu.Lock()
			o.learned = append(o.learned, tableChange{node, c})
			o.mu.Unlock()
		}
	})
	return nil
}

// stop ends the captures and watches.
func (o *observer) stop() {
	o.cancel()
	for _, c := range o.ports {
		_ = c.Close()
	}
	o.wg.Wait()
}

// missed returns how many frames the captures lost. It must be asked before
// stop.
func (o *observer) missed() int {
	n := 0
	for _, c := range o.ports {
		n += c.Dropped()
	}
	return n
}

// frames returns every frame that the switch received, oldest first.
func (o *observer) frames() []netlab.Frame {
	var all []netlab.Frame
	for _, c := range o.ports {
		all = append(all, c.Frames()...)
	}
	slices.SortStableFunc(all, func(a, b netlab.Frame) int { return a.At.Compare(b.At) })
	return all
}

// sightings returns what the gateways sent, oldest first.
func (p plan) sightings(frames []netlab.Frame) []sighting {
	var list []sighting
	for _, f := range frames {
		if f.Iface == nodeClient {
			continue
		}
		if s, ok := p.read(f.Iface, f.At, f.Data); ok {
			list = append(list, s)
		}
	}
	return list
}

// snapshot reads the client, the switch and the daemons. The tables come first, as
// the traffic left them.
func (r *rig) snapshot(ctx context.Context) (s snapshot, err error) {
	if s.arp, err = r.clientTable(); err != nil {
		return s, err
	}
	if s.port, _, err = r.net[nodeSwitch].FDBPort(lanBridge, r.plan.mac(1)); err != nil {
		return s, err
	}
	for _, name := range pair {
		if r.gw[name].all(ctx, roleActive) {
			s.active = append(s.active, name)
		}
	}
	s.pings, err = r.pings()
	return s, err
}

// echo is eight requests, 200 ms apart: they take longer than a machine stands
// still.
var echo = netlab.Echo{Tries: 8, Wait: 200 * time.Millisecond}

// pings asks both real addresses for an echo.
func (r *rig) pings() (map[string]bool, error) {
	answers := map[string]bool{}
	for name, at := range gateways {
		ok, err := r.net[nodeClient].Ping(at.addr(r.plan.family), echo)
		if err != nil {
			return nil, err
		}
		answers[name] = ok
	}
	return answers, nil
}

func (r *rig) clientTable() (map[netip.Addr]hello.MAC, error) {
	table := map[netip.Addr]hello.MAC{}
	for _, ip := range []netip.Addr{r.plan.vip(), gateways[nodeGW1].addr(r.plan.family), gateways[nodeGW2].addr(r.plan.family)} {
		mac, ok, err := r.net[nodeClient].ARPEntry(lanDev, ip)
		if err != nil {
			return nil, err
		}
		if ok {
			table[ip] = mac
		}
	}
	return table, nil
}

// until waits for a condition, and notes in the record when it does not come in
// time.
func (r *rig) until(ctx context.Context, rec *record, limit time.Duration, what string, cond func() bool) error {
	err := netlab.Eventually(ctx, limit, cond)
	if errors.Is(err, netlab.ErrTimeout) {
		rec.notes = append(rec.notes, what+" did not happen within "+limit.String())
		return nil
	}
	return err
}

// claim returns the condition that a gateway has claimed the first group on the
// wire since a given time.
func (r *rig) claim(o *observer, node string, since time.Time) func() bool {
	n := 0
	return func() bool {
		var frames []netlab.Frame
		frames, n = o.ports[node].Since(n)
		return slices.ContainsFunc(frames, func(f netlab.Frame) bool {
			s, ok := r.plan.read(node, f.At, f.Data)
			return ok && s.Kind == seenActive && s.Group == 1 && !f.At.Before(since)
		})
	}
}
