package main

import "github.com/spf13/cobra"

func announceCommand(a *app) *cobra.Command {
	return a.controlFlag(&cobra.Command{
		Use:               "announce GROUP",
		Short:             "send the announcements of an active group now",
		Long:              paragraphs("announce tells hosts and switches at once where the virtual addresses of an\nactive group are: by gratuitous ARP, or neighbour advertisements over IPv6.", groupForms, asksDaemon),
		Example:           examples("fhrpd announce eth1:10", "fhrpd announce users"),
		ValidArgsFunction: a.completeGroup,
		Args:              atLeast("a group"),
		RunE: func(cmd *cobra.Command, args []string) error {
			group, err := groupArg(args)
			if err != nil {
				return usageError(cmd, err)
			}
			if err := a.daemon().Announce(cmd.Context(), group); err != nil {
				return err
			}
			if g, err := a.groupNow(cmd.Context(), group); err == nil {
				group = g.Ref()
			}
			return a.confirm("%s: announced", group)
		},
	})
}
