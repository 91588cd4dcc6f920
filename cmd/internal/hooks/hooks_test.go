package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/command"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/configs/setup"
)

var silent = slog.New(slog.DiscardHandler)

// groups has a group of each protocol with both hooks.
func groups() *configs.Config {
	hooks := configs.Hooks{
		Active: []string{"/on-active"}, Standby: []string{"/on-standby"},
		PreActive: configs.Hook{Command: []string{"/before"}, Deadline: 500 * time.Millisecond},
	}
	return &configs.Config{
		HSRP: []configs.HSRP{{Group: configs.Group{Interface: "eth1", Family: 4, Hooks: hooks}, ID: 10}},
		VRRP: []configs.VRRP{{Group: configs.Group{Interface: "eth1", Family: 6, Hooks: hooks}, VRID: 20}},
	}
}

// to is a transition of the HSRP group, "Standby>Active".
func to(id int, states string) status.Transition {
	from, to, _ := strings.Cut(states, ">")
	return status.Transition{ID: id, Protocol: "hsrp", Interface: "eth1", Group: 10, Family: 4, From: from, To: to}
}

// bench is a Runner whose commands take some virtual time and are noted.
type bench struct {
	*Runner
	start time.Time
	took  map[string]time.Duration // by command; 1 s by default
	mu    sync.Mutex
	lines []string // "1s /on-active 3": begin, command, transition
}

func newBench(c *configs.Config) *bench {
	b := &bench{start: time.Now(), took: map[string]time.Duration{}}
	b.Runner = New(setup.Groups(c), silent, b.command)
	return b
}

