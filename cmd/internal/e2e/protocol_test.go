package e2e

import (
	"fmt"
	"slices"
	"testing"
)

func TestAuthenticationThatAgrees(t *testing.T) {
	leaveOutIfShort(t)
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
	leaveOutIfShort(t)
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
