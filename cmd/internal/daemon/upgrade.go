package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// Program is how this process was started, and how its successor is.
type Program struct {
	Path   string   // absolute
	Args   []string // without the name
	Config string   // the file that it reads
}

// How long a new program may take.
const (
	checkWithin   = 20 * time.Second // to check the file
	upgradeWithin = 20 * time.Second // to take over, in all
)

// attempts is how often a program is started that was too slow: a busy machine is not
// busy in the same way twice.
const attempts = 3

// succeededBy is what became of an heir.
type succeededBy struct {
	pid int32
	*heir
	err error
}

// succeeded tells whoever has started the heir, if somebody waits.
func (d *Daemon) succeeded(s succeededBy) {
	for {
		select {
		case d.heirs <- s:
			return
		case <-d.heirs: // nobody waits for that one
		}
	}
}

// Upgrade implements control.Backend.
func (d *Daemon) Upgrade(ctx context.Context) (*status.Succession, error) {
	return d.upgrade(ctx, true)
}

// upgrade is Upgrade. reloads says that the new process reads the file at once.
func (d *Daemon) upgrade(ctx context.Context, reloads bool) (*status.Succession, error) {
	if !d.upgrading.TryLock() {
		return nil, refusedUpgrade(errBusy)
	}
	defer d.upgrading.Unlock()
	p := d.opts.Program
	if p.Path == "" {
		return nil, refusedUpgrade(errors.New("this process does not know from which program it was started"))
	}
	if err := p.check(ctx); err != nil {
		return nil, refusedUpgrade(err)
	}
	by := caller(ctx)
	d.reloads.Store(reloads)
	d.asker.Store(&by)
	defer d.asker.Store(nil)
	defer d.reloads.Store(true)
	s, err := d.replaceBy(p)
	for n := 1; n < attempts && errors.Is(err, errTooSlow); n++ {
		s, err = d.replaceBy(p)
	}
	if err != nil {
		return nil, refusedUpgrade(err)
	}
	return s, nil
}

func refusedUpgrade(err error) error {
	return &engine.RefusedError{Command: control.CommandUpgrade, Reason: err.Error() + "; the running daemon goes on"}
}

// check has the program on disk check the file. It comes before anything stands
// still: a program that does not run here, or reads the file otherwise, shows it.
func (p *Program) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.Path, "check", "--config", p.Config)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if _, ran := errors.AsType[*exec.ExitError](err); !ran {
		return fmt.Errorf("run %s: %w", p.Path, errors.Join(context.Cause(ctx), err))
	}
	first, rest, _ := strings.Cut(strings.TrimSpace(string(bytes.ToValidUTF8(out, nil))), "\n")
	if first == "" {
		first = fmt.Sprintf("its check says nothing, and ends with %v", err)
	}
	if n := strings.Count(rest, "\n"); rest != "" {
		first += fmt.Sprintf(" (and %d more; see %s check)", n+1, p.Path)
	}
	return fmt.Errorf("%s does not start with %s: %s", p.Path, p.Config, first)
}

// replaceBy starts the program and waits until it has this process's place, or has
// not got it and is dead. Who has asked may have gone by then: a process that has the
// place must not be killed any more.
func (d *Daemon) replaceBy(p Program) (*status.Succession, error) {
	cmd := exec.Command(p.Path, p.Args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "WATCHDOG_PID=") })
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Path, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	late := time.After(upgradeWithin)
	for {
		select {
		case s := <-d.heirs:
			if int(s.pid) != cmd.Process.Pid {
				continue
			}
			if s.err != nil {
				_ = cmd.Process.Kill()
				<-ended
				return nil, s.err
			}
			return &status.Succession{
				From:     status.Process{Version: d.opts.Version, PID: os.Getpid()},
				To:       status.Process{Version: s.hello.Version, PID: cmd.Process.Pid},
				PausedMS: s.paused.Milliseconds(),
			}, nil
		case err := <-ended:
			return nil, fmt.Errorf("%s has ended before it took over: %w", p.Path, exitOf(err))
		case <-late:
			if !d.succeeding.TryLock() { // it has this process's word already, or gets it now
				late = time.After(time.Second)
				continue
			}
			defer d.succeeding.Unlock()
			_ = cmd.Process.Kill()
			<-ended
			return nil, fmt.Errorf("%s did not take over in %v, and was killed", p.Path, upgradeWithin)
		}
	}
}

// exitOf words how a program ended.
func exitOf(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// changed reports whether the program on disk is another one than this process runs.
func (p *Program) changed() bool {
	runs, err := os.Stat("/proc/self/exe")
	there, thereErr := os.Stat(p.Path)
	return err == nil && thereErr == nil && !os.SameFile(runs, there)
}
