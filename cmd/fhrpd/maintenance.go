package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

func maintenanceCommand(a *app) *cobra.Command {
	cmd := a.controlFlag(&cobra.Command{
		Use:     "maintenance",
		Short:   "leave elections, and come back to them",
		Long:    paragraphs("maintenance takes groups out of their elections, all or some, and brings them\nback. It is stored first, and outlives restarts, upgrades and reboots.", asksDaemon),
		Example: examples("fhrpd maintenance on", "fhrpd maintenance off eth1:10"),
		Args:    onlyCommands,
		RunE:    needSubcommand,
	})
	cmd.AddCommand(
		maintenanceDirection(a, true, "hand over, and stay out of elections",
			"The groups, or all where none is named, hand their role over, or resign where\nnobody is heard who would take it, and leave. They wait in Init (VRRP:\nInitialize) until \"maintenance off\", over every restart. When nobody serves\nmeanwhile, [daemon] maintenance in the file says what becomes of it."),
		maintenanceDirection(a, false, "come back to elections",
			"The groups, or all where none is named, take part again, after their initial\ndelay if they have one. Preemption decides whether the role comes back."),
	)
	return cmd
}

func maintenanceDirection(a *app, on bool, short, long string) *cobra.Command {
	word := map[bool]string{true: "on", false: "off"}[on]
	rate := ""
	cmd := &cobra.Command{
		Use:               word + " [GROUP...]",
		Short:             short,
		Long:              paragraphs(long, groupForms, "Who follows another group goes with it. With --rate one group begins after the\nother; an interrupt leaves the rest as it is.", asksDaemon),
		Example:           examples("fhrpd maintenance "+word, "fhrpd maintenance "+word+" --rate 5/s", "fhrpd maintenance "+word+" eth1:10 users"),
		ValidArgsFunction: a.completeGroupEach,
		RunE: func(cmd *cobra.Command, args []string) error {
			if text := strings.Join(args, " "); engine.Spelled(text) {
				args = []string{text}
			}
			if rate == "" {
				refs, err := a.daemon().Maintenance(cmd.Context(), on, args)
				return a.maintained(cmd.Context(), on, len(args), refs, err)
			}
			every, err := parseGroupRate(rate)
			if err != nil {
				return usageError(cmd, err)
			}
			refs, err := a.pacedMaintenance(cmd.Context(), on, args, every)
			return a.maintained(cmd.Context(), on, len(args), refs, err)
		},
	}
	cmd.Flags().StringVar(&rate, "rate", "", "how many groups a second, as `N/s`; all at once without it")
	return cmd
}

// mostTold is how many groups are told of one by one.
const mostTold = 16

// maintained tells what an order has done to groups.
func (a *app) maintained(ctx context.Context, on bool, named int, refs []string, err error) error {
	if err != nil {
		return err
	}
	if len(refs) == 0 || len(refs) > mostTold {
		return a.confirm("%s", maintenanceCount(on, len(refs), named))
	}
	return a.tellMaintenance(ctx, refs)
}

// maintenanceCount is for no group, and for many.
func maintenanceCount(on bool, n, named int) string {
	switch {
	case named > 0 && n == 0:
		return "done: not configured"
	case on:
		return fmt.Sprintf("in maintenance: %s; \"fhrpd show status\" tells who serves", counted(n))
	}
	return fmt.Sprintf("not in maintenance: %s", counted(n))
}

func counted(n int) string {
	if n == 1 {
		return "1 group"
	}
	return fmt.Sprintf("%d groups", n)
}

func (a *app) tellMaintenance(ctx context.Context, refs []string) error {
	st, err := a.daemon().Status(ctx)
	if err != nil {
		return a.confirm("done") // which is true all the same
	}
	for i := range st.Groups {
		if g := &st.Groups[i]; slices.Contains(refs, g.Ref()) {
			if err := a.confirm("%s", show.MaintenanceOf(g, a.now())); err != nil {
				return err
			}
		}
	}
	return nil
}
