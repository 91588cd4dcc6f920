package trailer

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// Verifier judges the advertisements that one group receives.
type Verifier struct {
	rules Rules
	keys  keys `state:"of the configuration"`
	peers peers
}

// NewVerifier returns a verifier with the keys of a chain that remembers at most
// room senders, 16 at least. The error names a key that does not fit.
func NewVerifier(rules Rules, chain hello.Keychain, room int) (*Verifier, error) {
	k, err := newKeys(chain)
	if err != nil {
		return nil, err
	}
	return &Verifier{rules: rules, keys: k, peers: peers{room: max(room, leastRoom)}}, nil
}

// Succeed goes on with what another verifier of the group knows of the senders, so
// that nothing it has believed is believed again.
func (v *Verifier) Succeed(o *Verifier) {
	v.peers.list = o.peers.list[:min(len(o.peers.list), v.peers.room)]
}

// Packet is an advertisement to be judged, and what must be known of its way here.
type Packet struct {
	*hello.VRRPPacket
	Payload []byte        // of which it was parsed
	Src     netip.Addr    // from which it came
	Late    time.Duration // how long it may have waited here to be read
}

// Verdict is what became of a packet.
type Verdict struct {
	Err   error         // a hello.Reject; nil: it is believed
	Skew  time.Duration // how far the sender's clock is ahead of the own one, as its trailer says; 0 without one
	Drift bool          // the packet is right, and its skew is more than half of the window
}

// Check judges p, received at now of the wall clock. The order is that in which the
// least is done for what is forged: the digest of a packet is computed when
// everything else but its place in the sequence is right.
func (v *Verifier) Check(now time.Time, p Packet) Verdict {
	if !p.Signed {
		return v.unsigned(now, p)
	}
	s := p.Trailer.Sequence()
	out := Verdict{Skew: s.Since(now)}
	var key uint8
	key, out.Err = v.judge(now, p, s)
	switch out.Err {
	case nil:
		v.peers.proven(now, p.Src, Peer{KeyID: key, Skew: out.Skew, mark: s})
		out.Drift = !v.rules.Monotonic && p.Late == 0 && out.Skew.Abs() > v.rules.Window/2
	case hello.RejectReplay: // says nothing about its sender
	default:
		v.peers.failed(now, p.Src, out.Err.(hello.Reject))
	}
	return out
}

func (v *Verifier) unsigned(now time.Time, p Packet) (out Verdict) {
	if v.rules.Mode == Enforce {
		out.Err = hello.RejectMissing
	}
	v.peers.failed(now, p.Src, hello.RejectMissing)
	return out
}

// judge applies the rules to a trailer with the sequence s and returns the key that
// has signed it.
func (v *Verifier) judge(now time.Time, p Packet, s hello.Sequence) (key uint8, err error) {
	switch {
	case p.Trailer.Malformed():
		return 0, hello.RejectMalformed
	case v.stale(now, p, s):
		return 0, hello.RejectStale
	}
	key = p.Trailer.KeyID()
	n := v.keys.chain.Find(uint32(key))
	switch {
	case n < 0 || !v.keys.chain.Accepts(n, now):
		return 0, hello.RejectKey
	case !v.keys.macs[n].Verify(p.VRRPPacket, p.Payload, p.Src):
		return 0, hello.RejectDigest
	}
	if mark, ok := v.mark(now, p.Src); ok && !s.After(mark) {
		return 0, hello.RejectReplay
	}
	return key, nil
}

func (v *Verifier) stale(now time.Time, p Packet, s hello.Sequence) bool {
	ahead, window := s.SecondsSince(now), v.rules.seconds()
	return !v.rules.Monotonic && (ahead > window || ahead < -window-int(p.Late/time.Second))
}

// mark returns the last sequence of a sender, if it still counts. One that is older
// than the window is behind everything that is not stale. One that is further
// ahead is of a time before clocks were set back.
func (v *Verifier) mark(now time.Time, src netip.Addr) (s hello.Sequence, ok bool) {
	p := v.peers.find(src)
	if p == nil || p.Good.IsZero() {
		return 0, false
	}
	return p.mark, v.rules.Monotonic || p.mark.SecondsSince(now) <= v.rules.seconds()
}

// Peers returns what is known of the senders, in the order of their addresses.
func (v *Verifier) Peers() []Peer { return v.peers.sorted() }
