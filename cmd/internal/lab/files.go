package lab

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// outputs are the files that were asked for. They are opened before anything else
// is done: a run that cannot be kept is not begun.
type outputs struct{ svg, pcap *output }

// openOutputs opens the files of the options. What it opened is to be closed.
func openOutputs(o Options) (f outputs, err error) {
	if f.svg, err = openOutput("--svg", o.SVG); err != nil {
		return f, err
	}
	if f.pcap, err = openOutput("--pcap", o.Pcap); err != nil {
		f.close()
	}
	return f, err
}

// save writes the files.
func (f outputs) save(r record, v Verdict, frames []netlab.Frame) error {
	return errors.Join(
		f.svg.write(func(b *bytes.Buffer) error { b.Write(picture(r, story(r), v)); return nil }),
		f.pcap.write(func(b *bytes.Buffer) error { return netlab.WritePcapng(b, frames) }))
}

// close closes the files, and removes those that were made and have nothing.
func (f outputs) close() { f.svg.close(); f.pcap.close() }

// output is one file; nil when it was not asked for.
type output struct {
	flag    string
	file    *os.File
	made    bool // it was not there before
	written bool
}

// openOutput leaves what the file has as it is: a run without a verdict does not
// cost the result of the one before.
func openOutput(flag, name string) (*output, error) {
	if name == "" {
		return nil, nil
	}
	_, err := os.Stat(name)
	made := errors.Is(err, os.ErrNotExist)
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be written, so nothing was started: %w", flag, err)
	}
	return &output{flag: flag, file: file, made: made}, nil
}

func (o *output) write(fill func(*bytes.Buffer) error) error {
	if o == nil {
		return nil
	}
	var b bytes.Buffer
	if err := fill(&b); err != nil {
		return fmt.Errorf("%s: %w", o.flag, err)
	}
	if st, err := o.file.Stat(); err == nil && st.Mode().IsRegular() {
		if err := o.file.Truncate(0); err != nil {
			return fmt.Errorf("%s: %w", o.flag, err)
		}
	}
	if _, err := o.file.Write(b.Bytes()); err != nil {
		return fmt.Errorf("%s: %w", o.flag, err)
	}
	o.written = true
	return nil
}

func (o *output) close() {
	if o == nil {
		return
	}
	_ = o.file.Close()
	if o.made && !o.written {
		_ = os.Remove(o.file.Name())
	}
}
