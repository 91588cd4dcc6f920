package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func explainCommand(a *app) *cobra.Command {
	var q status.Question
	cmd := a.controlFlag(a.jsonFlag(&cobra.Command{
		Use:   "explain [GROUP]",
		Short: "tell why the one who serves changed last",
		Long: paragraphs("explain tells in a few lines why another router serves a group now, or this one:\nwhat happened first, what each router did then, what it cost, and what to look\nat if it was not intended. Without a group it is about the one that changed\nlast.",
			"--since and --all tell of more changes than the last one, oldest first: those of\nthe group, or of all groups when none is named.", groupForms, asksDaemon),
		Example:           examples("fhrpd explain", "fhrpd explain eth1:10", "fhrpd explain --since 1h", "fhrpd explain eth1:10 --all --json"),
		ValidArgsFunction: a.completeGroup,
		Args:              cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("since") && q.Since <= 0 {
				return usageError(cmd, fmt.Errorf("--since %v: want a time above 0, as in 90m", q.Since))
			}
			var err error
			if q.Group, err = groupArg(args); err != nil { // or none
				return usageError(cmd, err)
			}
			x, err := a.daemon().Explain(cmd.Context(), q)
			if err != nil {
				return err
			}
			return a.print(x, func() string { return show.Explanation(x) })
		},
	}))
	cmd.Flags().DurationVar(&q.Since, "since", 0, "every change in this last `time`, as in 90m")
	cmd.Flags().BoolVar(&q.All, "all", false, "every change that the daemon remembers")
	return cmd
}
