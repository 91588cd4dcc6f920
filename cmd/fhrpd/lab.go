package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/lab"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

func labCommand(a *app) *cobra.Command {
	o := lab.Defaults()
	cmd := &cobra.Command{
		Use:     "lab",
		Short:   "a redundant pair, a client, real traffic, a failover, the verdict",
		Long:    "lab builds a client, a switch and two gateways in namespaces of its own, sends\nreal traffic, lets something go wrong and judges what came of it. It needs no\nprivileges where the kernel allows user namespaces.\n\nExits 0 if the verdict holds, 1 otherwise, and 2 for wrong arguments.",
		Example: examples("fhrpd lab", "fhrpd lab --fault stop --protocol vrrp3 --ipv6", "fhrpd lab --hello 100ms --svg timeline.svg", "fhrpd lab --stay              # and look around"),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.lab(cmd, o) },
	}
	labFlags(cmd, &o)
	return cmd
}

func labFlags(cmd *cobra.Command, o *lab.Options) {
	f := cmd.Flags()
	f.StringVar(&o.Protocol, "protocol", o.Protocol, "`name`: "+strings.Join(lab.Protocols, ", "))
	f.BoolVar(&o.IPv6, "ipv6", o.IPv6, "use IPv6 (hsrp2 and vrrp3)")
	f.DurationVar(&o.Hello, "hello", o.Hello, "hello time or advertisement interval")
	f.DurationVar(&o.Hold, "hold", o.Hold, "hold time of HSRP; three hellos when it is not given")
	f.IntVar(&o.Groups, "groups", o.Groups, "how many groups")
	f.StringVar(&o.Fault, "fault", o.Fault, "`name`: "+strings.Join(lab.Faults(), ", "))
	_ = cmd.RegisterFlagCompletionFunc("protocol", cobra.FixedCompletions(lab.Protocols, cobra.ShellCompDirectiveNoFileComp)) // the flags exist
	_ = cmd.RegisterFlagCompletionFunc("fault", cobra.FixedCompletions(lab.Faults(), cobra.ShellCompDirectiveNoFileComp))
	f.DurationVar(&o.Rate, "rate", o.Rate, "interval of the client's datagrams")
	f.BoolVar(&o.JSON, "json", o.JSON, "print JSON, one object a line; the last is the verdict")
	f.StringVar(&o.SVG, "svg", o.SVG, "write the timeline as a picture to `file`")
	f.StringVar(&o.Pcap, "pcap", o.Pcap, "write what the switch saw to `file` (pcapng)")
	f.BoolVar(&o.Stay, "stay", o.Stay, "keep the lab up until interrupted and tell how to look around")
}

// lab runs the experiment inside namespaces of its own, which takes running
// this program again.
func (a *app) lab(cmd *cobra.Command, o lab.Options) error {
	if err := o.Validate(); err != nil {
		return usageError(cmd, err)
	}
	if !netlab.Inside() {
		return reexec()
	}
	v, err := lab.Run(cmd.Context(), o, a.screen, a.stderr)
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	if !v.Passed {
		return quiet(exitFailed)
	}
	return nil
}

// reexec ends with the status of the second program, which has said all.
func reexec() error {
	status, err := netlab.Reexec()
	if err != nil || status == exitOK {
		return err
	}
	return quiet(status)
}
