package main

import (
	"cmp"
	"context"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// Paragraphs that many help texts share.
const (
	groupForms = "GROUP is INTERFACE:NUMBER, with a protocol in front where needed (hsrp:, hsrp6:,\nvrrp:, vrrp6:), the group's name, or what show calls it: eth1 - Group 10."
	asksDaemon = "Exits 0 when done, 1 when it was refused or failed, 2 for wrong arguments, 3\nwhen no daemon runs, and 4 when it is not for this user."
)

// exitCodes ends the help of the program.
const exitCodes = `Exit codes: 0 done, 1 failed, refused, or the answer is no, 2 wrong arguments or
a configuration with faults, 3 no daemon runs, 4 more than one (whohas), or the
daemon is not for this user, 5 translated in part (import).`

// paragraphs joins them with blank lines.
func paragraphs(p ...string) string { return strings.Join(p, "\n\n") }

// examples indents lines for the help.
func examples(lines ...string) string { return "  " + strings.Join(lines, "\n  ") }

// strictHelp makes a mistake of a topic that does not exist.
func strictHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" {
			cmd.Args = helpTopic
		}
	}
}

func helpTopic(help *cobra.Command, args []string) error {
	cmd, rest, err := help.Root().Find(args)
	if err == nil && len(rest) > 0 && cmd.HasSubCommands() {
		return unknownCommand(cmd, rest[0])
	}
	return err
}

// completeWithin is how long a shell waits for the daemon when somebody presses
// the key for completion.
const completeWithin = 500 * time.Millisecond

// completeGroup offers the running groups as the first argument.
func (a *app) completeGroup(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.running(cmd.Context(), ""), cobra.ShellCompDirectiveNoFileComp
}

// completeGroupEach offers the running groups as every argument, each once.
func (a *app) completeGroupEach(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	named := func(ref string) bool { return slices.Contains(args, ref) }
	return slices.DeleteFunc(a.running(cmd.Context(), ""), named), cobra.ShellCompDirectiveNoFileComp
}

// completeGroupThen offers words as the second argument.
func (a *app) completeGroupThen(words ...string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 1 {
			return words, cobra.ShellCompDirectiveNoFileComp
		}
		return a.completeGroup(cmd, args, typed)
	}
}

// completeFilter offers the groups of a protocol with their interfaces.
func (a *app) completeFilter(protocol string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.running(cmd.Context(), protocol), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeInterface offers the interfaces of this host as the value of flags.
func completeInterface(cmd *cobra.Command, flags ...string) {
	for _, f := range flags {
		_ = cmd.RegisterFlagCompletionFunc(f, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			list, _ := net.Interfaces() // nothing to offer otherwise
			names := make([]string, len(list))
			for i := range list {
				names[i] = list[i].Name
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		})
	}
}

// completeShow offers the forms, and the groups of a protocol with their
// interfaces.
func (a *app) completeShow(l layout) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		form, rest, err := l.split(args)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		if form.word == "" {
			out = append(out, l.words()...)
		}
		if len(rest) == 0 {
			out = append(out, a.running(cmd.Context(), l.protocol)...)
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// running asks the daemon for the references of its groups; with a protocol,
// for those of its groups after the names of their interfaces. Without a daemon
// there is nothing to offer.
func (a *app) running(ctx context.Context, protocol string) []string {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(a.hurry, completeWithin))
	defer cancel()
	st, err := a.daemon().Status(ctx)
	if err != nil {
		return nil
	}
	var interfaces, refs []string
	for i := range st.Groups {
		g := &st.Groups[i]
		if protocol != "" && g.Protocol != protocol {
			continue
		}
		refs = append(refs, g.Ref()+"\t"+g.Name) // shells show the name as a description
		if protocol != "" && !slices.Contains(interfaces, g.Interface) {
			interfaces = append(interfaces, g.Interface)
		}
	}
	return append(interfaces, refs...)
}
