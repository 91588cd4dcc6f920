package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func setCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "set",
		Short:   "change the running daemon",
		Long:    paragraphs("set changes a group, or the log, until the next start of the daemon; the file\nstays as it is.", asksDaemon),
		Example: examples("fhrpd set priority eth1:10 90", "fhrpd set log debug"),
		Args:    onlyCommands,
		RunE:    needSubcommand,
	}
	cmd.AddCommand(setPriorityCommand(a), setLogCommand(a))
	return cmd
}

func setPriorityCommand(a *app) *cobra.Command {
	cmd := a.controlFlag(&cobra.Command{
		Use:               "priority GROUP N|default",
		Short:             "set the run-time priority of a group; default restores the file's",
		Long:              paragraphs("Another priority, until the next start of the daemon or until \"default\" takes it\nback. HSRP takes 0 to 255, VRRP 1 to 254. Tracked objects lower it as before,\nand preemption decides whether the role moves.", groupForms, asksDaemon),
		Example:           examples("fhrpd set priority eth1:10 90", "fhrpd set priority vrrp6:eth2:20 default"),
		ValidArgsFunction: a.completeGroupThen("default"),
		Args:              atLeast("a group", "the priority, or default,"),
		RunE: func(cmd *cobra.Command, args []string) error {
			last := len(args) - 1
			group, err := groupArg(args[:last])
			if err != nil {
				return usageError(cmd, err)
			}
			n, err := parsePriority(args[last])
			if err != nil {
				return usageError(cmd, err)
			}
			return a.setPriority(cmd.Context(), group, n)
		},
	})
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if n, ok := negative(err); ok {
			_, err = parsePriority(n)
		}
		return flagError(cmd, err)
	})
	return cmd
}

func (a *app) setPriority(ctx context.Context, group string, n int) error {
	if err := a.daemon().SetPriority(ctx, group, n); err != nil {
		return err
	}
	g, err := a.groupNow(ctx, group)
	switch {
	case err != nil: // it is done all the same
		return a.confirm("%s: priority set", group)
	case n == control.FilePriority:
		return a.confirm("%s: priority of the file restored: %d%s", g.Ref(), g.ConfiguredPriority, inForce(g, g.ConfiguredPriority))
	}
	return a.confirm("%s: priority set to %d%s; the file has %d", g.Ref(), n, inForce(g, n), g.ConfiguredPriority)
}

// inForce tells what tracked objects make of a priority, or a leader.
func inForce(g *status.Group, priority int) string {
	if g.Priority == priority {
		return ""
	}
	return fmt.Sprintf(" (%d in force)", g.Priority)
}

// groupNow asks the daemon for the group that text names.
func (a *app) groupNow(ctx context.Context, text string) (*status.Group, error) {
	st, err := a.daemon().Status(ctx)
	if err != nil {
		return nil, err
	}
	i, err := status.Find(st.Groups, text)
	if err != nil {
		return nil, err
	}
	return &st.Groups[i], nil
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

// levels are the words that "set log" takes.
var levels = []string{"debug", "info", "warn", "error", control.FileLevel}

func setLogCommand(a *app) *cobra.Command {
	return a.controlFlag(&cobra.Command{
		Use:       "log debug|info|warn|error|default",
		Short:     "set the level of the running daemon's log; default restores the file's",
		Long:      paragraphs("Another level of the log, until the next start of the daemon or until \"default\"\ntakes it back.", asksDaemon),
		Example:   examples("fhrpd set log debug", "fhrpd set log default"),
		ValidArgs: levels,
		Args:      exactly("the level"),
		RunE: func(cmd *cobra.Command, args []string) error {
			level, err := a.daemon().SetLog(cmd.Context(), args[0])
			if err != nil {
				return suggest(err, args[0], levels)
			}
			return a.confirm("log level: %s", level)
		},
	})
}
