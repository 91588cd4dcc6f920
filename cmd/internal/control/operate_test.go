package control_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
)

func TestCommandsAboutNoSingleGroupArrive(t *testing.T) {
	var changes []control.Change
	d := start(t, &fake{}, func(c control.Change) {
		c.Peer = unix.Ucred{}
		changes = append(changes, c)
	})
	c, ctx := d.dial(t), t.Context()
	for _, groups := range []string{"", "eth1 10"} {
		if n, err := c.ClearCounters(ctx, "hsrp", groups); n != 2 || err != nil {
			t.Errorf("clear counters %q: %d, %v", groups, n, err)
		}
	}
	if level, err := c.SetLog(ctx, control.FileLevel); level != "debug" || err != nil {
		t.Errorf("set log: %q, %v", level, err)
	}
	for _, level := range []string{"loud", ""} {
		if _, err := c.SetLog(ctx, level); !errors.Is(err, control.ErrInvalid) {
			t.Errorf("set log %q: %v, want ErrInvalid", level, err)
		}
	}
	if diff := cmp.Diff([]string{"clear hsrp ", "clear hsrp eth1 10"}, d.done); diff != "" {
		t.Errorf("the daemon did (-want +got):\n%s", diff)
	}
	want := []control.Change{
		{Command: control.CommandClear, Protocol: "hsrp"},
		{Command: control.CommandClear, Protocol: "hsrp", Group: "eth1 10"},
		{Command: control.CommandSetLog, Level: control.FileLevel},
		{Command: control.CommandSetLog, Level: "loud"},
		{Command: control.CommandSetLog},
	}
	if len(changes) != len(want) {
		t.Fatalf("%d changes told, want %d", len(changes), len(want))
	}
	for i := range want {
		changes[i].Err = nil
		if diff := cmp.Diff(want[i], changes[i]); diff != "" {
			t.Errorf("change %d (-want +got):\n%s", i, diff)
		}
	}
}
