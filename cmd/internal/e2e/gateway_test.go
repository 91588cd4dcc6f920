package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/hello"
)

// gateway is one router: its namespace, its daemon and what it has sent.
type gateway struct {
	*control.Client
	l           *lan
	name        string
	ns          *netlab.NS
	ip, coreIP  netip.Addr
	mac         hello.MAC
	coreMAC     hello.MAC
	dir         string
	proc        *netlab.Process
	wire        *netlab.Capture // frames that arrive at the switch
	lastProblem error
}

func newGateway(l *lan, name string, n byte, ip, coreIP string) *gateway {
	l.t.Helper()
	// Paths of Unix sockets are short; a test's own directory has a long name.
	dir, err := os.MkdirTemp("", "e2e-"+name+"-")
	must(l.t, err)
	l.t.Cleanup(func() { os.RemoveAll(dir) })
	g := &gateway{
		l: l, name: name, ns: newNS(l.t), dir: dir,
		ip: netip.MustParseAddr(ip), coreIP: netip.MustParseAddr(coreIP),
		mac: hello.MAC{2, 0, 0, 0, n, 0}, coreMAC: hello.MAC{2, 0, 0, 0, n, 1},
	}
	g.Client = control.Dial(g.path("control.sock"))
	return g
}

func (g *gateway) path(name string) string { return filepath.Join(g.dir, name) }

// start runs the daemon; PRIORITY in the text stands for its priority.
func (g *gateway) start(groups string, priority int) {
	g.l.t.Helper()
	proc, err := g.run(g.path("daemon.log"), strings.ReplaceAll(groups, "PRIORITY", fmt.Sprint(priority)))
	must(g.l.t, err)
	g.proc = proc
}

// restart runs the daemon with the configuration that it had.
func (g *gateway) restart() {
	g.l.t.Helper()
	config, err := os.ReadFile(g.path("fhrpd.toml"))
	must(g.l.t, err)
	g.start(string(config), 0)
}

func (g *gateway) run(log, config string) (*netlab.Process, error) {
	if err := os.WriteFile(g.path("fhrpd.toml"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(os.Getenv(envProgram), "run", "--config", g.path("fhrpd.toml"), "--control", g.path("control.sock"))
	cmd.Stdout, cmd.Stderr = out, out
	return g.ns.StartPrivate(cmd)
}

// status returns what the daemon says of itself, empty while it says nothing.
func (g *gateway) status() *status.Status {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	st, err := g.Status(ctx)
	if g.lastProblem = err; err != nil {
		return &status.Status{}
	}
	return st
}

// group returns the state of the group that ref names.
func (g *gateway) group(ref string) status.Group {
	st := g.status()
	i, err := status.Find(st.Groups, ref)
	if err != nil {
		return status.Group{}
	}
	return st.Groups[i]
}

// waitAll waits until every group of the daemon is in one of the states.
func (g *gateway) waitAll(states ...string) {
	g.l.t.Helper()
	g.l.eventually(fmt.Sprintf("every group of %s in %v", g.name, states), func() bool {
		groups := g.status().Groups
		return len(groups) > 0 && !slices.ContainsFunc(groups, func(s status.Group) bool { return !slices.Contains(states, s.State) })
	})
}

func (g *gateway) waitState(ref, state string) {
	g.l.t.Helper()
	g.l.eventually(fmt.Sprintf("%s of %s in %s", ref, g.name, state), func() bool { return g.group(ref).State == state })
}

func (g *gateway) signal(s unix.Signal) {
	g.l.t.Helper()
	must(g.l.t, g.proc.Process.Signal(s))
}

// kill ends the daemon as a crash does and waits until it has gone.
func (g *gateway) kill() {
	g.l.t.Helper()
	g.signal(unix.SIGKILL)
	<-g.proc.Done()
}

// stop ends the daemon as systemd does and returns how long that took.
func (g *gateway) stop() time.Duration {
	g.l.t.Helper()
	began := time.Now()
	g.signal(unix.SIGTERM)
	select {
	case <-g.proc.Done():
	case <-time.After(patience):
		g.l.t.Fatalf("%s does not stop\n%s", g.name, g.tail())
	}
	if err := g.proc.Err(); err != nil {
		g.l.t.Errorf("%s ended with %v\n%s", g.name, err, g.tail())
	}
	return time.Since(began)
}

func (g *gateway) running() bool {
	if g.proc == nil {
		return false
	}
	select {
	case <-g.proc.Done():
		return false
	default:
		return true
	}
}

// close ends what is left when a test is over.
func (g *gateway) close() {
	g.Client.Close()
	if g.running() {
		_ = errors.Join(g.proc.Process.Signal(unix.SIGCONT), g.proc.Process.Kill())
		<-g.proc.Done()
	}
}

// tail returns the end of the daemon's log.
func (g *gateway) tail() string {
	b, _ := os.ReadFile(g.path("daemon.log"))
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	return fmt.Sprintf("log of %s (last question: %v):\n%s", g.name, g.lastProblem, bytes.Join(lines[max(0, len(lines)-12):], []byte("\n")))
}
