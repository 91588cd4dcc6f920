package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/daemon"
)

// Exit codes that scripts rely on.
const (
	exitOK       = 0
	exitFailed   = 1 // failed, refused, or the answer is no
	exitInvalid  = 2 // wrong arguments, or a configuration with faults
	exitNoDaemon = 3
	exitRefused  = 4 // a daemon may run, and is not for this user
)

// exitError is an error with an exit code of its own. Without an inner error
// the command has already said all there is to say.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// quiet ends a command with code and without another word.
func quiet(code int) error { return &exitError{code: code} }

// usageError is a mistake in the arguments of cmd.
func usageError(cmd *cobra.Command, err error) error {
	hint := fmt.Errorf("%w\nusage: %s\n\"%s --help\" tells more", err, cmd.UseLine(), cmd.CommandPath())
	return &exitError{code: exitInvalid, err: hint}
}

// complain prints text to stderr. Its lines have their level there if that is
// systemd's journal.
func (a *app) complain(level slog.Level, text string) {
	for line := range strings.Lines(text + "\n") {
		if a.journal {
			line = daemon.JournalPrefix(level) + line
		}
		fmt.Fprint(a.stderr, line)
	}
}

// report prints err and returns the exit code it stands for.
func (a *app) report(err error) int {
	if err == nil {
		return exitOK
	}
	own, ok := errors.AsType[*exitError](err)
	if !ok || own.err != nil {
		a.complain(slog.LevelError, fmt.Sprintf("fhrpd: %v", err))
	}
	switch {
	case ok:
		return own.code
	case errors.Is(err, control.ErrNoDaemon):
		return exitNoDaemon
	case errors.Is(err, control.ErrForbidden):
		return exitRefused
	case errors.Is(err, control.ErrInvalid):
		return exitInvalid
	}
	return exitFailed
}
