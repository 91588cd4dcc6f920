package main

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/whohas"
)

// exitMany is whohas's answer when more than one MAC has the address.
const exitMany = 4

func whohasCommand(a *app) *cobra.Command {
	o := whohas.Options{Timeout: whohas.DefaultTimeout}
	cmd := a.jsonFlag(&cobra.Command{
		Use:   "whohas ADDRESS -i INTERFACE",
		Short: "every MAC that answers for an address",
		Long: "whohas asks for an IPv4 or IPv6 address on a segment and prints every MAC that\n" +
			"answers. What this host itself would answer is not among them. It needs no\n" +
			"daemon.\n\nExits 0 when one answers, 1 when none does and 4 when more than one does.",
		Example: examples("fhrpd whohas 192.168.1.1 -i eth1", "fhrpd whohas fe80::1 -i eth1 --timeout 3s"),
		Args:    exactly("the address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			addr, err := netip.ParseAddr(args[0])
			if err != nil {
				return usageError(cmd, fmt.Errorf("address %q: want an IPv4 or IPv6 address", args[0]))
			}
			if o.Timeout <= 0 {
				return usageError(cmd, fmt.Errorf("timeout %s: want more than 0", o.Timeout))
			}
			o.Address = addr
			return a.whohas(cmd.Context(), o)
		},
	})
	cmd.Flags().StringVarP(&o.Interface, "interface", "i", "", "the `interface` to ask on")
	cmd.Flags().DurationVar(&o.Timeout, "timeout", o.Timeout, "how long to listen for answers")
	_ = cmd.MarkFlagRequired("interface") // the flag exists
	completeInterface(cmd, "interface")
	return cmd
}

func (a *app) whohas(ctx context.Context, o whohas.Options) error {
	r, err := whohas.Ask(ctx, o)
	if err != nil {
		return err
	}
	if err := a.print(r, r.String); err != nil {
		return err
	}
	switch len(r.Answers) {
	case 0:
		return quiet(exitFailed)
	case 1:
		return nil
	}
	return quiet(exitMany)
}
