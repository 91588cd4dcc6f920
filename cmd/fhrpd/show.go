package main

import (
	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func showCommand(a *app) *cobra.Command {
	cmd := a.controlFlag(a.jsonFlag(&cobra.Command{
		Use:   "show",
		Short: "show the state of the daemon, in the layout of Cisco IOS or as JSON",
		Long: paragraphs("show prints what the running daemon knows. With --json every form prints JSON.",
			"Exits 0 when there is an answer, 3 when no daemon runs, and 4 when this user may\nnot look: root may, and members of the group in [daemon] readers."),
		Example: examples("fhrpd show standby brief", "fhrpd show vrrp eth2", "fhrpd show status --json | jq .groups[].state"),
		Args:    onlyCommands,
		RunE:    needSubcommand,
	}))
	cmd.AddCommand(
		showGroupsCommand(a, standbyLayout()),
		showGroupsCommand(a, vrrpLayout()),
		showTrackCommand(a),
		showTakeoverCommand(a),
		showEventsCommand(a),
		showStatusCommand(a),
	)
	return cmd
}

func showTrackCommand(a *app) *cobra.Command {
	return showPartCommand(a, "track", "tracked objects and who uses them",
		"Tracked objects in the order of the configuration: what is looked at, whether it\nis up, since when, and the groups that use it.",
		"Exits 0, and 3 when no daemon runs.",
		func(st *status.Status) (any, func() string) {
			return list(st.Tracks), func() string { return show.Tracks(st, a.now()) }
		})
}

func showTakeoverCommand(a *app) *cobra.Command {
	return showPartCommand(a, "takeover", "proof, for each neighbour, that it delivers to this router",
		"What became of each takeover: for each listed neighbour and a default gateway of\nthe interface, whether its traffic was seen to arrive here, how, and how soon\nafter the claim.",
		"Exits 0, and 3 when no daemon runs; \"fhrpd verify\" proves it afresh.",
		func(st *status.Status) (any, func() string) {
			return show.TakeoverRows(st.Groups), func() string { return show.Takeover(st.Groups) }
		})
}

func showStatusCommand(a *app) *cobra.Command {
	return showPartCommand(a, "status", "the whole daemon; --json is the form for scripts",
		"The daemon itself and the brief tables of its groups; with --json everything\nthere is, as one object.",
		"Exits 0, and 3 when no daemon runs.",
		func(st *status.Status) (any, func() string) {
			return st, func() string { return show.Status(st, a.now()) }
		})
}

// showPartCommand prints the part of the daemon's status that pick returns, as
// JSON or as text.
func showPartCommand(a *app, name, short, long, exits string, pick func(*status.Status) (any, func() string)) *cobra.Command {
	return &cobra.Command{
		Use:     name,
		Short:   short,
		Long:    paragraphs(long, exits),
		Example: examples("fhrpd show "+name, "fhrpd show "+name+" --json"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			st, err := a.daemon().Status(cmd.Context())
			if err != nil {
				return err
			}
			return a.print(pick(st))
		},
	}
}

func showEventsCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "events",
		Short: "recent transitions and commands, oldest first",
		Long: paragraphs("The last transitions of all groups with cause and detail, in the words of the\nlog, and between them the commands that changed something and who gave them.",
			"Exits 0, and 3 when no daemon runs; \"fhrpd events\" tells them as they happen."),
		Example: examples("fhrpd show events", "fhrpd show events --json"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ts, err := a.daemon().History(cmd.Context())
			if err != nil {
				return err
			}
			return a.print(list(ts), func() string { return show.History(ts) })
		},
	}
}

// list makes an absent list the empty one, which scripts can iterate over.
func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}
