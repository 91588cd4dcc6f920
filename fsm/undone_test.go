package fsm

import "testing"

func TestUndone(t *testing.T) {
	for down, want := range map[Cause]Cause{
		"":                 CauseStarted,
		CauseStopped:       CauseStarted,
		CauseInterfaceDown: CauseInterfaceUp,
		CauseTrackShutdown: CauseTrackRestored,
		CauseMaintenance:   CauseMaintenance,
		CauseLeader:        CauseLeader,
		CauseConflict:      CauseConflict,
		CauseAcquireFailed: CauseAcquireFailed,
		CauseLeaseLost:     CauseLeaseLost,
		CauseStalled:       CauseStalled,
	} {
		if got := down.Undone(); got != want {
			t.Errorf("a group stopped for %q runs again for %q, want %q", down, got, want)
		}
	}
}
