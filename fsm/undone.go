package fsm

// Undone returns the cause of a group that may run again after it was stopped
// for c. The zero Cause stands for a group that has not run yet.
func (c Cause) Undone() Cause {
	switch c {
	case "", CauseStopped:
		return CauseStarted
	case CauseTrackShutdown:
		return CauseTrackRestored
	case CauseMaintenance, CauseForwarding, CauseLeader, CauseConflict, CauseAcquireFailed, CauseLeaseLost, CauseStalled:
		return c
	}
	return CauseInterfaceUp
}
