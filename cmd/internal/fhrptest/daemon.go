package fhrptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// Patience is how long a condition may take on a machine that is busy with
// other things; nothing that works comes near it.
const Patience = 20 * time.Second

// Daemon is the program under test, running in a namespace or not. What fails
// ends the test, with the end of the log.
type Daemon struct {
	*control.Client
	t      testing.TB
	ns     *netlab.NS
	name   string
	dir    string
	proc   *netlab.Process
	answer error // what came of the last question
}

// NewDaemon prepares a daemon that is not started. It ends with the test.
func NewDaemon(t testing.TB, ns *netlab.NS, name string) *Daemon {
	t.Helper()
	// Paths of Unix sockets are short; a test's own directory has a long name.
	dir, err := os.MkdirTemp("", "fhrpd-"+name+"-")
	if err != nil {
		t.Fatal(err)
	}
	d := &Daemon{t: t, ns: ns, name: name, dir: dir}
	d.Client = control.Dial(d.path("control.sock"))
	t.Cleanup(d.close)
	return d
}

func (d *Daemon) path(name string) string { return filepath.Join(d.dir, name) }

// Start runs the daemon with the text as its configuration.
func (d *Daemon) Start(config string) {
	d.t.Helper()
	if err := os.WriteFile(d.path("fhrpd.toml"), []byte(config), 0o600); err != nil {
		d.t.Fatal(err)
	}
	log, err := os.OpenFile(d.path("daemon.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(Program(), "run", "--config", d.path("fhrpd.toml"), "--control", d.path("control.sock"))
	cmd.Stdout, cmd.Stderr = log, log
	if d.proc, err = d.ns.StartPrivate(cmd); err != nil {
		d.t.Fatal(err)
	}
}

// Stop ends the daemon cleanly, Kill as a crash does. Both wait for the end.
func (d *Daemon) Stop() { d.t.Helper(); d.end(unix.SIGTERM) }

// Kill ends the daemon as a crash does.
func (d *Daemon) Kill() { d.t.Helper(); d.end(unix.SIGKILL) }

// PID returns the process of a daemon that was started.
func (d *Daemon) PID() int { return d.proc.Process.Pid }

// Running reports whether the daemon was started and has not ended.
func (d *Daemon) Running() bool { return d.running() }

func (d *Daemon) end(s unix.Signal) {
	d.t.Helper()
	if err := d.proc.Process.Signal(s); err != nil {
		d.t.Fatal(err)
	}
	select {
	case <-d.proc.Done():
	case <-time.After(Patience):
		d.t.Fatalf("%s does not end\n%s", d.name, d.Tail())
	}
}

// Report returns what the daemon says of itself, empty while it says nothing.
func (d *Daemon) Report() *status.Status {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	st, err := d.Status(ctx)
	if d.answer = err; err != nil {
		return &status.Status{}
	}
	return st
}

// Group returns the daemon's group of a name, zero when it does not answer.
func (d *Daemon) Group(ref string) status.Group {
	st := d.Report()
	i, err := status.Find(st.Groups, ref)
	if err != nil {
		return status.Group{}
	}
	return st.Groups[i]
}

// WaitAll waits until every group of the daemon is in one of the states.
func (d *Daemon) WaitAll(states ...string) {
	d.t.Helper()
	d.Eventually(fmt.Sprintf("every group of %s in %v", d.name, states), func() bool {
		groups := d.Report().Groups
		return len(groups) > 0 && !slices.ContainsFunc(groups, func(g status.Group) bool { return !slices.Contains(states, g.State) })
	})
}

// Eventually waits for a condition.
func (d *Daemon) Eventually(what string, cond func() bool) {
	d.t.Helper()
	if err := netlab.Eventually(d.t.Context(), Patience, cond); err != nil {
		d.t.Fatalf("%s: %v\n%s", what, err, d.Tail())
	}
}

// Command runs the program in the daemon's namespace, with its control socket
// if the command takes one, and returns what it printed and its exit status.
func (d *Daemon) Command(args ...string) (out string, exit int) {
	d.t.Helper()
	return Run(d.t, d.ns, append(args, "--control", d.path("control.sock"))...)
}

// Run runs the program under test in a namespace.
func Run(t testing.TB, ns *netlab.NS, args ...string) (out string, exit int) {
	t.Helper()
	var b bytes.Buffer
	cmd := exec.Command(Program(), args...)
	cmd.Stdout, cmd.Stderr = &b, &b
	proc, err := ns.StartPrivate(cmd)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-proc.Done():
	case <-time.After(Patience):
		_ = proc.Process.Kill()
		<-proc.Done()
		t.Fatalf("%v does not end\n%s", args, b.String())
	}
	failed, ok := errors.AsType[*exec.ExitError](proc.Err())
	if !ok && proc.Err() != nil {
		t.Fatal(proc.Err())
	}
	if ok {
		exit = failed.ExitCode()
	}
	return b.String(), exit
}

func (d *Daemon) running() bool {
	if d.proc == nil {
		return false
	}
	select {
	case <-d.proc.Done():
		return false
	default:
		return true
	}
}

func (d *Daemon) close() {
	d.Client.Close()
	if d.running() {
		_ = errors.Join(d.proc.Process.Signal(unix.SIGCONT), d.proc.Process.Kill())
		<-d.proc.Done()
	}
	os.RemoveAll(d.dir)
}

// Tail returns the end of the daemon's log.
func (d *Daemon) Tail() string {
	b, _ := os.ReadFile(d.path("daemon.log"))
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	return fmt.Sprintf("log of %s (last question: %v):\n%s", d.name, d.answer, bytes.Join(lines[max(0, len(lines)-12):], []byte("\n")))
}