func (b *bench) command(ctx context.Context, s command.Spec) command.Result {
	var in input
	if err := json.Unmarshal(s.Stdin, &in); err != nil {
		return command.Result{Exit: -1, Err: err}
	}
	b.mu.Lock()
	b.lines = append(b.lines, fmt.Sprintf("%v %s %s %d", time.Since(b.start), in.Ref, s.Args[0], in.ID))
	b.mu.Unlock()
	took, ok := b.took[s.Args[0]]
	if !ok {
		took = time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	began := time.Now()
	select {
	case <-time.After(took):
		return command.Result{Duration: took, Line: "done"}
	case <-ctx.Done():
		return command.Result{Exit: -1, Duration: time.Since(began), Err: ctx.Err()}
	}
}

func TestWhichHookRuns(t *testing.T) {
	tests := []struct{ states, want string }{
		{"Standby>Active", active},
		{"Backup>Active", active},
		{"Speak>Standby", standby},
		{"Initialize>Backup", standby},
		{"Active>Backup", standby},
		{"Active>Speak", standby},
		{"Active>Listen", standby},
		{"Active>Init", standby},
		{"Active>Initialize", standby},
		{"Init>Listen", ""},
		{"Listen>Speak", ""},
		{"Standby>Listen", ""},
		{"Backup>Initialize", ""},
	}
	for _, tt := range tests {
		if got := hookFor(to(1, tt.states)); got != tt.want {
			t.Errorf("%s: hook %q, want %q", tt.states, got, tt.want)
		}
	}
}

func TestQueue(t *testing.T) {
	noStandby := groups()
	noStandby.HSRP[0].Hooks.Standby = nil
	tests := []struct {
		name        string
		cfg         *configs.Config
		transitions []status.Transition
		want        []string
	}{
		{"one after the other", groups(),
			[]status.Transition{to(1, "Standby>Active"), to(2, "Active>Speak")},
			[]string{"0s hsrp:eth1:10 /on-active 1", "1s hsrp:eth1:10 /on-standby 2"}},
		{"a queue that is behind skips to the latest", groups(),
			[]status.Transition{to(1, "Standby>Active"), to(2, "Active>Speak"), to(3, "Speak>Standby"), to(4, "Standby>Active")},
			[]string{"0s hsrp:eth1:10 /on-active 1", "1s hsrp:eth1:10 /on-active 4"}},
		{"what calls for no hook does not push out what waits", groups(),
			[]status.Transition{to(1, "Standby>Active"), to(2, "Active>Listen"), to(3, "Listen>Speak")},
			[]string{"0s hsrp:eth1:10 /on-active 1", "1s hsrp:eth1:10 /on-standby 2"}},
		{"a role without a command pushes out what waits", noStandby,
			[]status.Transition{to(1, "Standby>Active"), to(2, "Active>Speak"), to(3, "Standby>Active"), to(4, "Active>Init")},
			[]string{"0s hsrp:eth1:10 /on-active 1"}},
		{"groups do not wait for each other", groups(),
			[]status.Transition{to(1, "Standby>Active"),
				{ID: 2, Protocol: "vrrp", Interface: "eth1", Group: 20, Family: 6, From: "Backup", To: "Active"}},
			[]string{"0s hsrp:eth1:10 /on-active 1", "0s vrrp6:eth1:20 /on-active 2"}},
		{"a group of another number has no hooks", groups(),
			[]status.Transition{{ID: 1, Protocol: "hsrp", Interface: "eth1", Group: 11, Family: 4, To: "Active"}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(tt.cfg)
				for _, tr := range tt.transitions {
					b.Transition(tr)
					synctest.Wait()
				}
				if err := b.Close(t.Context()); err != nil {
					t.Error(err)
				}
				b.Transition(to(9, "Standby>Active")) // too late
				synctest.Wait()
				if diff := cmp.Diff(tt.want, b.lines); diff != "" {
					t.Errorf("runs (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// many has n groups with every hook.
func many(n int) *configs.Config {
	c := groups()
	one := c.HSRP[0]
	for i := range n - 1 {
		one.ID = uint16(100 + i)
		c.HSRP = append(c.HSRP, one)
	}
	return c
}

func TestCommandsOfManyGroupsTakeTurns(t *testing.T) {
	const n = 2*atOnce + 1
	for name, start := range map[string]func(*bench, status.Transition){
		active: func(b *bench, tr status.Transition) { b.Transition(tr) },
		preActive: func(b *bench, tr status.Transition) {
			go b.PreActive(context.Background(), tr)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := many(n)
				b := newBench(c)
				b.took["/before"] = 400 * time.Millisecond
				begun := func() int {
					synctest.Wait()
					b.mu.Lock()
					defer b.mu.Unlock()
					return len(b.lines)
				}
				for i, g := range c.HSRP {
					tr := to(i+1, "Standby>Active")
					tr.Group = int(g.ID)
					start(b, tr)
				}
				got := []int{begun()}
				for len(got) < 3 {
					time.Sleep(time.Second) // virtual
					got = append(got, begun())
				}
				if got[0] != atOnce || got[2] != n {
					t.Errorf("%d commands begun, want %d at first and %d in the end", got, atOnce, n)
				}
				if err := b.Close(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestLatestRoleCountsWhenTheTurnComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(groups())
		for range atOnce { // all turns are taken
			_ = b.roles.acquire(t.Context())
		}
		b.Transition(to(1, "Standby>Active"))
		synctest.Wait()
		b.Transition(to(2, "Active>Speak"))
		for range atOnce {
			b.roles.release()
		}
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"0s hsrp:eth1:10 /on-standby 2"}, b.lines); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(groups())
		b.took["/on-standby"] = time.Hour
		for i, states := range []string{"Standby>Active", "Active>Speak", "Speak>Standby"} {
			b.Transition(to(i+1, states))
			synctest.Wait()
		}
		at := b.start
		active := status.Hook{Hook: active, Command: []string{"/on-active"}, Transition: 1, At: at, Running: true, Exit: -1}
		waiting := status.Hook{Hook: standby, Skipped: 1}
		if diff := cmp.Diff(map[string][]status.Hook{"hsrp:eth1:10": {active, waiting}}, b.Results()); diff != "" {
			t.Errorf("while it runs (-want +got):\n%s", diff)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
		active.Running, active.DurationMS, active.Exit, active.Output = false, 1000, 0, "done"
		standby := status.Hook{
			Hook: standby, Command: []string{"/on-standby"}, Transition: 3, At: at.Add(time.Second),
			DurationMS: 10000, Exit: -1, Error: "context deadline exceeded", Skipped: 1,
		}
		if diff := cmp.Diff(map[string][]status.Hook{"hsrp:eth1:10": {active, standby}}, b.Results()); diff != "" {
			t.Errorf("afterwards (-want +got):\n%s", diff)
		}
	})
}

func TestCloseKillsWhatTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(groups())
		b.took["/on-active"] = 5 * time.Second
		b.Transition(to(1, "Standby>Active"))
		synctest.Wait()
		b.Transition(to(2, "Active>Init"))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if err := b.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the deadline", err)
		}
		if took := time.Since(b.start); took != 2*time.Second {
			t.Errorf("took %v, want 2s", took)
		}
		b.Transition(to(3, "Standby>Active"))
		synctest.Wait()
		if diff := cmp.Diff([]string{"0s hsrp:eth1:10 /on-active 1"}, b.lines); diff != "" {
			t.Errorf("runs (-want +got):\n%s", diff)
		}
		if got := b.Results()["hsrp:eth1:10"][0]; got.Running || got.Error == "" {
			t.Errorf("the killed run is kept as %+v", got)
		}
	})
}

func TestConfigureCountsFromNowOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(groups())
		b.Transition(to(1, "Standby>Active"))
		synctest.Wait()
		b.Transition(to(2, "Active>Speak"))
		other := groups()
		other.HSRP[0].Hooks = configs.Hooks{}
		b.Configure(setup.Groups(other))
		synctest.Wait()
		<-time.After(3 * time.Second) // virtual
		b.Transition(to(3, "Standby>Active"))
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
		want := []string{"0s hsrp:eth1:10 /on-active 1", "1s hsrp:eth1:10 /on-standby 2"}
		if diff := cmp.Diff(want, b.lines); diff != "" {
			t.Errorf("runs (-want +got):\n%s", diff)
		}
	})
}

