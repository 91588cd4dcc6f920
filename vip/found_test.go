package vip

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// checkFound fails unless the gate of router 10 is found open for that long, or
// less by what the test has taken; 0 is shut.
func checkFound(t *testing.T, when string, i *Interface, most time.Duration) {
	t.Helper()
	left, open := i.Found(10)
	if open != (most > 0) || left > most || open && left < most/2 {
		t.Errorf("%s: found open for %v (%t), want %v at most", when, left, open, most)
	}
}

func TestGateOfADeadProcessIsFound(t *testing.T) {
	l := newLab(t)
	l.died(time.Minute)
	next := l.open(Options{Adopt: true})
	checkFound(t, "no such router", next, 0)
	ok(t, next.Add(10, router10))
	checkFound(t, "opened", next, time.Minute)
	mustGate(t, next, []Claim{{ID: 10, Lease: time.Minute}}, nil)
	checkFound(t, "claimed", next, 0)
}

func TestGateOfAnotherRouterIsNotFound(t *testing.T) {
	more := router10
	more.Addrs = append(slices.Clone(more.Addrs), netip.MustParseAddr("10.1.0.77"))
	mac := router10
	mac.MAC[5]++
	routes := router10
	routes.Routes = []Route{{To: netip.MustParsePrefix("10.99.0.0/16"), Type: "blackhole"}}
	for name, r := range map[string]Router{"an address more": more, "another MAC": mac, "a route": routes} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.died(time.Minute)
			next := l.open(Options{Adopt: true})
			ok(t, next.Add(10, r))
			checkFound(t, "opened", next, 0)
		})
	}
}

func TestGateThatWasShutIsNotFound(t *testing.T) {
	l := newLab(t)
	iface := l.open(Options{})
	l.active(iface, time.Minute)
	mustGate(t, iface, nil, []ID{10})
	ok(t, iface.Abandon())
	next := l.open(Options{Adopt: true})
	ok(t, next.Add(10, router10))
	checkFound(t, "opened", next, 0)
}

// An address has the lifetime of the dead process's lease, and lives on with the new
// one.
func TestAddressesOfADeadProcessLiveOn(t *testing.T) {
	l := newLab(t)
	l.died(time.Second)
	next := l.open(Options{Adopt: true})
	ok(t, next.Add(10, router10))
	mustGate(t, next, []Claim{{ID: 10, Lease: time.Minute}}, nil)
	ok(t, next.Address([]ID{10}, nil))
	lives := onEth0(t)
	if len(lives) != 2+1 {
		t.Errorf("on the interface: %v", lives)
	}
	for a, got := range lives {
		if got.ValidLft < 30 {
			t.Errorf("%v lives for %d s, want a minute", a, got.ValidLft)
		}
	}
	if missing, err := next.Restore(); err != nil || len(missing) > 0 {
		t.Errorf("missing: %v (%v)", missing, err)
	}
	ok(t, next.Address(nil, []ID{10}))
	nothingLeft(t)
}

// Whoever was needed while the carrier was away may have the role.
func TestGateIsNotFoundAfterTheCarrierWasLost(t *testing.T) {
	flap := func() {
		ok(t, netlink.LinkSetDown(link(t, "lan0")))
		until(t, patience, "a loss", func() bool { return link(t, "eth0").Attrs().OperState != netlink.OperUp })
		ok(t, netlink.LinkSetUp(link(t, "lan0")))
		linksReady(t, "eth0")
	}
	for name, tt := range map[string]struct {
		before, after bool
		want          time.Duration
	}{"never": {false, false, time.Minute}, "before the promotion": {true, false, time.Minute}, "after the crash": {false, true, 0}} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			iface := l.open(Options{})
			if tt.before {
				flap()
			}
			l.active(iface, time.Minute)
			ok(t, iface.Abandon())
			if tt.after {
				flap()
			}
			next := l.open(Options{Adopt: true})
			ok(t, next.Add(10, router10))
			checkFound(t, "opened", next, tt.want)
		})
	}
}

// Routes that follow a role stay as well, until it is resumed or let go.
func TestRoutesOfADeadProcessStayForTheNext(t *testing.T) {
	for _, resumed := range []bool{true, false} {
		l := newLab(t)
		iface := l.open(Options{})
		ok(t, iface.Add(10, bringingRouter()))
		mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}}, nil)
		ok(t, iface.Address([]ID{10}, nil))
		checkBrought(t, "active", allBrought)
		addresses := len(marked(t))
		ok(t, iface.Abandon())
		ok(t, Recover(Options{StateDir: l.state, Adopt: true, Owner: l.owner}, "eth0"))
		next := l.open(Options{Adopt: true})
		checkBrought(t, "found", allBrought)
		ok(t, next.Add(10, bringingRouter()))
		checkFound(t, "opened", next, time.Minute)
		if got := len(marked(t)); got != addresses {
			t.Errorf("%d addresses and routes, want %d", got, addresses)
		}
		if resumed {
			mustGate(t, next, []Claim{{ID: 10, Lease: time.Minute}}, nil)
			ok(t, next.Address([]ID{10}, nil))
			ok(t, next.LetGo())
			checkBrought(t, "resumed", allBrought)
			ok(t, next.Address(nil, []ID{10}))
		} else {
			ok(t, next.LetGo())
		}
		checkBrought(t, "given back", nil)
		nothingLeft(t)
		ok(t, next.Close())
	}
}
