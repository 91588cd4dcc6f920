package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// barrier is a pre_active command that ends when it is told to, and an active
// command that says whether it had.
type barrier struct {
	t testing.TB
	g *gateway // in whose directory the two meet
}

const (
	waits = `cat >"$1/in.new"; echo $$ >"$1/pid"; mv "$1/in.new" "$1/in"; read status <"$1/gate"; touch "$1/ended"; exit $status`
	looks = `test -e "$1/ended" && touch "$1/active"`
)

func newBarrier(t testing.TB, g *gateway) *barrier {
	t.Helper()
	b := &barrier{t, g}
	must(t, unix.Mkfifo(g.Path("gate"), 0o600))
	for name, script := range map[string]string{"before": waits, "active": looks} {
		must(t, fhrptest.WriteProgram(g.Path(name+".sh"), []byte("#!/bin/sh\n"+script+"\n")))
	}
	return b
}

// hooks is a table of configuration.
func (b *barrier) hooks(protocol, deadline string) string {
	return fmt.Sprintf("\n[%s.hooks]\nactive = [%q, %q]\npre_active = { command = [%q, %q], deadline = %q }\n",
		protocol, b.g.Path("active.sh"), b.g.Path(""), b.g.Path("before.sh"), b.g.Path(""), deadline)
}

func (b *barrier) exists(name string) bool {
	_, err := os.Stat(b.g.Path(name))
	return err == nil
}

// end makes the command end with an exit status and returns the time before.
func (b *barrier) end(exit int) time.Time {
	b.t.Helper()
	f, err := os.OpenFile(b.g.Path("gate"), os.O_RDWR, 0)
	must(b.t, err)
	defer f.Close()
	now := time.Now()
	_, err = fmt.Fprintln(f, exit)
	must(b.t, err)
	// The pipe is empty once nobody has it open.
	b.g.Eventually("the end of the command", func() bool { return b.exists("ended") })
	return now
}

// pid is the process of the command.
func (b *barrier) pid() int {
	b.t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(b.g.File("pid")))
	must(b.t, err)
	return pid
}

// input is what a command reads.
type input struct {
	Hook, Ref string
	status.Transition
}

// input returns what the command has read, zero while it has not.
func (b *barrier) input() (in input) {
	b.t.Helper()
	if text := b.g.File("in"); text != "" {
		must(b.t, json.Unmarshal([]byte(text), &in))
	}
	return in
}

// gone reports whether the command has ended.
func (b *barrier) gone() bool { return unix.Kill(b.pid(), 0) == unix.ESRCH }

// wait is what a gateway tells of the wait.
func wait(g *gateway) status.PreActive {
	if p := g.Group("eth0:10").PreActive; p != nil {
		return *p
	}
	return status.PreActive{}
}

// heldTakeover makes b active and wait for its command. It returns when the
// command runs.
func heldTakeover(l *lan, protocol, group, deadline string) *barrier {
	l.t.Helper()
	c := newBarrier(l.t, l.b)
	l.a.StartAs(group, 110)
	l.a.WaitAll("Active")
	// A machine that stands still is not what these tests are about.
	l.b.StartAs("[daemon]\nlease = \"60s\"\n"+group+c.hooks(protocol, deadline), 100)
	l.Settled(l.a, l.b)
	l.a.StopCleanly()
	l.Eventually("the command of this takeover", func() bool {
		last := l.b.Group("eth0:10").LastTransition
		return last != nil && last.Waits && c.input().ID == last.ID
	})
	return c
}

var (
	hsrpHeld = hsrpTable(2, address4, `hello = "250ms"`, `hold = "1200ms"`)
	vrrpHeld = table("vrrp", "vrid = 10", common, address4, `advertise = "300ms"`)
)

func TestPreActiveHoldsTheAddressAndNotTheElection(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		protocol, group, claim string
		vmac                   hello.MAC
	}{
		{"hsrp", hsrpHeld, "hello Active", mac2},
		{"vrrp", vrrpHeld, "vrrp priority 100", macV},
	} {
		t.Run(tt.protocol, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) { checkHold(t, l, tt.protocol, tt.group, tt.claim, tt.vmac) })
		})
	}
}

