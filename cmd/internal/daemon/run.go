package daemon

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/vip"
)

// stopWithin bounds a clean stop, whatever hangs.
const stopWithin = 1800 * time.Millisecond

// holdWithin bounds the wait for interfaces of a daemon that is about to end.
const holdWithin = time.Second

// logWithin bounds what comes after that: the last lines of the log.
const logWithin = 100 * time.Millisecond

// Run runs the daemon until ctx is done, then resigns, puts the kernel back
// and returns nil. Errors say what could not be opened, and how to cure it.
func Run(ctx context.Context, o Options) error {
	log, lines := newAsyncLog(o.Log)
	o.Log = log
	defer lines.close(logWithin)
	d, l, err := takeOver(o, log)
	switch {
	case err != nil:
		return err
	case d != nil:
		defer d.owner.Close()
		defer d.listener.Close()
		return d.run(ctx, l)
	}
	owner, err := vip.NewOwner(o.saysOfItself(), log)
	if err != nil {
		return err
	}
	defer owner.Close()
	if d, err = newDaemon(o, owner, engine.New); err != nil {
		return err
	}
	if err := d.engine.Prepare(); err != nil {
		return err
	}
	if d.listener, err = control.Listen(o.ControlPath); err != nil {
		return err
	}
	defer d.listener.Close()
	if err := owner.Hold(holdWithin, slices.Collect(maps.Keys(d.ports))...); err != nil {
		return err
	}
	if err := vip.Recover(d.vipOptions(), slices.Collect(maps.Keys(d.ports))...); err != nil {
		d.log.Warn("leftovers of an earlier run", "error", err)
	}
	return d.run(ctx, nil)
}

// run runs a daemon that has all that it needs. l is what the last process left, nil
// where there was none.
func (d *Daemon) run(ctx context.Context, l *legacy) (err error) {
	d.admitReaders(d.listener)
	asked := ctx // to end
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	d.fail = cancel
	d.makeRoom()
	if l != nil {
		d.begin(l)
	}
	if d.watcher, err = d.owner.Watch(ctx, d.interfaces()...); err != nil {
		return fmt.Errorf("watch interfaces: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- d.drive(l == nil) }()
	switch {
	case l != nil: // which reads the file again
	case d.opts.Doubt != "":
		d.troubled(troubleConfig, d.opts.Doubt)
	default:
		go d.keepFirst() // a disk may hang
	}
	d.startServices(ctx, l)
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := control.Serve(ctx, d.listener, d, d.logChange); err != nil {
			cancel(fmt.Errorf("serve %s: %w", d.opts.ControlPath, err))
		}
	}()
	if l != nil {
		go d.catchUpWithFile(ctx, l.Reloads)
	}
	err = d.wait(ctx, ended)
	if d.replaced {
		if asked.Err() != nil { // too late for this process
			_ = unix.Kill(d.successor, unix.SIGTERM)
		}
		control.Leave(d.listener)
		cancel(control.ErrReplaced)
		d.end(served)
	}
	return err
}

// makeRoom prepares the process for its real-time thread. It comes before all
// that starts programs, because those get their own priority.
func (d *Daemon) makeRoom() {
	// The thread gets a Go processor of its own: with as many processors as cores,
	// two busy goroutines make it wait for milliseconds.
	runtime.GOMAXPROCS(runtime.NumCPU() + 2)
	if err := slackenAll(othersSlack); err != nil {
		d.log.Debug("Go's monitor wakes more often", "error", err)
	}
	if !d.config().Daemon.Realtime {
		return
	}
	if err := reniceAll(othersNice); err != nil {
		d.log.Debug("the other threads have ordinary priority", "error", err)
	}
}

// drive runs the loop on a thread of its own until the daemon has stopped or was
// replaced. ready says that systemd may be told at once.
func (d *Daemon) drive(ready bool) error {
	realtime := d.config().Daemon.Realtime
	if err := lockThread(realtime); err != nil {
		d.log.Warn("no real-time priority; hellos may be late on a busy host", "error", err)
	}
	if realtime {
		d.outlastStart()
	}
	d.starved.watch()
	if ready {
		d.ready()
	}
	var room stackRoom
	err := d.loop.run(d, func() bool { return d.stopped || d.replaced })
	room.keep()
	if !d.replaced {
		d.recoverUnopened()
	}
	return err
}

// recoverUnopened undoes what a crash left on interfaces that could not be opened
// since: after a clean stop nothing is left.
func (d *Daemon) recoverUnopened() {
	for _, p := range d.ports {
		if p.used {
			continue
		}
		if err := vip.Recover(d.vipOptions()); err != nil {
			d.log.Warn("leftovers of an earlier run", "error", err)
		}
		return
	}
}
