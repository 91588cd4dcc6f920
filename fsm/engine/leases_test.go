package engine

import (
	"testing"
	"time"
)

// One transaction renews all gates, so the account tells the shortest lease in
// force, whoever came first.
func TestShortestLeaseCountsWhileItIsHeld(t *testing.T) {
	quick := term{lease: 500 * time.Millisecond, hello: 100 * time.Millisecond}
	slow := term{lease: 5 * time.Second, hello: time.Second}
	crossed := term{lease: time.Second}
	endless := term{hello: time.Millisecond} // has no lease to renew
	for _, order := range [][]term{{quick, slow, endless}, {slow, endless, quick}, {slow, quick, quick, endless}} {
		var l leases
		for _, t := range order {
			l.add(start, t)
		}
		if got := l.shortest(); got != quick.lease {
			t.Errorf("%v: shortest %v, want %v", order, got, quick)
		}
		for _, held := range order {
			if held == quick {
				l.remove(quick)
			}
		}
		if got := l.shortest(); got != slow.lease {
			t.Errorf("%v: shortest without the quick ones %v, want %v", order, got, slow)
		}
		l.add(start, crossed)
		if got := l.shortest(); got != crossed.lease {
			t.Errorf("%v: shortest of two %v, want %v", order, got, crossed.lease)
		}
		l.remove(crossed)
		l.remove(slow)
		if got := l.shortest(); got != 0 {
			t.Errorf("%v: shortest of none %v", order, got)
		}
		l.remove(endless)
		if l.groups != 0 || len(l.terms) != 0 {
			t.Errorf("%v: %d groups, terms %v at the end", order, l.groups, l.terms)
		}
	}
}

// The interface was renewed when its first gate was opened, and then nobody
// needed to.
func TestYoungLeaseIsNotJudgedByThoseBeforeIt(t *testing.T) {
	e := newEngine(t, &gatekeeper{}, nil, vrrpGroup(1, 12*time.Second), vrrpGroup(2, 200*time.Millisecond))
	first, second := e.groups[0], e.groups[1]
	first.happen(start, onWin)                      // a minute
	second.happen(start.Add(30*time.Second), onWin) // a second
	now := start.Add(30*time.Second + 500*time.Millisecond)
	e.Wake(now, 0)
	if first.tenure != serving || second.tenure != serving {
		t.Fatal("a group was fenced whose lease is whole")
	}
	if got := second.leaseAge(now); got != 500*time.Millisecond {
		t.Errorf("the second lease is %v old", got)
	}
	if got := first.leaseAge(now); got != 30500*time.Millisecond {
		t.Errorf("the first lease is %v old", got)
	}
	if now = now.Add(501 * time.Millisecond); first.leaseOver(now, 0) || !second.leaseOver(now, 0) {
		t.Errorf("after a second the first lease is over: %t, the second: %t", first.leaseOver(now, 0), second.leaseOver(now, 0))
	}
}