func TestPreActive(t *testing.T) {
	tests := []struct {
		name string
		took time.Duration
		id   int
		want error
		wait time.Duration
	}{
		{"is waited for", 300 * time.Millisecond, 10, nil, 300 * time.Millisecond},
		{"but not past its deadline", time.Hour, 10, context.DeadlineExceeded, 500 * time.Millisecond},
		{"and not where there is none", time.Hour, 11, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(groups())
				b.took["/before"], b.took["/on-standby"] = tt.took, time.Hour
				b.Transition(to(1, "Speak>Standby")) // the queue is busy, which does not matter
				tr := to(2, "Standby>Active")
				tr.Group = tt.id
				err := b.PreActive(t.Context(), tr)
				if !errors.Is(err, tt.want) || err != nil && !strings.Contains(err.Error(), "pre_active command /before of hsrp:eth1:10") {
					t.Errorf("error %v, want %v", err, tt.want)
				}
				if got := time.Since(b.start); got != tt.wait {
					t.Errorf("returned after %v, want %v", got, tt.wait)
				}
				_ = b.Close(t.Context())
			})
		})
	}
}

// waits is a transition to Active whose address waits.
func waits(id int) status.Transition {
	t := to(id, "Standby>Active")
	t.Waits = true
	return t
}

func TestActiveCommandComesWithTheAddress(t *testing.T) {
	tests := []struct {
		name string
		do   func(*bench)
		want []string
	}{
		{"when it is taken", func(b *bench) {
			b.Transition(waits(1))
			<-time.After(300 * time.Millisecond) // virtual
			b.Taken("hsrp:eth1:10")
		}, []string{"300ms hsrp:eth1:10 /on-active 1"}},
		{"once", func(b *bench) {
			b.Transition(waits(1))
			b.Taken("hsrp:eth1:10")
			<-time.After(time.Minute) // virtual; before it has run it would be one anyway
			b.Taken("hsrp:eth1:10")
		}, []string{"0s hsrp:eth1:10 /on-active 1"}},
		{"not when the role was lost before", func(b *bench) {
			b.Transition(waits(1))
			b.Transition(to(2, "Active>Speak"))
			b.Taken("hsrp:eth1:10")
		}, []string{"0s hsrp:eth1:10 /on-standby 2"}},
		{"not after the end", func(b *bench) {
			b.Transition(waits(1))
			_ = b.Close(context.Background())
			b.Taken("hsrp:eth1:10")
		}, nil},
		{"and not of a group that has not waited", func(b *bench) { b.Taken("hsrp:eth1:10") }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(groups())
				tt.do(b)
				if err := b.Close(t.Context()); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(tt.want, b.lines); diff != "" {
					t.Errorf("runs (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestPreActiveEndsWithWhoeverWaitsForIt(t *testing.T) {
	lost := errors.New("the role is lost")
	synctest.Test(t, func(t *testing.T) {
		b := newBench(groups())
		b.took["/before"] = time.Hour
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(100*time.Millisecond, func() { cancel(lost) })
		if err := b.PreActive(ctx, waits(1)); err == nil || time.Since(b.start) != 100*time.Millisecond {
			t.Errorf("error %v after %v, want one after 100ms", err, time.Since(b.start))
		}
	})
}

func TestCloseWaitsForPreActiveAndThenKillsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(groups())
		b.took["/before"] = time.Hour
		ended := false
		go func() {
			_ = b.PreActive(context.Background(), waits(1))
			ended = true
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if err := b.Close(ctx); err == nil {
			t.Error("nothing was killed")
		}
		if synctest.Wait(); !ended || time.Since(b.start) != 200*time.Millisecond {
			t.Errorf("ended %t after %v, want after 200ms", ended, time.Since(b.start))
		}
		if err := b.PreActive(t.Context(), waits(2)); err != nil || len(b.lines) != 1 {
			t.Errorf("after the end: %v, runs %q", err, b.lines)
		}
	})
}

func TestKilledRunThatEndsLateDoesNotHideTheNext(t *testing.T) {
	r := New(setup.Groups(groups()), silent, command.Run)
	r.keep("hsrp:eth1:10", status.Hook{Hook: preActive, Transition: 5, Running: true})
	r.keep("hsrp:eth1:10", status.Hook{Hook: preActive, Transition: 3, Error: "killed"})
	if got := r.Results()["hsrp:eth1:10"]; len(got) != 1 || got[0].Transition != 5 {
		t.Errorf("results %+v, want that of transition 5", got)
	}
}

func TestCommandReadsTheTransition(t *testing.T) {
	file := filepath.Join(t.TempDir(), "in")
	c := groups()
	c.HSRP[0].Hooks.Active = []string{"/bin/sh", "-c", `cat >"$1"; echo kept; exit 4`, "sh", file}
	r := New(setup.Groups(c), silent, command.Run)
	tr := to(7, "Standby>Active")
	tr.At, tr.Cause, tr.Detail, tr.Name = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), "active-timer-expired", "no hello for 10s", "users"
	r.Transition(tr)
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"hook":"active","ref":"hsrp:eth1:10","id":7,"protocol":"hsrp","interface":"eth1","group":10,"family":4,` +
		`"name":"users","from":"Standby","to":"Active","at":"2026-05-01T12:00:00Z","cause":"active-timer-expired","detail":"no hello for 10s"}` + "\n"
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Errorf("standard input (-want +got):\n%s", diff)
	}
	res := r.Results()["hsrp:eth1:10"]
	if len(res) != 1 || res[0].Exit != 4 || res[0].Output != "kept" || res[0].Error != "exit status 4" {
		t.Errorf("results %+v, want one with status 4", res)
	}
}

func TestLogLeavesOutWhatAHookHasNot(t *testing.T) {
	res := status.Hook{Hook: active, Command: []string{"/on-active"}}
	for _, a := range attributes("hsrp:eth1:10", res, time.Second) {
		if a == "output" || a == "error" {
			t.Errorf("%s of a command that was silent and succeeded", a)
		}
	}
	res.Error, res.Output = "exit status 1", "no peer"
	if got := fmt.Sprint(attributes("hsrp:eth1:10", res, time.Second)); !strings.Contains(got, "output no peer") || !strings.Contains(got, "error exit status 1") {
		t.Errorf("a command that failed: %s", got)
	}
}
