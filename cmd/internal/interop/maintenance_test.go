package interop

import (
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// leaves bounds the gap of a client that asks every ten milliseconds: keepalived without a
// virtual MAC moves the address to its own, which the client has to learn.
const leaves = 100 * time.Millisecond

// unserved fails where the client went without a router for longer than most, from its
// request n on.
func (m *match) unserved(what string, n int, most time.Duration) {
	m.t.Helper()
	gap := m.probe.gap(n)
	m.t.Logf("%s, %s: the client was unserved for %v", m.p, what, gap)
	if most += m.Witness.Spare(m.probe.at(n)); gap > most {
		m.t.Errorf("%s: the client went unserved for %v, the bound is %v\n%s", what, gap, most, m.ours.Tails())
	}
}

// A router leaves for maintenance to a keepalived, is killed, starts again in maintenance,
// and comes back, with and without preemption. The client stays served.
func TestMaintenanceBesideKeepalived(t *testing.T) {
	for name, preempts := range map[string]bool{"preempt": true, "no preempt": false} {
		for _, p := range []pairing{
			{peer: "keepalived", version: 3, family: hello.IPv4, every: fast},
			{peer: "keepalived", version: 2, family: hello.IPv4, vmac: true, every: time.Second},
		} {
			t.Run(name+", "+p.String(), func(t *testing.T) {
				t.Parallel()
				steady(t, p, func(t testing.TB) { maintenance(t, p, preempts) })
			})
		}
	}
}

func maintenance(t testing.TB, p pairing, preempts bool) {
	needPeer(t, p)
	m := newMatch(t, p, options{})
	if !preempts {
		m.ours.config += "preempt = false\n"
	}
	m.weServe()

	n := m.probe.mark()
	out, exit := m.ours.Command("maintenance", "on")
	if exit != 0 || !strings.Contains(out, " serves\n") {
		t.Fatalf("exit %d: %s", exit, out)
	}
	m.ours.WaitAll("Initialize")
	m.believed(them)
	m.unserved(strings.TrimSpace(out), n, leaves)
	m.ours.Kill()
	m.ours.Restart()
	m.ours.WaitAll("Initialize")
	m.ours.Eventually("it is in maintenance and hears who serves", func() bool {
		st := m.ours.Report()
		return st.Maintenance && len(st.Groups) > 0 && st.Groups[0].Leave != nil && st.Groups[0].Leave.Serves != ""
	})
	m.unserved("started in maintenance", n, leaves)
	n = m.probe.mark()
	if out, exit := m.ours.Command("maintenance", "off"); exit != 0 {
		t.Fatalf("exit %d: %s", exit, out)
	}
	if preempts {
		m.await(us)
		m.believed(us)
	} else {
		claimed := m.spoke[us].Load()
		if m.within(2*p.down(above)+slack, func() bool { return m.spoke[us].Load() != claimed }) {
			t.Errorf("it preempts\n%s", m.ours.Tails())
		}
		m.ours.WaitAll("Backup")
	}
	m.unserved("back", n, leaves)
}
