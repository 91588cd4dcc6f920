package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/macs"
	"github.com/fhrpd/fhrpd/garp"
)

func announceMACsCommand(a *app) *cobra.Command {
	o := macs.Options{Form: garp.FormARP0, Rate: macs.DefaultRate}
	cmd := a.controlFlag(a.jsonFlag(&cobra.Command{
		Use:   "announce-macs",
		Short: "let switches relearn the MACs of this host and of its guests",
		Long: "announce-macs sends one frame for every MAC of the host and of the guests behind\n" +
			"its bridge, so that switches learn the way to them again after an uplink moved\n" +
			"without loss of link. The frames teach switches only: no host changes an ARP\n" +
			"entry. It needs no daemon; when one runs, the virtual MACs of its active groups\n" +
			"are sent as well, and never those of others.\n\nExits 0 when all were sent, and 1 otherwise.",
		Example: examples("fhrpd announce-macs --dry-run", "fhrpd announce-macs --dev bond0 --bridge br0 --rate 50/s"),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.announceMACs(cmd.Context(), o) },
	}))
	f := cmd.Flags()
	f.StringSliceVar(&o.Devs, "dev", nil, "the uplink `interface`; several are candidates, of which those in use are taken")
	f.StringVar(&o.Bridge, "bridge", "", "the `bridge` whose guests are meant")
	f.Func("form", fmt.Sprintf("`form` of the frames: arp0, rarp or dummy-mcast (default %s)", o.Form), func(s string) (err error) {
		o.Form, err = garp.ParseForm(s)
		return err
	})
	f.Func("rate", fmt.Sprintf("frames a second, as in `150/s` (default %d/s)", o.Rate), func(s string) (err error) {
		o.Rate, err = parseRate(s)
		return err
	})
	completeInterface(cmd, "dev", "bridge")
	f.BoolVar(&o.DryRun, "dry-run", false, "print the plan and send nothing")
	return cmd
}

func (a *app) announceMACs(ctx context.Context, o macs.Options) error {
	var err error
	if o.Roles, err = a.roles(ctx, o.DryRun); err != nil {
		return err
	}
	r, err := macs.Announce(ctx, o)
	if err != nil && len(r.Items) == 0 {
		return err
	}
	return errors.Join(a.print(r, r.String), err)
}

// roles asks the daemon which groups are active here. Without a daemon none is. A
// plan that is not carried out may be wrong, and says so.
func (a *app) roles(ctx context.Context, plan bool) (macs.Roles, error) {
	s, err := a.daemon().Status(ctx)
	switch {
	case errors.Is(err, control.ErrForbidden) && plan:
		fmt.Fprintf(a.stderr, "fhrpd: the plan is for a host on which no group is active: %v\n", err)
		return macs.Roles{}, nil
	case errors.Is(err, control.ErrNoDaemon):
		return macs.Roles{}, nil
	case err != nil:
		return macs.Roles{}, fmt.Errorf("ask the daemon which groups are active: %w", err)
	}
	return macs.RolesOf(s), nil
}

// parseRate reads --rate: frames a second.
func parseRate(s string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(s, "/s"))
	if err != nil || n < 1 || n > macs.MaxRate {
		return 0, fmt.Errorf("want 1/s to %d/s", macs.MaxRate)
	}
	return n, nil
}
