package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/simulate"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/configs/setup"
)

// simulation is what simulate is asked for.
type simulation struct {
	files []string
	svg   string
	depth int // of the exploration, 0 for none
	simulate.Options
}

func simulateCommand(a *app) *cobra.Command {
	var s simulation
	cmd := a.jsonFlag(&cobra.Command{
		Use:   "simulate",
		Short: "what a pair with these files does when something fails, in virtual time",
		Long: paragraphs("simulate plays two routers, a and b, with the configurations of real ones, in\nvirtual time: nothing of this machine is touched, and an hour takes a moment. It\ntells who takes over, when and with which frames, and what the hosts of the\nsegment see of it. With one --config b is made up: the same file with other\naddresses.",
			"At time zero the routers have settled. --fail a:eth1@3s takes the link of an\ninterface away three seconds later, --fail a@3s the power of a router; --heal\ngives back what is named, and --heal @8s everything. One seed gives one history:\nanother one fails at another moment between two hellos.",
			"Exits 0 if the verdict holds: one router serves each group in the end, and no\noutage is longer than the timers allow. 1 otherwise, and 2 for wrong arguments\nor a file with faults."),
		Example: examples("fhrpd simulate --config r1.toml --fail a:eth1@3s",
			"fhrpd simulate --config r1.toml --config r2.toml --fail a@3s --heal @8s",
			"fhrpd simulate --config r1.toml --fail a:eth0@3s --svg out.svg   # an uplink"),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.simulate(cmd, s) },
	})
	f := cmd.Flags()
	f.StringArrayVar(&s.files, "config", []string{defaultConfig}, "the `file` of router a; again for that of b")
	f.Lookup("config").DefValue = defaultConfig // without the brackets of a list
	f.StringArrayVar(&s.Fail, "fail", nil, "`WHAT@TIME` fails, as in a:eth1@3s or a@3s; again for each")
	f.StringArrayVar(&s.Heal, "heal", nil, "`WHAT@TIME` is mended, as in a:eth1@8s, a@8s, or @8s for everything; again for each")
	f.DurationVar(&s.For, "for", 0, "how long, at most 1h; as long as the routers may need when it is not given")
	f.Uint64Var(&s.Seed, "seed", 1, "of what chance decides")
	f.StringVar(&s.Loss, "loss", "", "`percent` of all frames that are lost")
	f.IntVar(&s.depth, "explore", 0, "play every order of up to so many `events` as well, on each segment")
	f.StringVar(&s.svg, "svg", "", "write the timeline as a picture to `file`")
	_ = cmd.MarkFlagFilename("config", "toml") // the flags exist
	_ = cmd.MarkFlagFilename("svg", "svg")
	for _, flag := range []string{"fail", "heal"} {
		_ = cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return possible(s), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		})
	}
	return cmd
}

// possible returns what may fail with the files that were named, up to the time. A file
// with faults has nothing to offer.
func possible(s simulation) (list []string) {
	for _, file := range s.files[:min(len(s.files), 2)] {
		c, err := configs.Load(file)
		if err != nil {
			return nil
		}
		s.Routers = append(s.Routers, setup.Engine(c))
	}
	s.Fail, s.Heal = nil, nil
	set, err := simulate.Prepare(s.Options)
	if err != nil {
		return nil
	}
	for _, what := range set.Possible() {
		list = append(list, what+"@")
	}
	return list
}

// simulate plays the files.
func (a *app) simulate(cmd *cobra.Command, s simulation) error {
	if len(s.files) > 2 {
		return usageError(cmd, fmt.Errorf("%d configurations: want one or two", len(s.files)))
	}
	if err := a.loadRouters(&s); err != nil {
		return err
	}
	s.Wall = a.now()
	set, err := simulate.Prepare(s.Options)
	if err := errors.Join(err, simulate.CheckExplore(s.depth)); err != nil {
		return usageError(cmd, err)
	}
	r, err := simulate.Run(set)
	if err == nil && s.depth > 0 {
		err = r.Explore(s.depth, func() bool { return cmd.Context().Err() == nil })
	}
	if err != nil {
		return err
	}
	if s.svg != "" {
		if err := os.WriteFile(s.svg, r.SVG(), 0o666); err != nil {
			return fmt.Errorf("write --svg: %w", err)
		}
	}
	if a.json {
		err = r.WriteJSON(a.stdout)
	} else {
		_, err = io.WriteString(a.stdout, r.String())
	}
	if err == nil && !r.Verdict.Passed {
		return quiet(exitFailed)
	}
	return err
}

// loadRouters reads the files. The faults of both are told.
func (a *app) loadRouters(s *simulation) error {
	var errs []error
	for _, file := range s.files {
		c, err := a.loadConfig(file, exitInvalid)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s.Routers = append(s.Routers, setup.Engine(c))
	}
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	_ = a.report(errs[0]) // what loadConfig has not told itself
	return errs[1]
}
