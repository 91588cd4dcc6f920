package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"golang.org/x/sys/unix"
)

// gateway is one router of the pair: its daemon and how to talk to it.
type gateway struct {
	name   string
	ns     *netlab.NS
	dir    string
	exe    string
	config string // contents of its file

	proc   *netlab.Process // nil until started
	end    chan time.Time  // when proc had ended, once
	client *control.Client
}

func newGateway(name string, ns *netlab.NS, p plan, dir, exe string) *gateway {
	g := &gateway{name: name, ns: ns, dir: filepath.Join(dir, name), exe: exe, config: p.config(priorities[name])}
	g.client = control.Dial(g.path("control.sock"))
	return g
}

// path returns a file of the gateway. Daemons keep their state next to their
// control sockets, so each has a directory.
func (g *gateway) path(name string) string { return filepath.Join(g.dir, name) }

// start runs the daemon.
func (g *gateway) start() error {
	if err := os.MkdirAll(g.dir, 0o700); err != nil {
		return fmt.Errorf("make directory of %s: %w", g.name, err)
	}
	if err := os.WriteFile(g.path("fhrpd.toml"), []byte(g.config), 0o600); err != nil {
		return fmt.Errorf("write configuration of %s: %w", g.name, err)
	}
	log, err := os.Create(g.path("daemon.log"))
	if err != nil {
		return fmt.Errorf("make log of %s: %w", g.name, err)
	}
	defer log.Close()
	cmd := exec.Command(g.exe, "run", "--config", g.path("fhrpd.toml"), "--control", g.path("control.sock"))
	cmd.Args[0] = "fhrpd"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "STATE_DIRECTORY="+g.path("state"))
	proc, err := g.ns.StartPrivate(cmd)
	if err != nil {
		return fmt.Errorf("start the daemon of %s: %w", g.name, err)
	}
	g.proc, g.end = proc, make(chan time.Time, 1)
	go func() { <-proc.Done(); g.end <- time.Now() }()
	return nil
}

// upgrade has the program on disk, the same one, take the daemon's place.
func (g *gateway) upgrade(ctx context.Context) error {
	s, err := g.client.Upgrade(ctx)
	if err != nil {
		return fmt.Errorf("upgrade %s: %w", g.name, err)
	}
	next, err := netlab.Adopt(s.To.PID)
	if err != nil {
		return err
	}
	if <-g.proc.Done(); g.proc.Err() != nil {
		return fmt.Errorf("the daemon of %s did not end cleanly when it was replaced: %w", g.name, g.proc.Err())
	}
	g.proc = next
	return nil
}

// ended returns when the daemon had ended. ok is false while it runs, and when it was
// never started.
func (g *gateway) ended() (at time.Time, ok bool) {
	if g.proc == nil || g.alive() {
		return at, false
	}
	at = <-g.end
	g.end <- at
	return at, true
}

func (g *gateway) signal(s unix.Signal) error {
	if g.proc == nil {
		return nil
	}
	if err := g.proc.Process.Signal(s); err != nil {
		return fmt.Errorf("send %v to the daemon of %s: %w", s, g.name, err)
	}
	return nil
}

// alive reports whether the daemon runs.
func (g *gateway) alive() bool { return g.proc.Running() }

// checkEnded returns an error unless the daemon has ended cleanly.
func (g *gateway) checkEnded() error {
	if g.alive() {
		return fmt.Errorf("the daemon of %s still runs", g.name)
	}
	if err := g.proc.Err(); err != nil {
		return fmt.Errorf("the daemon of %s did not end cleanly: %w", g.name, err)
	}
	return nil
}

// stopGrace is what a daemon gets to end cleanly before it is killed.
const stopGrace = 3 * time.Second

// close ends the daemon and waits for it.
func (g *gateway) close() {
	g.client.Close()
	if !g.alive() {
		return
	}
	_ = errors.Join(g.signal(unix.SIGCONT), g.signal(unix.SIGTERM))
	select {
	case <-g.proc.Done():
	case <-time.After(stopGrace):
		_ = g.signal(unix.SIGKILL)
		<-g.proc.Done()
	}
}

// askTimeout bounds one question to a daemon that may be frozen.
const askTimeout = 300 * time.Millisecond

// ask asks the daemon one question. ok is false when it does not answer.
func ask[T any](ctx context.Context, g *gateway, question func(context.Context) (T, error)) (answer T, ok bool) {
	if !g.alive() {
		return answer, false
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer, err := question(ctx)
	return answer, err == nil
}

// transitions returns what the daemon reports of its changes of state.
func (g *gateway) transitions(ctx context.Context) []status.Transition {
	var moves []status.Transition
	list, _ := ask(ctx, g, g.client.History)
	for _, p := range list {
		if p.Command == nil {
			moves = append(moves, p.Transition)
		}
	}
	return moves
}

// understudies returns what the daemon reports of when it began to forward for a silent
// active router in the first group.
func (g *gateway) understudies(ctx context.Context) []status.Record {
	var list []status.Record
	told, ok := ask(ctx, g, func(ctx context.Context) (*status.Explanation, error) {
		return g.client.Explain(ctx, status.Question{All: true})
	})
	if !ok {
		return nil
	}
	for _, c := range told.Changes {
		if !strings.HasSuffix(c.Group, ":1") {
			continue
		}
		for _, r := range c.Records {
			if r.Kind == engine.RecordUnderstudy && !slices.ContainsFunc(list, func(o status.Record) bool { return o.ID == r.ID }) {
				list = append(list, r)
			}
		}
	}
	return list
}

// all reports whether every group of the daemon has a role.
func (g *gateway) all(ctx context.Context, role string) bool {
	st, ok := ask(ctx, g, g.client.Status)
	return ok && len(st.Groups) > 0 &&
		!slices.ContainsFunc(st.Groups, func(group status.Group) bool { return roleOf(group.State) != role })
}

// tail returns the end of the daemon's log, for a report of what went wrong.
func (g *gateway) tail() string {
	b, err := os.ReadFile(g.path("daemon.log"))
	if err != nil || len(b) == 0 {
		return fmt.Sprintf("log of %s: empty", g.name)
	}
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	lines = lines[max(0, len(lines)-5):]
	return fmt.Sprintf("log of %s ends:\n  %s", g.name, bytes.Join(lines, []byte("\n  ")))
}
