package engine

import (
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// TestPriceWithoutNotedClaim prices a change from a router that has dropped the role,
// whose claim the process before this one did not hand on.
func TestPriceWithoutNotedClaim(t *testing.T) {
	e := newEngine(t, &gatekeeper{}, nil, Group{
		Ref:     Ref{hello.ProtocolHSRP, hello.IPv4, 1, "eth0"},
		Version: 2, Priority: 100, HelloTime: time.Second, HoldTime: 3 * time.Second,
	})
	g, last := e.groups[0], start.Add(time.Second)
	for _, claimed := range []time.Time{{}, start} {
		g.story.words = words{{Heard: Heard{From: other4, At: last, State: hello.Standby}, claimed: claimed}}
		c := &Change{From: Holder{Known: true, Addr: other4}, To: Holder{Known: true, Local: true}}
		g.price(last.Add(time.Second), c)
		want := claimed
		if claimed.IsZero() {
			want = last
		}
		if !c.LastSign.Equal(want) || c.Handed {
			t.Errorf("claimed at %v: the last sign is of %v, want %v; handed over: %t", claimed, c.LastSign, want, c.Handed)
		}
	}
}
