package vrrp

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/internal/scenario"
	"github.com/fhrpd/fhrpd/hello"
)

// The segment of the tests: this router is .5, so .1 has a smaller and .9 a
// greater address.
var (
	t0      = time.Unix(1_700_000_000, 0)
	self    = netip.MustParseAddr("192.0.2.5")
	smaller = netip.MustParseAddr("192.0.2.1")
	greater = netip.MustParseAddr("192.0.2.9")
	vip     = netip.MustParseAddr("192.0.2.254")
	selfMAC = hello.MAC{2, 0, 0, 0, 0, 5}
)

const ms = time.Millisecond

// v3 is the usual router: priority 100, one second, preempting.
func v3(change ...func(*Config)) Config {
	c := Config{
		VRID: 51, Version: 3, Family: hello.IPv4, Priority: 100, Preempt: true,
		AdverInterval: time.Second, VirtualIPs: []netip.Addr{vip},
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

func version2(c *Config)  { c.Version = 2 }
func noPreempt(c *Config) { c.Preempt = false }
func owner(c *Config)     { c.Priority = hello.OwnerPriority }

func interval(d time.Duration) func(*Config) { return func(c *Config) { c.AdverInterval = d } }
func priority(p uint8) func(*Config)         { return func(c *Config) { c.Priority = p } }
func delay(d time.Duration) func(*Config)    { return func(c *Config) { c.PreemptDelay = d } }

// in returns a router that entered the state s at t0.
func in(t testing.TB, s State, c Config) *Router {
	t.Helper()
	r := New(c)
	switch {
	case s == Backup && c.Priority == hello.OwnerPriority:
		r.Step(t0, up())
		r.Step(t0, fsm.Fenced{Cause: fsm.CauseStalled})
	case s == Backup, s == Active && c.Priority == hello.OwnerPriority:
		r.Step(t0, up())
	case s == Active:
		r.Step(t0.Add(-r.activeDownInterval()), up())
		r.Step(t0, fsm.Tick{})
	}
	if r.state != s {
		t.Fatalf("could not bring the router to %v, it is in %v", s, r.state)
	}
	return r
}

func up() fsm.Up { return fsm.Up{Addr: self, MAC: selfMAC} }

// advert is an advertisement that fits c, with the given priority.
func advert(c Config, from netip.Addr, priority uint8) *fsm.Received {
	return &fsm.Received{From: from, MAC: hello.MAC{2, 0, 0, 0, 0, 0xee}, Message: &hello.VRRP{
		Version: c.Version, VRID: c.VRID, Family: c.Family, Priority: priority,
		AdverInterval: c.AdverInterval, VirtualIPs: c.VirtualIPs,
	}}
}

// every returns ev with another interval in it.
func every(d time.Duration, ev *fsm.Received) *fsm.Received {
	m := *ev.Message.(*hello.VRRP)
	m.AdverInterval = d
	ev.Message = &m
	return ev
}

// script renders actions in order: "release, send 0, withdraw, Active>Backup (cause)".
func script(actions []fsm.Action) string {
	return scenario.Script(actions, func(a fsm.Send) string {
		w := fmt.Sprintf("send %d", a.Message.(*hello.VRRP).Priority)
		if !a.Virtual {
			w += " from the real MAC"
		}
		return w
	})
}

// none stands for "no deadline" where a duration since t0 is wanted.
const none = time.Duration(-1)

// expect steps r at t0+at and checks the actions, the state after them and the
// deadline, counted from t0.
func expect(t *testing.T, r *Router, at time.Duration, ev fsm.Event, actions string, s State, deadline time.Duration) {
	t.Helper()
	if diff := cmp.Diff(actions, script(r.Step(t0.Add(at), ev))); diff != "" {
		t.Errorf("%v: %T: actions (-want +got)\n%s", at, ev, diff)
	}
	if r.state != s {
		t.Errorf("%v: %T: state is %v, want %v", at, ev, r.state, s)
	}
	got, armed := r.Deadline()
	switch {
	case armed != (deadline != none):
		t.Errorf("%v: %T: deadline armed is %v", at, ev, armed)
	case armed && got.Sub(t0) != deadline:
		t.Errorf("%v: %T: deadline at %v, want %v", at, ev, got.Sub(t0), deadline)
	}
}

// down3 is Active_Down_Interval of priority 100 and one second.
const down3 = 3609375 * time.Microsecond

// skew3 is its Skew_Time.
const skew3 = 609375 * time.Microsecond

// promoted is what every promotion of priority 100 out of Backup does.
const promoted = "acquire, send 100, claim, Backup>Active "
