package main

import (
	"cmp"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "print version, commit and Go version",
		Long:    "version prints one line: version, commit, and the version of Go it was built\nwith. A commit with +modified was built with changes on top of it. The commit is\nunknown where the build could not see it: go run, -buildvcs=false, an archive\nwithout the repository. Exits 0.",
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
	return devel
}

// versionLine puts together what the build recorded, and nothing else: what it does
// not know is unknown.
func versionLine(bi *debug.BuildInfo, ok bool) string {
	if !ok {
		return "fhrpd (devel) commit unknown " + runtime.Version()
	}
	return fmt.Sprintf("fhrpd %s commit %s %s", cmp.Or(bi.Main.Version, devel), commitOf(bi), bi.GoVersion)
}

// devel is what Go calls a version that it could not derive.
const devel = "(devel)"

// pseudoVersion matches a version that Go made from a commit, whose first twelve
// digits it ends with (https://go.dev/ref/mod#pseudo-versions).
var pseudoVersion = regexp.MustCompile(`[-.][0-9]{14}-([0-9a-f]{12})$`)

// commitOf returns the commit of a build, "unknown" where it cannot be known. Source
// that was unpacked in another repository is stamped with the commit of that one; then
// Go finds no version of the module there.
func commitOf(bi *debug.BuildInfo) string {
	if bi.Main.Version == "" || bi.Main.Version == devel {
		return "unknown"
	}
	commit, modified := "", ""
	for _, s := range bi.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = "+modified"
		}
	}
	if commit != "" {
		return commit + modified
	}
	// go install of a module's version: nobody can have changed it.
	if m := pseudoVersion.FindStringSubmatch(bi.Main.Version); m != nil {
		return m[1]
	}
	return "unknown"
}
