package main

import (
	"cmp"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "print version, commit and Go version",
		Long:    "version prints one line: version, commit, and the version of Go it was built\nwith. Exits 0.",
		Example: examples("fhrpd version"),
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.stdout, versionLine(debug.ReadBuildInfo()))
			return err
		},
	}
}

// buildVersion is the module's version, as the daemon tells it of itself.
func buildVersion() string {
	if bi, ok := debug.ReadBuildInfo(); ok && bi.Main.Version != "" {
		return bi.Main.Version
	}
	return "(devel)"
}

// versionLine puts together what the build recorded.
func versionLine(bi *debug.BuildInfo, ok bool) string {
	if !ok {
		return "fhrpd unknown"
	}
	commit, modified := "unknown", ""
	for _, s := range bi.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = "+modified"
		}
	}
	return fmt.Sprintf("fhrpd %s commit %s%s %s", cmp.Or(bi.Main.Version, "(devel)"), commit, modified, bi.GoVersion)
}
