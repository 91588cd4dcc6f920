package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func verifyCommand(a *app) *cobra.Command {
	return a.controlFlag(a.jsonFlag(&cobra.Command{
		Use:   "verify GROUP",
		Short: "prove that the neighbours deliver to this router",
		Long: paragraphs("verify asks every neighbour of an active group afresh and prints one line for\neach.", groupForms,
			"Exits 0 when all are proven, 1 otherwise, 3 when no daemon runs, and 4 when it\nis not for this user."),
		Example:           examples("fhrpd verify eth1:10"),
		ValidArgsFunction: a.completeGroup,
		Args:              atLeast("a group"),
		RunE: func(cmd *cobra.Command, args []string) error {
			group, err := groupArg(args)
			if err != nil {
				return usageError(cmd, err)
			}
			return a.verify(cmd.Context(), group)
		},
	}))
}

func (a *app) verify(ctx context.Context, group string) error {
	proofs, err := a.daemon().Verify(ctx, group)
	if err != nil {
		return err
	}
	if err := a.print(proofs, func() string { return show.Proofs(proofs) }); err != nil {
		return err
	}
	unproven := func(t status.Takeover) bool { return !t.Proven }
	if len(proofs) == 0 || slices.ContainsFunc(proofs, unproven) {
		return quiet(exitFailed)
	}
	return nil
}
