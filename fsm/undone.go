package fsm

// Undone returns the cause of a group that may run again after it was stopped
// for c. The zero Cause stands for a group that has not run yet.
func (c Cause) Undone() Cause {
	switch c {
	case CauseInterfaceDown:
		return CauseInterfaceUp
	case CauseTrackShutdown:
		return CauseTrackRestored
	case CauseAddressChanged:
		return CauseAddressChanged
	}
	return CauseStarted
}
