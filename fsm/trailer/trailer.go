// Package trailer has the rules of VRRP's HMAC trailer
// (draft-cassen-vrrp-auth-hmac): what a sender puts into it and what a receiver
// believes. Both are values that are told what time it is. The bytes are those of
// package hello.
package trailer

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// Mode is how far a router has come on the way from no authentication to nothing
// else.
type Mode uint8

// The modes. In each of them a trailer that is there must be right.
const (
	Enforce     Mode = iota // signs, and believes nothing without a trailer
	Permissive              // signs, and believes what has none
	ReceiveOnly             // does not sign, and believes what has none
)

// String returns the word of the configuration.
func (m Mode) String() string {
	switch m {
	case Enforce:
		return "enforce"
	case Permissive:
		return "permissive"
	case ReceiveOnly:
		return "receive-only"
	}
	return fmt.Sprintf("Mode(%d)", uint8(m))
}

// Signs reports whether a router of this mode sends trailers.
func (m Mode) Signs() bool { return m != ReceiveOnly }

// Rules are how a group uses the trailer.
type Rules struct {
	Mode      Mode
	Window    time.Duration // how far a sender's clock may be from the own one; whole seconds, 1 s to 300 s
	Monotonic bool          // no clock is compared: a sequence only has to grow
}

// Limits of the window.
const (
	leastWindow = 5 * time.Second // unless a shorter one is asked for
	mostWindow  = 300 * time.Second
)

// DefaultWindow returns the window for an advertisement interval: three intervals,
// 5 s at least and 300 s at most, in whole seconds.
func DefaultWindow(interval time.Duration) time.Duration {
	d := (3*interval + time.Second - 1).Truncate(time.Second)
	return min(max(d, leastWindow), mostWindow)
}

// seconds returns the window in the unit in which it is compared.
func (r *Rules) seconds() int { return int(r.Window / time.Second) }

// keys are those of a keychain, ready for use.
type keys struct {
	chain hello.Keychain
	macs  []*hello.HMAC // by index in chain
}

func newKeys(chain hello.Keychain) (keys, error) {
	k := keys{chain: chain}
	for _, key := range chain.Keys {
		m, err := hello.NewHMAC(key.ID, key.Secret.Bytes())
		if err != nil {
			return keys{}, fmt.Errorf("keychain %q: %w", chain.Name, err)
		}
		k.macs = append(k.macs, m)
	}
	return k, nil
}
