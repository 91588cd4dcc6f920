package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
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
		Use:   name + " [brief] [INTERFACE [GROUP]]",
		Short: what + ", in the layout of Cisco IOS",
		Args:  cobra.MaximumNArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, brief, err := parseFilter(l.protocol, args)
			if err != nil {
				return usageError(cmd, err)
			}
			return a.showGroups(cmd, l, f, brief)
		},
	}
}

func (a *app) showGroups(cmd *cobra.Command, l layout, f show.Filter, brief bool) error {
	st, err := a.daemon().Status(cmd.Context())
	if err != nil {
		return err
	}
	groups := f.Groups(st.Groups)
	err = a.print(list(groups), func() string {
		if brief {
			return l.brief(groups)
		}
		return l.detail(groups, a.now())
	})
	if err == nil && len(groups) == 0 && f.Interface != "" {
		return fmt.Errorf("%w; \"fhrpd show %s brief\" lists all", f.NoMatch(), cmd.Name())
	}
	return err
}

// parseFilter reads [brief] [INTERFACE [GROUP]]; brief may also come last, as
// on IOS, and INTERFACE:GROUP is taken as well.
func parseFilter(protocol string, args []string) (f show.Filter, brief bool, err error) {
	f = show.Filter{Protocol: protocol, ID: show.AnyID}
	if i := slices.Index(args, "brief"); i >= 0 {
		brief, args = true, slices.Concat(args[:i], args[i+1:])
	}
	if len(args) == 1 {
		if name, id, ok := strings.Cut(args[0], ":"); ok {
			args = []string{name, id}
		}
	}
	switch len(args) {
	case 0:
		return f, brief, nil
	case 1:
		f.Interface = args[0]
		return f, brief, nil
	case 2:
		f.Interface = args[0]
		f.ID, err = strconv.Atoi(args[1])
		if err != nil || f.ID < 0 {
			err = fmt.Errorf("group %q: want a number", args[1])
		}
		return f, brief, err
	}
	return f, brief, fmt.Errorf("too many arguments: %s", strings.Join(args, " "))
}
