package main

import "github.com/spf13/cobra"

func announceCommand(a *app) *cobra.Command {
	return a.controlFlag(&cobra.Command{
		Use:               "announce GROUP",
		Short:             "send the announcements of an active group now",
		Long:              paragraphs("announce tells hosts and switches at once where the virtual addresses of an\nactive group are: by gratuitous ARP, or neighbour advertisements over IPv6.", groupForms, asksDaemon),
		Example:           examples("fhrpd announce eth1:10", "fhrpd announce users"),
		ValidArgsFunction: a.completeGroup,
		Args:              cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.daemon().Announce(cmd.Context(), args[0])
		},
	})
}
