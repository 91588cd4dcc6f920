package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// walk calls fn for every command of the program.
func walk(fn func(*cobra.Command)) {
	root := &cobra.Command{Use: "fhrpd"}
	root.AddCommand(commands(&app{})...)
	var into func([]*cobra.Command)
	into = func(list []*cobra.Command) {
		for _, cmd := range list {
			fn(cmd)
			into(cmd.Commands())
		}
	}
	into(root.Commands())
}

func TestEveryHelpHasExitCodesAndExamplesThatAreAccepted(t *testing.T) {
	seen := 0
	walk(func(cmd *cobra.Command) {
		seen++
		if !strings.Contains(cmd.Long, "Exits 0") {
			t.Errorf("%s: the help does not tell the exit codes", cmd.CommandPath())
		}
		if n := strings.Count(cmd.Long, "Exits "); n > 1 {
			t.Errorf("%s: the help tells the exit codes %d times", cmd.CommandPath(), n)
		}
		if cmd.Example == "" {
			t.Errorf("%s: the help has no example", cmd.CommandPath())
		}
		for line := range strings.Lines(cmd.Example) {
			if err := accepted(cmd.Root(), line); err != nil {
				t.Errorf("%s: example %q: %v", cmd.CommandPath(), line, err)
			}
		}
	})
	if seen < 15 {
		t.Errorf("only %d commands were seen", seen)
	}
}

// accepted returns what the program would object to in a line of an example.
func accepted(root *cobra.Command, line string) error {
	line, _, _ = strings.Cut(line, "#")
	line, _, _ = strings.Cut(line, "|")
	line, _, _ = strings.Cut(line, ">")
	words := strings.Fields(line)
	cmd, args, err := root.Find(words[1:])
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(args); err != nil {
		return err
	}
	if err := cmd.ValidateRequiredFlags(); err != nil {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

func TestHelpFitsATerminal(t *testing.T) {
	walk(func(cmd *cobra.Command) {
		for line := range strings.Lines(cmd.Long + "\n" + cmd.Example) {
			if n := len(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("%s: a line of %d columns: %s", cmd.CommandPath(), n, line)
			}
		}
	})
}

func TestHelpOfTheProgramTellsEveryExitCode(t *testing.T) {
	r := fhrpd(t.Context(), "--help")
	for _, code := range []string{"0 done", "1 failed", "2 wrong arguments", "3 no daemon", "4 more than one"} {
		if !strings.Contains(r.stdout, code) {
			t.Errorf("the help lacks %q:\n%s", code, r.stdout)
		}
	}
}

func TestCompletionScripts(t *testing.T) {
	for shell, word := range map[string]string{"bash": "__start_fhrpd", "zsh": "#compdef fhrpd", "fish": "complete -c fhrpd"} {
		r := fhrpd(t.Context(), "completion", shell)
		if r.code != 0 || r.stderr != "" || !strings.Contains(r.stdout, word) {
			t.Errorf("%s: exit %d, %q, %d bytes without %q", shell, r.code, r.stderr, len(r.stdout), word)
		}
	}
}

func TestCompletionOffersWhatTheDaemonRuns(t *testing.T) {
	path, _ := serve(t, newFake())
	nobody := filepath.Join(t.TempDir(), "none.sock")
	for _, tt := range []struct {
		line, control string
		want          []string
	}{
		{"explain ", path, []string{"hsrp:eth1:10\tusers", "hsrp:eth2:10\tguests", "vrrp6:eth1:20\tlan6"}},
		{"verify hsrp:eth1:10 ", path, nil},
		{"show standby ", path, []string{"brief", "detail", "all", "delay", "neighbors", "statistics", "eth1", "eth2", "hsrp:eth1:10\tusers", "hsrp:eth2:10\tguests"}},
		{"show standby brief ", path, []string{"eth1", "eth2", "hsrp:eth1:10\tusers", "hsrp:eth2:10\tguests"}},
		{"show vrrp eth1 ", path, []string{"brief", "detail", "all", "statistics"}},
		{"show standby neighbors eth1 ", path, nil},
		{"show vrrp eth1 brief ", path, nil},
		{"announce ", nobody, nil},
		{"set priority users ", path, []string{"default"}},
		{"set log ", path, []string{"debug", "info", "warn", "error", "default"}},
		{"clear ", path, []string{"standby\tcounters of HSRP groups", "vrrp\tcounters of VRRP routers"}},
		{"clear vrrp counters ", path, []string{"eth1", "vrrp6:eth1:20\tlan6"}},
	} {
		words := strings.Split(tt.line, " ")
		args := append([]string{"__complete"}, words[:len(words)-1]...)
		var out, errs bytes.Buffer
		a := &app{stdout: &out, stderr: &errs, hurry: time.Minute}
		if code := a.execute(t.Context(), append(args, "--control", tt.control, "")); code != 0 {
			t.Errorf("%q: exit %d: %s", tt.line, code, &errs)
		}
		var got []string
		for line := range strings.Lines(out.String()) {
			if !strings.HasPrefix(line, ":") { // the directive for the shell
				got = append(got, strings.TrimSuffix(line, "\n"))
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("after %q (-want +got):\n%s", tt.line, diff)
		}
	}
}

func TestCompletionOffersInterfaces(t *testing.T) {
	for _, args := range [][]string{{"whohas", "-i", ""}, {"whohas", "--interface", ""}, {"census", "-i", ""}, {"announce-macs", "--dev", ""}, {"announce-macs", "--bridge", ""}} {
		if r := fhrpd(t.Context(), append([]string{"__complete"}, args...)...); !strings.HasPrefix(r.stdout, "lo\n") && !strings.Contains(r.stdout, "\nlo\n") {
			t.Errorf("%v: %q does not offer the loopback interface", args, r.stdout)
		}
	}
}
