package interop

import (
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// A router that crashed is started again beside another program: its role is its own as
// long as the other has not missed it, and the other's when that has.
func TestCrashBesideOthers(t *testing.T) {
	t.Parallel()
	for name, missed := range map[string]bool{"not missed": false, "missed": true} {
		for _, p := range []pairing{
			{peer: "keepalived", version: 3, family: hello.IPv4, every: time.Second},
			{peer: "keepalived", version: 2, family: hello.IPv4, vmac: true, every: time.Second},
			{peer: "frr", version: 3, family: hello.IPv6, vmac: true, every: time.Second},
		} {
			t.Run(name+", "+p.String(), func(t *testing.T) {
				t.Parallel()
				steady(t, p, func(t testing.TB) { crash(t, p, missed) })
			})
		}
	}
}

func crash(t testing.TB, p pairing, missed bool) {
	needPeer(t, p)
	m := newMatch(t, p, options{})
	m.ours.config = strings.Replace(m.ours.config, "[daemon]\n", "[daemon]\nlease = \"60s\"\n", 1) + "preempt = false\n"
	if p.version == 3 && p.family == hello.IPv4 { // what was heard of the others died with the process
		m.ours.config += "checksum = \"pseudo-header\"\n"
	}
	m.weServe()

	n := m.probe.mark()
	m.ours.Kill()
	if missed {
		m.believed(them)
		n = m.probe.mark()
	}
	m.ours.Restart()
	if missed {
		m.ours.WaitAll("Backup")
		m.ours.Eventually("it hears who serves", func() bool {
			g := m.ours.Report().Groups
			return len(g) == 1 && g[0].Active != nil && g[0].Active.Address != "local"
		})
	} else {
		m.ours.WaitAll("Active")
	}
	now := m.probe.mark()
	m.Eventually("the client is served", func() bool { return m.probe.flows(now) })
	m.unserved("started again", n, leaves)
	moves := 2 // to Backup and to Active
	if missed {
		moves = 1
	}
	if got := m.ours.Report().Groups[0].Transitions; got != moves {
		t.Errorf("%d transitions, want %d\n%s", got, moves, m.ours.Tail())
	}
}
