package daemon

import (
	crypto "crypto/rand"
	"math/rand/v2"
)

// newMarks returns the numbers of engine.Options.Mark. A generator of its own asks
// the kernel once, not in the middle of a takeover. It is for one goroutine.
func newMarks() func() uint64 {
	var seed [32]byte
	_, _ = crypto.Read(seed[:]) // which never fails
	return rand.New(rand.NewChaCha8(seed)).Uint64
}
