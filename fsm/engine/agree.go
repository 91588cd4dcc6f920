package engine

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// What two fhrpd agree on travels in frames of its own (see
// hello.Agreement). Groups with a key believe only what was signed with it. Without one
// an agreement counts from the address and MAC whose hellos elect, answers with the
// unguessable number of a question, and nothing in it does more than the unsigned hellos
// of the group could.

// heardAgreement hears a question or an answer.
func (i *iface) heardAgreement(now time.Time, b []byte) {
	var a hello.Agreement
	dst, src := hello.MAC(b[:6]), hello.MAC(b[6:12])
	if dst != i.link.MAC && !dst.IsMulticast() || src == i.link.MAC || a.Parse(b) != nil || i.link.Owns(a.From) {
		return
	}
	g := i.byWire[wireID{a.Protocol, a.Family, a.Version, a.Group}]
	if g != nil && a.Kind == hello.AgreementGone {
		g.elector().heardGone(now, i, b, &a)
		return
	}
	if g == nil || g.leader != nil || !g.believes(now, b, &a) {
		return
	}
	g.turned()
	switch a.Kind {
	case hello.AgreementQuestion:
		g.heardQuestion(now, src, &a)
	case hello.AgreementUnderstudy:
		g.heardOffer(now, &a)
	case hello.AgreementAnswer:
		g.heardReply(now, src, &a)
	case hello.AgreementHeir:
		g.heardHeir(now, src, &a)
	case hello.AgreementNoted:
		g.heir.noted(now, &a)
	}
}

// agrees reports whether g can agree on something with others at all: their answers
// need a number that nobody guesses, and unicast peers may be behind routers.
func (g *group) agrees() bool { return g.r.mark != nil && len(g.Peers) == 0 }

// believes reports whether a was signed as the group's messages are.
func (g *group) believes(now time.Time, b []byte, a *hello.Agreement) bool {
	if !g.agrees() {
		return false
	}
	if len(g.Keychain.Keys) == 0 || !g.hsrp() && !g.Signs() {
		key, _ := g.Auth.AgreementKey()
		return hello.VerifyAgreement(b, key)
	}
	n := g.Keychain.Find(a.KeyID)
	return a.Signed && n >= 0 && g.Keychain.Accepts(n, g.r.wall(now)) && hello.VerifyAgreement(b, hello.AgreementKey(g.Keychain.Keys[n].Secret.Bytes()))
}

// say sends an agreement to a MAC.
func (g *group) say(now time.Time, to hello.MAC, a hello.Agreement) { g.sayAs(now, g, to, a) }

// sayAs sends it on the segment and in the name of one of g's family.
func (g *group) sayAs(now time.Time, as *group, to hello.MAC, a hello.Agreement) {
	a.Protocol, a.Version, a.Family, a.Group = as.Protocol, as.Version, as.Family, as.Number
	a.Forwards, a.Tracks = true, true
	for _, f := range g.family() {
		a.Wait = max(a.Wait, f.PreActive)
		a.Forwards = a.Forwards && f.iface.link.Off(f.Family) == ""
		a.Tracks = a.Tracks && len(f.downTracks()) == 0
	}
	a.Priority, a.From = g.priority.inForce.Effective, g.source(&g.iface.link)
	var key []byte
	if len(g.Keychain.Keys) == 0 || !g.hsrp() && !g.Signs() {
		key, a.KeyID = g.Auth.AgreementKey()
	} else {
		n, _ := g.Keychain.Sending(g.r.wall(now))
		key, a.KeyID = hello.AgreementKey(g.Keychain.Keys[n].Secret.Bytes()), g.Keychain.Keys[n].ID
	}
	as.queueFrames(always, [][]byte{hello.AppendAgreement(nil, &a, as.iface.link.MAC, to, key)})
}

// everybody is the MAC to which the group's hellos go.
func (g *group) everybody() hello.MAC {
	return wire.MulticastMAC(hello.GroupAddr(g.Protocol, g.Version, g.Family))
}

// family returns g and the groups that follow it.
func (g *group) family() []*group { return append([]*group{g}, g.followers...) }

// proven returns the neighbours that deliver to this router, of g and its followers.
func (g *group) proven() (list []netip.Addr) {
	for _, f := range g.family() {
		for _, r := range f.proof.Results() {
			if r.Proven && !slices.Contains(list, r.Neighbor) {
				list = append(list, r.Neighbor)
			}
		}
	}
	return list
}

// Answers are bounded for all groups together, as answers to a contest are.
const (
	answersAtOnce = 200
	answerEvery   = 5 * time.Millisecond
)

// bucket is answers that are filled up at a steady rate.
type bucket struct{ full time.Time } // when it will be full again

// take reports whether there is an answer left, which is then gone.
func (c *bucket) take(now time.Time, most int, every time.Duration) bool {
	if c.full.Before(now) {
		c.full = now
	}
	if c.full.Sub(now) > time.Duration(most-1)*every {
		return false
	}
	c.full = c.full.Add(every)
	return true
}
