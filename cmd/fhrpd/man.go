package main

import (
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/man"
	"github.com/fhrpd/fhrpd/configs"
)

// manualPages are written by "fhrpd man".
var manualPages = []string{"fhrpd.8", "fhrpd.toml.5"}

func manCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:       "man PAGE",
		Short:     "write a manual page",
		Long:      "man writes a manual page for troff: fhrpd.8, which has every command, or\nfhrpd.toml.5, which has every key of the configuration.\n\nExits 0, and 2 when there is no such page.",
		Example:   examples("fhrpd man fhrpd.8 | man -l -", "fhrpd man fhrpd.toml.5 | man -l -"),
		Hidden:    true,
		ValidArgs: manualPages,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			head := man.Head{Version: buildVersion(), Date: sourceDate(debug.ReadBuildInfo())}
			page := man.Commands(cmd.Root(), head)
			if args[0] == manualPages[1] {
				page = man.Config(configs.Reference, head)
			}
			_, err := io.WriteString(a.stdout, page)
			if err != nil {
				return fmt.Errorf("write %s: %w", args[0], err)
			}
			return nil
		},
	}
}

// sourceDate returns when the commit was made that this was built from, zero where
// the build did not record it.
func sourceDate(bi *debug.BuildInfo, ok bool) (date time.Time) {
	if !ok {
		return date
	}
	for _, s := range bi.Settings {
		if s.Key == "vcs.time" {
			date, _ = time.Parse(time.RFC3339, s.Value) // zero otherwise
		}
	}
	return date
}
