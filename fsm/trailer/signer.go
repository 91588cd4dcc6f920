package trailer

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// Signer makes the trailers of one group.
type Signer struct {
	rules Rules
	keys  keys `state:"of the configuration"`
	begun bool
	last  hello.Sequence
}

// NewSigner returns a signer with the keys of a chain, which has at least one. The
// error names a key that does not fit.
func NewSigner(rules Rules, chain hello.Keychain) (*Signer, error) {
	k, err := newKeys(chain)
	if err != nil {
		return nil, err
	}
	return &Signer{rules: rules, keys: k}, nil
}

// Succeed goes on with the sequence of another signer of the group, which signs no
// more.
func (s *Signer) Succeed(o *Signer) { s.begun, s.last = o.begun, o.last }

// Sign returns the trailer for msg, sent from src at now of the wall clock.
func (s *Signer) Sign(now time.Time, msg []byte, src netip.Addr) hello.Trailer {
	n, _ := s.keys.chain.Sending(now)
	return s.keys.macs[n].Sign(msg, src, s.next(now))
}

// next returns the larger of the clock and the last sequence plus one. Time that
// was set back by more than the window is begun anew, because the others believe
// nothing from so far ahead; they forget what they have heard by the same rule.
func (s *Signer) next(now time.Time) hello.Sequence {
	clock := hello.SequenceAt(now)
	setBack := !s.rules.Monotonic && s.last.SecondsSince(now) > s.rules.seconds()
	if s.begun && !clock.After(s.last) && !setBack {
		clock = s.last + 1
	}
	s.begun, s.last = true, clock
	return clock
}
