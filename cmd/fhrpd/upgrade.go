package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/daemon"
)

func upgradeCommand(a *app) *cobra.Command {
	return a.controlFlag(a.jsonFlag(&cobra.Command{
		Use:   "upgrade",
		Short: "replace the running daemon by the program on disk",
		Long: paragraphs("upgrade has the running daemon start the program that is now at the path it was\nstarted from, with the same arguments. The new process takes over sockets,\nroles, timers, counters and what the kernel has, while the old one stands still\nfor some milliseconds: no router changes its role and no packet is lost. Then\nit reads the file as \"reload\" does. A program that crashes, hangs, or cannot\nread the state or the file leaves the old process running as if nothing had\nhappened.\n\nA second \"fhrpd run\" on the same control socket takes over in the same way.",
			"Exits 0 when the new process runs, 1 with the reason when the old one goes on, 2\nfor wrong arguments, 3 when no daemon runs, and 4 when it is not for this user."),
		Example: examples("fhrpd upgrade"),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.upgrade(cmd.Context()) },
	}))
}

func (a *app) upgrade(ctx context.Context) error {
	s, err := a.daemon().Upgrade(ctx)
	if err != nil {
		return err
	}
	return a.print(s, func() string {
		return fmt.Sprintf("%s (pid %d) has taken over from %s (pid %d) in %d ms\n", s.To.Version, s.To.PID, s.From.Version, s.From.PID, s.PausedMS)
	})
}

// program is how this process was started.
func program(config string) daemon.Program {
	path := startedAs(os.Args[0])
	if path == "" {
		path, _ = os.Executable()
	}
	return daemon.Program{Path: path, Args: os.Args[1:], Config: config}
}

// startedAs returns the path that the command line means: a link stays one, because
// what it leads to may be another file after an upgrade. It is empty when another
// program is there, as whoever starts this one may give it any name.
func startedAs(name string) string {
	path, err := exec.LookPath(name)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return ""
	}
	there, err := os.Stat(path)
	runs, runsErr := os.Stat("/proc/self/exe")
	if err != nil || runsErr != nil || !os.SameFile(there, runs) {
		return ""
	}
	return path
}
