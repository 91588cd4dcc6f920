package vrrp

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// Each test below defends one sentence of RFC 9568 (sections are the same in
// RFC 3768 unless a name says otherwise). It brings a router into a state with
// in, steps it once or more with expect, and so checks the actions, their
// order, the next state and every duration.

func TestRFC9568Initialize(t *testing.T) {
	const section = "RFC9568/6.4.1/"
	t.Run(section+"I1 the owner becomes Active at once", func(t *testing.T) {
		expect(t, New(v3(owner)), 0, up(),
			"acquire, send 255, claim, Initialize>Active (address-owner)", Active, time.Second)
	})
	t.Run(section+"I2 everybody else waits in Backup", func(t *testing.T) {
		expect(t, New(v3()), 0, up(), "withdraw, Initialize>Backup (started)", Backup, down3)
	})
	t.Run(section+"I2 the first wait uses the own interval", func(t *testing.T) {
		r := in(t, Backup, v3())
		r.Step(t0, every(4*time.Second, advert(v3(), greater, 200)))
		r.Step(t0, fsm.Down{Cause: fsm.CauseInterfaceDown})
		expect(t, r, 0, up(), "withdraw, Initialize>Backup (interface-up)", Backup, down3)
	})
	t.Run(section+"I3 an advertisement is ignored", func(t *testing.T) {
		expect(t, New(v3()), 0, advert(v3(), greater, 200), "", Initialize, none)
	})
}

func TestRFC9568Backup(t *testing.T) {
	const section = "RFC9568/6.4.2/"
	t.Run(section+"B1 shutdown sends nothing", func(t *testing.T) {
		expect(t, in(t, Backup, v3()), time.Second, fsm.Down{Cause: fsm.CauseStopped},
			"Backup>Initialize (stopped)", Initialize, none)
	})
	t.Run(section+"B2 the timer fires not a nanosecond early", func(t *testing.T) {
		r := in(t, Backup, v3())
		expect(t, r, down3-1, fsm.Tick{}, "", Backup, down3)
		expect(t, r, down3, fsm.Tick{}, promoted+"(active-timer-expired)", Active, down3+time.Second)
	})
	t.Run(section+"B2 a second tick does nothing", func(t *testing.T) {
		r := in(t, Backup, v3())
		r.Step(t0.Add(down3), fsm.Tick{})
		expect(t, r, down3, fsm.Tick{}, "", Active, down3+time.Second)
	})
	t.Run(section+"B3 priority 0 sets the timer to Skew_Time", func(t *testing.T) {
		r := in(t, Backup, v3())
		expect(t, r, time.Second, advert(v3(), greater, 0), "", Backup, time.Second+skew3)
		expect(t, r, time.Second+skew3, fsm.Tick{}, promoted+"(peer-resigned)", Active, 2*time.Second+skew3)
	})
	t.Run(section+"B3 without preemption as well", func(t *testing.T) {
		expect(t, in(t, Backup, v3(noPreempt)), 0, advert(v3(), greater, 0), "", Backup, skew3)
	})
	t.Run(section+"B3 during the preempt delay as well", func(t *testing.T) {
		r := in(t, Backup, v3(delay(time.Minute)))
		r.Step(t0, advert(v3(), greater, 50))
		expect(t, r, time.Second, advert(v3(), greater, 0), "", Backup, time.Second+skew3)
	})
	t.Run(section+"B3 uses the interval learned before", func(t *testing.T) {
		r := in(t, Backup, v3())
		r.Step(t0, every(10*time.Second, advert(v3(), greater, 200)))
		expect(t, r, 0, advert(v3(), greater, 0), "", Backup, 10*skew3)
	})
	t.Run(section+"B4 a higher or equal priority restarts the timer", func(t *testing.T) {
		for _, p := range []uint8{100, 101, 255} {
			expect(t, in(t, Backup, v3()), time.Second, advert(v3(), smaller, p), "", Backup, time.Second+down3)
		}
	})
	t.Run(section+"B4 without preemption any priority does", func(t *testing.T) {
		r := in(t, Backup, v3(noPreempt))
		expect(t, r, time.Second, advert(v3(), smaller, 1), "", Backup, time.Second+down3)
	})
	t.Run(section+"B4 addresses are not compared", func(t *testing.T) {
		for _, from := range []netip.Addr{smaller, greater} {
			expect(t, in(t, Backup, v3()), time.Second, advert(v3(), from, 100), "", Backup, time.Second+down3)
		}
	})
	t.Run(section+"B4 the interval is learned and the skew recomputed", func(t *testing.T) {
		r := in(t, Backup, v3())
		expect(t, r, 0, every(200*ms, advert(v3(), greater, 200)), "", Backup, down3/5)
		expect(t, r, 0, every(3*time.Second, advert(v3(), greater, 200)), "", Backup, 3*down3)
	})
	t.Run(section+"B5 a lower priority leaves the timer running", func(t *testing.T) {
		r := in(t, Backup, v3())
		for at := time.Duration(0); at < down3; at += time.Second {
			expect(t, r, at, every(4*time.Second, advert(v3(), greater, 99)), "", Backup, down3)
		}
		expect(t, r, down3, fsm.Tick{}, promoted+"(preempted-lower-priority)", Active, down3+time.Second)
	})
}

