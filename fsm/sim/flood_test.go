package sim

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// flooded plays a plan on a segment that floods every 2 ms from a time on.
func flooded(t *testing.T, p Plan, from time.Duration, between func(engine.Port) engine.Port, who hosts) (*Result, *floods) {
	t.Helper()
	f := &floods{every: 2 * time.Millisecond}
	for _, r := range p.Routers {
		// A question, while frames are late by as much as an answer is waited for, and a hello.
		f.bound, f.groups = max(f.bound, r.Hello+600*time.Millisecond), len(r.groups())
	}
	res, err := run(p, between, func(r *router) {
		r.answers = who != mutes
		if others := r.lan.routers; who == liars && len(others) > 0 {
			r.lies = others[len(others)-1]
		}
		for n := range r.config.Groups {
			r.config.Groups[n].Understudy = true
		}
		r.first = r.config
		if f.l == nil {
			f.l, f.fail = r.lan, r.broken
			r.w.after(from, f.begin)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return res, f
}

// hosts is how the kernels of a segment answer for their own addresses.
type hosts string

const (
	honest hosts = "answer"
	mutes  hosts = "are mute"
	liars  hosts = "lie" // each answers for its neighbour as well
)

func samePort(p engine.Port) engine.Port { return p }

// A standby that is flooded all the time never forwards beside the active router for
// longer than a question and a hello, whatever is lost, late, cut, one-way, stopped
// or killed, and though no host answers a question at all, or some answer for others.
func TestFloodsAreForwardedOnce(t *testing.T) {
	n := uint64(100)
	if testing.Short() {
		n = 15
	}
	covers := 0
	for seed := range n {
		for _, who := range []hosts{honest, mutes, liars} {
			p := Random(seed + 1)
			res, f := flooded(t, p, 0, samePort, who)
			covers += f.covers
			if len(res.Broken) > 0 {
				t.Fatalf("seed %d, hosts %s:\n%s\n%s\nstory:\n%s", seed+1, who, strings.Join(res.Broken, "\n"), p, strings.Join(res.Story[max(0, len(res.Story)-60):], "\n"))
			}
		}
	}
	if covers == 0 {
		t.Error("nobody has ever forwarded for a silent router")
	}
}

// cutCable is a segment of which the active router loses its link.
func cutCable(protocol string) Plan {
	r := Router{Protocol: protocol, Priority: 200, Preempt: true, Hello: time.Second, Hold: 3 * time.Second}
	other, third := r, r
	other.Priority, third.Priority = 100, 90
	return Plan{Seed: 1, Routers: []Router{r, other, third}, Length: 50 * time.Second,
		Faults: []Fault{{At: 30 * time.Second, Kind: Link, A: 0, For: 10 * time.Second}}}
}

// A cut cable costs a question. Of several routers that wait one forwards.
func TestFloodsAreForwardedAtOnce(t *testing.T) {
	for _, protocol := range []string{"hsrp2", "hsrp6", "vrrp3", "vrrp6"} {
		t.Run(protocol, func(t *testing.T) {
			p := cutCable(protocol)
			res, f := flooded(t, p, 30*time.Second, samePort, honest)
			if len(res.Broken) > 0 {
				t.Error(strings.Join(res.Broken, "\n"))
			}
			begins := slices.IndexFunc(res.Story, func(s string) bool { return strings.Contains(s, "does not answer: forwarding for it") })
			if begins < 0 || f.covers == 0 {
				t.Fatalf("nobody forwards:\n%s", strings.Join(res.Story, "\n"))
			}
			at, err := time.ParseDuration(strings.Fields(res.Story[begins])[0])
			if err != nil {
				t.Fatal(err)
			}
			if took := at - 30*time.Second; took < 0 || took > 10*time.Millisecond {
				t.Errorf("forwards %v after the cut, want at most 10ms", took)
			}
		})
	}
}

// neverShuts is a port whose gates, once open for what is on its way to others, stay so.
type neverShuts struct {
	engine.Port
	only map[engine.ID]bool
}

func (n *neverShuts) Gate(open []engine.Claim, shut []engine.ID) ([]engine.ID, error) {
	for i := range open {
		n.only[open[i].ID] = open[i].Forward
		if open[i].Forward {
			open[i].Lease = 0
		}
	}
	return n.Port.Gate(open, slices.DeleteFunc(slices.Clone(shut), func(id engine.ID) bool { return n.only[id] }))
}

func (n *neverShuts) LookOut(macs []hello.MAC) { n.Port.LookOut(macs) }

// The check finds a gate that stays open beside the active router.
func TestCheckFindsForwardingBesideTheActiveRouter(t *testing.T) {
	for seed := range uint64(50) {
		res, _ := flooded(t, Random(seed+1), 0, func(p engine.Port) engine.Port { return &neverShuts{p, map[engine.ID]bool{}} }, mutes)
		if slices.ContainsFunc(res.Broken, func(s string) bool { return strings.Contains(s, "two routers forward") }) {
			return
		}
	}
	t.Error("50 seeds did not find it")
}
