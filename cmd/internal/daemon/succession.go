package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/succession"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/internal/state"
)

// How long the sides of a succession wait for each other, beside the time in which
// the daemon stands still.
const (
	helloWithin  = 5 * time.Second  // for the first word
	settleWithin = 5 * time.Second  // for a quiet moment
	offerWithin  = 30 * time.Second // for the state, which comes after that
)

// heir is a process that waits for the daemon's place.
type heir struct {
	conn    *succession.Conn
	hello   succession.Message
	asked   time.Time
	reloads bool          // it reads the file when it has the place
	by      engine.Caller // who wants it to have the place
	paused  time.Duration // for how long nobody acted, so far
	done    chan error    // nil: it has the place
}

// errBusy is why a process is refused that comes while another one takes over.
var errBusy = errors.New("another process takes over right now")

// Succeed implements control.Predecessor.
func (d *Daemon) Succeed(c *net.UnixConn, who unix.Ucred) {
	conn := succession.NewConn(c)
	defer conn.Close()
	err := d.succeedBy(conn, who)
	if err == nil {
		return
	}
	d.log.Warn("another process does not take over, this one goes on", "pid", who.Pid, "uid", who.Uid, "error", err)
}

// succeedBy returns nil when the process at the other end has the place.
func (d *Daemon) succeedBy(conn *succession.Conn, who unix.Ucred) error {
	m, err := conn.Receive(time.Now().Add(helloWithin))
	if err != nil {
		return fmt.Errorf("wait for its first word: %w", err)
	}
	h := &heir{conn: conn, hello: m, asked: time.Now(), done: make(chan error, 1)}
	err = d.await(h, who)
	d.succeeded(succeededBy{who.Pid, h, err})
	return err
}

// await hands the heir to the loop, if it may have the place.
func (d *Daemon) await(h *heir, who unix.Ucred) (err error) {
	defer func() {
		if err != nil { // a second word after "no" does no harm
			_ = h.conn.Send(succession.Message{Step: succession.Refuse, Version: d.opts.Version, PID: os.Getpid(), Reason: err.Error()}, time.Now().Add(time.Second))
		}
	}()
	if err := h.acceptable(); err != nil {
		return err
	}
	if !d.succeeding.TryLock() {
		return errBusy
	}
	defer d.succeeding.Unlock()
	d.reloading.Lock()
	defer d.reloading.Unlock()
	h.reloads, h.by = d.reloads.Load(), engine.Caller{Known: true, UID: who.Uid, PID: who.Pid}
	if by := d.asker.Load(); by != nil {
		h.by = *by
	}
	d.log.Info("another process asks to take over", "version", h.hello.Version, "pid", who.Pid, "uid", who.Uid)
	d.loop.Post(func() { d.heir = h })
	return <-h.done
}

// acceptable reports whether the heir can do with what it would get.
func (h *heir) acceptable() error {
	m := h.hello
	switch {
	case m.Step != succession.Hello:
		return m.Refusal()
	case m.Form != state.Form:
		return fmt.Errorf("version %s reads form %d of the state, and this process writes form %d: restart the daemon instead, which resigns", m.Version, m.Form, state.Form)
	case m.Namespace != namespace():
		return errors.New("the processes are in different network namespaces: choose another socket with --control")
	}
	return nil
}

// namespace is the network namespace of the calling thread.
func namespace() uint64 {
	var st unix.Stat_t
	if unix.Stat("/proc/thread-self/ns/net", &st) != nil {
		return 0
	}
	return st.Ino
}

// hand hands over to the heir when the moment is right. It runs on the loop at the
// end of a turn.
func (d *Daemon) hand(now time.Time) {
	h := d.heir
	if h == nil {
		return
	}
	if why := d.unsettled(now, now.Sub(h.asked)); why != nil {
		if now.Sub(h.asked) > settleWithin {
			d.heir = nil
			h.done <- fmt.Errorf("there was no quiet moment in %v: %w", settleWithin, why)
		}
		return
	}
	d.heir = nil
	collecting := debug.SetGCPercent(-1) // it is not what the other routers wait for
	err := d.handTo(h, now)
	debug.SetGCPercent(collecting)
	h.paused = time.Since(now)
	if d.replaced = err == nil; d.replaced {
		d.successor = h.hello.PID
		for _, p := range d.ports {
			if p.opened != nil {
				p.opened.iface.Leave()
			}
		}
		d.loop.end(control.ErrReplaced)
	}
	h.done <- err
}

