package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func eventsCommand(a *app) *cobra.Command {
	return a.controlFlag(a.jsonFlag(&cobra.Command{
		Use:   "events",
		Short: "stream transitions and other events as they happen",
		Long: paragraphs("events prints a line for each transition, command, announcement, conflict and\nproof, until it is interrupted. It goes on through an upgrade of the\ndaemon, with all events and each of them once.",
			"Exits 0 when interrupted, 3 when no daemon runs or it stops, and 4 when this\nuser may not look."),
		Example: examples("fhrpd events", "fhrpd events --json"),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.events(cmd.Context()) },
	}))
}

// events prints one line an event until it is interrupted, which is its
// normal end, or the daemon goes away.
func (a *app) events(ctx context.Context) error {
	ch, err := a.daemon().Subscribe(ctx)
	if err != nil {
		return err
	}
	for ev := range ch {
		if err := a.printEvent(ev); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("%w any more on %s: it stopped", control.ErrNoDaemon, a.control)
}

func (a *app) printEvent(ev status.Event) error {
	if a.json {
		return json.NewEncoder(a.stdout).Encode(ev)
	}
	_, err := fmt.Fprintln(a.stdout, show.Event(&ev))
	return err
}
