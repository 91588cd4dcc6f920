package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/succession"
	"github.com/fhrpd/fhrpd/internal/state"
)

// replaceable has a run from a path at which another program can be put.
func (l *lan) replaceable() (put func(program string)) {
	l.t.Helper()
	binary := l.a.Path("fhrpd")
	l.a.From(binary)
	put = func(program string) {
		l.t.Helper()
		next := l.a.Path("next")
		if strings.HasPrefix(program, "#!") {
			must(l.t, fhrptest.WriteProgram(next, []byte(program)))
		} else {
			must(l.t, fhrptest.CopyProgram(next, program))
		}
		must(l.t, os.Rename(next, binary))
	}
	put(fhrptest.Program())
	return put
}

// untouched plays something that must cost nothing.
func (l *lan) untouched(what string, play func()) {
	l.t.Helper()
	moves, pid := l.a.Group("users").Transitions, l.a.PID()
	began := time.Now()
	stop := l.numbers()
	play()
	sent, lost, doubled := stop()
	if len(lost)+len(doubled) > 0 && l.Witness.Late(began) < 100*time.Millisecond {
		l.t.Errorf("%s: of %d datagrams %d were lost, %d doubled\n%s", what, sent, len(lost), len(doubled), l.a.Tail())
	}
	if st := l.a.Report(); st.PID != pid || st.Groups[0].Transitions != moves || st.Groups[0].State != "Active" {
		l.t.Errorf("%s: pid %d, want %d; %+v\n%s", what, st.PID, pid, st.Groups[0], l.a.Tail())
	}
}

// A program that cannot take over leaves the daemon as it was, and the reason is in
// one line.
func TestUpgradesThatFailChangeNothing(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		put := l.replaceable()
		l.startInTurn(reloadable)
		l.mustPing(fhrptest.HostIP)
		for _, c := range []struct{ name, program, why string }{
			{"a program that is none", "#!/nonexistent/shell\n", "no such file"},
			{"a program that does not like the file", "#!/bin/sh\necho 'fhrpd.toml:3: no such key' >&2\nexit 2\n", "fhrpd.toml:3: no such key"},
			{"a program that says nothing", "#!/bin/sh\nexit 1\n", "its check says nothing, and ends with exit status 1"},
			{"a program that crashes", "#!/bin/sh\n[ $1 = check ] && exit 0\nkill -SEGV $$\n", "has ended before it took over"},
			{"a program that ends", "#!/bin/sh\nexit 0\n", "has ended before it took over"},
		} {
			put(c.program)
			l.untouched(c.name, func() {
				out, exit := l.a.Command("upgrade")
				if exit != 1 || !strings.Contains(out, c.why) || !strings.Contains(out, "the running daemon goes on") || strings.Count(out, "\n") != 1 {
					t.Errorf("%s: exit %d: %s", c.name, exit, out)
				}
			})
		}
		put(fhrptest.Program())
		must(t, os.WriteFile(l.a.Path("fhrpd.toml"), []byte("nonsense = 1\n"), 0o600))
		l.untouched("a file with faults", func() {
			if out, exit := l.a.Command("upgrade"); exit != 1 || !strings.Contains(out, "nonsense") {
				t.Errorf("exit %d: %s", exit, out)
			}
		})
		must(t, os.WriteFile(l.a.Path("fhrpd.toml"), []byte(strings.Replace(reloadable, "PRIORITY", "120", 1)), 0o600))
		upgrade(l.a)
		l.a.Eventually("the file of today", func() bool { return l.a.Group("users").ConfiguredPriority == 120 })
		l.Settled(l.a, l.b)
	})
}

// heir is a process that talks to a daemon as a successor does, and no further.
func (l *lan) heir(g *gateway, form int) *succession.Conn {
	l.t.Helper()
	var conn *succession.Conn
	must(l.t, g.NS.Do(func() error {
		c, err := control.Succeed(g.Path("control.sock"))
		if err != nil || c == nil {
			return fmt.Errorf("nobody answers: %w", err)
		}
		conn = succession.NewConn(c)
		var st unix.Stat_t
		if err := unix.Stat("/proc/thread-self/ns/net", &st); err != nil {
			return err
		}
		if err := conn.Send(succession.Message{Step: succession.Hello, Form: form, Version: "other", PID: os.Getpid(), Namespace: st.Ino}, time.Time{}); err != nil {
			return fmt.Errorf("%w\n%s", err, g.Tail())
		}
		return nil
	}))
	l.t.Cleanup(func() { conn.Close() })
	return conn
}

// Whatever a successor does at each step but the last, the daemon goes on.
func TestSuccessorsThatDieChangeNothing(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(reloadable)
		l.mustPing(fhrptest.HostIP)
		receive := func(c *succession.Conn, want succession.Step) succession.Message {
			t.Helper()
			m, err := c.Receive(time.Now().Add(patience))
			must(t, err)
			if m.Step != want {
				t.Errorf("%q (%s), want %q", m.Step, m.Reason, want)
			}
			for _, fd := range m.Files {
				unix.Close(fd)
			}
			return m
		}
		says := func(what string) {
			t.Helper()
			l.a.Eventually("the reason in the log: "+what, func() bool { return strings.Contains(l.a.File("daemon.log"), what) })
		}
		l.untouched("one of another form", func() {
			m := receive(l.heir(l.a, state.Form+1), succession.Refuse)
			if !strings.Contains(m.Reason, "form") {
				t.Errorf("%q", m.Reason)
			}
		})
		l.untouched("one that dies before it has the state", func() { l.heir(l.a, state.Form).Close(); says("has ended before it could go on") })
		l.untouched("one that dies with the state", func() {
			c := l.heir(l.a, state.Form)
			receive(c, succession.State)
			c.Close()
			says("has ended before it could go on")
		})
		l.untouched("one that cannot use it", func() {
			c := l.heir(l.a, state.Form)
			receive(c, succession.State)
			must(t, c.Send(succession.Message{Step: succession.Refuse, Reason: "not to my taste"}, time.Time{}))
			says("not to my taste")
		})
		l.untouched("one that hangs", func() {
			c := l.heir(l.a, state.Form)
			receive(c, succession.State)
			receive(c, succession.No)
			says("was too slow")
			_ = c.Send(succession.Message{Step: succession.Confirm}, time.Time{})
		})
		upgrade(l.a)
		l.Settled(l.a, l.b)
	})
}

