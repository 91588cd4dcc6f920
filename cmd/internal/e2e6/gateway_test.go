package e2e6

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

// gateway is one router: its namespace, its daemon and its port of the switch.
type gateway struct {
	*control.Client
	l          *lan
	name       string
	ns         *netlab.NS
	global     netip.Addr // on the client's segment
	core       netip.Addr
	own        netip.Addr // link-local, on the client's segment
	mac        hello.MAC
	dir        string
	proc       *netlab.Process
	port       *netlab.Capture // the switch's port, both directions
	lastAnswer error
}

func newGateway(l *lan, name string, n byte) *gateway {
	l.t.Helper()
	// Paths of Unix sockets are short; a test's own directory has a long name.
	dir, err := os.MkdirTemp("", "e2e6-"+name+"-")
	must(l.t, err)
	l.t.Cleanup(func() { os.RemoveAll(dir) })
	g := &gateway{
		l: l, name: name, ns: newNS(l.t), dir: dir, mac: hello.MAC{2, 0, 0, 0, n, 0},
		global: netip.MustParseAddr(fmt.Sprintf("2001:db8:1::%d00", n)),
		core:   netip.MustParseAddr(fmt.Sprintf("2001:db8:2::%d00", n)),
	}
	g.Client = control.Dial(g.path("control.sock"))
	return g
}

func (g *gateway) path(name string) string { return filepath.Join(g.dir, name) }

// start runs the daemon; PRIORITY in the text stands for its priority.
func (g *gateway) start(groups string, priority int) {
	g.l.t.Helper()
	config := strings.ReplaceAll(groups, "PRIORITY", fmt.Sprint(priority))
	must(g.l.t, os.WriteFile(g.path("fhrpd.toml"), []byte(config), 0o600))
	g.proc = g.run("daemon.log", os.Getenv(envProgram), "run", "--config", g.path("fhrpd.toml"), "--control", g.path("control.sock"))
}

// run starts a program inside with its output in a file of the gateway's.
func (g *gateway) run(log, program string, args ...string) *netlab.Process {
	g.l.t.Helper()
	out, err := os.OpenFile(g.path(log), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(g.l.t, err)
	defer out.Close()
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = out, out
	proc, err := g.ns.StartPrivate(cmd)
	must(g.l.t, err)
	return proc
}

// groups returns what the daemon says of its groups, nothing while it is not
// there.
func (g *gateway) groups() []status.Group {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	st, err := g.Status(ctx)
	if g.lastAnswer = err; err != nil {
		return nil
	}
	return st.Groups
}

// wait waits until every group of the daemon is in one of the states.
func (g *gateway) wait(states ...string) {
	g.l.t.Helper()
	g.l.eventually(fmt.Sprintf("every group of %s in %v", g.name, states), func() bool {
		groups := g.groups()
		return len(groups) > 0 && !slices.ContainsFunc(groups, func(s status.Group) bool { return !slices.Contains(states, s.State) })
	})
}

// setPriority gives every group of the daemon another priority.
func (g *gateway) setPriority(priority int) {
	g.l.t.Helper()
	for _, s := range g.groups() {
		must(g.l.t, g.SetPriority(g.l.t.Context(), fmt.Sprintf("%s:%d", s.Interface, s.ID), priority))
	}
}

// kill ends the daemon as a crash does.
func (g *gateway) kill() {
	g.l.t.Helper()
	must(g.l.t, g.proc.Process.Kill())
	<-g.proc.Done()
}

// stop ends the daemon as systemd does.
func (g *gateway) stop() {
	g.l.t.Helper()
	must(g.l.t, g.proc.Process.Signal(unix.SIGTERM))
	select {
	case <-g.proc.Done():
	case <-time.After(patience):
		g.l.t.Fatalf("%s does not stop\n%s", g.name, g.tail())
	}
	if err := g.proc.Err(); err != nil {
		g.l.t.Errorf("%s ended with %v\n%s", g.name, err, g.tail())
	}
}

// close ends what is left when a test is over.
func (g *gateway) close() {
	g.Client.Close()
	if g.proc != nil {
		if err := g.proc.Process.Kill(); err == nil || errors.Is(err, os.ErrProcessDone) {
			<-g.proc.Done()
		}
	}
}

// tail returns the end of the daemon's log.
func (g *gateway) tail() string {
	b, _ := os.ReadFile(g.path("daemon.log"))
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	return fmt.Sprintf("log of %s (last question: %v):\n%s", g.name, g.lastAnswer, bytes.Join(lines[max(0, len(lines)-12):], []byte("\n")))
}

// sent returns the frames that arrived from the gateway at or after a time.
func (g *gateway) sent(since time.Time) []netlab.Frame {
	return slices.DeleteFunc(g.port.Frames(), func(f netlab.Frame) bool { return f.Sent || f.At.Before(since) })
}

// waitSent waits until the gateway has sent a frame that matches.
func (g *gateway) waitSent(what string, since time.Time, match func(netlab.Frame) bool) netlab.Frame {
	g.l.t.Helper()
	f, err := g.port.WaitFor(func(f netlab.Frame) bool { return !f.Sent && !f.At.Before(since) && match(f) }, patience)
	if err != nil {
		g.l.t.Fatalf("%s has not sent %s: %v\n%s", g.name, what, err, g.tail())
	}
	return f
}
