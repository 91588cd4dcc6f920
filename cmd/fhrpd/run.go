package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/daemon"
	"github.com/fhrpd/fhrpd/configs"
)

func runCommand(a *app) *cobra.Command {
	var config string
	cmd := a.controlFlag(&cobra.Command{
		Use:     "run",
		Short:   "run the daemon in the foreground",
		Long:    "run is the daemon. SIGTERM and SIGINT resign, put the kernel back and exit 0\nwithin two seconds; a second one exits at once. SIGHUP changes nothing: a\nchanged file is applied by a restart.\n\nExits 0 after a clean stop and 1 on failure.",
		Example: examples("fhrpd run", "fhrpd run --config ./fhrpd.toml --control ./control.sock"),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.run(cmd.Context(), config) },
	})
	configFlag(cmd, &config)
	return cmd
}

// run exits 1 for whatever keeps the daemon from running, a faulty file
// included: 2 is for commands that only ask.
func (a *app) run(ctx context.Context, path string) error {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	c, err := a.faultless(path, exitFailed)
	if err != nil {
		return err
	}
	log, err := daemon.NewLog(a.stderr, &c.Daemon, a.journal)
	if err != nil {
		return err
	}
	for _, line := range configs.Lines("", c.Warnings) {
		log.Warn("configuration", "warning", line)
	}
	log.Info("start", "version", buildVersion(), "config", path,
		"hsrp", len(c.HSRP), "vrrp", len(c.VRRP), "tracks", len(c.Tracks))
	go answerHangups(ctx, hangups, log, path)
	return daemon.Run(ctx, daemon.Options{Config: c, ControlPath: a.control, Version: buildVersion(), Log: log})
}

// answerHangups tells whoever sends SIGHUP for a reload that there is none. The
// daemon goes on: the gateway must not end with a terminal.
func answerHangups(ctx context.Context, hangups <-chan os.Signal, log *slog.Logger, path string) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			log.Warn("SIGHUP: the configuration was not read again, and nothing has changed", "config", path,
				"cure", "restart the daemon (systemctl restart fhrpd): it resigns, so that the peer takes over at once")
		}
	}
}
