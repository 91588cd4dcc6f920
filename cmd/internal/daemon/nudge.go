package daemon

// nudge wakes a goroutine that follows something. Several before it looks are one.
type nudge chan struct{}

func newNudge() nudge { return make(nudge, 1) }

// give never waits. A nil nudge wakes nobody.
func (n nudge) give() {
	select {
	case n <- struct{}{}:
	default:
	}
}