// handTo stands still until the heir has confirmed that it can go on, and for no
// longer than the other routers can bear.
func (d *Daemon) handTo(h *heir, now time.Time) error {
	deadline := now.Add(d.patience(now))
	body, fds, err := d.leave(now, h)
	if err != nil {
		return err
	}
	if err := h.conn.Send(succession.Message{Step: succession.State, Version: d.opts.Version, PID: os.Getpid(), Body: body, Files: fds}, deadline); err != nil {
		return h.failed(err)
	}
	m, err := h.conn.Receive(deadline)
	switch {
	case err != nil:
		return h.failed(err)
	case m.Step != succession.Confirm:
		return fmt.Errorf("version %s: %w", h.hello.Version, m.Refusal())
	}
	// systemd believes the main process alone, and so hears of the new one first.
	d.notify(fmt.Sprintf("MAINPID=%d", h.hello.PID))
	if err := h.conn.Send(succession.Message{Step: succession.Go}, deadline); err != nil {
		d.notify(fmt.Sprintf("MAINPID=%d", os.Getpid()))
		return h.failed(err)
	}
	return nil
}

// errTooSlow is why an heir does not get the place that could have it another time.
var errTooSlow = errors.New("was too slow: the other routers wait no longer")

// failed tells the heir that it does not get the place, and words why.
func (h *heir) failed(err error) error {
	why := fmt.Errorf("version %s (pid %d) has ended before it could go on", h.hello.Version, h.hello.PID)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		why = fmt.Errorf("version %s (pid %d) %w", h.hello.Version, h.hello.PID, errTooSlow)
	}
	_ = h.conn.Send(succession.Message{Step: succession.No, Reason: why.Error()}, time.Now().Add(time.Second))
	return why
}

// The time in which the daemon stands still for a successor.
const (
	leastPatience = 200 * time.Millisecond // a small daemon needs some twenty
	mostPatience  = 2 * time.Second
)

// patience is how long the daemon may stand still: well below a third of the shortest
// hold time, where that leaves time at all.
func (d *Daemon) patience(now time.Time) time.Duration {
	least := mostPatience
	for _, g := range d.engine.Status(now).Groups {
		hold := g.Machine.HoldTime
		if hold == 0 {
			hold = 3 * g.Machine.HelloTime
		}
		if hold > 0 {
			least = min(least, hold/4)
		}
	}
	return max(least, leastPatience)
}

// spares are how long nothing may be due, when the heir has waited for so long: the
// longer it waits, the less quiet a moment has to be.
var spares = []struct{ waited, quiet time.Duration }{
	{0, 150 * time.Millisecond}, {500 * time.Millisecond, 60 * time.Millisecond}, {time.Second, 25 * time.Millisecond}, {2 * time.Second, 0},
}

// tellWithin is how long the daemon waits for those who listen to its events.
const tellWithin = time.Second

// unsettled returns why this is no moment to hand over, nil if it is one.
func (d *Daemon) unsettled(now time.Time, waited time.Duration) error {
	switch {
	case d.leaving:
		return errors.New("the daemon stops")
	case d.loop.busy():
		return errors.New("there is work for the loop")
	}
	if !d.events.idle() && waited < tellWithin { // those who listen have them all then
		return errors.New("events are being told")
	}
	for _, p := range d.ports {
		if p.opening || !p.work.idle() {
			return fmt.Errorf("interface %s is being worked on", p.name)
		}
	}
	for _, p := range d.closing {
		if !p.closed() {
			return fmt.Errorf("interface %s is being closed", p.name)
		}
	}
	if err := d.engine.Settled(); err != nil {
		return err
	}
	quiet := spares[0].quiet
	for _, s := range spares {
		if waited >= s.waited {
			quiet = s.quiet
		}
	}
	if at, armed := d.engine.Deadline(); armed && at.Sub(now) < quiet {
		return errors.New("something is always due")
	}
	return nil
}

// heirPoll is how often the loop looks for a quiet moment.
const heirPoll = 2 * time.Millisecond

