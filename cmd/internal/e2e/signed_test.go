package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/signer"
)

const (
	firstSecret  = "the first passphrase, 32 bytes or more"
	secondSecret = "the second passphrase, of another length"
)

// oneKey is a keychain, and signedAuth an auth that uses it.
const (
	oneKey     = "[[keychain]]\nname = \"lan\"\nkeys = [{ id = 1, secret = \"" + firstSecret + "\" }]\n"
	signedAuth = `auth = { keychain = "lan" }`
)

// signature is what is at the end of a signed advertisement.
type signature struct {
	key  uint8
	time time.Time
	good bool // signed with that key
}

// signatureOf reads it without the code that is tested; ok is false where there
// is none.
func signatureOf(f netlab.Frame, keys map[uint8]string) (s signature, ok bool) {
	var e hello.Envelope
	payload, err := hello.ParseFrame(f.Data, &e, true)
	if err != nil || e.Protocol != hello.ProtocolVRRP || len(payload) < 12+28 {
		return s, false
	}
	msg, trailer := bytes.Clone(payload[:len(payload)-28]), payload[len(payload)-28:]
	msg[6], msg[7] = 0, 0
	s.key, s.time = trailer[1], time.Unix(int64(binary.BigEndian.Uint32(trailer[4:])), 0)
	s.good = bytes.Equal(trailer[12:], signer.Digest([]byte(keys[s.key]), msg, e.Src, trailer[:12])) && trailer[0] == 1 && trailer[2] == 0 && trailer[3] == 0
	return s, true
}

// wantSigned fails the test unless everything that routers have advertised is
// signed right and at its time.
func (l *lan) wantSigned(keys map[uint8]string, routers ...*gateway) (used map[uint8]int) {
	l.t.Helper()
	used = map[uint8]int{}
	for _, g := range routers {
		for _, f := range g.Sent(time.Time{}) {
			if !strings.HasPrefix(fhrptest.Message(f), "vrrp") {
				continue
			}
			s, ok := signatureOf(f, keys)
			used[s.key]++
			if age := f.At.Sub(s.time); !ok || !s.good || age < -time.Second || age > 3*time.Second {
				l.t.Fatalf("%s has sent %x at %v: signed %t, %+v", g.Name, f.Data, f.At, ok, s)
			}
		}
	}
	return used
}

// Routers with a common key hear each other, and what they say is signed as an
// independent signer does it.
func TestSignedAdvertisements(t *testing.T) {
	t.Parallel()
	for name, groups := range map[string]func(peer *gateway) string{
		"version 3": func(*gateway) string { return table("vrrp", "vrid = 10", common, address4, `advertise = "300ms"`) },
		"version 3 with a pseudo-header": func(*gateway) string {
			return table("vrrp", "vrid = 10", common, address4, `advertise = "300ms"`, `checksum = "pseudo-header"`)
		},
		"version 2": func(*gateway) string {
			return table("vrrp", "version = 2\nvrid = 10", common, address4, `advertise = "1s"`)
		},
		"IPv6": func(*gateway) string { return vrrp6.config() },
		"unicast IPv4": func(peer *gateway) string {
			return table("vrrp", "vrid = 10", common, address4, `advertise = "300ms"`, fmt.Sprintf("peers = [%q]", peer.IP))
		},
		"unicast IPv6": func(peer *gateway) string { return vrrp6.config(fmt.Sprintf("peers = [%q]", peer.IP6)) },
	} {
		t.Run(name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				config := func(peer *gateway) string { return withAuth(groups(peer), oneKey, signedAuth) }
				l.a.StartAs(config(l.b), 110)
				l.b.StartAs(config(l.a), 100)
				l.Settled(l.a, l.b)
				l.Eventually("b believes a", func() bool {
					h := l.b.Report().Groups[0].HMAC
					return h != nil && len(h.Peers) == 1 && h.Peers[0].Enforce && h.Peers[0].KeyID == 1 && h.KeyID == 1 && h.KeyDue
				})
				out, _ := l.b.Command("show", "vrrp", "detail")
				if !strings.Contains(out, "signed with key 1, clock ") || !strings.Contains(out, "enforce does work") {
					t.Errorf("show vrrp detail:\n%s", out)
				}
				l.a.Kill()
				l.b.WaitAll("Active")
				if c := l.b.Report().Groups[0].Counters; c.Received == 0 || len(c.Rejected) > 0 {
					t.Errorf("b has received %d and rejected %v", c.Received, c.Rejected)
				}
				if used := l.wantSigned(map[uint8]string{1: firstSecret}, l.a, l.b); used[1] < 2 {
					t.Errorf("advertisements by key: %v", used)
				}
			})
		})
	}
}

