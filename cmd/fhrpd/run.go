package main

import (
	"context"
	"errors"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/daemon"
	"github.com/fhrpd/fhrpd/cmd/internal/logs"
)

func runCommand(a *app) *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "run the daemon in the foreground",
		Long:  "run is the daemon. SIGTERM and SIGINT resign, put the kernel back and exit 0\nwithin two seconds; a second one exits at once.",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.run(cmd.Context(), config) },
	}
	configFlag(cmd, &config)
	a.controlFlag(cmd)
	return cmd
}

// run exits 1 for whatever keeps the daemon from running, a faulty file
// included: 2 is for commands that only ask.
func (a *app) run(ctx context.Context, path string) error {
	c, err := a.loadConfig(path)
	if own, ok := errors.AsType[*exitError](err); ok {
		return &exitError{code: exitFailed, err: own.err}
	}
	if err != nil {
		return err
	}
	log, _, err := logs.New(a.stderr, logs.Options{Level: c.Daemon.Log, Format: c.Daemon.Format, Journal: a.journal})
	if err != nil {
		return err
	}
	// A terminal that closes must not take the gateway with it.
	signal.Ignore(syscall.SIGHUP)
	return daemon.Run(ctx, daemon.Options{
		Config:      c,
		ControlPath: a.control,
		Version:     buildVersion(),
		Log:         log,
	})
}
