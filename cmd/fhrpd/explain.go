package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func explainCommand(a *app) *cobra.Command {
	var q status.Question
	var r recording
	cmd := a.controlFlag(a.jsonFlag(&cobra.Command{
		Use:   "explain [GROUP]",
		Short: "tell why the one who serves changed last",
		Long: paragraphs("explain tells in a few lines why another router serves a group now, or this one:\nwhat happened first, what each router did then, what it cost, and what to look\nat if it was not intended. Without a group it is about the one that changed\nlast.",
			"--since and --all tell of more changes than the last one, oldest first: those of\nthe group, or of all groups when none is named.",
			"--pcap writes what the flight recorder has instead: up to the last ten minutes\nof HSRP, VRRP, and ARP and neighbour discovery about this router's addresses, on\nthe interface of the group or on all, with what was decided as comments of the\npackets. --merge puts the file of another router beside it and aligns the clocks\nby the frames that both have seen. Texts of authentication are zeros in it.",
			groupForms, asksDaemon),
		Example: examples("fhrpd explain", "fhrpd explain eth1:10", "fhrpd explain --since 1h", "fhrpd explain eth1:10 --all --json",
			"fhrpd explain --pcap here.pcapng", "fhrpd explain --pcap both.pcapng --merge left.pcapng --merge right.pcapng"),
		ValidArgsFunction: a.completeGroup,
		Args:              cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("since") && q.Since <= 0 {
				return usageError(cmd, fmt.Errorf("--since %v: want a time above 0, as in 90m", q.Since))
			}
			var err error
			if q.Group, err = groupArg(args); err != nil { // or none
				return usageError(cmd, err)
			}
			if err := r.check(cmd, &q); err != nil {
				return usageError(cmd, err)
			}
			if r.out != "" {
				return a.recording(cmd.Context(), q, r)
			}
			x, err := a.daemon().Explain(cmd.Context(), q)
			if err != nil {
				return err
			}
			return a.print(x, func() string { return show.Explanation(x) })
		},
	}))
	cmd.Flags().DurationVar(&q.Since, "since", 0, "every change in this last `time`, as in 90m")
	cmd.Flags().BoolVar(&q.All, "all", false, "every change that the daemon remembers")
	r.flags(cmd)
	return cmd
}
