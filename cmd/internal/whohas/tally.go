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
	mac, via, ok := t.claim(frame)
	if !ok || mac == t.own || mac.IsZero() || mac.IsMulticast() {
		return
	}
	for i := range t.answers {
		if t.answers[i].MAC == mac {
			t.answers[i].Count++
			return
		}
	}
	a := Answer{MAC: mac, Virtual: Virtual(mac), MS: float64(after.Microseconds()) / 1000, Count: 1}
	if via != mac {
		a.Via = via.String()
	}
	t.answers = append(t.answers, a)
}

// claim returns the MAC that a frame says the address is at, and the MAC that
// the frame came from.
func (t *tally) claim(frame []byte) (mac, via hello.MAC, ok bool) {
	if t.address.Is4() {
		h, a, err := garp.ParseARP(frame)
		return a.SenderMAC, h.Src, err == nil && a.SenderIP == t.address
	}
	h, nd, err := garp.ParseND(frame)
	if err != nil || nd.Type != garp.NeighborAdvertisement || nd.Target != t.address {
		return mac, via, false
	}
	if nd.LinkAddr.IsZero() {
		return h.Src, h.Src, true
	}
	return nd.LinkAddr, h.Src, true
}

// result returns the answers in the order in which they came; in JSON never
// null.
func (t *tally) result() []Answer { return append([]Answer{}, t.answers...) }
