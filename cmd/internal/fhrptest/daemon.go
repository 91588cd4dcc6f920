package fhrptest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
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
	T      testing.TB
	NS     *netlab.NS
	Name   string
	dir    string
	proc   *netlab.Process
	told   bool              // to end
	others []*netlab.Process // that were launched
	answer error             // what came of the last question
	beside []*Daemon         // whose logs tell the other half of a story

	program string // another copy of it, for As and From
	attr    *syscall.SysProcAttr
}

// NewDaemon prepares a daemon that is not started. It ends with the test, which
// fails if it has ended before without being told to.
func NewDaemon(t testing.TB, ns *netlab.NS, name string) *Daemon {
	t.Helper()
	// Paths of Unix sockets are short; a test's own directory has a long name.
	dir, err := os.MkdirTemp("", "fhrpd-"+name+"-")
	Must(t, err)
	d := &Daemon{T: t, NS: ns, Name: name, dir: dir}
	d.Client = control.Dial(d.Path("control.sock"))
	t.Cleanup(d.Close)
	return d
}

// Path returns a file of the daemon's directory, which nobody else uses.
func (d *Daemon) Path(name string) string { return filepath.Join(d.dir, name) }

// Beside makes what fails show the end of the other daemon's log as well.
func (d *Daemon) Beside(other *Daemon) { d.beside = append(d.beside, other) }

// From has Start run the program at a path.
func (d *Daemon) From(program string) { d.program = program }

// Start runs the daemon with the text as its configuration.
func (d *Daemon) Start(config string) {
	d.T.Helper()
	Must(d.T, os.WriteFile(d.Path("fhrpd.toml"), []byte(config), 0o600))
	if d.attr != nil {
		Must(d.T, os.Chown(d.Path("fhrpd.toml"), int(d.attr.Credential.Uid), -1))
	}
	d.proc = d.launch("daemon.log", cmp.Or(d.program, Program()), "run", "--config", d.Path("fhrpd.toml"), "--control", d.Path("control.sock"))
	d.told = false
}

// StartAs is Start for a text in which PRIORITY stands for the priority.
func (d *Daemon) StartAs(groups string, priority int) {
	d.T.Helper()
	d.Start(strings.ReplaceAll(groups, "PRIORITY", strconv.Itoa(priority)))
}

// Restart runs a daemon that has ended with the configuration that it had.
func (d *Daemon) Restart() {
	d.T.Helper()
	d.Start(d.File("fhrpd.toml"))
}

// Launch starts a program in the daemon's namespace, with its output at the end
// of a file of the daemon's directory. It is killed with the daemon.
func (d *Daemon) Launch(log, program string, args ...string) *netlab.Process {
	d.T.Helper()
	proc := d.launch(log, program, args...)
	d.others = append(d.others, proc)
	return proc
}

func (d *Daemon) launch(log, program string, args ...string) *netlab.Process {
	d.T.Helper()
	out, err := os.OpenFile(d.Path(log), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	Must(d.T, err)
	defer out.Close()
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = out, out
	if d.attr != nil {
		attr := *d.attr
		cmd.SysProcAttr = &attr
	}
	cmd.Env = append(os.Environ(), "STATE_DIRECTORY="+d.Path("state"))
	proc, err := d.NS.StartPrivate(cmd)
	Must(d.T, err)
	return proc
}

// Stop ends the daemon as systemd does and waits for the end.
func (d *Daemon) Stop() { d.T.Helper(); d.end(unix.SIGTERM) }

// StopCleanly is Stop for a daemon that must not complain. It returns how long
// the daemon took, without what the kernel closed for it afterwards.
func (d *Daemon) StopCleanly() time.Duration {
	d.T.Helper()
	began := time.Now()
	d.Signal(unix.SIGTERM)
	d.Eventually("the end of "+d.Name, d.Gone)
	took := time.Since(began)
	d.Await(d.proc)
	if err := d.Err(); err != nil {
		d.T.Errorf("%s ended with %v\n%s", d.Name, err, d.Tail())
	}
	return took
}

// Follow goes on with the process that has taken the place of the daemon's, whose
// clean end it waits for.
func (d *Daemon) Follow(pid int) {
	d.T.Helper()
	next, err := netlab.Adopt(pid)
	Must(d.T, err)
	d.Await(d.proc)
	if err := d.proc.Err(); err != nil {
		d.T.Errorf("%s ended with %v after it was replaced\n%s", d.Name, err, d.Tail())
	}
	d.proc = next
}

// Kill ends the daemon as a crash does and waits for the end.
func (d *Daemon) Kill() { d.T.Helper(); d.end(unix.SIGKILL) }

// Process returns the process of a daemon that was started, for signals that
// may come when it has gone.
func (d *Daemon) Process() *os.Process { return d.proc.Process }

// PID returns the process of a daemon that was started.
func (d *Daemon) PID() int { return d.proc.Process.Pid }

// Up reports whether the daemon was started and not told to end.
func (d *Daemon) Up() bool { return d.proc != nil && !d.told }

// Running reports whether the daemon was started and has not ended.
func (d *Daemon) Running() bool { return d.proc.Running() }

// Err waits for the end and returns how the daemon ended, as exec.Cmd.Wait does.
func (d *Daemon) Err() error { return d.proc.Err() }

// Signal sends a signal to a daemon that runs.
func (d *Daemon) Signal(s unix.Signal) {
	d.T.Helper()
	d.told = d.told || s == unix.SIGTERM || s == unix.SIGKILL
	Must(d.T, d.proc.Process.Signal(s))
}

// Freeze stops the daemon as SIGSTOP does and returns when none of its threads
// runs any more, which is a moment after the signal.
func (d *Daemon) Freeze() {
	d.T.Helper()
	d.Signal(unix.SIGSTOP)
	d.Eventually(d.Name+" frozen", func() bool {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", d.PID()))
		return len(threads) > 0 && !slices.ContainsFunc(threads, runs)
	})
}

// Thaw lets a frozen daemon go on.
func (d *Daemon) Thaw() { d.T.Helper(); d.Signal(unix.SIGCONT) }

// Gone reports whether the daemon has ended: the process does not run any more,
// although the kernel may still be closing its sockets, which takes seconds on
// a busy machine.
func (d *Daemon) Gone() bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.PID()))
	i := bytes.LastIndexByte(b, ')')
	return err != nil || i < 0 || bytes.HasPrefix(b[i:], []byte(") Z")) || bytes.HasPrefix(b[i:], []byte(") X"))
}

