package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

const defaultHandoverRate = 20 // groups per second

// handoverOrder is what the flags of "handover" ask for.
type handoverOrder struct {
	all     bool
	rate    string
	timeout time.Duration
}

func handoverCommand(a *app) *cobra.Command {
	o := handoverOrder{rate: strconv.Itoa(defaultHandoverRate) + "/s", timeout: engine.DefaultHandoverTimeout}
	cmd := a.controlFlag(a.jsonFlag(&cobra.Command{
		Use:   "handover GROUP...|--all",
		Short: "hand the role of active groups to another router, without a gap",
		Long: paragraphs(`handover asks the other router first whether it is fit, where that is fhrpd too:
whether it hears this one, and its neighbours answer it. Then the role goes over
in the words of the protocol, and this router serves until the other one does.
The role comes back, once, when nobody takes it, or when the other router cannot
prove its neighbours within --timeout. To any other router it is a plain
resignation, and the answer says so. Afterwards this router does not preempt the
other one, until the role moves again, or "fhrpd set priority".`,
			`--all hands over every group that is active here. Groups that follow another one
go with it. One line is printed for each group.`, groupForms,
			`Exits 0 when all are handed over, 1 when one was refused or rolled back, 2 for
wrong arguments, 3 when no daemon runs, and 4 when it is not for this user.`),
		Example:           examples("fhrpd handover eth1:10", "fhrpd handover --all --rate 5/s"),
		ValidArgsFunction: a.completeGroup,
		RunE: func(cmd *cobra.Command, args []string) error {
			groups, every, err := o.read(args)
			if err != nil {
				return usageError(cmd, err)
			}
			return a.handover(cmd.Context(), groups, o, every)
		},
	}))
	cmd.Flags().BoolVar(&o.all, "all", false, "every group that is active here")
	cmd.Flags().StringVar(&o.rate, "rate", o.rate, "how many groups a second, as `N/s`")
	cmd.Flags().DurationVar(&o.timeout, "timeout", o.timeout, "how long the other router has to prove its neighbours")
	return cmd
}

// read returns the groups that are named, none with --all, and the time from one to
// the next.
func (o *handoverOrder) read(args []string) (groups []string, every time.Duration, err error) {
	every, err = parseGroupRate(o.rate)
	switch {
	case err != nil:
		return nil, 0, err
	case o.timeout < time.Millisecond || o.timeout > engine.MaxHandoverTimeout:
		return nil, 0, fmt.Errorf("timeout %v: want 1ms to %v", o.timeout, engine.MaxHandoverTimeout)
	case o.all && len(args) > 0:
		return nil, 0, errors.New("name groups, or give --all, not both")
	case !o.all && len(args) == 0:
		return nil, 0, errors.New("a group is missing: name one, or give --all")
	}
	if len(args) > 1 && engine.Spelled(strings.Join(args, " ")) {
		args = []string{strings.Join(args, " ")}
	}
	return args, every, nil
}

// handedOver is what became of one group.
type handedOver struct {
	Group string `json:"group"`
	*status.Handover
	err error
}

func (a *app) handover(ctx context.Context, groups []string, o handoverOrder, every time.Duration) error {
	st, err := a.daemon().Status(ctx)
	if err != nil {
		return err
	}
	if o.all {
		groups = activeGroups(st.Groups)
	}
	results := a.handAll(ctx, groups, o.timeout, every)
	for i := range results {
		r := &results[i]
		if r.err != nil {
			r.Handover = &status.Handover{State: string(engine.HandoverRefused), Began: a.now(), Reason: r.err.Error(), Text: "not handed over: " + r.err.Error()}
		}
		if n, err := status.Find(st.Groups, r.Group); err == nil {
			r.Group = st.Groups[n].Ref()
		}
	}
	if err := a.print(results, func() string { return handoverText(results) }); err != nil {
		return err
	}
	if slices.ContainsFunc(results, func(r handedOver) bool { return !r.Done() }) {
		return quiet(exitFailed)
	}
	return nil
}

// activeGroups names the groups that are active here and follow no other.
func activeGroups(list []status.Group) (groups []string) {
	for i := range list {
		if g := &list[i]; g.State == "Active" && g.Follow == "" {
			groups = append(groups, g.Ref())
		}
	}
	return groups
}

// handAll hands groups over, one after the other begun, and waits for all.
func (a *app) handAll(ctx context.Context, groups []string, timeout, every time.Duration) []handedOver {
	results := make([]handedOver, len(groups))
	daemon := a.daemon()
	defer daemon.Close()
	paced(ctx, groups, every, func() bool { return true }, func(i int, g string) {
		h, err := daemon.Handover(ctx, g, timeout)
		if refused, ok := errors.AsType[*engine.RefusedError](err); ok {
			err = errors.New(refused.Reason)
		}
		results[i] = handedOver{g, h, err}
	})
	return results
}

// handoverText has a line for each group.
func handoverText(list []handedOver) string {
	if len(list) == 0 {
		return "no group is active here\n"
	}
	var b strings.Builder
	for _, r := range list {
		fmt.Fprintf(&b, "%s: %s\n", r.Group, r.Text)
	}
	return b.String()
}
