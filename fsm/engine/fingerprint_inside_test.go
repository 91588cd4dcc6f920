package engine

import (
	"bytes"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// fingerprint is that of one engine, by itself.
func fingerprint(now time.Time, e *Engine) []byte {
	return NewFingerprints(time.Minute).Append(nil, now, e)
}

// Every field is in a fingerprint unless it is named, or stays behind: see
// TestWhatASnapshotLeavesBehind. A name that fits no field any more is of one that was
// renamed, and counts again.
func TestFingerprintsLeaveOutNothingByMistake(t *testing.T) {
	f := NewFingerprints(time.Minute)
	hsrp := vrrpGroup(2, time.Second)
	hsrp.Protocol, hsrp.Version, hsrp.HoldTime = hello.ProtocolHSRP, 2, 3*time.Second
	f.Append(nil, start, newEngine(t, &gatekeeper{}, nil, vrrpGroup(1, time.Second), hsrp))
	for _, name := range f.digest.Unmet() {
		t.Errorf("there is no field %s", name)
	}
}

func TestFingerprintsTellWhatMatters(t *testing.T) {
	after := func(at time.Duration, fn func(e *Engine, now time.Time)) []byte {
		g := vrrpGroup(10, time.Second)
		g.Preempt = true
		e := newEngine(t, &gatekeeper{}, nil, g)
		now := start.Add(at)
		fn(e, now)
		e.Tick(now)
		return fingerprint(now, e)
	}
	nothing := func(*Engine, time.Time) {}
	hears := func(priority uint8) func(*Engine, time.Time) {
		return func(e *Engine, now time.Time) { e.Wake(now, 0); e.Frame(now, "eth0", advert(priority), true) }
	}
	was := after(time.Second, nothing)
	for name, is := range map[string][]byte{
		"another router is heard": after(time.Second, hears(120)),
		"a worse one":             after(time.Second, hears(50)),
		"a timer is nearer":       after(1001*time.Millisecond, nothing),
		"the link is down":        after(time.Second, func(e *Engine, now time.Time) { e.LinkChanged(now, "eth0", Link{Name: "eth0"}) }),
		"another priority":        after(time.Second, func(e *Engine, now time.Time) { _ = e.SetPriority(now, Caller{}, "vrrp:eth0:10", 90) }),
		"maintenance": after(time.Second, func(e *Engine, now time.Time) {
			o, _ := e.OrderMaintenance(true, Caller{}, nil, Leave{})
			_ = e.Maintain(now, o)
		}),
	} {
		if bytes.Equal(was, is) {
			t.Errorf("%s: the fingerprint is the same", name)
		}
	}
}

// A router that hears the same every second is in the same state every second, whatever
// it has counted and noted meanwhile.
func TestFingerprintsOfASteadyStateAreTheSame(t *testing.T) {
	e := newEngine(t, &gatekeeper{}, nil, vrrpGroup(10, time.Second))
	var was []byte
	for n := range 100 {
		now := start.Add(time.Duration(n) * time.Second)
		e.Wake(now, 0)
		e.Frame(now, "eth0", advert(200), true)
		e.Tick(now)
		is := fingerprint(now, e)
		if n > 61 && !bytes.Equal(was, is) {
			t.Fatalf("it differs after %d s", n)
		}
		was = is
	}
}

// An engine that goes on where another one was has its fingerprint.
func TestFingerprintsOutliveASnapshot(t *testing.T) {
	c := tracked()
	e, err := New(c, surroundings())
	if err != nil {
		t.Fatal(err)
	}
	e.LinkChanged(start, "eth0", Link{Name: "eth0", Index: 1, MAC: hello.MAC{2, 1}, Up: true, Addr4: self4})
	now := start.Add(10 * time.Second)
	e.Tick(now)
	snapshot, err := e.Snapshot(now)
	if err != nil {
		t.Fatal(err)
	}
	o := surroundings()
	o.Now = now
	after, _, err := Restore(c, o, snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(fingerprint(now, e), fingerprint(now, after)) {
		t.Error("the fingerprints differ")
	}
}
