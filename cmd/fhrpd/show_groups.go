package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// form is one way to show groups of a protocol.
type form struct {
	word string // "" for the plain one
	tell string // for the help
	text func(*status.Status, []status.Group, time.Time) string
	rows func([]status.Group) any // what --json prints, nil for the groups
	none string                   // for the person when there is nothing to show
}

// layout is the forms in which groups of one protocol are shown. The first is
// that without a word.
type layout struct {
	name, what, protocol string
	forms                []form
}

func standbyLayout() layout {
	return layout{"standby", "HSRP groups", "hsrp", []form{
		{text: func(_ *status.Status, g []status.Group, now time.Time) string { return show.Standby(g, now) }},
		{word: "brief", tell: "a line for each", text: onlyGroups(show.StandbyBrief)},
		{word: "detail", tell: "and what IOS has no line for", text: func(_ *status.Status, g []status.Group, now time.Time) string { return show.StandbyDetail(g, now) }},
		{word: "all", tell: "as without it: groups in Init and Learn are never left out", text: func(_ *status.Status, g []status.Group, now time.Time) string { return show.Standby(g, now) }},
		{word: "delay", tell: "initial delays, in seconds", text: onlyGroups(show.Delays), none: "no HSRP group has an initial delay"},
		{word: "neighbors", tell: "the other routers that are active or standby", text: onlyGroups(show.Neighbors),
			rows: func(g []status.Group) any { return show.NeighborRows(g) }, none: "no HSRP neighbor is active or standby"},
		{word: "statistics", tell: "counters, rejected packets by reason", text: show.Statistics},
	}}
}

func vrrpLayout() layout {
	return layout{"vrrp", "VRRP routers", "vrrp", []form{
		{text: func(_ *status.Status, g []status.Group, now time.Time) string { return show.VRRP(g, now) }},
		{word: "brief", tell: "a line for each", text: onlyGroups(show.VRRPBrief)},
		{word: "detail", tell: "and what IOS has no line for", text: func(_ *status.Status, g []status.Group, now time.Time) string { return show.VRRPDetail(g, now) }},
		{word: "all", tell: "as without it: no router is ever left out", text: func(_ *status.Status, g []status.Group, now time.Time) string { return show.VRRP(g, now) }},
		{word: "statistics", tell: "counters, rejected packets by reason", text: show.Statistics},
	}}
}

func onlyGroups(f func([]status.Group) string) func(*status.Status, []status.Group, time.Time) string {
	return func(_ *status.Status, g []status.Group, _ time.Time) string { return f(g) }
}

// find returns the form that word names.
func (l *layout) find(word string) (form, bool) {
	for _, f := range l.forms {
		if f.word == word && word != "" {
			return f, true
		}
	}
	return form{}, false
}

// words lists the forms that have one.
func (l *layout) words() (out []string) {
	for _, f := range l.forms[1:] {
		out = append(out, f.word)
	}
	return out
}

// split takes the form out of args: the first or, as on IOS, the last word. "all"
// goes with another form.
func (l *layout) split(args []string) (form, []string, error) {
	chosen := l.forms[0]
	var rest []string
	for _, a := range args {
		f, ok := l.find(a)
		switch {
		case !ok:
			rest = append(rest, a)
		case chosen.word == "" || chosen.word == "all":
			chosen = f
		case f.word != "all":
			return chosen, nil, fmt.Errorf("%s and %s: choose one of them", chosen.word, f.word)
		}
	}
	return chosen, rest, nil
}

func showGroupsCommand(a *app, l layout) *cobra.Command {
	var forms []string
	for _, f := range l.forms[1:] {
		forms = append(forms, fmt.Sprintf("  %-11s %s", f.word, f.tell))
	}
	return &cobra.Command{
		Use:   l.name + " [FORM] [ipv4|ipv6] [INTERFACE [NUMBER] | GROUP]",
		Short: l.what + ", in the layout of Cisco IOS",
		Long: paragraphs(l.what+", in the layout of Cisco IOS: all, those of an interface, or one.\nBehind the state stands what a group waits for, and what is wrong now. FORM is", strings.Join(forms, "\n"), groupForms,
			"Exits 0, 1 when there is no such group, and 3 when no daemon runs."),
		Example:           examples("fhrpd show "+l.name+" brief", "fhrpd show "+l.name+" detail eth1", "fhrpd show "+l.name+" eth1 10", "fhrpd show "+l.name+" users"),
		ValidArgsFunction: a.completeShow(l),
		RunE: func(cmd *cobra.Command, args []string) error {
			form, rest, err := l.split(args)
			if err != nil {
				return usageError(cmd, err)
			}
			f, err := show.ParseFilter(l.protocol, rest)
			if err != nil {
				return usageError(cmd, suggest(err, rest[len(rest)-1], l.words()))
			}
			return a.showGroups(cmd.Context(), l, form, f)
		},
	}
}

func (a *app) showGroups(ctx context.Context, l layout, form form, f show.Filter) error {
	st, err := a.daemon().Status(ctx)
	if err != nil {
		return err
	}
	groups, err := f.Groups(st.Groups)
	if err != nil && !a.json {
		return suggest(err, f.Word(), l.words())
	}
	return errors.Join(err, a.printGroups(st, list(groups), f, form))
}

// printGroups says on stderr that there is nothing to show: on stdout IOS has no
// line for it, and a parser that reads one gives up.
func (a *app) printGroups(st *status.Status, groups []status.Group, f show.Filter, form form) error {
	if a.json && form.rows != nil {
		return a.print(form.rows(groups), nil)
	}
	text := form.text(st, groups, a.now())
	switch {
	case a.json:
	case len(groups) == 0:
		fmt.Fprintln(a.stderr, f.None())
	case text == "":
		fmt.Fprintln(a.stderr, form.none)
	}
	return a.print(groups, func() string { return text })
}
