package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
)

func setCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set",
		Short: "change a running group",
		Args:  cobra.NoArgs,
		RunE:  needSubcommand,
	}
	cmd.AddCommand(setPriorityCommand(a))
	return cmd
}

func setPriorityCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "priority GROUP N|default",
		Short: "set the run-time priority of a group; default restores the file's",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := parsePriority(args[1])
			if err != nil {
				return usageError(cmd, err)
			}
			return a.daemon().SetPriority(cmd.Context(), args[0], n)
		},
	}
	a.controlFlag(cmd)
	return cmd
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
