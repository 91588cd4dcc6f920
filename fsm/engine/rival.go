package engine

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// Two routers of a pair that do not understand each other are both active, and
// neither log has a fault in it: each is the best router that it knows. What this
// one can know of the other is in the packets that it rejects, in the ARP and ND
// that arrive although no hello does, and in the patience of a worse router that
// goes on claiming the role.

// Rival is a router that has the role, or says so, and does not give way to this
// one or cannot be heard by it.
type Rival struct {
	At     time.Time  // of its last claim; zero: there was none
	From   netip.Addr // invalid when only its MAC is known
	MAC    hello.MAC  // where its claims come from, or say that the address is
	Reason string     // a hello.Reject, or one of the reasons below
	Detail string     // what that means and what to look at, without an end

	warned time.Time // when it was last said that both are active
}

// The reasons beside those for rejecting a packet.
const (
	RivalUnheard = "unheard" // its ARP or ND arrives, and nothing else
	RivalDeaf    = "deaf"    // it is worse and goes on all the same, as it does not hear this router
)

// rivalAgain is how often it is repeated that both are active, whoever claims: a
// sender's address is easily forged without the secret.
const rivalAgain = 5 * time.Minute

// unheardFor is how long ARP or ND shows that a router is active: two of its
// refreshes, with the usual interval.
const unheardFor = 150 * time.Second

// rivalCurrent reports whether the rival of g is active now, as far as is known.
func (g *group) rivalCurrent(now time.Time, hold time.Duration) bool {
	r := g.rival
	switch {
	case r == nil:
		return false
	case r.Reason == RivalUnheard:
		return now.Sub(r.At) <= unheardFor && g.heard.At.Before(r.At)
	}
	return now.Sub(r.At) <= hold
}

// claim is what a rival did. It is a value, for packets cost no memory.
type claim struct {
	from   netip.Addr
	mac    hello.MAC
	reason string

	ttl  uint8      // of the packet
	as   wireID     // the group in which it claims the role, where that is another one
	addr netip.Addr // the virtual address, where that is what it is known by
}

// claimOf is the claim of a packet that is rejected.
func claimOf(env *hello.Envelope, reason string) claim {
	return claim{from: env.Src, mac: env.SrcMAC, reason: reason, ttl: env.TTL}
}

// detail words a claim for the operator of both routers.
func (g *group) detail(c *claim) string {
	if c.reason == string(hello.RejectStale) {
		return fmt.Sprintf("the clock of %s is not within %v of this router's", c.from, g.Trailer.Window)
	}
	if hello.Reject(c.reason).IsAuth() {
		return fmt.Sprintf("bad authentication from %s", c.from)
	}
	switch c.reason {
	case string(hello.RejectVersion):
		return fmt.Sprintf("%s speaks version %d, this router version %d", c.from, c.as.version, g.Version)
	case string(hello.RejectGroup):
		return fmt.Sprintf("%s has %s in %s group %d, this router in %s group %d", c.from, c.addr, upper(c.as.protocol), c.as.number, upper(g.Protocol), g.Number)
	case string(hello.RejectSubnet):
		return fmt.Sprintf("%s is in no subnet of %s and is not heard", c.from, g.Interface)
	case string(hello.RejectTTL):
		return fmt.Sprintf("%s is not heard: its packets have TTL %d, min_ttl is %d", c.from, c.ttl, g.MinTTL)
	case string(hello.RejectSource):
		return fmt.Sprintf("%s is not heard: it is not among the peers", c.from)
	case string(hello.RejectDestination):
		return fmt.Sprintf("%s is not heard: one of the two speaks to peers, the other by multicast", c.from)
	case string(hello.RejectInterval):
		return fmt.Sprintf("%s is not heard: its advertisement interval is another one than %v", c.from, g.HelloTime)
	case RivalDeaf:
		return fmt.Sprintf("%s goes on although this router is better: it does not hear it; look at multicast filters and the firewall there and on the way", c.from)
	case RivalUnheard:
		return c.unheard()
	}
	return fmt.Sprintf("%s is not heard: its packets are rejected, %s", c.from, c.reason)
}

// unheard is detail of a router that ARP or ND shows.
func (c *claim) unheard() string {
	if c.as.protocol == 0 {
		return fmt.Sprintf("the virtual MAC answers for %s elsewhere and no message of that router arrives; look at multicast filters and the firewall here and on the way", c.addr)
	}
	version := ""
	if c.as.version > 0 {
		version = fmt.Sprintf(" version %d", c.as.version)
	}
	return fmt.Sprintf("%s is at the virtual MAC of %s%s group %d and no message of that router arrives", c.addr, upper(c.as.protocol), version, c.as.number)
}

func upper(p hello.Protocol) string { return strings.ToUpper(p.String()) }

