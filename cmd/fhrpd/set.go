package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
)

func setCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "set",
		Short:   "change a running group",
		Long:    paragraphs("set changes a group until the next start of the daemon; the file stays as it is.", asksDaemon),
		Example: examples("fhrpd set priority eth1:10 90"),
		Args:    cobra.NoArgs,
		RunE:    needSubcommand,
	}
	cmd.AddCommand(setPriorityCommand(a))
	return cmd
}

func setPriorityCommand(a *app) *cobra.Command {
	return a.controlFlag(&cobra.Command{
		Use:               "priority GROUP N|default",
		Short:             "set the run-time priority of a group; default restores the file's",
		Long:              paragraphs("Another priority, until the next start of the daemon or until \"default\" takes it\nback. HSRP takes 0 to 255, VRRP 1 to 254. Tracked objects lower it as before,\nand preemption decides whether the role moves.", groupForms, asksDaemon),
		Example:           examples("fhrpd set priority eth1:10 90", "fhrpd set priority vrrp6:eth2:20 default"),
		ValidArgsFunction: a.completeGroup,
		Args:              cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := parsePriority(args[1])
			if err != nil {
				return usageError(cmd, err)
			}
			return a.daemon().SetPriority(cmd.Context(), args[0], n)
		},
	})
}

// parsePriority reads 0-255 or "default". What a protocol allows of that is
// for the daemon to say, which knows the group.
func parsePriority(s string) (int, error) {
	if s == "default" {
		return control.FilePriority, nil
	}
	n, err := strconv.ParseUint(s, 10, 8)
	if err != nil {
		return 0, fmt.Errorf("priority %q: want a number from 0 to 255, or default", s)
	}
	return int(n), nil
}
