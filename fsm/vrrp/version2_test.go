package vrrp

import (
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// TestRFC3768 proves where version 2 differs from version 3.
func TestRFC3768(t *testing.T) {
	c := v3(version2, interval(10*time.Second))
	const down = 30609375 * time.Microsecond
	t.Run("RFC3768/6.1/the skew is not scaled with the interval", func(t *testing.T) {
		expect(t, New(c), 0, up(), "withdraw, Initialize>Backup (started)", Backup, down)
	})
	t.Run("RFC3768/6.4.2/priority 0 waits part of a second", func(t *testing.T) {
		expect(t, in(t, Backup, c), 0, advert(c, greater, 0), "", Backup, skew3)
	})
	t.Run("RFC3768/6.4.3/a loser is discarded in silence", func(t *testing.T) {
		r := in(t, Active, c)
		expect(t, r, time.Second, advert(c, greater, 99), "reassert", Active, 10*time.Second)
		expect(t, r, time.Second, advert(c, smaller, 100), "reassert", Active, 10*time.Second)
	})
	t.Run("RFC3768/6.4.3/priority 0 is answered", func(t *testing.T) {
		expect(t, in(t, Active, c), time.Second, advert(c, greater, 0), "send 100, reassert", Active, 11*time.Second)
	})
	t.Run("RFC3768/7.1/another interval changes nothing", func(t *testing.T) {
		r := in(t, Backup, c)
		for _, p := range []uint8{0, 50, 200} {
			expect(t, r, time.Second, every(time.Second, advert(c, greater, p)), "", Backup, down)
		}
		if got := r.Status().HelloTime; got != 10*time.Second {
			t.Errorf("interval in force is %v, want 10s", got)
		}
	})
	t.Run("RFC3768/7.1/the owner hears nobody", func(t *testing.T) {
		o := v3(version2, owner)
		for _, p := range []uint8{0, 254, 255} {
			expect(t, in(t, Active, o), at, advert(o, greater, p), "", Active, time.Second)
		}
	})
}

// TestCheck proves which advertisements are refused and for what reason.
func TestCheck(t *testing.T) {
	v2 := v3(version2)
	for _, tc := range []struct {
		name   string
		cfg    Config
		change func(*hello.VRRP)
		want   hello.Reject
	}{
		{"v3/fits", v3(), func(*hello.VRRP) {}, ""},
		{"v2/fits", v2, func(*hello.VRRP) {}, ""},
		{"v2/priority 0 fits", v2, func(m *hello.VRRP) { m.Priority = 0 }, ""},
		{"RFC9568/7.1/another interval is used", v3(), func(m *hello.VRRP) { m.AdverInterval *= 2 }, ""},
		{"RFC9568/5.2.7/interval 0 is refused", v3(), func(m *hello.VRRP) { m.AdverInterval = 0 }, hello.RejectInterval},
		{"RFC3768/7.1/a longer interval is refused", v2, func(m *hello.VRRP) { m.AdverInterval *= 2 }, hello.RejectInterval},
		{"RFC3768/7.1/a shorter interval is refused", v2, func(m *hello.VRRP) { m.AdverInterval /= 2 }, hello.RejectInterval},
		{"RFC3768/7.1/the owner refuses all", v3(version2, owner), func(*hello.VRRP) {}, hello.RejectOwner},
		{"RFC3768/7.1/the interval is checked before the owner", v3(version2, owner),
			func(m *hello.VRRP) { m.AdverInterval *= 2 }, hello.RejectInterval},
		{"RFC9568/7.1/an owner hears another", v3(owner), func(m *hello.VRRP) { m.Priority = hello.OwnerPriority }, ""},
		{"RFC9568/7.1/a different address list is used", v3(), func(m *hello.VRRP) { m.VirtualIPs = nil }, ""},
		{"v3/version 2 is refused", v3(), func(m *hello.VRRP) { m.Version = 2 }, hello.RejectVersion},
		{"v2/version 3 is refused", v2, func(m *hello.VRRP) { m.Version = 3 }, hello.RejectVersion},
		{"another VRID is refused", v3(), func(m *hello.VRRP) { m.VRID++ }, hello.RejectGroup},
		{"another family is refused", v3(), func(m *hello.VRRP) { m.Family = hello.IPv6 }, hello.RejectGroup},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ev := advert(tc.cfg, greater, 200)
			m := ev.Message.(*hello.VRRP)
			tc.change(m)
			r := in(t, Backup, tc.cfg)
			if got := r.Check(m); got != tc.want {
				t.Errorf("Check says %q, want %q", got, tc.want)
			}
			before, _ := r.Deadline()
			r.Step(t0.Add(at), ev)
			after, _ := r.Deadline()
			if moved := before != after; moved != (tc.want == "") {
				t.Errorf("Step moved the timer: %v, but Check says %q", moved, tc.want)
			}
		})
	}
}

func TestAccepts(t *testing.T) {
	yes := func(c *Config) { c.Accept = true }
	for _, tc := range []struct {
		name string
		cfg  Config
		want bool
	}{
		{"RFC9568/6.4.3/the owner always accepts", v3(owner), true},
		{"RFC9568/6.1/Accept_Mode true", v3(yes), true},
		{"RFC9568/6.1/Accept_Mode false", v3(), false},
		{"version 2 when asked to", v3(version2, yes), true},
	} {
		if got := New(tc.cfg).Accepts(); got != tc.want {
			t.Errorf("%s: got %v", tc.name, got)
		}
	}
}

func TestStateString(t *testing.T) {
	for s, want := range map[State]string{
		Initialize: "Initialize", Backup: "Backup", Active: "Active", 0: "State(0)", 9: "State(9)",
	} {
		if s.String() != want {
			t.Errorf("%d is %q, want %q", uint8(s), s, want)
		}
	}
}

func TestReceivedBeforeDeadline(t *testing.T) {
	t.Run("an advertisement that comes with the deadline is proof of life", func(t *testing.T) {
		r := in(t, Backup, v3())
		expect(t, r, down3, advert(v3(), greater, 200), "", Backup, 2*down3)
		expect(t, r, down3, fsm.Tick{}, "", Backup, 2*down3)
	})
}
