package hello

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Period is when a key may be used: from From, and until but not at Until. A zero
// time leaves its side open.
type Period struct{ From, Until time.Time }

// Contains reports whether t is in the period.
func (p Period) Contains(t time.Time) bool {
	return !p.Early(t) && (p.Until.IsZero() || t.Before(p.Until))
}

// Early reports whether t is before the period.
func (p Period) Early(t time.Time) bool { return !p.From.IsZero() && t.Before(p.From) }

// Key is one key of a keychain. Its times are of the wall clock.
type Key struct {
	ID     uint32
	Secret Secret
	Accept Period // when it is believed
	Send   Period // when it signs
}

// Keychain is several keys, of which one signs and all are believed that may be:
// so keys roll without a gap between routers that change at different instants.
type Keychain struct {
	Name string
	Keys []Key
}

// Sending returns the index of the key that signs at now: of those that may, the
// one whose period began last, or the first in the chain of those that began
// together. inTime is false when none may. Then it is the last one that was, or
// else the first one that will be: it is unacceptable to go back to no
// authentication and not advisable to disrupt the protocol (RFC 2328 appendix
// D.3). A chain has at least one key.
func (c *Keychain) Sending(now time.Time) (n int, inTime bool) {
	return c.choose(now, func(k *Key) Period { return k.Send })
}

// Accepts reports whether the key at index n is believed at now. When none is in
// its period, the one is that Sending would choose by the same rule.
func (c *Keychain) Accepts(n int, now time.Time) bool {
	if c.Keys[n].Accept.Contains(now) {
		return true
	}
	stand, inTime := c.choose(now, func(k *Key) Period { return k.Accept })
	return !inTime && stand == n
}

// choose finds the key that is in charge at now by one of its periods.
func (c *Keychain) choose(now time.Time, of func(*Key) Period) (best int, inTime bool) {
	for n := 1; n < len(c.Keys); n++ {
		if better(now, of(&c.Keys[n]), of(&c.Keys[best])) {
			best = n
		}
	}
	return best, len(c.Keys) > 0 && of(&c.Keys[best]).Contains(now)
}

// better reports whether period a is to be preferred to b at now.
func better(now time.Time, a, b Period) bool {
	switch inA, inB := a.Contains(now), b.Contains(now); {
	case inA || inB:
		return inA && (!inB || a.From.After(b.From))
	case a.Early(now) != b.Early(now):
		return b.Early(now) // one that was, rather than one that will be
	case a.Early(now):
		return a.From.Before(b.From)
	}
	return a.Until.After(b.Until)
}

// Find returns the index of the key with a number, -1 when there is none.
func (c *Keychain) Find(id uint32) int {
	for n := range c.Keys {
		if c.Keys[n].ID == id {
			return n
		}
	}
	return -1
}

// Secret is the bytes of a key. Printing it in any form shows none of them. It is
// behind two pointers for the reason that the secret of an Auth is.
type Secret struct{ hidden *hidden }

type hidden struct{ key *[]byte }

// NewSecret returns a copy of key as a Secret.
func NewSecret(key []byte) Secret {
	key = bytes.Clone(key)
	return Secret{&hidden{&key}}
}

// Bytes returns the key, which must not be changed.
func (s Secret) Bytes() []byte {
	if s.hidden == nil {
		return nil
	}
	return *s.hidden.key
}

// Equal reports whether two secrets are the same.
func (s Secret) Equal(o Secret) bool { return bytes.Equal(s.Bytes(), o.Bytes()) }

// String returns a word in place of the key.
func (s Secret) String() string { return "secret" }

// Format implements fmt.Formatter, so that no verb prints more than String.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements encoding.TextMarshaler with what String returns.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
