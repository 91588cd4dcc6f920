package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong, or doubtful, in a file.
type Fault struct {
	File string // as given to Parse
	Line int    // of the value, from 1; 0 when the file as a whole is meant
	Path string // the table, such as hsrp[1] (eth1, group 10); indices count from 0
	Msg  string // what was found and what is allowed
}

// Error returns the fault as file:line: path: message, leaving out the parts
// that are empty.
func (f Fault) Error() string {
	at := f.File
	if f.Line > 0 {
		at += fmt.Sprintf(":%d", f.Line)
	}
	parts := slices.DeleteFunc([]string{at, f.Path, f.Msg}, func(s string) bool { return s == "" })
	return strings.Join(parts, ": ")
}

// Errors is everything that is wrong with one file, in order of line.
type Errors []Fault

// Error returns the faults, one a line, as Lines does.
func (e Errors) Error() string { return strings.Join(Lines("", e), "\n") }

// mostLines is how many faults a person gets to read at once.
const mostLines = 50

// Lines returns the faults, one a line, each after a prefix. Of more than 50 the
// last line is how many are left out.
func Lines(prefix string, faults []Fault) []string {
	var lines []string
	for i, f := range faults {
		if i == mostLines {
			return append(lines, fmt.Sprintf("%s%s: and %d more", prefix, f.File, len(faults)-i))
		}
		lines = append(lines, prefix+f.Error())
	}
	return lines
}

// Unwrap gives errors.Is and errors.AsType access to each Fault.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, f := range e {
		errs[i] = f
	}
	return errs
}

// position is where in the file a value is, or would be.
type position struct {
	scope string // the table as a person would name it
	key   string // below the table, such as announce.count
	path  string // the whole path, as indexLines writes it
	line  int
}

// report collects the faults of one file.
type report struct {
	file     string
	faults   Errors
	warnings []Fault
}

func (r *report) fault(at position, format string, args ...any) {
	r.faults = append(r.faults, r.make(at, format, args))
}

func (r *report) warn(at position, format string, args ...any) {
	r.warnings = append(r.warnings, r.make(at, format, args))
}

func (r *report) make(at position, format string, args []any) Fault {
	return Fault{File: r.file, Line: at.line, Path: at.scope, Msg: fmt.Sprintf(format, args...)}
}

// sort puts the faults, and the warnings, in order of line.
func (r *report) sort() {
	byLine := func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) }
	slices.SortStableFunc(r.faults, byLine)
	slices.SortStableFunc(r.warnings, byLine)
}