// The file says that another program is there: the next reload brings it.
func TestReloadOfAnotherProgramUpgrades(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		put := l.replaceable()
		l.startInTurn(reloadable)
		l.mustPing(fhrptest.HostIP)
		moves, pid := l.a.Group("users").Transitions, l.a.PID()
		put(fhrptest.Program()) // the same text, and another file
		out := reload(l.a, reloadable, 120)
		if !strings.Contains(out, "priority: 110 -> 120") {
			t.Errorf("the plan: %s", out)
		}
		st := l.a.Report()
		if st.PID == pid || st.Groups[0].ConfiguredPriority != 120 || st.Groups[0].Transitions != moves {
			t.Errorf("pid %d was %d: %+v", st.PID, pid, st.Groups[0])
		}
		l.a.Follow(st.PID)
		put(fhrptest.Program())
		l.a.Signal(unix.SIGHUP)
		l.a.Eventually("another process", func() bool { p := l.a.Report().PID; return p != 0 && p != st.PID })
		l.a.Follow(l.a.Report().PID)
		l.a.WaitState("users", "Active")
		l.Settled(l.a, l.b)
	})
}

// A second run on the live socket takes over, and a stop resigns as ever.
func TestSecondRunTakesOver(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(reloadable)
		l.mustPing(fhrptest.HostIP)
		before := l.a.Group("users")
		began := time.Now()
		stop := l.numbers()
		next := l.a.Launch("daemon.log", fhrptest.Program(), "run", "--config", l.a.Path("fhrpd.toml"), "--control", l.a.Path("control.sock"))
		l.a.Eventually("the second process", func() bool { return l.a.Report().PID == next.Process.Pid })
		sent, lost, doubled := stop()
		if len(lost)+len(doubled) > 0 && l.Witness.Late(began) < 100*time.Millisecond {
			t.Errorf("of %d datagrams %d were lost, %d doubled", sent, len(lost), len(doubled))
		}
		if after := l.a.Group("users"); after.Transitions != before.Transitions || after.State != "Active" {
			t.Errorf("%+v, was %+v", after, before)
		}
		l.a.Follow(next.Process.Pid)
		l.a.StopCleanly()
		l.b.WaitAll("Active")
	})
}

// between stands between a successor and the daemon of a gateway, as a second control
// socket. It calls fn with both ends when the successor has confirmed.
func (l *lan) between(g *gateway, fn func(successor, daemon *succession.Conn)) (path string) {
	l.t.Helper()
	path = g.Path("between.sock")
	in, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	must(l.t, err)
	in.SetUnlinkOnClose(false)
	l.t.Cleanup(func() { in.Close() })
	go func() {
		c, err := in.AcceptUnix()
		if err != nil {
			return
		}
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			return
		}
		fmt.Fprint(c, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
		there, err := control.Succeed(g.Path("control.sock"))
		if err != nil || there == nil {
			return
		}
		successor, daemon := succession.NewConn(c), succession.NewConn(there)
		for from, to := successor, daemon; ; from, to = to, from {
			m, err := from.Receive(time.Time{})
			if err != nil {
				return
			}
			if m.Step == succession.Confirm {
				fn(successor, daemon)
				return
			}
			if to.Send(m, time.Time{}) != nil {
				return
			}
			for _, fd := range m.Files {
				unix.Close(fd)
			}
		}
	}()
	return path
}

// A daemon that dies when the successor has confirmed and before it has said "go" has
// left all that there is to one process: that goes on.
func TestDaemonThatDiesBeforeItsLastWordIsSucceeded(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(reloadable)
		l.mustPing(fhrptest.HostIP)
		before := l.a.Group("users")
		began := time.Now()
		stop := l.numbers()
		confirmed, killed := make(chan struct{}), make(chan struct{})
		path := l.between(l.a, func(successor, _ *succession.Conn) {
			close(confirmed)
			<-killed
			_ = successor.Close()
		})
		next := l.a.Launch("next.log", fhrptest.Program(), "run", "--config", l.a.Path("fhrpd.toml"), "--control", path)
		select {
		case <-confirmed:
		case <-time.After(patience):
			t.Fatalf("the second process does not confirm\n%s", l.a.Tail())
		}
		l.a.Kill()
		close(killed)
		l.a.Eventually("the second process", func() bool { return l.a.Report().PID == next.Process.Pid })
		fhrptest.Pass(t, time.Second) // longer than b would wait
		sent, lost, doubled := stop()
		if len(lost)+len(doubled) > 0 && l.Witness.Late(began) < 100*time.Millisecond {
			t.Errorf("of %d datagrams %d were lost, %d doubled", sent, len(lost), len(doubled))
		}
		if after := l.a.Group("users"); after.Transitions != before.Transitions || after.State != "Active" || !l.b.All("Standby") {
			t.Errorf("%+v, was %+v\n%s", after, before, l.a.Tail())
		}
	})
}
