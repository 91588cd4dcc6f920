package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func reloadCommand(a *app) *cobra.Command {
	var dryRun bool
	cmd := a.controlFlag(a.jsonFlag(&cobra.Command{
		Use:   "reload",
		Short: "apply the file on disk to the running daemon",
		Long: paragraphs("reload has the daemon read its file again. A file with faults changes nothing,\nand the faults are those that \"check\" prints. Otherwise only what differs is\ntouched: a group that is the same keeps role, timers and counters, and one that\ndiffers changes while it runs where the protocol allows that. The answer lists\neach change with its cost: \"none\", \"a transition\" (a group that is gone resigns,\nand one that cannot change in place starts anew), or \"the next start\".\n--dry-run prints that plan and changes nothing.",
			"Exits 0 when the file is in force, 1 when it was refused or failed, 2 for its\nfaults and for wrong arguments, 3 when no daemon runs, and 4 when it is not for\nthis user."),
		Example: examples("fhrpd reload --dry-run", "fhrpd reload"),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.reload(cmd.Context(), dryRun) },
	}))
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the plan and change nothing")
	return cmd
}

func (a *app) reload(ctx context.Context, dryRun bool) error {
	plan, err := a.daemon().Reload(ctx, dryRun)
	if faulty, ok := errors.AsType[*control.FaultsError](err); ok {
		for _, f := range faulty.Faults {
			fmt.Fprintln(a.stderr, f)
		}
		fmt.Fprintln(a.stderr, "nothing has changed")
		return quiet(exitInvalid)
	}
	if err != nil {
		return err
	}
	return a.print(plan, func() string { return planText(plan, dryRun) })
}

// planText lists the changes, group by group and key by key.
func planText(p *status.Plan, dryRun bool) string {
	if len(p.Changes) == 0 {
		return "the file is what the daemon runs: nothing changes\n"
	}
	var b strings.Builder
	for _, c := range p.Changes {
		fmt.Fprintf(&b, "%s: cost: %s\n", c.Group, c.Cost)
		for _, k := range c.Keys {
			fmt.Fprintf(&b, "  %s: %s\n", k.Key, keyText(k))
		}
	}
	if dryRun {
		b.WriteString("nothing was changed (--dry-run)\n")
	}
	return b.String()
}

// keyText tells what becomes of one key. Neither value of a secret is known here.
func keyText(k status.KeyChange) string {
	switch {
	case k.From == "" && k.To == "":
		return "changed"
	case k.From == "":
		return k.To
	case k.To == "":
		return k.From + " -> none"
	}
	return k.From + " -> " + k.To
}