// checkHold plays a takeover in which claim is the message of an active router.
func checkHold(t testing.TB, l *lan, protocol, group, claim string, vmac hello.MAC) {
	t.Helper()
	c := heldTakeover(l, protocol, group, "1m")
	first := l.b.Says("real: "+claim, time.Time{}, vmac)
	later := first
	for range 4 { // the hellos go on while the command runs
		later = l.b.Says("real: "+claim, later.At.Add(time.Millisecond), vmac)
	}
	if st := wait(l.b); st.Outcome != engine.Waiting {
		t.Errorf("status %+v, want waiting", st)
	}
	if l.forwards(l.b, vmac) {
		t.Error("forwards for the virtual MAC before the command has ended")
	}
	g := l.b.Group("eth0:10")
	if in := c.input(); in.Hook != "pre_active" || in.Ref != g.Ref() || in.To != "Active" || !in.Waits {
		t.Errorf("the command has read %+v", in)
	}

	ended := c.end(0)
	l.b.Says("virtual: arp reply 192.168.1.1 is-at virtual to everybody", ended, vmac)
	frames := l.b.Sent(time.Time{})
	i := slices.IndexFunc(frames, func(f netlab.Frame) bool { return f.Source() == vmac })
	if frames[i].At.Before(ended) {
		t.Errorf("a frame from the virtual MAC %v before the end of the command: %q", ended.Sub(frames[i].At), fhrptest.Said(vmac, frames[i:i+1]))
	}
	if !l.forwards(l.b, vmac) {
		t.Error("does not forward for the virtual MAC afterwards")
	}
	l.b.Says("virtual: "+claim, ended, vmac)
	l.Eventually("the active command after the other one", func() bool { return c.exists("active") })
	if st := wait(l.b); st.Outcome != engine.Succeeded || st.Transition == 0 {
		t.Errorf("status %+v", st)
	}
	l.mustPing(vip)
	t.Logf("first hello to first frame from the virtual MAC %v, end of the command to it %v", frames[i].At.Sub(first.At), frames[i].At.Sub(ended))
}

func TestPreActiveThatHangsIsKilledAtItsDeadline(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		const deadline = 3 * time.Second // enough for the command to begin
		c := heldTakeover(l, "hsrp", hsrpHeld, deadline.String())
		l.Eventually("the end of the wait", func() bool { return wait(l.b).Outcome == engine.TimedOut })
		l.Eventually("the end of the command", c.gone)
		g := l.b.Group("eth0:10")
		if c.exists("ended") || g.State != "Active" {
			t.Errorf("ended by itself (%t), group in %s", c.exists("ended"), g.State)
		}
		first := l.b.Says("virtual: arp reply 192.168.1.1 is-at virtual to everybody", time.Time{}, mac2)
		// Both times are of this host's clock.
		if waited := first.At.Sub(g.LastTransition.At); waited < deadline {
			t.Errorf("the address was announced %v after the role, want not before %v", waited, deadline)
		}
		l.Eventually("the result of the command", func() bool {
			i := slices.IndexFunc(l.b.Group("eth0:10").Hooks, func(h status.Hook) bool { return h.Hook == "pre_active" && !h.Running })
			return i >= 0
		})
		for command, want := range map[string]string{
			"show standby detail": "Hook pre_active failed: killed",
			"explain":             "the address was taken",
		} {
			if out, exit := l.b.Command(strings.Fields(command)...); exit != 0 || !strings.Contains(out, want) {
				t.Errorf("%s ends with %d and does not say %q:\n%s", command, exit, want, out)
			}
		}
		l.mustPing(vip)
	})
}

func TestPreActiveThatFailsDoesNotCostTheAddress(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		c := heldTakeover(l, "hsrp", hsrpHeld, "1m")
		c.end(3)
		l.Eventually("the address", func() bool { return wait(l.b).Outcome == engine.Failed })
		if st := wait(l.b); !strings.Contains(st.Error, "exit status 3") {
			t.Errorf("status %+v", st)
		}
		l.Eventually("the active command", func() bool { return c.exists("active") })
		l.mustPing(vip)
	})
}

func TestStopDoesNotWaitForPreActive(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		c := heldTakeover(l, "hsrp", hsrpHeld, "1m")
		began := time.Now()
		if took := l.b.StopCleanly(); took > stopWithin+l.Witness.Spare(began) {
			t.Errorf("the stop took %v", took)
		}
		l.b.Says("real: resign Active", time.Time{}, mac2)
		l.Eventually("the end of the command", c.gone)
		if n := count(l.b.Sent(time.Time{}), from(mac2)); n > 0 || c.exists("active") {
			t.Errorf("%d frames from the virtual MAC, active command %t; the address was never taken", n, c.exists("active"))
		}
	})
}

func TestPreemptionCancelsPreActive(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		c := heldTakeover(l, "hsrp", hsrpHeld, "1m")
		l.a.Restart()
		l.Settled(l.a, l.b)
		l.Eventually("the end of the command", c.gone)
		if st := wait(l.b); st.Outcome != engine.Cancelled {
			t.Errorf("status %+v", st)
		}
		if n := count(l.b.Sent(time.Time{}), from(mac2)); n > 0 || c.exists("active") {
			t.Errorf("%d frames from the virtual MAC, active command %t; the address was never taken", n, c.exists("active"))
		}
		l.mustPing(vip)
	})
}
