package interop

import (
	"fmt"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/hello"
)

// keychain is more of our configuration: a key, used in a mode.
func keychain(mode string) string {
	return fmt.Sprintf("auth = { keychain = \"lan\", mode = %q }\n[[keychain]]\nname = \"lan\"\nkeys = [{ id = 1, secret = \"a passphrase of at least 32 bytes\" }]\n", mode)
}

// ourGroup is our router, as far as it has one yet.
func (m *match) ourGroup() (g status.Group) {
	for _, g = range m.ours.Report().Groups {
	}
	return g
}

// unsignedPeers are keepalived before 2.4, which drops a packet that is longer than
// its message.
var unsignedPeers = []pairing{
	{peer: "keepalived", version: 2, family: hello.IPv4, vmac: true, every: time.Second},
	{peer: "keepalived", version: 3, family: hello.IPv4, vmac: true, every: 300 * time.Millisecond},
	{peer: "keepalived", version: 3, family: hello.IPv6, vmac: true, every: 300 * time.Millisecond},
	{peer: "keepalived", version: 3, family: hello.IPv4, unicast: true, every: 300 * time.Millisecond},
}

// The first step of a roll-out changes nothing for who cannot sign yet.
func TestReceiveOnlyBesideAPeerThatDoesNotSign(t *testing.T) {
	for _, p := range unsignedPeers {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			steady(t, p, func(t testing.TB) {
				needPeer(t, p)
				m := newMatch(t, p, options{ours: keychain("receive-only")})
				alone := func(name string) {
					t.Helper()
					m.Eventually(name+" alone claims the role", func() bool { return m.settled(name) })
				}
				m.theirs.start(theirs)
				alone(them)
				m.ours.start(above)
				alone(us)
				m.ours.Kill()
				alone(them)
				m.ours.start(below)
				m.Eventually("we know that the peer does not sign", func() bool {
					g := m.ourGroup()
					return g.HMAC != nil && len(g.HMAC.Peers) == 1 && g.HMAC.Peers[0].Reason == string(hello.RejectMissing) && !g.HMAC.Peers[0].Enforce
				})
				alone(them)
				if c := m.ourGroup().Counters; c.Received == 0 || len(c.Rejected) > 0 {
					t.Errorf("received %d, rejected %v", c.Received, c.Rejected)
				}
				m.theirs.Kill()
				alone(us)
			})
		})
	}
}

// That is why there is a first step: what is signed is not heard by a keepalived
// that does not know the trailer, and what it says is not believed. It says it
// once: a packet restarts its timer before it is thrown away.
func TestSignedBesideAPeerThatDoesNotSign(t *testing.T) {
	p := unsignedPeers[1]
	t.Parallel()
	fhrptest.Steady(t, fhrptest.Stall, func(t testing.TB) {
		needPeer(t, p)
		m := newMatch(t, p, options{ours: keychain("enforce")})
		m.ours.start(above)
		m.Eventually("we claim the role", func() bool { return m.spoke[us].Load() != 0 })
		m.theirs.start(theirs)
		m.Eventually("the peer claims the role too", func() bool { return m.spoke[them].Load() != 0 })
		m.Eventually("we reject what it says", func() bool { return m.ourGroup().Counters.Rejected["auth-missing"] > 0 })
		if !m.ours.All("Active") {
			t.Errorf("we are not Active:\n%s", m.ours.Tail())
		}
	})
}
