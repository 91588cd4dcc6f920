package engine

import (
	"fmt"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// rivalAgain is how often that is repeated, whoever claims: a sender's address
// is easily forged without the secret.
const rivalAgain = 5 * time.Minute

// rejectAuth counts a packet of another authentication and says so in the words
// of Cisco. state is the sender's, who claims the role or does not. hint, which may
// be nil, is asked for more when it is said.
func (g *group) rejectAuth(now time.Time, env *hello.Envelope, state hello.HSRPState, claims bool, err error, hint func() string) {
	why, ok := err.(hello.Reject)
	if !ok {
		return
	}
	g.counters.Rejected[why]++
	say := g.r.complaints.first(now, g.Ref, string(why), sender(env))
	both := claims && g.tenure.claims()
	if claims {
		r := &g.rival
		r.At, r.From, r.Reason = now, env.Src, why
		if both {
			if say = say || now.Sub(r.warned) >= rivalAgain; say {
				r.warned = now
			}
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
			strings.ToUpper(g.Protocol.String()), env.Src, g.Number, state, why, more, consequence))
	}
}

// differs names what two routers have otherwise that do not believe each other.
func differs(why hello.Reject) string {
	if why == hello.RejectStale {
		return "clocks"
	}
	return "secrets"
}
