package engine

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/hello"
)

// rival is a router that says it is active and is not heard, because its
// authentication differs. It does not hear this one either, so neither gives
// way and both stay active until somebody compares the secrets.
type rival struct {
	at     time.Time // of its last claim
	from   netip.Addr
	reason hello.Reject
	warned time.Time // when it was last said that both are active
}

// rivalAgain is how often that is repeated, whoever claims: a sender's address
// is easily forged without the secret.
const rivalAgain = 5 * time.Minute

// rejectAuth is reject with the line that Cisco prints. state is the sender's,
// who claims the role or does not.
func (e *Engine) rejectAuth(now time.Time, g *group, env *hello.Envelope, state hello.HSRPState, claims bool, err error) {
	why, ok := err.(hello.Reject)
	if !ok {
		return
	}
	g.counters.rejected[why]++
	say := e.complaints.first(now, g.ref()+" "+string(why), sender(env))
	consequence := ""
	if claims {
		r := &g.rival
		r.at, r.from, r.reason = now, env.Src, why
		if g.elected() && g.leaving.IsZero() {
			consequence = ": both routers are active until their secrets agree"
			if say = say || now.Sub(r.warned) >= rivalAgain; say {
				r.warned = now
			}
		}
	}
	if say {
		e.observe(status.Event{At: now, Kind: eventReject, Group: g.ref(), Message: fmt.Sprintf(
			"%%%s-4-BADAUTH: Bad authentication from %s, group %d, remote state %s (%s)%s",
			strings.ToUpper(g.wire.protocol.String()), env.Src, g.wire.number, state, why, consequence)})
	}
}

func (g *group) rivalStatus(now time.Time, hold time.Duration) *status.Rival {
	r := &g.rival
	if r.at.IsZero() {
		return nil
	}
	return &status.Rival{
		Address: r.from.String(), Reason: string(r.reason), At: r.at,
		BothActive: g.elected() && g.leaving.IsZero() && now.Sub(r.at) <= hold,
	}
}
