package recorder

import (
	"testing"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

func TestUnplanned(t *testing.T) {
	here, there := engine.Holder{Known: true, Local: true}, engine.Holder{Known: true, Addr: ip("192.0.2.2")}
	moved := func(cause fsm.Cause) *engine.Record {
		return &engine.Record{At: began, Kind: engine.RecordTransition, Transition: &engine.Transition{Cause: cause}}
	}
	befell := func(cause fsm.Cause) *engine.Record {
		return &engine.Record{At: began, Kind: engine.RecordRouter, Cause: cause}
	}
	command := &engine.Record{At: began, Kind: engine.RecordCommand, Command: &engine.Command{}}
	later := &engine.Record{At: after(1), Kind: engine.RecordCommand, Command: &engine.Command{}}
	resign := &engine.Record{At: began, Kind: engine.RecordPeer, News: engine.NewsResign}
	lower := &engine.Record{At: began, Kind: engine.RecordPriority}
	for _, tt := range []struct {
		name   string
		change engine.Change
		want   bool
	}{
		{"the active router fell silent", engine.Change{From: there, To: here, Records: []*engine.Record{{At: began, Kind: engine.RecordSilence}, moved(fsm.CauseActiveTimer)}}, true},
		{"the interface went down", engine.Change{From: here, Records: []*engine.Record{befell(fsm.CauseInterfaceDown), moved(fsm.CauseInterfaceDown)}}, true},
		{"a tracked object", engine.Change{From: here, To: there, Records: []*engine.Record{{At: began, Kind: engine.RecordTrack}, lower, moved(fsm.CauseCoup)}}, true},
		{"another router resigned", engine.Change{From: there, To: here, Records: []*engine.Record{resign, moved(fsm.CauseResigned)}}, true},
		{"between others", engine.Change{From: there, To: engine.Holder{Known: true, Addr: ip("192.0.2.3")}}, true},
		{"a command came when it was done", engine.Change{From: here, To: there, Records: []*engine.Record{moved(fsm.CauseCoup), later}}, true},

		{"nobody served before", engine.Change{To: here, Records: []*engine.Record{moved(fsm.CauseActiveTimer)}}, false},
		{"set priority, or reload", engine.Change{From: here, To: there, Records: []*engine.Record{command, lower, moved(fsm.CauseCoup)}}, false},
		{"maintenance", engine.Change{From: here, Records: []*engine.Record{moved(fsm.CauseMaintenance)}}, false},
		{"stop", engine.Change{From: here, Records: []*engine.Record{befell(fsm.CauseStopped), moved(fsm.CauseStopped)}}, false},
		{"started, and preempted", engine.Change{From: there, To: here, Records: []*engine.Record{befell(fsm.CauseStarted), moved(fsm.CauseStarted), moved(fsm.CausePreempt)}}, false},
		{"handed over", engine.Change{From: here, To: there, Records: []*engine.Record{command, moved(fsm.CauseHandover)}}, false},
		{"handed over to this router", engine.Change{From: there, To: here, Handed: true, Records: []*engine.Record{resign, moved(fsm.CauseResigned)}}, false},
	} {
		tt.change.At = began
		if got := Unplanned(&tt.change); got != tt.want {
			t.Errorf("%s: unplanned %t, want %t", tt.name, got, tt.want)
		}
	}
}
