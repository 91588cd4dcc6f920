package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
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
		Long:    "run is the daemon. SIGTERM and SIGINT resign, put the kernel back and exit 0\nwithin two seconds; a second one exits at once. SIGHUP reads the file again, as\n\"fhrpd reload\" does; the answer is in the log. Where STATE_DIRECTORY\nis set, as systemd does, a file with faults is replaced by the configuration\nthat ran last without any, and the log says so. Where a daemon answers on the\ncontrol socket already, run takes its place as \"fhrpd upgrade\" does.\n\nExits 0 after a clean stop and 1 on failure.",
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
	good, doubt := lastGoodOf(path), ""
	c, err := a.loadToRun(ctx, path)
	if err != nil {
		if c, doubt = good.instead(); c == nil {
			if _, cause := configs.Load(path); cause != nil {
				daemon.TellFailure(firstFault(cause))
			}
			return err
		}
	}
	form := new(daemon.LogForm)
	log, err := daemon.NewLog(a.stderr, &c.Daemon, form, a.journal)
	if err != nil {
		return err
	}
	for _, line := range configs.Lines("", c.Warnings) {
		log.Warn("configuration", "warning", line)
	}
	if doubt != "" {
		log.Error("configuration", "error", doubt)
	}
	log.Info("start", "version", buildVersion(), "config", path,
		"hsrp", len(c.HSRP), "vrrp", len(c.VRRP), "tracks", len(c.Tracks))
	err = daemon.Run(ctx, daemon.Options{
		Config: c, Load: func() (*configs.Config, error) { return configs.Load(path) }, Hangups: hangups,
		Doubt: doubt, Keep: good.keep,
		ControlPath: a.control, StateDir: stateDir(), Version: buildVersion(), Log: log, Form: form, Program: program(path),
	})
	if err != nil {
		daemon.TellFailure(err.Error())
	}
	return a.fatal(ctx, c.Daemon.Format == "json", err)
}

// stateDir returns the folder for what outlives a boot: that which systemd has made,
// or the usual one of this user; "" where there is none.
func stateDir() string {
	if list := os.Getenv("STATE_DIRECTORY"); list != "" {
		first, _, _ := strings.Cut(list, ":")
		return first
	}
	if os.Geteuid() == 0 {
		return "/var/lib/fhrpd"
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "fhrpd")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "state", "fhrpd")
	}
	return ""
}
