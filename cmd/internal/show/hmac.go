package show

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// hmac shows the trailer of a VRRP router, and of each router that it has heard
// whether mode "enforce" believes it: that is to be known before the mode is set.
func (b *block) hmac(g *status.Group, now time.Time) {
	h := g.HMAC
	if h == nil {
		return
	}
	b.line(1, "Authentication HMAC, keychain %q, mode %s, %s, %s", g.Keychain, h.Mode, signing(h), replay(h))
	for i := range h.Peers {
		b.line(2, "%s", hmacPeer(h, &h.Peers[i], now))
	}
}

func signing(h *status.HMAC) string {
	switch {
	case h.KeyID == 0:
		return "sends no trailer"
	case !h.KeyDue:
		return fmt.Sprintf("signs with key %d, which is not due now", h.KeyID)
	}
	return fmt.Sprintf("signs with key %d", h.KeyID)
}

func replay(h *status.HMAC) string {
	if h.Replay == "monotonic" {
		return "monotonic"
	}
	return "window " + period(h.WindowMS)
}

// hmacPeer says what is known of a router, and what follows.
func hmacPeer(h *status.HMAC, p *status.HMACPeer, now time.Time) string {
	verb := "enforce would"
	if h.Mode == "enforce" {
		verb = "enforce does"
	}
	if p.Enforce {
		return fmt.Sprintf("%s: signed with key %d, clock %s, %s ago; %s work", p.Address, p.KeyID, clock(p.SkewMS), Age(*p.LastGood, now), verb)
	}
	return fmt.Sprintf("%s: %s, %s ago; %s not work", p.Address, p.Reason, Age(p.Heard, now), verb)
}

// clock says where the clock of another router is.
func clock(skewMS int64) string {
	if skewMS < 0 {
		return seconds(-skewMS) + " sec behind"
	}
	return seconds(skewMS) + " sec ahead"
}