// runs reports whether a thread is anything but stopped. The name before the
// state may have spaces and parentheses itself.
func runs(stat string) bool {
	b, err := os.ReadFile(stat)
	i := bytes.LastIndexByte(b, ')')
	return err == nil && (i < 0 || !bytes.HasPrefix(b[i:], []byte(") T")))
}

func (d *Daemon) end(s unix.Signal) {
	d.T.Helper()
	d.Signal(s)
	d.Await(d.proc)
}

// Await waits until nothing of a program is left.
func (d *Daemon) Await(p *netlab.Process) {
	d.T.Helper()
	select {
	case <-p.Done():
	case <-time.After(Patience):
		d.T.Fatalf("%s of %s does not end\n%s", p.Path, d.Name, d.Tail())
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

// Answer waits for what the daemon says of itself when it has groups.
func (d *Daemon) Answer() (st *status.Status) {
	d.T.Helper()
	d.Eventually("an answer of "+d.Name, func() bool {
		st = d.Report()
		return len(st.Groups) > 0
	})
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

// All reports whether the daemon has groups and every one is in one of the
// states.
func (d *Daemon) All(states ...string) bool {
	groups := d.Report().Groups
	return len(groups) > 0 && !slices.ContainsFunc(groups, func(g status.Group) bool { return !slices.Contains(states, g.State) })
}

// WaitAll waits until every group of the daemon is in one of the states.
func (d *Daemon) WaitAll(states ...string) {
	d.T.Helper()
	d.Eventually(fmt.Sprintf("every group of %s in %v", d.Name, states), func() bool { return d.All(states...) })
}

// WaitState waits until one group is in a state.
func (d *Daemon) WaitState(ref, state string) {
	d.T.Helper()
	d.Eventually(fmt.Sprintf("%s of %s in %s", ref, d.Name, state), func() bool { return d.Group(ref).State == state })
}

// Eventually waits for a condition.
func (d *Daemon) Eventually(what string, cond func() bool) {
	d.T.Helper()
	if err := netlab.Eventually(d.T.Context(), Patience, cond); err != nil {
		d.T.Fatalf("%s: %v\n%s", what, err, d.Tails())
	}
}

// Command runs the program in the daemon's namespace, with its control socket
// if the command takes one, and returns what it printed and its exit status.
func (d *Daemon) Command(args ...string) (out string, exit int) {
	d.T.Helper()
	return Run(d.T, d.NS, append(args, "--control", d.Path("control.sock"))...)
}

// Run runs the program under test in a namespace.
func Run(t testing.TB, ns *netlab.NS, args ...string) (out string, exit int) {
	t.Helper()
	var b bytes.Buffer
	cmd := exec.Command(Program(), args...)
	cmd.Stdout, cmd.Stderr = &b, &b
	proc, err := ns.StartPrivate(cmd)
	Must(t, err)
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

// Close ends what still runs and removes the directory. The end of the test
// does it too.
func (d *Daemon) Close() {
	d.Client.Close()
	if d.Up() && !d.Running() {
		d.T.Errorf("%s has ended by itself: %v\n%s", d.Name, d.Err(), d.Tail())
	}
	d.told = true
	for _, p := range append(d.others, d.proc) {
		if p.Running() {
			_ = errors.Join(p.Process.Signal(unix.SIGCONT), p.Process.Kill())
			<-p.Done()
		}
	}
	os.RemoveAll(d.dir)
}

// File returns what a file of the daemon's directory holds, "" where there is
// none. The daemon writes "daemon.log".
func (d *Daemon) File(name string) string {
	b, _ := os.ReadFile(d.Path(name))
	return string(b)
}

// Tail returns the ends of the logs in the daemon's directory.
func (d *Daemon) Tail() string {
	text := []string{fmt.Sprintf("%s (last question: %v)", d.Name, d.answer)}
	logs, _ := filepath.Glob(d.Path("*.log"))
	for _, path := range logs {
		lines := strings.Split(strings.TrimSpace(d.File(filepath.Base(path))), "\n")
		text = append(text, filepath.Base(path)+" of "+d.Name+":")
		text = append(text, lines[max(0, len(lines)-15):]...)
	}
	return strings.Join(text, "\n")
}

// Tails returns Tail of the daemon and of those beside it.
func (d *Daemon) Tails() string {
	text := []string{d.Tail()}
	for _, other := range d.beside {
		text = append(text, other.Tail())
	}
	return strings.Join(text, "\n")
}
