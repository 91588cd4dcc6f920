package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

func TestAuthenticationThatAgrees(t *testing.T) {
	t.Parallel()
	for _, version := range []int{1, 2} {
		for name, auth := range map[string]string{
			"default": "",
			"text":    `auth = { text = "fhrpd" }`,
			"md5":     `auth = { md5 = "a secret of the segment", key_id = 7 }`,
		} {
			t.Run(fmt.Sprintf("version %d %s", version, name), func(t *testing.T) {
				scenario(t, func(t testing.TB, l *lan) {
					l.start(hsrpTable(version, address4, subSecond, auth))
					for _, g := range l.Gateways {
						if c := g.Group("eth0:10").Counters; c.Received == 0 || len(c.Rejected) > 0 {
							t.Errorf("%s has received %d and rejected %v", g.Name, c.Received, c.Rejected)
						}
					}
					l.a.Kill()
					l.b.WaitState("eth0:10", "Active")
					l.mustPing(vip)
				})
			})
		}
	}
}

// Routers that do not believe each other are both active; that they say so is
// all that can be asked.
func TestAuthenticationThatDiffers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ a, b, reject string }{
		"another key":  {`auth = { md5 = "one" }`, `auth = { md5 = "two" }`, "auth"},
		"another text": {`auth = { text = "one" }`, `auth = { text = "two" }`, "auth"},
		"text and md5": {`auth = { text = "one" }`, `auth = { md5 = "one" }`, "auth-type"},
	} {
		t.Run(name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				l.a.StartAs(hsrpTable(2, address4, subSecond, c.a), 110)
				l.b.StartAs(hsrpTable(2, address4, subSecond, c.b), 100)
				l.a.WaitAll("Active")
				l.b.WaitAll("Active")
				for _, g := range l.Gateways {
					l.Eventually("rejected hellos of "+g.Name, func() bool { return g.Group("eth0:10").Counters.Rejected[c.reject] > 0 })
					if got := g.Group("eth0:10").Counters; got.Received != 0 || len(got.Rejected) != 1 {
						t.Errorf("%s has received %d and rejected %v, want only %s", g.Name, got.Received, got.Rejected, c.reject)
					}
				}
			})
		})
	}
}

func TestAddressAndTimersAreLearned(t *testing.T) {
	t.Parallel()
	for _, version := range []int{1, 2} {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				timers := map[int]string{1: "hello = \"1s\"\nhold = \"2s\"", 2: subSecond}[version]
				wantHello, wantHold := map[int]int64{1: 1000, 2: 200}[version], map[int]int64{1: 2000, 2: 1000}[version]
				l.b.StartAs(hsrpTable(version), 100)
				l.b.WaitAll("Learn")
				l.a.StartAs(hsrpTable(version, address4, timers), 110)
				l.b.WaitAll("Standby")
				g := l.b.Group("eth0:10")
				if !slices.Equal(g.VirtualIPs, []string{vip.String()}) || g.HelloMS != wantHello || g.HoldMS != wantHold {
					t.Errorf("learned %v, hello %d ms, hold %d ms; want %s, %d, %d", g.VirtualIPs, g.HelloMS, g.HoldMS, vip, wantHello, wantHold)
				}
				l.a.StopCleanly()
				l.b.WaitState("eth0:10", "Active")
				l.mustPing(vip)
			})
		})
	}
}

// The timers that Cisco allows at least.
func TestSubSecondTimers(t *testing.T) {
	t.Parallel()
	for _, version := range []int{1, 2} {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			t.Parallel()
			// What holds up a router for a fraction of the hold time costs it the role.
			limits := fhrptest.Limits{Ordinary: subHold / 3}
			fhrptest.Steady(t, limits, func(t testing.TB) { checkSubSecond(t, newLAN(t), version) })
		})
	}
}

const subHold = 300 * time.Millisecond

func checkSubSecond(t testing.TB, l *lan, version int) {
	t.Helper()
	l.start(hsrpTable(version, address4, "hello = \"15ms\"\nhold = \"300ms\""))
	vmac := hello.VirtualMAC(hello.ProtocolHSRP, uint8(version), hello.IPv4, 10)
	const count = 100
	var median time.Duration
	// On a machine that is busy hellos are late; they are never early for long.
	if netlab.Eventually(t.Context(), patience, func() bool {
		median = medianGap(claimTimes(l.a, vmac), count)
		return median >= 11*time.Millisecond && median <= 15500*time.Microsecond
	}) != nil {
		t.Errorf("median time between the last %d hellos %v, want 80 to 100%% of 15 ms", count, median)
	}
	killed := time.Now()
	l.a.Kill()
	claim := l.b.Says("virtual: hello Active", killed, vmac)
	heard := claimTimes(l.a, vmac)
	took := claim.At.Sub(heard[len(heard)-1])
	if took < subHold-time.Millisecond || took > time.Second+l.Witness.Late(killed) {
		t.Errorf("the standby took over %v after the last hello, the hold time is %v", took, subHold)
	}
}

// claimTimes returns when the gateway has said that it is active.
func claimTimes(g *gateway, vmac hello.MAC) (at []time.Time) {
	for _, f := range g.Sent(time.Time{}) {
		if fhrptest.Words(vmac, f) == "virtual: hello Active" {
			at = append(at, f.At)
		}
	}
	return at
}

// medianGap returns the median of the last so many times between two hellos, 0
// while there are fewer.
func medianGap(at []time.Time, count int) time.Duration {
	if len(at) <= count {
		return 0
	}
	at = at[len(at)-count-1:]
	gaps := make([]time.Duration, count)
	for i := range gaps {
		gaps[i] = at[i+1].Sub(at[i])
	}
	slices.Sort(gaps)
	return gaps[count/2]
}
