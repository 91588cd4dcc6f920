package whohas

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// tally counts who claims an address.
type tally struct {
	address netip.Addr
	own     hello.MAC
	answers []Answer
}

// add takes a frame that was heard after the given time. Whoever sends from
// the address claims it, not only who answers the question.
func (t *tally) add(after time.Duration, frame []byte) {
	c, ok := Claim(frame)
	if !ok || c.IP != t.address || c.MAC == t.own {
		return
	}
	for i := range t.answers {
		if t.answers[i].MAC == c.MAC {
			t.answers[i].Count++
			return
		}
	}
	a := Answer{MAC: c.MAC, Virtual: virtual(c.MAC), MS: float64(after.Microseconds()) / 1000, Count: 1}
	if c.Source != c.MAC {
		a.Via = c.Source.String()
	}
	t.answers = append(t.answers, a)
}

// Claim returns which address a frame says is at which MAC. ok is false when it
// says nothing of the kind: it is no ARP from an address and no Neighbor
// Advertisement, or the MAC is no station's.
func Claim(frame []byte) (o garp.Observation, ok bool) {
	if h, a, err := garp.ParseARP(frame); err == nil {
		o, ok = garp.ObserveARP(h, a)
	} else if h, nd, err := garp.ParseND(frame); err == nil && nd.Type == garp.NeighborAdvertisement {
		o, ok = garp.ObserveND(h, nd)
	}
	return o, ok && !o.MAC.IsZero() && !o.MAC.IsMulticast()
}

// result returns the answers in the order in which they came; in JSON never
// null.
func (t *tally) result() []Answer { return append([]Answer{}, t.answers...) }
