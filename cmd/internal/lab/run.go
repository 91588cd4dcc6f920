package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// How long the phases take, beyond what the protocol needs.
const (
	steady     = time.Second             // of undisturbed stream before the fault
	aftermath  = 1500 * time.Millisecond // of stream after the takeover
	secondGap  = 500 * time.Millisecond  // between the takeover and the second half of a fault that names none
	drain      = 50 * time.Millisecond   // for the last datagram to arrive
	patience   = 5 * time.Second         // beyond the bound, before a takeover counts as missing
	startLimit = 10 * time.Second        // beyond the timers, for the pair to settle
)

// Run builds the lab, runs the experiment that the options ask for and prints
// its story and verdict to stdout; progress goes to stderr. It returns when
// everything that it started has ended, also when ctx is done before that; then
// the error is the cause.
//
// The error says that no verdict could be reached. A verdict that does not hold
// is not an error: see Verdict.Passed. Where the machine stood still for so long
// that nothing follows from it, the experiment is repeated, three times at most.
//
// An ordinary user may not make namespaces: the caller first runs the program
// again with netlab.Reexec.
func Run(ctx context.Context, o Options, stdout, stderr io.Writer) (Verdict, error) {
	if err := o.Validate(); err != nil {
		return Verdict{}, err
	}
	files, err := openOutputs(o)
	if err != nil {
		return Verdict{}, err
	}
	defer files.close()
	for n := 1; ; n++ {
		v, void, err := once(ctx, o, files, n == experiments, stdout, stderr)
		if err != nil || !void {
			return v, err
		}
		fmt.Fprintf(stderr, "· no verdict: the machine stood still for %s; once more\n", show(v.stall()))
	}
}

// once is one experiment with its report. A void one is reported only if it is the
// last.
func once(ctx context.Context, o Options, files outputs, last bool, stdout, stderr io.Writer) (_ Verdict, void bool, err error) {
	r, err := newRig(o, stderr)
	if err != nil {
		return Verdict{}, false, err
	}
	defer r.close()
	rec, frames, err := r.experiment(ctx)
	if err != nil {
		return Verdict{}, false, err
	}
	v := judge(rec)
	if !last && v.void(r.plan) {
		return v, true, nil
	}
	err = errors.Join(report(o, rec, v, stdout), files.save(rec, v, frames))
	if err == nil && o.Stay {
		fmt.Fprint(stdout, "\n", r.lookAround())
		<-ctx.Done()
	}
	return v, false, err
}

// experiments is how many there are at most.
const experiments = 4

// rig is the running lab.
type rig struct {
	plan   plan
	net    network
	gw     map[string]*gateway
	dir    string
	stderr io.Writer
}

func newRig(o Options, stderr io.Writer) (_ *rig, err error) {
	r := &rig{plan: o.plan(), gw: map[string]*gateway{}, stderr: stderr}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	r.progress("building the network: client, switch, gw1, gw2, core, host")
	// Sockets and logs are outside of /run, where each daemon sees a directory of
	// its own.
	parent := os.TempDir()
	if strings.HasPrefix(parent, "/run/") {
		parent = "/tmp"
	}
	if r.dir, err = os.MkdirTemp(parent, "fhrpd-lab-"); err != nil {
		return nil, fmt.Errorf("make the lab's directory: %w", err)
	}
	if r.net, err = build(r.plan); err != nil {
		return nil, err
	}
	for _, name := range pair {
		r.gw[name] = newGateway(name, r.net[name], r.plan, r.dir, cmp.Or(o.Program, "/proc/self/exe"))
	}
	return r, nil
}

// close ends the daemons and removes everything.
func (r *rig) close() {
	for _, g := range r.gw {
		g.close()
	}
	_ = r.net.Close()
	if r.dir != "" {
		_ = os.RemoveAll(r.dir)
	}
}

func (r *rig) progress(format string, args ...any) {
	fmt.Fprintf(r.stderr, "· "+format+"\n", args...)
}

// experiment runs the whole course of events.
func (r *rig) experiment(ctx context.Context) (record, []netlab.Frame, error) {
	rec := record{plan: r.plan}
	if err := r.settle(ctx); err != nil {
		return rec, nil, err
	}
	if err := r.prove(ctx, proofLimit); err != nil {
		return rec, nil, err
	}
	limit := r.limit()
	obs, err := observe(ctx, r.net, limit)
	if err != nil {
		return rec, nil, err
	}
	defer obs.stop()
	recv, err := startReceiver(r.net[nodeHost], limit)
	if err != nil {
		return rec, nil, err
	}
	defer recv.close()
	if err := r.stream(ctx, &rec, obs); err != nil {
		return rec, nil, err
	}
	if err := pause(ctx, drain); err != nil {
		return rec, nil, err
	}
	frames := obs.frames()
	rec.arrivals, rec.sightings = recv.arrivals(), r.plan.sightings(frames)
	rec.missed = obs.missed() + recv.capture.Dropped()
	obs.stop()
	rec.learned = obs.learned
	return rec, frames, nil
}

