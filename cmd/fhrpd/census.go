package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/census"
)

func censusCommand(a *app) *cobra.Command {
	var dev, file string
	span := census.DefaultSpan
	cmd := a.jsonFlag(&cobra.Command{
		Use:   "census -i INTERFACE | -r FILE",
		Short: "who speaks HSRP, VRRP, CARP or GLBP, and what is wrong",
		Long: "census lists the routers of a segment, or of a capture (pcap or pcapng): groups,\n" +
			"roles, versions, timers, authentication, addresses and MACs; what is wrong\n" +
			"there; and which group numbers are free. It sends nothing and needs no daemon.\n" +
			"Of a trunk it hears the untagged frames: ask on the interface of the VLAN. A\n" +
			"capture may have VLANs and interfaces, each of which is a segment.\n\n" +
			"Exits 0 when nothing is wrong, 1 when something is or the census fails, and 2\n" +
			"for wrong arguments.",
		Example: examples("fhrpd census -i eth1", "fhrpd census -i eth1 --for 2m --json", "fhrpd census -r ticket.pcapng"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case (dev == "") == (file == ""):
				return usageError(cmd, errors.New("want either an interface (-i) or a capture (-r)"))
			case cmd.Flags().Changed("for") && file != "":
				return usageError(cmd, errors.New("--for is for an interface: a capture is as long as it is"))
			case span <= 0 || span > 24*time.Hour:
				return usageError(cmd, fmt.Errorf("for %s: want more than 0, at most 24h", span))
			}
			return a.census(cmd.Context(), dev, file, span)
		},
	})
	cmd.Flags().StringVarP(&dev, "interface", "i", "", "the `interface` to listen on")
	cmd.Flags().StringVarP(&file, "read", "r", "", "the capture `file` to read instead")
	cmd.Flags().DurationVar(&span, "for", span, "how long to listen; an interrupt ends it early")
	_ = cmd.MarkFlagFilename("read", "pcap", "pcapng", "cap") // the flag exists
	completeInterface(cmd, "interface")
	return cmd
}

func (a *app) census(ctx context.Context, dev, file string, span time.Duration) error {
	var r census.Report
	var err error
	if file != "" {
		r, err = census.Read(file)
	} else {
		r, err = census.Listen(ctx, dev, span)
	}
	if err != nil && r.Frames == 0 {
		return err
	}
	if err := a.print(r, r.String); err != nil {
		return err
	}
	if err != nil { // the part that could be read has been told
		a.complain(slog.LevelError, fmt.Sprintf("fhrpd: %v", err))
		return quiet(exitFailed)
	}
	if len(r.Faults) > 0 {
		return quiet(exitFailed)
	}
	return nil
}