func TestRFC9568Active(t *testing.T) {
	const section = "RFC9568/6.4.3/"
	t.Run(section+"A1 shutdown sends priority 0", func(t *testing.T) {
		expect(t, in(t, Active, v3()), 100*ms, fsm.Down{Cause: fsm.CauseStopped},
			"release, send 0, withdraw, Active>Initialize (stopped)", Initialize, none)
	})
	t.Run(section+"A1 resigning does not bend the own priority", func(t *testing.T) {
		r := in(t, Active, v3())
		r.Step(t0, fsm.Down{Cause: fsm.CauseStopped})
		if got := r.Status().Priority; got != 100 {
			t.Errorf("priority after resigning is %d, want 100", got)
		}
	})
	t.Run(section+"A2 the timer sends and restarts", func(t *testing.T) {
		r := in(t, Active, v3())
		expect(t, r, time.Second-1, fsm.Tick{}, "", Active, time.Second)
		expect(t, r, time.Second, fsm.Tick{}, "send 100", Active, 2*time.Second)
		expect(t, r, 2300*ms, fsm.Tick{}, "send 100", Active, 3300*ms)
	})
	t.Run(section+"A2 the interval is the own one, whatever was learned", func(t *testing.T) {
		r := in(t, Backup, v3())
		r.Step(t0, every(4*time.Second, advert(v3(), greater, 200)))
		expect(t, r, 4*down3, fsm.Tick{}, promoted+"(active-timer-expired)", Active, 4*down3+time.Second)
		if got := r.Status().HelloTime; got != time.Second {
			t.Errorf("interval in force is %v, want the own 1s", got)
		}
	})
	t.Run(section+"A3 priority 0 is answered at once", func(t *testing.T) {
		expect(t, in(t, Active, v3()), 700*ms, advert(v3(), greater, 0), "send 100, reassert", Active, 1700*ms)
	})
	t.Run(section+"A3 priority 0 a moment after the own advertisement is answered when the moment is over", func(t *testing.T) {
		r := in(t, Active, v3())
		expect(t, r, 4*ms, advert(v3(), greater, 0), "reassert", Active, 10*ms)
		expect(t, r, 5*ms, advert(v3(), greater, 0), "reassert", Active, 10*ms)
		expect(t, r, 10*ms, fsm.Tick{}, "send 100", Active, 1010*ms)
		expect(t, in(t, Active, v3(interval(10*ms))), 4*ms, advert(v3(interval(10*ms)), greater, 0), "reassert", Active, 10*ms)
	})
	t.Run(section+"A4 a higher priority wins from any address", func(t *testing.T) {
		expect(t, in(t, Active, v3()), 0, advert(v3(), smaller, 101),
			"release, withdraw, Active>Backup (better-active-heard)", Backup, down3)
	})
	t.Run(section+"A4 an equal priority wins from the greater address", func(t *testing.T) {
		expect(t, in(t, Active, v3()), 0, advert(v3(), greater, 100),
			"release, withdraw, Active>Backup (better-active-heard)", Backup, down3)
	})
	t.Run(section+"A4 preemption is not asked", func(t *testing.T) {
		expect(t, in(t, Active, v3(noPreempt)), 0, advert(v3(), greater, 101),
			"release, withdraw, Active>Backup (better-active-heard)", Backup, down3)
	})
	t.Run(section+"A4 the winner's interval is learned", func(t *testing.T) {
		expect(t, in(t, Active, v3()), 0, every(200*ms, advert(v3(), greater, 101)),
			"release, withdraw, Active>Backup (better-active-heard)", Backup, down3/5)
	})
	t.Run(section+"A5 a loser is answered at once and the timer restarts", func(t *testing.T) {
		r := in(t, Active, v3())
		expect(t, r, 700*ms, advert(v3(), greater, 99), "send 100, reassert", Active, 1700*ms)
		expect(t, r, 800*ms, advert(v3(), smaller, 100), "send 100, reassert", Active, 1800*ms)
	})
	t.Run(section+"A5 what was said a moment ago is not repeated", func(t *testing.T) {
		r := in(t, Active, v3())
		expect(t, r, 10*ms-1, advert(v3(), greater, 99), "reassert", Active, time.Second)
		expect(t, r, 10*ms, advert(v3(), greater, 99), "send 100, reassert", Active, 1010*ms)
		expect(t, r, 11*ms, advert(v3(), greater, 99), "reassert", Active, 1010*ms)
	})
	t.Run(section+"A5 the loser's interval is not learned", func(t *testing.T) {
		r := in(t, Active, v3())
		r.Step(t0, every(4*time.Second, advert(v3(), greater, 99)))
		if got := r.Status().HelloTime; got != time.Second {
			t.Errorf("interval in force is %v, want 1s", got)
		}
	})
}

