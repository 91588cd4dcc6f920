package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/doctor"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/hello"
)

// listenTime is as long as hellos of default timers take to be heard.
const listenTime = 3 * time.Second

func doctorCommand(a *app) *cobra.Command {
	var config string
	listen := listenTime
	cmd := a.controlFlag(a.jsonFlag(&cobra.Command{
		Use:   "doctor",
		Short: "what would break on this host and its segments, and the cure",
		Long: "doctor looks at the host and listens to the segments of the configured groups.\n" +
			"Each line is ok, warn or fail; what is wrong comes first, with the effect and\n" +
			"the cure. It changes nothing. Without a configuration at the default place it\n" +
			"looks at the host alone.\n\nExits 0 when there is nothing to fix and 1 otherwise.",
		Example: examples("fhrpd doctor", "fhrpd doctor --config ./fhrpd.toml --listen 12s"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if listen < 0 {
				return usageError(cmd, fmt.Errorf("listen %s: want 0 or more", listen))
			}
			c, err := a.doctorConfig(config, cmd.Flags().Changed("config"))
			if err != nil {
				return err
			}
			return a.doctor(cmd.Context(), c, listen)
		},
	}))
	configFlag(cmd, &config)
	cmd.Flags().DurationVar(&listen, "listen", listen, "how long to listen to the segments; 0 = not at all")
	return cmd
}

// doctorConfig loads the configuration, nil when nobody asked for one and there
// is none. A faulty file is something to fix: exit 1.
func (a *app) doctorConfig(path string, asked bool) (*configs.Config, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !asked {
		fmt.Fprintf(a.stderr, "no %s: looking at the host alone\n", path)
		return nil, nil
	}
	return a.loadConfig(path, exitFailed)
}

func (a *app) doctor(ctx context.Context, c *configs.Config, listen time.Duration) error {
	o := a.daemonKnows(ctx)
	o.Listen = listen
	host, err := doctor.Collect(ctx, c, o)
	if err != nil {
		return err
	}
	findings := doctor.Examine(host, c)
	if err := a.print(findings, func() string { return doctor.Text(findings) }); err != nil {
		return err
	}
	if !doctor.Clean(findings) {
		return quiet(exitFailed)
	}
	return nil
}

// daemonKnows asks a daemon, where one runs, what the host alone does not tell: on
// which interfaces of its active groups a neighbour is proven to deliver to it, and
// where it has put something back, and who else was seen with its own addresses.
func (a *app) daemonKnows(ctx context.Context) (o doctor.Options) {
	s, err := a.daemon().Status(ctx)
	if err != nil {
		return o
	}
	for _, g := range s.Groups {
		for _, t := range g.Takeover {
			if t.Proven && g.State == hello.Active.String() && g.MACMode != "interface" {
				o.Proven = append(o.Proven, g.Interface)
			}
		}
	}
	for _, i := range s.Interfaces {
		if d := i.Duplicate; d != nil && time.Since(d.At) < time.Hour {
			o.Claims = append(o.Claims, claimOf(i.Name, d))
		}
		if r := &i.Restored; r.Last != nil {
			o.Restored = append(o.Restored, doctor.Restored{
				Interface: i.Name, Times: r.Addresses + r.Settings + r.Filter + r.Routes, Ago: time.Since(*r.Last),
			})
		}
	}
	return o
}

// claimOf is the zero claim where the daemon is of another version and its words
// mean nothing here.
func claimOf(dev string, d *status.Duplicate) doctor.Claim {
	a, aerr := netip.ParseAddr(d.Address)
	mac, merr := hello.ParseMAC(d.MAC)
	if aerr != nil || merr != nil {
		return doctor.Claim{}
	}
	return doctor.Claim{Interface: dev, Address: a, MAC: mac}
}