// withAuth puts a keychain before groups, and the auth into each.
func withAuth(groups, keychain, auth string) string {
	return keychain + strings.ReplaceAll(groups, "[[vrrp]]\n", "[[vrrp]]\n"+auth+"\n")
}

// Keys roll while the routers run: nobody loses the role, and nothing is refused.
func TestKeysRollOnTheWire(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		roll := time.Now().Add(6 * time.Second).UTC().Truncate(time.Second)
		keychain := fmt.Sprintf("[[keychain]]\nname = \"lan\"\nkeys = [{ id = 1, secret = %q, send_until = %[2]s, accept_until = %[3]s }, { id = 2, secret = %[4]q, send_from = %[2]s }]\n",
			firstSecret, roll.Format(time.RFC3339), roll.Add(time.Minute).Format(time.RFC3339), secondSecret)
		groups := withAuth(table("vrrp", "vrid = 10", common, address4, `advertise = "300ms"`), keychain, signedAuth)
		l.startInTurn(groups)
		keys := map[uint8]string{1: firstSecret, 2: secondSecret}
		n := l.b.Report().Groups[0].Counters.Received
		l.a.Sends("an advertisement with the second key", time.Time{}, func(f netlab.Frame) bool { s, ok := signatureOf(f, keys); return ok && s.key == 2 })
		l.Eventually("b believes the second key", func() bool {
			h := l.b.Report().Groups[0].HMAC
			return len(h.Peers) == 1 && h.Peers[0].KeyID == 2
		})
		if g := l.b.Report().Groups[0]; g.State != "Backup" || len(g.Counters.Rejected) > 0 || g.Counters.Received <= n {
			t.Errorf("b is in %s and has rejected %v", g.State, g.Counters.Rejected)
		}
		if used := l.wantSigned(keys, l.a); used[1] == 0 || used[2] == 0 {
			t.Errorf("advertisements by key: %v", used)
		}
		for _, f := range l.a.Sent(time.Time{}) {
			if s, ok := signatureOf(f, keys); ok && (s.key == 2) != !s.time.Before(roll) {
				t.Errorf("key %d at %v, the second takes over at %v", s.key, s.time, roll)
			}
		}
	})
}

// A router with another key is not believed, and both say why.
func TestAnotherKeyIsToldApart(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		groups := table("vrrp", "vrid = 10", common, address4, `advertise = "300ms"`)
		l.a.StartAs(withAuth(groups, oneKey, signedAuth), 110)
		l.b.StartAs(withAuth(groups, strings.Replace(oneKey, firstSecret, secondSecret, 1), signedAuth), 100)
		l.a.WaitAll("Active")
		l.b.WaitAll("Active")
		for _, g := range l.Gateways {
			l.Eventually("rejected advertisements of "+g.Name, func() bool { return g.Group("eth0:10").Counters.Rejected["auth-bad-digest"] > 0 })
			if got := g.Group("eth0:10").Counters; got.Received != 0 || len(got.Rejected) != 1 {
				t.Errorf("%s has received %d and rejected %v", g.Name, got.Received, got.Rejected)
			}
		}
	})
}
