package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/show"
)

func clearCommand(a *app) *cobra.Command {
	cmd := a.controlFlag(&cobra.Command{
		Use:     "clear",
		Short:   "let \"show\" count from now",
		Long:    paragraphs("clear takes the present counters for the beginning from which the forms\nstatistics and detail of show count. Those in JSON and for Prometheus go on.", asksDaemon),
		Example: examples("fhrpd clear standby counters", "fhrpd clear vrrp counters eth2"),
		Args:    onlyCommands,
		RunE:    needSubcommand,
	})
	for _, l := range []layout{standbyLayout(), vrrpLayout()} {
		cmd.AddCommand(clearProtocolCommand(a, l))
	}
	return cmd
}

// clearProtocolCommand has one command below it, because on IOS that comes last.
func clearProtocolCommand(a *app, l layout) *cobra.Command {
	cmd := &cobra.Command{
		Use:     l.name,
		Short:   "counters of " + l.what,
		Long:    "The counters of " + l.what + ". Exits 0 when done; \"clear --help\" tells more.",
		Example: examples("fhrpd clear " + l.name + " counters"),
		Args:    onlyCommands,
		RunE:    needSubcommand,
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "counters [INTERFACE [NUMBER] | GROUP]",
		Aliases: []string{"statistics"},
		Short:   "let \"show " + l.name + "\" count from now",
		Long: paragraphs("The counters of all "+l.what+", of those of an interface, or of one begin anew\nin \"show "+l.name+" statistics\" and \"show "+l.name+" detail\", and with them what\nbelongs to no group on their interfaces.",
			groupForms, asksDaemon),
		Example:           examples("fhrpd clear "+l.name+" counters", "fhrpd clear "+l.name+" counters eth1 10"),
		ValidArgsFunction: a.completeFilter(l.protocol),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := show.ParseFilter(l.protocol, args); err != nil {
				return usageError(cmd, err)
			}
			return a.clear(cmd.Context(), l, strings.Join(args, " "))
		},
	})
	return cmd
}

func (a *app) clear(ctx context.Context, l layout, groups string) error {
	n, err := a.daemon().ClearCounters(ctx, l.protocol, groups)
	if err != nil {
		return err
	}
	return a.confirm("counters of %s cleared: %d", l.what, n)
}

// confirm says in one line what a command has done.
func (a *app) confirm(format string, args ...any) error {
	_, err := fmt.Fprintf(a.stdout, format+"\n", args...)
	return err
}