// takeOver has this process take the place of the daemon on the control socket. It
// returns nil when none runs there. The error says why the other one goes on.
func takeOver(o Options, log *slog.Logger) (*Daemon, *legacy, error) {
	c, err := control.Succeed(o.ControlPath)
	if c == nil || err != nil {
		return nil, nil, err
	}
	conn := succession.NewConn(c)
	defer conn.Close()
	d, l, err := takeOverFrom(conn, o, log)
	if errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("the daemon on %s has ended before it left anything: start again", o.ControlPath)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the daemon on %s goes on: %w", o.ControlPath, err)
	}
	return d, l, nil
}

// legacy is what comes with the place of another process.
type legacy struct {
	*memory
	scrapes net.Listener
	from    succession.Message
}

func takeOverFrom(conn *succession.Conn, o Options, log *slog.Logger) (*Daemon, *legacy, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // until this process acts
	err := conn.Send(succession.Message{Step: succession.Hello, Form: state.Form, Version: o.Version, PID: os.Getpid(), Namespace: namespace()}, time.Now().Add(helloWithin))
	if err != nil {
		return nil, nil, err
	}
	m, err := conn.Receive(time.Now().Add(offerWithin))
	if err != nil {
		return nil, nil, fmt.Errorf("wait for what it leaves: %w", err)
	}
	if m.Step != succession.State {
		return nil, nil, m.Refusal()
	}
	d, scrapes, known, err := inherit(o, m.Body, m.Files)
	if err != nil {
		_ = conn.Send(succession.Message{Step: succession.Refuse, Reason: err.Error()}, time.Now().Add(helloWithin))
		return nil, nil, err
	}
	if err := conn.Send(succession.Message{Step: succession.Confirm}, time.Now().Add(helloWithin)); err != nil {
		log.Warn("confirm to the daemon", "error", err) // it has died, or Await says otherwise
	}
	if err := conn.Await(); err != nil {
		return nil, nil, err
	}
	return d, &legacy{known, scrapes, m}, nil
}

// begin acts in the place of the other process from now on.
func (d *Daemon) begin(l *legacy) {
	if err := d.owner.Begin(d.ifaces); err != nil {
		d.log.Warn("the locks on the interfaces name the last process still", "error", err)
	}
	for _, p := range d.ports {
		if p.opened != nil {
			d.letGoInTime(p)
		}
	}
	about := fmt.Sprintf("from %s (pid %d) to %s (pid %d)", l.from.Version, l.from.PID, d.opts.Version, os.Getpid())
	d.log.Info("taken over without a transition", "from", l.from.Version, "from_pid", l.from.PID, "version", d.opts.Version)
	d.engine.Commanded(time.Now(), engine.Command{Name: control.CommandUpgrade, About: about, By: l.By})
}

// catchUpWithFile applies what the file on disk says by now, unless somebody asks for that
// himself, and tells systemd.
func (d *Daemon) catchUpWithFile(ctx context.Context, reloads bool) {
	if reloads {
		d.reloadAsked(ctx)
	}
	d.ready()
}

// end is what is left to do for a process that has been replaced: it answers who has
// asked, says what has happened, and waits for commands that it has started.
func (d *Daemon) end(served <-chan struct{}) {
	<-served
	d.finishRecordings(time.Now().Add(time.Second))
	d.closeEvents(time.Now().Add(time.Second))
	ctx, cancel := context.WithTimeout(context.Background(), hooksEnd)
	defer cancel()
	if err := d.hooks.Close(ctx); err != nil {
		d.log.Warn("hooks", "error", err)
	}
	d.log.Info("replaced")
}

// hooksEnd is longer than a command may run.
const hooksEnd = 15 * time.Second

// upgradedFor has another program on disk take over before a reload, and reports
// whether it has. reloads says that the new process reads the file at once.
func (d *Daemon) upgradedFor(ctx context.Context, reloads bool) bool {
	if !d.opts.Program.changed() {
		return false
	}
	d.log.Info("the program on disk is another one: it takes over and reloads")
	if _, err := d.upgrade(ctx, reloads); err != nil {
		d.log.Error("not upgraded", "error", err)
		return false
	}
	return true
}
