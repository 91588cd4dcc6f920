package sim

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// pairOf is the scene of two routers that speak a protocol of a plan, a with the higher
// priority. Nobody stands in for a silent router unless a change says so.
func pairOf(t *testing.T, protocol string, change ...func(a, b *engine.Config)) Scene {
	t.Helper()
	r := Router{Protocol: protocol, Priority: 110, Preempt: true, Hello: time.Second, Hold: 3 * time.Second}
	a, err := r.config()
	if err != nil {
		t.Fatal(err)
	}
	r.Priority = 100
	b, err := r.config()
	if err != nil {
		t.Fatal(err)
	}
	for _, fn := range change {
		fn(&a, &b)
	}
	s, _ := Pair(a, b)
	s.Seed, s.Length = 1, 20*time.Second
	return s
}

func played(t *testing.T, s Scene) *Record {
	t.Helper()
	r, err := Play(s)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Settled {
		t.Error("the routers have not settled")
	}
	return r
}

// transitions returns those of one host from time zero on.
func transitions(r *Record, host int) (list []engine.Transition) {
	for _, e := range r.Told {
		if e.Host == host && e.Transition != nil && !e.At.Before(r.Zero) {
			list = append(list, *e.Transition)
		}
	}
	return list
}

// The deadlines are those of the specifications, to the microsecond: a hold time (RFC
// 2281 section 5) or an Active_Down_Interval (RFC 9568 section 6.1) after the last
// message, whatever the moment of the failure.
func TestStandbyTakesOverAtItsDeadline(t *testing.T) {
	skew := func(base time.Duration) time.Duration { return (256 - 100) * base / 256 }
	for protocol, wait := range map[string]time.Duration{
		"hsrp1": 3 * time.Second, "hsrp2": 3 * time.Second, "hsrp6": 3 * time.Second,
		"vrrp2": 3*time.Second + skew(time.Second), "vrrp3": 3*time.Second + skew(time.Second), "vrrp6": 3*time.Second + skew(time.Second),
	} {
		for _, nic := range []string{nic, ""} { // the link, and the power
			for seed := range uint64(5) {
				s := pairOf(t, protocol)
				s.Seed, s.Incidents = seed, []Incident{{At: 3 * time.Second, NIC: nic}}
				r := played(t, s)
				took := transitions(r, 1)
				if len(took) != 1 || took[0].To != "Active" || took[0].Cause != fsm.CauseActiveTimer {
					t.Errorf("%s: b went through %+v, want one transition to Active", protocol, took)
					continue
				}
				last := r.Groups[0].Claims[0][0].To
				if since := r.Zero.Add(3 * time.Second).Sub(last); since < 0 || since > time.Second {
					t.Errorf("%s: a spoke last %v before it failed", protocol, since)
				}
				if got := took[0].At.Sub(last.Add(transit)).Truncate(time.Microsecond); got != wait.Truncate(time.Microsecond) {
					t.Errorf("%s: b took over %v after what it heard last, want %v", protocol, got, wait)
				}
			}
		}
	}
}

// spans returns a stretch's beginning in whole milliseconds from time zero and its
// hosts.
type span struct {
	MS    int64
	Hosts Hosts
}

func spansOf(r *Record, list []Stretch) (out []span) {
	for _, s := range list {
		out = append(out, span{s.From.Sub(r.Zero).Milliseconds(), s.Hosts})
	}
	return out
}

const (
	onA  Hosts = 1
	onB  Hosts = 2
	none Hosts = 0
)

func TestHostsSeeWhoForwards(t *testing.T) {
	s := pairOf(t, "vrrp3")
	s.Incidents = []Incident{{At: time.Second, NIC: nic}, {At: 10 * time.Second, Host: AllHosts, Heal: true}}
	r := played(t, s)
	c := r.Groups[0]
	served := spansOf(r, c.Served)
	if len(served) != 4 || served[0] != (span{0, onA}) || served[1] != (span{1000, none}) || served[2].Hosts != onB || served[3].Hosts != onA {
		t.Errorf("traffic went %+v, want through a, nobody from 1000, b, a", served)
	}
	for i, st := range c.Served[1:] {
		if !c.Served[i].To.Equal(st.From) {
			t.Errorf("stretch %d ends at %v, the next one begins at %v", i, c.Served[i].To, st.From)
		}
	}
	if last := c.Served[len(c.Served)-1]; !last.To.Equal(r.End) || r.End.Sub(r.Zero) != s.Length {
		t.Errorf("the last stretch ends at %v, the record at %v after %v", last.To, r.End, r.End.Sub(r.Zero))
	}
}

