package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// layout is the two forms in which groups of one protocol are shown.
type layout struct {
	protocol string
	detail   func([]status.Group, time.Time) string
	brief    func([]status.Group) string
}

func showStandbyCommand(a *app) *cobra.Command {
	return showGroupsCommand(a, "standby", "HSRP groups", layout{"hsrp", show.Standby, show.StandbyBrief})
}

func showVRRPCommand(a *app) *cobra.Command {
	return showGroupsCommand(a, "vrrp", "VRRP routers", layout{"vrrp", show.VRRP, show.VRRPBrief})
}

func showGroupsCommand(a *app, name, what string, l layout) *cobra.Command {
	return &cobra.Command{
		Use:   name + " [brief] [INTERFACE [NUMBER] | GROUP]",
		Short: what + ", in the layout of Cisco IOS",
		Long: paragraphs(what+", in the layout of Cisco IOS: all, those of an interface, or one.\nbrief is a line for each. Behind Init stands what a group waits for.", groupForms,
			"Exits 0, 1 when there is no such group, and 3 when no daemon runs."),
		Example:           examples("fhrpd show "+name+" brief", "fhrpd show "+name+" eth1", "fhrpd show "+name+" eth1 10", "fhrpd show "+name+" users"),
		ValidArgsFunction: a.completeShow(l.protocol),
		RunE: func(cmd *cobra.Command, args []string) error {
			brief := false
			if i := slices.Index(args, "brief"); i >= 0 { // first or, as on IOS, last
				brief, args = true, slices.Concat(args[:i], args[i+1:])
			}
			f, err := show.ParseFilter(l.protocol, args)
			if err != nil {
				return usageError(cmd, err)
			}
			return a.showGroups(cmd.Context(), l, f, brief)
		},
	}
}

func (a *app) showGroups(ctx context.Context, l layout, f show.Filter, brief bool) error {
	st, err := a.daemon().Status(ctx)
	if err != nil {
		return err
	}
	groups, err := f.Groups(st.Groups)
	if err != nil && !a.json {
		return err
	}
	return errors.Join(err, a.print(list(groups), func() string {
		if brief {
			return l.brief(groups)
		}
		return l.detail(groups, a.now())
	}))
}
