package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// groupArg returns the group that args name: one word, or as many as "show" and
// the log write it in, as in eth1 - Group 10.
func groupArg(args []string) (string, error) {
	text := strings.Join(args, " ")
	if len(args) > 1 && !engine.Spelled(text) {
		return "", fmt.Errorf("group %q: want one group, as in eth1:10 or eth1 10", text)
	}
	return text, nil
}

// notFlag is how a negative number ends that was taken for a flag.
var notFlag = regexp.MustCompile(`^unknown shorthand flag: '[\d.]' in (-[\d.]\S*)$`)

// negative returns the number that was taken for a flag, if that is what err is
// about.
func negative(err error) (string, bool) {
	m := notFlag.FindStringSubmatch(err.Error())
	if m == nil {
		return "", false
	}
	return m[1], true
}

// flagError words a mistake in the flags of a command for a person.
func flagError(cmd *cobra.Command, err error) error {
	if n, ok := negative(err); ok {
		return fmt.Errorf("%q: a number here cannot be negative", n)
	}
	if typed, ok := strings.CutPrefix(err.Error(), "unknown flag: --"); ok {
		return suggestFlag(cmd, err, typed)
	}
	return err
}

// flagName finds the flags in their usage text.
var flagName = regexp.MustCompile(`(?m)^ .*?--([a-z][a-z-]*)`)

// suggestFlag adds the flag that somebody may have meant.
func suggestFlag(cmd *cobra.Command, err error, typed string) error {
	var names []string
	for _, m := range flagName.FindAllStringSubmatch(cmd.Flags().FlagUsages(), -1) {
		names = append(names, m[1])
	}
	if near := nearest(typed, names); near != "" {
		return fmt.Errorf("%w; did you mean --%s?", err, near)
	}
	return err
}

// unknownCommand is the error of a word that is no command below cmd.
func unknownCommand(cmd *cobra.Command, word string) error {
	err := fmt.Errorf("unknown command %q for %q", word, cmd.CommandPath())
	if names := similar(word, subcommands(cmd)); len(names) > 0 {
		return fmt.Errorf("%w; did you mean %q?", err, names[0])
	}
	return fmt.Errorf("%w: want one of %s", err, strings.Join(subcommands(cmd), ", "))
}

// subcommands returns the names of the commands below cmd.
func subcommands(cmd *cobra.Command) (names []string) {
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() || sub.Name() == "help" {
			names = append(names, sub.Name())
		}
	}
	return names
}

// onlyCommands is Args of a command that only groups others.
func onlyCommands(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return unknownCommand(cmd, args[0])
	}
	return nil
}

// exactly is Args of a command that takes these words and no more.
func exactly(words ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > len(words) {
			return fmt.Errorf("%q is one word too many", args[len(words)])
		}
		return atLeast(words...)(cmd, args)
	}
}

// atLeast is Args of a command that takes these words, and may take more.
func atLeast(words ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < len(words) {
			return fmt.Errorf("%s is missing", words[len(args)])
		}
		return nil
	}
}
