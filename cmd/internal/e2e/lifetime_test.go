package e2e

import (
	"testing"
	"time"
)

// What is left of the addresses when nobody is there to take them away.
const (
	servedLease = 1371 * time.Millisecond // the longest of the groups: VRRP's hold time at priority 110, and an advertisement
	// longestStay is the lifetime of an address with this lease, in whole seconds,
	// and by what the kernel may be late.
	longestStay = 3*time.Second + 1300*time.Millisecond
)

// The address stays for some time after the lease, when a successor has it.
func TestAddressesGoWithTheRouterThatDied(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*gateway){"killed": (*gateway).Kill, "frozen": (*gateway).Freeze} {
		t.Run(name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				l.startInTurn(served)
				l.mustPing(servedAt...)
				began := time.Now()
				end(l.a)
				dead := time.Now() // nothing is renewed from here on
				l.b.WaitAll("Active")
				over := time.Now()
				l.Eventually("the end of the lease", func() bool { over = time.Now(); return over.Sub(dead) > servedLease })
				l.checkOutOfReach(l.a)
				l.Eventually("the end of the addresses", func() bool { return hasNone(l.a, servedAt...) })
				if took := time.Since(began); took > longestStay+l.Witness.Spare(began) {
					t.Errorf("the addresses were there for %v, want %v at most", took, longestStay)
				}
				l.checkMute(l.a, over)
				l.mustPing(servedAt...)
				if name == "frozen" {
					l.a.Thaw()
					l.a.WaitAll("Active") // it preempts
					l.mustPing(servedAt...)
				}
				l.checkOneMAC(began, servedMACs)
			})
		})
	}
}

// checkOutOfReach wants a gateway not to answer at its own MAC for addresses that its
// interface still has.
func (l *lan) checkOutOfReach(g *gateway) {
	l.t.Helper()
	undo := l.misled(g)
	asked := 0
	for _, a := range servedAt {
		// Where the address has gone the packet is forwarded, and the successor answers.
		if answered := l.ping(l.Client, anybody, a, 1); hasAddresses(g, a) {
			asked++
			if answered {
				l.t.Errorf("%s answers at %s, which is not its any more", g.Name, a)
			}
		}
	}
	undo()
	if asked == 0 {
		l.t.Errorf("no address was there after the lease: the test proves nothing")
	}
}

// The next process takes away what the lease would have kept.
func TestAddressesGoWithTheNextStart(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		long := "[daemon]\nlease = \"1m\"\n" + served
		l.startInTurn(long)
		l.mustPing(servedAt...)
		began := time.Now()
		l.a.Kill()
		l.b.WaitAll("Active")
		if !hasAddresses(l.a, servedAt...) {
			t.Fatal("the addresses have gone with the process: the test proves nothing")
		}
		l.a.StartAs(long, 50) // so that it stays a standby
		l.a.Answer()
		l.Eventually("the end of the addresses", func() bool { return hasNone(l.a, servedAt...) })
		l.Settled(l.b, l.a)
		if !hasNone(l.a, servedAt...) {
			t.Error("the standby has the addresses")
		}
		l.mustPing(servedAt...)
		l.checkOneMAC(began, servedMACs)
	})
}

// A router alone has nobody who could have taken over.
func TestAddressesServeAgainAfterACrashOfTheOnlyRouter(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.a.StartAs(served, 110)
		l.a.WaitAll("Active")
		l.mustPing(servedAt...)
		began := time.Now()
		for range 3 {
			l.a.Kill()
			l.a.StartAs(served, 110)
			l.a.WaitAll("Active")
			l.a.Eventually("the addresses", func() bool { return hasAddresses(l.a, servedAt...) })
			l.mustPing(servedAt...)
		}
		l.checkOneMAC(began, servedMACs)
	})
}