// A switch that has lost the port of the active router floods, and the standby asks and
// forwards long before its deadline.
func TestUnderstudyForwardsInAScene(t *testing.T) {
	understudies := func(a, b *engine.Config) { a.Groups[0].Understudy, b.Groups[0].Understudy = true, true }
	for _, protocol := range []string{"hsrp2", "vrrp3", "vrrp6"} {
		s := pairOf(t, protocol, understudies)
		s.Incidents = []Incident{{At: time.Second, NIC: nic}}
		r := played(t, s)
		served := r.Groups[0].Served
		if len(served) != 3 || served[1].Hosts != none || served[1].To.Sub(served[1].From) > 10*time.Millisecond {
			t.Errorf("%s: traffic went %+v, want an interruption of some milliseconds", protocol, spansOf(r, served))
		}
		if owned := r.Groups[0].Owned; len(owned) != 3 || owned[1].To.Sub(owned[1].From) < time.Second {
			t.Errorf("%s: owners were %+v: who forwards for another one does not own", protocol, spansOf(r, owned))
		}
	}
}

// It goes on when the link is back and the role is not, in HSRP.
func TestUnderstudyForwardsThroughAFlap(t *testing.T) {
	understudies := func(a, b *engine.Config) { a.Groups[0].Understudy, b.Groups[0].Understudy = true, true }
	for _, protocol := range []string{"hsrp1", "hsrp2", "hsrp6"} {
		for _, down := range []time.Duration{10 * time.Millisecond, 300 * time.Millisecond} {
			s := pairOf(t, protocol, understudies)
			s.Incidents = []Incident{{At: time.Second, NIC: nic}, {At: time.Second + down, NIC: nic, Heal: true}}
			r := played(t, s)
			for _, st := range r.Groups[0].Served {
				if d := st.To.Sub(st.From); st.Hosts == none && d > 10*time.Millisecond {
					t.Errorf("%s, away for %v: no traffic for %v", protocol, down, d)
				}
			}
		}
	}
}

// uplink has each group depend on another interface.
func uplink(use engine.TrackUse) func(a, b *engine.Config) {
	use.Object = "uplink"
	return func(a, b *engine.Config) {
		for _, c := range []*engine.Config{a, b} {
			c.Tracks = []engine.Track{{Name: "uplink", Interface: "wan"}}
			c.Groups[0].Tracks = []engine.TrackUse{use}
		}
	}
}

func TestTrafficEndsWhereTheWayOutDoes(t *testing.T) {
	for name, tt := range map[string]struct {
		change []func(a, b *engine.Config)
		end    Hosts
	}{
		"the other router preempts":   {[]func(a, b *engine.Config){uplink(engine.TrackUse{Decrement: 20})}, onB},
		"the other one may not":       {[]func(a, b *engine.Config){uplink(engine.TrackUse{Decrement: 20}), func(_, b *engine.Config) { b.Groups[0].Preempt = false }}, none},
		"the decrement is too small":  {[]func(a, b *engine.Config){uplink(engine.TrackUse{Decrement: 5})}, none},
		"the group leaves altogether": {[]func(a, b *engine.Config){uplink(engine.TrackUse{Shutdown: true})}, onB},
	} {
		for _, protocol := range []string{"hsrp2", "vrrp3"} {
			s := pairOf(t, protocol, tt.change...)
			s.Incidents = []Incident{{At: time.Second, NIC: "wan"}}
			served := played(t, s).Groups[0].Served
			if last := served[len(served)-1].Hosts; last != tt.end {
				t.Errorf("%s, %s: in the end traffic goes through %b, want %b", name, protocol, last, tt.end)
			}
		}
	}
}

