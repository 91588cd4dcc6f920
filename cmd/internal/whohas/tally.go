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
	address, mac, via, ok := Claim(frame)
	if !ok || address != t.address || mac == t.own {
		return
	}
	for i := range t.answers {
		if t.answers[i].MAC == mac {
			t.answers[i].Count++
			return
		}
	}
	a := Answer{MAC: mac, Virtual: virtual(mac), MS: float64(after.Microseconds()) / 1000, Count: 1}
	if via != mac {
		a.Via = via.String()
	}
	t.answers = append(t.answers, a)
}

// Claim returns which address a frame says is at which MAC, and the MAC that
// the frame came from. ok is false when it says nothing of the kind: it is no
// ARP from an address and no Neighbor Advertisement, or the MAC is no station's.
func Claim(frame []byte) (address netip.Addr, mac, via hello.MAC, ok bool) {
	if h, a, err := garp.ParseARP(frame); err == nil {
		address, mac, via = a.SenderIP, a.SenderMAC, h.Src
	} else if h, nd, err := garp.ParseND(frame); err == nil && nd.Type == garp.NeighborAdvertisement {
		address, mac, via = nd.Target, nd.LinkAddr, h.Src
		if mac.IsZero() {
			mac = h.Src
		}
	}
	ok = address.IsValid() && !address.IsUnspecified() && !mac.IsZero() && !mac.IsMulticast()
	return address, mac, via, ok
}

// result returns the answers in the order in which they came; in JSON never
// null.
func (t *tally) result() []Answer { return append([]Answer{}, t.answers...) }
