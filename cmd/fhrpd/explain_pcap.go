package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/recorder"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// recording is what --pcap and --merge ask for.
type recording struct {
	out   string   // "-" for standard output
	merge []string // files of other routers; two or more are merged without a daemon
}

// recorded is the answer to --pcap.
type recorded struct {
	File string `json:"file"`
	recorder.Contents
	Clocks []recorder.Alignment `json:"clocks"` // of the other routers
}

// String words the answer in lines.
func (r recorded) String() string {
	lines := []string{fmt.Sprintf("%s: %s.", r.File, r.Contents)}
	for _, c := range r.Clocks {
		lines = append(lines, c.String()+".")
	}
	return strings.Join(lines, "\n") + "\n"
}

func (r *recording) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.out, "pcap", "", "write the flight recorder to this `file` (pcapng); - for standard output")
	cmd.Flags().StringArrayVar(&r.merge, "merge", nil, "put this `file` of another router beside it; two of them need no daemon")
	_ = cmd.MarkFlagFilename("pcap", "pcapng") // the flags exist
	_ = cmd.MarkFlagFilename("merge", "pcapng", "pcap", "cap")
}

// check returns what is wrong with the flags.
func (r *recording) check(cmd *cobra.Command, q *status.Question) error {
	switch given := cmd.Flags().Changed("pcap"); {
	case given && r.out == "":
		return errors.New("--pcap wants the name of a file, or - for standard output")
	case !given && len(r.merge) > 0:
		return errors.New("--merge wants --pcap FILE as well: where to write both")
	case given && q.All:
		return errors.New("--all is for the story: the flight recorder has what it has; --since takes less")
	case len(r.merge) > 1 && q.Group != "":
		return errors.New("files are merged as they are: name a GROUP when the daemon is asked")
	}
	return nil
}

// recording writes what the daemon has recorded, or what is in files, or both.
func (a *app) recording(ctx context.Context, q status.Question, r recording) error {
	if f, ok := a.screen.(*os.File); ok && r.out == "-" && term.IsTerminal(f.Fd()) {
		return errors.New("--pcap - writes packets, which are not for a terminal: send them to a file or a program")
	}
	var tapes []recorder.Labelled
	if len(r.merge) < 2 {
		t, err := a.recordedHere(ctx, q.Group)
		if err != nil {
			return err
		}
		tapes = append(tapes, *t)
	}
	for _, file := range r.merge {
		t, err := a.recordedThere(file, tapes)
		if err != nil {
			return err
		}
		tapes = append(tapes, *t)
	}
	out, said := tapes[0].Tape, recorded{File: r.out, Clocks: []recorder.Alignment{}}
	if len(tapes) > 1 {
		var err error
		if out, said.Clocks, err = recorder.Merge(tapes[0], tapes[1:]...); err != nil {
			return err
		}
	}
	if q.Since > 0 {
		end := a.now()
		if len(r.merge) > 1 { // of the files, which may be old
			end = out.Contents().To
		}
		out = out.Only(end.Add(-q.Since), "")
	}
	said.Contents = out.Contents()
	var b bytes.Buffer
	if err := out.Write(&b); err != nil {
		return err
	}
	if r.out == "-" {
		_, err := a.screen.Write(b.Bytes()) // as it is, past what makes text fit for a terminal
		return err
	}
	if err := writeFile(r.out, b.Bytes()); err != nil {
		return err
	}
	return a.print(said, said.String)
}

// recordedHere asks the daemon.
func (a *app) recordedHere(ctx context.Context, group string) (*recorder.Labelled, error) {
	device := ""
	if group != "" {
		st, err := a.daemon().Status(ctx)
		if err != nil {
			return nil, err
		}
		i, err := status.Find(st.Groups, group)
		if err != nil {
			return nil, err
		}
		device = st.Groups[i].Interface
	}
	b, err := a.daemon().Recording(ctx)
	if err != nil {
		return nil, err
	}
	t, err := recorder.Read(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("read what the daemon has recorded: %w", err)
	}
	name, err := os.Hostname()
	if err != nil {
		name = "here"
	}
	return &recorder.Labelled{Name: name, Tape: t.Only(time.Time{}, device)}, nil
}

// recordedThere reads a file. Its name tells it from the others.
func (a *app) recordedThere(file string, others []recorder.Labelled) (*recorder.Labelled, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := recorder.Read(f)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) && t != nil:
		a.complain(slog.LevelWarn, fmt.Sprintf("fhrpd: %s ends within a packet; the rest of it is used", file))
	case err != nil:
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	base := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	name := base
	for n := 2; taken(others, name); n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	return &recorder.Labelled{Name: name, Tape: t}, nil
}

func taken(tapes []recorder.Labelled, name string) bool {
	for _, t := range tapes {
		if t.Name == name {
			return true
		}
	}
	return false
}

// writeFile writes a file that only this user can read. One of the same name is
// replaced when all is written, and what is no regular file (a pipe, a device) is
// written to.
func writeFile(path string, b []byte) error {
	if fi, err := os.Stat(path); err == nil && !fi.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.Write(b)
		return errors.Join(err, f.Close())
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