// Who leaves because of a tracked object says so, and nobody waits.
func TestResignCostsNoTimer(t *testing.T) {
	for _, protocol := range []string{"hsrp2", "vrrp3"} {
		s := pairOf(t, protocol, uplink(engine.TrackUse{Shutdown: true}))
		s.Incidents = []Incident{{At: time.Second, NIC: "wan"}}
		r := played(t, s)
		i := slices.IndexFunc(r.Frames, func(f Sighting) bool { return f.Kind == SightResign })
		took := transitions(r, 1)
		if i < 0 || len(took) != 1 || took[0].Cause != fsm.CauseResigned {
			t.Errorf("%s: resignation %d, b went through %+v", protocol, i, took)
			continue
		}
		if wait := took[0].At.Sub(r.Frames[i].At); wait > time.Second {
			t.Errorf("%s: b took over %v after the resignation", protocol, wait)
		}
	}
}

func TestOneSeedOneRecord(t *testing.T) {
	s := pairOf(t, "hsrp2+vrrp6")
	s.Loss, s.Length = 0.3, time.Minute
	s.Incidents = []Incident{{At: 5 * time.Second, NIC: nic}, {At: 20 * time.Second, NIC: nic, Heal: true}}
	first, again := played(t, s), played(t, s)
	if diff := cmp.Diff(first, again, cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})); diff != "" {
		t.Errorf("one seed, two records (-first +again):\n%s", diff)
	}
	s.Seed = 2
	if other := played(t, s); other.Zero.Equal(first.Zero) || len(other.Told) == len(first.Told) {
		t.Errorf("seed 2 differs in nothing: zero %v and %v, %d and %d events", first.Zero, other.Zero, len(first.Told), len(other.Told))
	}
}

func TestLossBeginsAtTimeZero(t *testing.T) {
	s := pairOf(t, "hsrp2")
	s.Loss = 1
	r := played(t, s)
	owned := r.Groups[0].Owned
	if last := owned[len(owned)-1].Hosts; last != onA|onB {
		t.Errorf("nobody hears anybody, and %b own the address in the end, want both", last)
	}
}

func TestMendedRoutersAgreeAgain(t *testing.T) {
	for _, heal := range []Incident{{Host: AllHosts}, {Host: 0}, {Host: 0, NIC: nic}} {
		for _, protocol := range []string{"hsrp2", "vrrp3"} {
			heal.At, heal.Heal = 9*time.Second, true
			s := pairOf(t, protocol)
			s.Incidents = []Incident{{At: time.Second, NIC: heal.NIC}, heal}
			c := played(t, s).Groups[0]
			if last := c.Owned[len(c.Owned)-1].Hosts; last != onA {
				t.Errorf("%s, %+v: %b own the address in the end, want a", protocol, heal, last)
			}
			if last := c.Standby[len(c.Standby)-1].Hosts; last != onB {
				t.Errorf("%s, %+v: %b stand by in the end, want b", protocol, heal, last)
			}
		}
	}
}

func TestSceneRefusesWhatItCannotPlay(t *testing.T) {
	for want, spoil := range map[string]func(*Scene){
		"router a: eth0 is on segment 7: want 0 to 0":                        func(s *Scene) { s.Hosts[0].NICs[0].Segment = 7 },
		"router a: group hsrp:eth0:10: its interface is on no segment":       func(s *Scene) { s.Hosts[0].NICs = nil },
		"router a: group hsrp:eth0:10 follows \"x\", which it does not have": func(s *Scene) { s.Hosts[0].Config.Groups[0].Follow = "x" },
		"incident at 1s: no router 2":                                        func(s *Scene) { s.Incidents = []Incident{{At: time.Second, Host: 2}} },
		"incident at 2s: router a has no interface eth7":                     func(s *Scene) { s.Incidents = []Incident{{At: 2 * time.Second, NIC: "eth7"}} },
		"incident at 3s: only mending is for all routers":                    func(s *Scene) { s.Incidents = []Incident{{At: 3 * time.Second, Host: AllHosts}} },
	} {
		s := pairOf(t, "hsrp2")
		spoil(&s)
		if _, err := Play(s); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
