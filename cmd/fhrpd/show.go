package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func showCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show",
		Short: "show the state of the daemon, in the layout of Cisco IOS or as JSON",
		Long: paragraphs("show prints what the running daemon knows. With --json every form prints JSON.",
			"Exits 0 when there is an answer and 3 when no daemon runs."),
		Example: examples("fhrpd show standby brief", "fhrpd show vrrp eth2", "fhrpd show status --json | jq .groups[].state"),
		Args:    cobra.NoArgs,
		RunE:    needSubcommand,
	}
	a.controlFlag(cmd)
	a.jsonFlag(cmd)
	cmd.AddCommand(
		showStandbyCommand(a),
		showVRRPCommand(a),
		showTrackCommand(a),
		showTakeoverCommand(a),
		showEventsCommand(a),
		showStatusCommand(a),
	)
	return cmd
}

func showTrackCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "track",
		Short: "tracked objects and who uses them",
		Long: paragraphs("Tracked objects in the order of the configuration: what is looked at, whether it\nis up, since when, and the groups that use it.",
			"Exits 0, and 3 when no daemon runs."),
		Example: examples("fhrpd show track", "fhrpd show track --json"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.showStatus(cmd.Context(), func(st *status.Status) (any, func() string) {
				return list(st.Tracks), func() string { return show.Tracks(st, a.now()) }
			})
		},
	}
}

func showTakeoverCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "takeover",
		Short: "proof, for each neighbour, that it delivers to this router",
		Long: paragraphs("What became of each takeover: for each listed neighbour and the default gateway,\nwhether its traffic was seen to arrive here, how, and how soon after the claim.",
			"Exits 0, and 3 when no daemon runs; \"fhrpd verify\" proves it afresh."),
		Example: examples("fhrpd show takeover", "fhrpd show takeover --json"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.showStatus(cmd.Context(), func(st *status.Status) (any, func() string) {
				return show.TakeoverRows(st.Groups), func() string { return show.Takeover(st.Groups) }
			})
		},
	}
}

func showEventsCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "events",
		Short: "recent transitions, oldest first",
		Long: paragraphs("The last transitions of all groups with cause and detail, in the words of the\nlog.",
			"Exits 0, and 3 when no daemon runs; \"fhrpd events\" tells them as they happen."),
		Example: examples("fhrpd show events", "fhrpd show events --json"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ts, err := a.daemon().Transitions(cmd.Context())
			if err != nil {
				return err
			}
			return a.print(list(ts), func() string { return show.Transitions(ts) })
		},
	}
}

func showStatusCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "the whole daemon; --json is the form for scripts",
		Long: paragraphs("The daemon itself and the brief tables of its groups; with --json everything\nthere is, as one object.",
			"Exits 0, and 3 when no daemon runs."),
		Example: examples("fhrpd show status", "fhrpd show status --json"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.showStatus(cmd.Context(), func(st *status.Status) (any, func() string) {
				return st, func() string { return show.Status(st, a.now()) }
			})
		},
	}
}

// showStatus asks the daemon and prints the part of the answer that pick
// returns, as JSON or as text.
func (a *app) showStatus(ctx context.Context, pick func(*status.Status) (any, func() string)) error {
	st, err := a.daemon().Status(ctx)
	if err != nil {
		return err
	}
	v, text := pick(st)
	return a.print(v, text)
}

// list makes an absent list the empty one, which scripts can iterate over.
func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}
