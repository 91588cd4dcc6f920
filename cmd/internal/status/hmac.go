package status

import (
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// HMAC is the trailer that authenticates a VRRP router.
type HMAC struct {
	Mode     string     `json:"mode"`      // enforce, permissive, receive-only
	Replay   string     `json:"replay"`    // time, monotonic
	WindowMS int64      `json:"window_ms"` // how far clocks may differ
	KeyID    int        `json:"key_id"`    // with which this router signs; 0 when it does not
	KeyDue   bool       `json:"key_due"`   // now is between send_from and send_until of that key
	Peers    []HMACPeer `json:"peers"`     // in the order of their addresses
}

// HMACPeer is a router that was heard. One in Backup says nothing.
type HMACPeer struct {
	Address  string     `json:"address"`
	Heard    time.Time  `json:"heard"`     // its last advertisement
	LastGood *time.Time `json:"last_good"` // the last one with a right trailer; null: there was none
	KeyID    int        `json:"key_id"`    // of that one; 0: there was none
	SkewMS   int64      `json:"skew_ms"`   // of that one: how far its clock was ahead of this router's
	LastBad  *time.Time `json:"last_bad"`  // the last one without a right trailer; null: there was none
	Reason   string     `json:"reason"`    // what was wrong with that one
	Enforce  bool       `json:"enforce"`   // mode "enforce" believes it, or would
}

// hmacOf returns nil for a group without a trailer.
func hmacOf(g *engine.GroupStatus) *HMAC {
	s := g.Signed
	if s == nil {
		return nil
	}
	out := &HMAC{Mode: g.Trailer.Mode.String(), Replay: "time", WindowMS: g.Trailer.Window.Milliseconds(), Peers: []HMACPeer{}}
	if g.Trailer.Monotonic {
		out.Replay = "monotonic"
	}
	if g.Signs() {
		out.KeyID, out.KeyDue = int(s.KeyID), s.InTime
	}
	for _, p := range s.Peers {
		out.Peers = append(out.Peers, HMACPeer{
			Address: p.Addr.String(), Heard: p.Heard, LastGood: timeOf(p.Good), KeyID: int(p.KeyID), SkewMS: p.Skew.Milliseconds(),
			LastBad: timeOf(p.Failed), Reason: string(p.Why), Enforce: p.Enforceable(g.Machine.HoldTime),
		})
	}
	return out
}

// timeOf returns nil for what has not happened.
func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