// TestTieBreak proves that addresses are compared as unsigned numbers in
// network byte order, and nothing but their bytes.
func TestTieBreak(t *testing.T) {
	for _, tc := range []struct {
		name, own, other string
		next             State
	}{
		{"RFC9568/6.4.3/the top bit is not a sign", "10.0.0.1", "200.0.0.1", Backup},
		{"RFC9568/6.4.3/nor on our side", "200.0.0.1", "10.0.0.1", Active},
		{"RFC9568/6.4.3/the first byte weighs most", "10.0.0.200", "11.0.0.1", Backup},
		{"RFC9568/6.4.3/as numbers, not as text", "10.0.0.9", "10.0.0.10", Backup},
		{"RFC9568/6.4.3/IPv6, sixteen bytes", "fe80::1", "fe80::8000:0:0:0", Backup},
		{"RFC9568/6.4.3/IPv6, smaller", "fe80::8000:0:0:0", "fe80::1", Active},
		{"the zone of the receiving interface does not count", "fe80::5%eth0", "fe80::4%eth1", Active},
		{"an IPv4 address in IPv6 form is an IPv4 address", "192.0.2.5", "::ffff:192.0.2.4", Active},
		{"own address with a zone is still ours", "fe80::5", "fe80::5%eth0", Active},
	} {
		t.Run(tc.name, func(t *testing.T) {
			own := netip.MustParseAddr(tc.own)
			c := v3()
			c.Family = hello.FamilyOf(own)
			r := New(c)
			r.Step(t0, fsm.Up{Addr: own})
			r.Step(t0.Add(down3), fsm.Tick{})
			r.Step(t0.Add(down3), advert(c, netip.MustParseAddr(tc.other), 100))
			if r.state != tc.next {
				t.Errorf("after %s against our %s: %v, want %v", tc.other, tc.own, r.state, tc.next)
			}
		})
	}
}

// TestAdvertisement proves RFC 9568 section 5.2 and RFC 3768 section 5.3: what
// is in the messages.
func TestAdvertisement(t *testing.T) {
	vips := []netip.Addr{netip.MustParseAddr("fe80::254"), netip.MustParseAddr("2001:db8::254")}
	c := v3(interval(250*ms), priority(120))
	c.Family, c.VirtualIPs = hello.IPv6, vips
	r := in(t, Active, c)
	want := hello.VRRP{
		Version: 3, VRID: 51, Priority: 120, Family: hello.IPv6,
		AdverInterval: 250 * ms, VirtualIPs: vips,
	}
	sent := func(ev fsm.Event, i int) fsm.Send { return r.Step(t0.Add(time.Hour), ev)[i].(fsm.Send) }
	regular := sent(fsm.Tick{}, 0)
	resigning := sent(fsm.Down{Cause: fsm.CauseStopped}, 1)

	check := func(name string, got fsm.Send) {
		t.Helper()
		if diff := cmp.Diff(fsm.Send{Message: &want, Virtual: true}, got, cmp.Comparer(sameAddr)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	check("regular advertisement, after a later Step", regular)
	want.Priority = 0
	check("priority 0 carries interval and list as usual", resigning)
}

func sameAddr(a, b netip.Addr) bool { return a == b }