// limit returns how many frames a capture may have to hold.
func (r *rig) limit() int {
	longest := steady + r.plan.detect() + patience + slack + r.plan.gap() + aftermath + startLimit
	return 2*int(longest/r.plan.rate) + 64*r.plan.groups + 1<<16
}

// settle starts the daemons one after the other and waits for each to find its
// role: without preemption the router that is there first stays active.
func (r *rig) settle(ctx context.Context) error {
	f := r.plan.fault
	begin := time.Now()
	r.progress("starting the daemons, waiting for their election")
	if err := r.startAs(ctx, f.first, roleActive); err != nil {
		return err
	}
	r.progress("%s is active after %.1f s", f.first, time.Since(begin).Seconds())
	if f.alone {
		return nil
	}
	if err := r.startAs(ctx, f.taker(), roleWait); err != nil {
		return err
	}
	r.progress("%s is standby after %.1f s", f.taker(), time.Since(begin).Seconds())
	return nil
}

// startAs starts the daemon of a gateway and waits until all its groups have a
// role.
func (r *rig) startAs(ctx context.Context, name, role string) error {
	g := r.gw[name]
	if err := g.start(); err != nil {
		return err
	}
	limit := r.plan.settle() + startLimit
	err := netlab.Eventually(ctx, limit, func() bool { return !g.alive() || g.all(ctx, role) })
	switch {
	case errors.Is(err, netlab.ErrTimeout):
		return fmt.Errorf("%s did not find its role within %v\n%s", name, limit, g.tail())
	case err != nil:
		return err
	case !g.alive():
		return fmt.Errorf("the daemon of %s ended: %w\n%s", name, g.proc.Err(), g.tail())
	}
	return nil
}

// stream sends datagrams, injects the fault meanwhile and waits for the outcome.
func (r *rig) stream(ctx context.Context, rec *record, obs *observer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	rec.start = time.Now()
	stop, err := startSender(ctx, r.net[nodeClient], hostAt.addr(r.plan.family), r.plan.rate)
	if err != nil {
		return err
	}
	r.progress("stream of datagrams, one every %v", r.plan.rate)
	if err := pause(ctx, time.Until(rec.start.Add(steady))); err != nil {
		return err
	}
	if rec.before, err = r.snapshot(ctx); err != nil {
		return err
	}
	if err := r.injectFault(ctx, rec, obs); err != nil {
		return err
	}
	if err := pause(ctx, aftermath); err != nil {
		return err
	}
	rec.sent, rec.end = stop(), time.Now()
	if r.plan.fault.ends {
		if err := r.gw[nodeGW1].checkEnded(); err != nil {
			rec.notes = append(rec.notes, err.Error())
		}
	}
	rec.ended = map[string]time.Time{}
	for _, name := range pair {
		if at, ok := r.gw[name].ended(); ok {
			rec.ended[name] = at
		}
	}
	rec.after, err = r.snapshot(ctx)
	rec.transitions = map[string][]status.Transition{nodeGW1: r.gw[nodeGW1].transitions(ctx), nodeGW2: r.gw[nodeGW2].transitions(ctx)}
	rec.understudies = map[string][]status.Record{nodeGW1: r.gw[nodeGW1].understudies(ctx), nodeGW2: r.gw[nodeGW2].understudies(ctx)}
	return err
}

// injectFault injects the fault and waits until the roles are as they should be.
func (r *rig) injectFault(ctx context.Context, rec *record, obs *observer) error {
	f := r.plan.fault
	r.progress("fault: %s", f.text)
	rec.fault = time.Now()
	if err := f.inject(ctx, r); err != nil {
		return err
	}
	if f.stays { // for as long as the other one would wait before it took over
		return pause(ctx, r.plan.detect())
	}
	limit := r.plan.wait() + r.plan.detect() + patience
	err := r.until(ctx, rec, limit, f.taker()+"'s takeover", r.claim(obs, f.taker(), rec.fault))
	if err != nil || f.second == nil {
		return err
	}
	if err := pause(ctx, r.plan.gap()); err != nil {
		return err
	}
	r.progress("then: %s", f.secondText)
	rec.second = time.Now()
	if err := f.second(ctx, r); err != nil {
		return err
	}
	return r.until(ctx, rec, r.plan.settle()+patience, "the end of two owners", func() bool {
		return r.gw[f.last].all(ctx, roleActive) && !r.gw[other(f.last)].all(ctx, roleActive)
	})
}

// other returns the other gateway.
func other(name string) string {
	if name == nodeGW1 {
		return nodeGW2
	}
	return nodeGW1
}

// pause waits for d of the stream to pass.
func pause(ctx context.Context, d time.Duration) error {
	err := netlab.Eventually(ctx, d, func() bool { return false })
	if errors.Is(err, netlab.ErrTimeout) {
		return nil
	}
	return err
}
