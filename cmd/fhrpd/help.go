package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// Paragraphs that many help texts share.
const (
	groupForms = "GROUP is INTERFACE:NUMBER, with a protocol in front where needed (hsrp:, hsrp6:,\nvrrp:, vrrp6:), or the group's name."
	asksDaemon = "Exits 0 when done, 1 when it was refused or failed, 2 for wrong arguments, 3\nwhen no daemon runs, and 4 when it is not for this user."
)

// exitCodes ends the help of the program.
const exitCodes = `Exit codes: 0 done, 1 failed, refused, or the answer is no, 2 wrong arguments or
a configuration with faults, 3 no daemon runs, 4 more than one (whohas), or the
daemon is not for this user.`

// paragraphs joins them with blank lines.
func paragraphs(p ...string) string { return strings.Join(p, "\n\n") }

// examples indents lines for the help.
func examples(lines ...string) string { return "  " + strings.Join(lines, "\n  ") }

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

// completeShow offers brief, and the groups of a protocol with their interfaces.
func (a *app) completeShow(protocol string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		var out []string
		brief := slices.Contains(args, "brief")
		if !brief {
			out = append(out, "brief")
		}
		if len(args) == 0 || brief && len(args) == 1 {
			out = append(out, a.running(cmd.Context(), protocol)...)
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// running asks the daemon for the references of its groups; with a protocol,
// for those of its groups after the names of their interfaces. Without a daemon
// there is nothing to offer.
func (a *app) running(ctx context.Context, protocol string) []string {
	ctx, cancel := context.WithTimeout(ctx, completeWithin)
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
