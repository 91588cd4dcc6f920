package man

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Commands returns fhrpd(8): every command below root that is not hidden, in the
// order of their names.
func Commands(root *cobra.Command, h Head) string {
	p := new(page)
	p.title(root.Name(), 8, h, root.Short)
	p.heading("SYNOPSIS")
	p.WriteString(bold(root.Name()) + " " + italic("COMMAND") + " [" + italic("ARGUMENT") + "...]\n")
	p.heading("DESCRIPTION")
	p.prose(root.Long)
	p.prose("Every command of this page tells the same with --help.")
	p.verbatim(root.Example)
	p.heading("COMMANDS")
	p.below(root)
	p.heading("FILES")
	p.entry(bold("/etc/fhrpd/fhrpd.toml"), "The configuration, see fhrpd.toml(5).")
	p.entry(bold("/run/fhrpd/control.sock"), "The control socket of the daemon.")
	p.entry(bold("/usr/share/doc/fhrpd"), "The documents: how things work, and what to do when they do not.")
	p.heading("SEE ALSO")
	p.WriteString(bold("fhrpd.toml") + "(5), " + bold("ip") + "(8), " + bold("nft") + "(8), " + bold("systemctl") + "(1)\n")
	return p.String()
}

// below writes the commands of cmd. One that only groups others has no part of its
// own.
func (p *page) below(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		switch {
		case !sub.IsAvailableCommand() || sub.Name() == "help":
		case sub.HasAvailableSubCommands():
			p.below(sub)
		default:
			p.command(sub)
		}
	}
}

func (p *page) command(cmd *cobra.Command) {
	p.subheading(strings.TrimSuffix(cmd.UseLine(), " [flags]"))
	p.prose(cmd.Long)
	cmd.InheritedFlags() // which adds them
	cmd.Flags().VisitAll(p.flag)
	if cmd.Example != "" {
		p.verbatim(cmd.Example)
	}
}

func (p *page) flag(f *pflag.Flag) {
	if f.Hidden || f.Name == "help" {
		return
	}
	value, usage := pflag.UnquoteUsage(f)
	term := bold("--" + f.Name)
	if f.Shorthand != "" {
		term = bold("-"+f.Shorthand) + ", " + term
	}
	if value != "" {
		term += " " + italic(value)
	}
	switch f.DefValue {
	case "", "false", "0", "0s", "[]":
	default:
		if !strings.Contains(usage, "(default") {
			usage += " (default " + f.DefValue + ")"
		}
	}
	p.entry(term, usage)
}
