package vip

import (
	"testing"
	"time"
)

// written returns how many bytes the last transaction of the Interface had.
func written(i *Interface) int { return len(i.rules.b) }

// A promotion waits for its transaction, so that the rules are there before it.
func TestReadyLeavesLittleToGate(t *testing.T) {
	l, iface := newOpen(t)
	r := router10
	r.Lease = time.Minute
	ok(t, iface.Add(10, r))
	ok(t, iface.Ready())
	l.checkForwarded("Ready", 0)
	mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}}, nil)
	l.checkForwarded("Gate", 1)
	if n := written(iface); n > 1000 {
		t.Errorf("the transaction of Gate has %d bytes: the rules were not there", n)
	}
	ok(t, iface.Address([]ID{10}, nil))
	mustGate(t, iface, nil, []ID{10})
	l.checkForwarded("shut", 0)
}

func TestReadyGuessesTheWrongLease(t *testing.T) {
	l, iface := newOpen(t)
	r := router10
	r.Lease = time.Hour
	ok(t, iface.Add(10, r))
	ok(t, iface.Ready())
	mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}}, nil)
	l.checkForwarded("Gate", 1)
}

// Routers that go leave room for others: rules are passed by every packet.
func TestReadyMakesNoMoreClassesThanLeases(t *testing.T) {
	l, iface := newOpen(t)
	for n := range 20 {
		r := router10
		r.Lease = time.Minute + time.Duration(n)*time.Second
		ok(t, iface.Add(10, r))
		ok(t, iface.Ready())
		mustGate(t, iface, []Claim{{ID: 10, Lease: r.Lease}}, nil)
		l.checkForwarded("Gate", 1)
		ok(t, iface.Remove(10))
	}
	if n := len(iface.classes); n != 1 {
		t.Errorf("%d classes, want one", n)
	}
}
