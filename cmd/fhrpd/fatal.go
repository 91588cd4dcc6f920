package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"regexp"

	"github.com/fhrpd/fhrpd/configs"
)

// fatal ends the daemon with err, which keeps it from running. Who has its log in
// JSON gets this in JSON as well: a collector loses a line that is none, and this
// one says why there will be no others.
func (a *app) fatal(ctx context.Context, json bool, err error) error {
	if err == nil || !json {
		return err
	}
	a.jsonLog().Log(ctx, slog.LevelError, "the daemon cannot run", "error", err.Error())
	return quiet(exitFailed)
}

func (a *app) jsonLog() *slog.Logger { return slog.New(slog.NewJSONHandler(a.stderr, nil)) }

// loadToRun is faultless for the daemon.
func (a *app) loadToRun(ctx context.Context, path string) (*configs.Config, error) {
	if !wantsJSON(path) {
		return a.faultless(path, exitFailed)
	}
	c, err := configs.Load(path)
	faults, ok := errors.AsType[configs.Errors](err)
	if !ok {
		return c, a.fatal(ctx, true, err)
	}
	for _, f := range faults {
		a.jsonLog().Log(ctx, slog.LevelError, "configuration", "fault", f.Error())
	}
	return nil, quiet(exitFailed)
}

// The lines that wantsJSON looks for.
var (
	tableLine  = regexp.MustCompile(`^\s*\[+\s*([^\]\s]+)\s*\]`)
	formatLine = regexp.MustCompile(`^\s*(daemon\s*\.\s*)?format\s*=\s*["']json["']`)
)

// wantsJSON reports whether a file asks for a log in JSON. It asks no more of the
// file than that one line, because the rest may be what is wrong.
func wantsJSON(path string) bool {
	text, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	table := ""
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		if m := tableLine.FindSubmatch(s.Bytes()); m != nil {
			table = string(m[1])
		}
		if m := formatLine.FindSubmatch(s.Bytes()); m != nil && (table == "daemon") == (len(m[1]) == 0) && (table == "daemon" || table == "") {
			return true
		}
	}
	return false
}
