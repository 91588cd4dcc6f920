package main

import "github.com/spf13/cobra"

func announceCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "announce GROUP",
		Short: "send the announcements of an active group now",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.daemon().Announce(cmd.Context(), args[0])
		},
	}
	a.controlFlag(cmd)
	return cmd
}
