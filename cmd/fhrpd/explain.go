package main

import (
	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/show"
)

func explainCommand(a *app) *cobra.Command {
	return a.controlFlag(a.jsonFlag(&cobra.Command{
		Use:               "explain [GROUP]",
		Short:             "tell why the last transition happened",
		Long:              paragraphs("explain tells in a few lines why a group, or the one that moved last, is in its\nstate: the cause, what was known when it was decided, and what is now.", groupForms, asksDaemon),
		Example:           examples("fhrpd explain", "fhrpd explain eth1:10"),
		ValidArgsFunction: a.completeGroup,
		Args:              cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			group, err := groupArg(args) // or none
			if err != nil {
				return usageError(cmd, err)
			}
			x, err := a.daemon().Explain(cmd.Context(), group)
			if err != nil {
				return err
			}
			return a.print(x, func() string { return show.Explanation(x) })
		},
	}))
}
