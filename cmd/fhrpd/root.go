package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/plain"
)

// Default places.
const (
	defaultConfig  = "/etc/fhrpd/fhrpd.toml"
	defaultControl = "/run/fhrpd/control.sock"
)

// app is what commands share: where they write, the time, and the flags that
// many of them have.
type app struct {
	stdout, stderr io.Writer
	screen         io.Writer // stdout as it came, for what paints and says nothing that others wrote
	now            func() time.Time
	journal        bool          // stderr goes to systemd's journal
	control        string        // --control
	hurry          time.Duration // how long the daemon is asked for completions; 0 is completeWithin
	json           bool          // --json
}

// commands lists every command of fhrpd, in the order of the help text.
func commands(a *app) []*cobra.Command {
	return []*cobra.Command{
		runCommand(a),
		checkCommand(a),
		showCommand(a),
		explainCommand(a),
		eventsCommand(a),
		watchCommand(a),
		reloadCommand(a),
		upgradeCommand(a),
		setCommand(a),
		maintenanceCommand(a),
		clearCommand(a),
		handoverCommand(a),
		announceCommand(a),
		announceMACsCommand(a),
		whohasCommand(a),
		censusCommand(a),
		doctorCommand(a),
		verifyCommand(a),
		importCommand(a),
		labCommand(a),
		simulateCommand(a),
		versionCommand(a),
		manCommand(a),
	}
}

// execute runs the command that args name and returns the exit code. An error
// is one line on stderr; a mistake in args also gets the usage line.
func (a *app) execute(ctx context.Context, args []string) int {
	a.screen = a.stdout
	a.stdout, a.stderr = plain.Writer(a.stdout), plain.Writer(a.stderr) // most of what is told came from elsewhere
	root := &cobra.Command{
		Use:           "fhrpd",
		Short:         "first-hop redundancy for Linux: HSRP and VRRP",
		Long:          paragraphs("fhrpd keeps a default gateway alive with HSRP (versions 1 and 2) and VRRP\n(versions 2 and 3). \"fhrpd run\" is the daemon; the other commands operate it.", exitCodes),
		Example:       examples("fhrpd lab                   # see a failover happen, on this machine alone", "fhrpd check && fhrpd run", "fhrpd show standby brief", "fhrpd explain eth1:10"),
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       versionLine(debug.ReadBuildInfo()),
		Args:          onlyCommands,
		RunE:          needSubcommand,
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.SetArgs(args)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.AddCommand(commands(a)...)
	strictHelp(root)
	runs := false // an error that comes before is a mistake in the arguments
	root.PersistentPreRun = func(cmd *cobra.Command, _ []string) { runs = cmd.ValidateRequiredFlags() == nil }
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !runs {
		err = usageError(cmd, err)
	}
	return a.report(err)
}

// needSubcommand is what a command does that only groups others.
func needSubcommand(cmd *cobra.Command, _ []string) error {
	return usageError(cmd, fmt.Errorf("a command is missing: one of %s", strings.Join(subcommands(cmd), ", ")))
}

// controlFlag gives cmd and its subcommands --control, and returns cmd.
func (a *app) controlFlag(cmd *cobra.Command) *cobra.Command {
	cmd.PersistentFlags().StringVar(&a.control, "control", defaultControl, "the daemon's control `socket`")
	_ = cmd.MarkPersistentFlagFilename("control") // the flag exists
	return cmd
}

// jsonFlag gives cmd and its subcommands --json, and returns cmd.
func (a *app) jsonFlag(cmd *cobra.Command) *cobra.Command {
	cmd.PersistentFlags().BoolVar(&a.json, "json", false, "print JSON instead of text")
	return cmd
}

// daemon returns a client of the running daemon.
func (a *app) daemon() *control.Client { return control.Dial(a.control) }