// noteRival notes a claim. It reports whether both routers are active, and that is
// to be said.
func (g *group) noteRival(now time.Time, c claim) (say bool) {
	if g.rival == nil {
		g.rival = &Rival{}
	}
	r, hold := g.rival, g.elector().machine.Status().HoldTime
	if c.from != r.From || c.mac != r.MAC || c.reason != r.Reason {
		r.From, r.MAC, r.Reason, r.Detail = c.from, c.mac, c.reason, g.detail(&c)
	}
	r.At = now
	if !g.tenure.claims() || !g.rivalCurrent(now, hold) || now.Sub(r.warned) < rivalAgain {
		return false
	}
	r.warned = now
	return true
}

// warnRival notes a claim and says what it means when both routers are active.
func (g *group) warnRival(now time.Time, c claim) {
	if g.noteRival(now, c) {
		g.tell(now, KindWarning, "both routers are active: "+g.rival.Detail)
	}
}

// rejectAuth counts a packet of another authentication and says so in the words
// of Cisco. state is the sender's, who claims the role or does not. hint, which may
// be nil, is asked for more when it is said.
func (g *group) rejectAuth(now time.Time, env *hello.Envelope, state hello.HSRPState, claims bool, err error, hint func() string) {
	why, ok := err.(hello.Reject)
	if !ok {
		return
	}
	g.counters.Rejected[why]++
	g.iface.unheard.note(now, Unheard{From: env.Src, Protocol: g.Protocol, Reason: why, Group: g.Ref, Claims: claims})
	say := g.r.complaints.first(now, g.Ref, string(why), sender(env))
	both := claims && g.tenure.claims()
	if claims {
		again := g.noteRival(now, claimOf(env, string(why)))
		if say = say || again; say && both {
			g.rival.warned = now
		}
	}
	if say {
		more, consequence := "", ""
		if hint != nil {
			more = hint()
		}
		if both {
			consequence = ": both routers are active until their " + differs(why) + " agree"
		}
		g.tell(now, KindReject, fmt.Sprintf("%%%s-4-BADAUTH: Bad authentication from %s, group %d, remote state %s (%s%s)%s",
			upper(g.Protocol), env.Src, g.Number, state, why, more, consequence))
	}
}

// differs names what two routers have otherwise that do not believe each other.
func differs(why hello.Reject) string {
	if why == hello.RejectStale {
		return "clocks"
	}
	return "secrets"
}

// rejectClaim rejects a packet of g and, when its sender claims the role, says why
// neither router gives way.
func (g *group) rejectClaim(now time.Time, env *hello.Envelope, why hello.Reject, claims bool) {
	g.iface.reject(now, g, env, why)
	if claims {
		g.warnRival(now, claimOf(env, string(why)))
	}
}

// unknownClaim deals with a router that claims the role in a group which does not
// exist here: in another version of one, or in another group with the virtual
// address of one.
func (i *iface) unknownClaim(now time.Time, env *hello.Envelope, w wireID, vips []netip.Addr) {
	c, other := claimOf(env, string(hello.RejectVersion)), w
	c.as = w
	for other.version = range uint8(4) {
		if g := i.byWire[other]; g != nil {
			g.warnRival(now, c)
		}
	}
	c.reason = string(hello.RejectGroup)
	for _, a := range vips {
		c.addr = a
		for _, g := range i.byVirtualIP[a] {
			if g.Number != w.number || g.Protocol != w.protocol {
				g.warnRival(now, c)
			}
		}
	}
}

// insistence is how long a worse router has gone on as if it were alone.
type insistence struct {
	from        netip.Addr
	since, last time.Time
}

// insists deals with a message that does not end the role of g, although it is of
// a router that claims it as well: it would have given way if it had heard this one
// within a hold time.
func (g *group) insists(now time.Time, env *hello.Envelope, m hello.Message) {
	if g.leader != nil || !g.tenure.claims() || !takes(m) || g.losesTo(env.Src, m) {
		return
	}
	n, hold := g.insistence, g.machine.Status().HoldTime
	if n == nil || n.from != env.Src || now.Sub(n.last) > hold {
		n = &insistence{from: env.Src, since: now}
		g.insistence = n
	}
	if n.last = now; now.Sub(n.since) < hold {
		return
	}
	g.warnRival(now, claimOf(env, RivalDeaf))
}

// shownByARP deals with a claim of a virtual address that only a router which is
// active can make, of which nothing is heard.
func (g *group) shownByARP(now time.Time, o garp.Observation, why garp.Reason) {
	hold := g.elector().machine.Status().HoldTime
	if now.Sub(g.heard.At) <= hold || now.Sub(g.changed()) <= hold || g.rivalCurrent(now, hold) && g.rival.Reason != RivalUnheard {
		return
	}
	c := claim{mac: o.MAC, addr: o.IP, reason: RivalUnheard}
	switch why {
	case garp.ReasonOtherGroup:
		v, _ := hello.VirtualRouterOf(o.MAC)
		c.as = wireID{v.Protocol, v.Family, v.Version, v.Group}
	case garp.ReasonPeerVirtualMAC:
	default:
		return
	}
	g.warnRival(now, c)
}
