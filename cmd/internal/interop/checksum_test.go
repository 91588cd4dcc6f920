package interop

import (
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// formPairings are the two that know only the checksum with a pseudo-header.
var formPairings = []pairing{
	{peer: "keepalived", version: 3, family: hello.IPv4, vmac: true, every: fast},
	{peer: "keepalived", version: 3, family: hello.IPv4, unicast: true, every: fast},
	{peer: "keepalived", version: 3, family: hello.IPv4, vmac: true, every: time.Second},
	{peer: "frr", version: 3, family: hello.IPv4, vmac: true, every: fast},
}

// A peer that is Backup never sends, so an Active that was first speaks RFC
// 9568's form, which the peer discards: the peer claims the role too. Its first
// advertisement tells the form, and the answer to it, sent at once, is one that
// the peer understands.
func TestChecksumFormIsLearnedFromTheRival(t *testing.T) {
	for _, p := range formPairings {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			steady(t, p, func(t testing.TB) {
				needPeer(t, p)
				m := newMatch(t, p, options{})
				m.ours.start(above)
				m.probe = startProbe(t, m.Client, p.target())
				m.await(us)
				if n := forms(m.Gateway(us).Port.Frames()); n[hello.PseudoHeader] != 0 || n[hello.MessageOnly] == 0 {
					t.Errorf("before anybody is heard we sent %v, want only RFC 9568's form", n)
				}
				_, from := m.Gateway(us).Port.Since(0)
				m.event("the peer joins an Active whose checksum it rejects", us, p.every, func() {
					m.theirs.start(theirs)
					m.Eventually("the peer claims the role", func() bool { return m.spoke[them].Load() != 0 })
				})
				m.healed(from)
				m.event("fhrpd stops, having learned the form", them, p.skew(theirs), m.ours.Stop)
				m.judge()
			})
		})
	}
}

// answerWithin is less than an interval and enough for a busy machine.
const answerWithin = 100 * time.Millisecond

// healed checks how long two routers claimed the role, and what we sent then.
func (m *match) healed(from int) {
	m.t.Helper()
	rival := claims(m.Gateway(them).Port.Frames())
	if len(rival) == 0 {
		m.t.Fatal("the peer never claimed the role")
	}
	first, last := rival[0].At, rival[len(rival)-1].At
	late := m.Witness.Late(first)
	if d := last.Sub(first); d > m.p.every/2+late {
		m.t.Errorf("the peer claimed the role for %v with %d advertisements, want at most one advertisement and what was under way", d, len(rival))
	}
	frames, _ := m.Gateway(us).Port.Since(from)
	after := claims(frames)
	for len(after) > 0 && !after[0].At.After(first) {
		after = after[1:]
	}
	if n := forms(after); n[hello.MessageOnly] != 0 || n[hello.PseudoHeader] == 0 {
		m.t.Errorf("having heard the peer we sent %v, want only the form with a pseudo-header", n)
	}
	if len(after) > 0 && after[0].At.Sub(first) > answerWithin+late {
		m.t.Errorf("our answer to the peer's claim came after %v, want it at once", after[0].At.Sub(first))
	}
}

// claims returns the frames that advertise a priority above 0.
func claims(frames []netlab.Frame) (list []netlab.Frame) {
	for _, f := range frames {
		if m, _, ok := advert(f.Data); ok && m.Priority > 0 {
			list = append(list, f)
		}
	}
	return list
}

// forms counts the advertisements of each checksum form.
func forms(frames []netlab.Frame) map[hello.Checksum]int {
	n := map[hello.Checksum]int{}
	for _, f := range frames {
		if _, form, ok := advert(f.Data); ok {
			n[form]++
		}
	}
	return n
}

// With the form fixed to the one that the peer does not know, both are Active
// for good: the peer has the address too and answers for it, even though our
// advertisements, which restart its timer before it throws them away, keep it
// from saying so. The peer's form, fixed, has no such start.
func TestChecksumFormFixed(t *testing.T) {
	p := formPairings[0]
	t.Run("rfc9568", func(t *testing.T) {
		t.Parallel()
		steady(t, p, func(t testing.TB) {
			needPeer(t, p)
			m := newMatch(t, p, options{ours: "checksum = \"rfc9568\"\n"})
			m.ours.start(above)
			m.Eventually("we claim the role", func() bool { return m.spoke[us].Load() != 0 })
			m.probe = startProbe(t, m.Client, p.target())
			m.await(us)
			m.theirs.start(theirs)
			all := map[string]bool{}
			m.Eventually("both answer the client's question", func() bool {
				for a := range m.askOnce() {
					all[a.port] = true
				}
				return len(all) == 2
			})
			if !m.ours.All("Active") {
				t.Errorf("we are not Active:\n%s", m.ours.Tail())
			}
			m.judge()
		})
	})
	t.Run("pseudo-header", func(t *testing.T) {
		t.Parallel()
		steady(t, p, func(t testing.TB) {
			needPeer(t, p)
			m := newMatch(t, p, options{ours: "checksum = \"pseudo-header\"\n"})
			m.ours.start(above)
			m.probe = startProbe(t, m.Client, p.target())
			m.await(us)
			m.stays("the peer joins an Active with checksum = \"pseudo-header\"", us, them, theirs, func() { m.theirs.start(theirs) })
			m.judge()
		})
	})
}
