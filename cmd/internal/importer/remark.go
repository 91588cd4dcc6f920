package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// position is where in the source something stands.
type position struct {
	file string
	line int // from 1; 0 is the file as a whole
}

// Remark is what a person has to know of one line of the source.
type Remark struct {
	File string
	Line int    // from 1; 0 is the file as a whole
	What string // the statement, without secrets; "" with Line 0
	Why  string
	Note bool // it was translated, or needs no translation, and something is to be said all the same
}

// String returns the remark in the form that editors jump to.
func (r Remark) String() string {
	at := r.File
	if r.Line > 0 {
		at += fmt.Sprintf(":%d", r.Line)
	}
	kind := "not translated"
	if r.Note {
		kind = "note"
	}
	parts := slices.DeleteFunc([]string{at, kind, r.What, r.Why}, func(s string) bool { return s == "" })
	return strings.Join(parts, ": ")
}

// not remarks that something was not translated, or only with another meaning.
func (d *draft) not(at position, what, why string) { d.remark(at, what, why, false) }

// note remarks something that changes nothing.
func (d *draft) note(at position, what, why string) { d.remark(at, what, why, true) }

// remark keeps each remark once: a definition that is used twice is one fault.
func (d *draft) remark(at position, what, why string, note bool) {
	r := Remark{at.file, at.line, short(what), why, note}
	if !d.said[r] {
		d.said[r] = true
		d.remarks = append(d.remarks, r)
	}
}

// sorted returns the remarks by line, those of files in the order of their first.
func (d *draft) sorted() []Remark {
	order := map[string]int{}
	for _, r := range d.remarks {
		if _, ok := order[r.File]; !ok {
			order[r.File] = len(order)
		}
	}
	slices.SortStableFunc(d.remarks, func(a, b Remark) int {
		return cmp.Or(cmp.Compare(order[a.File], order[b.File]), cmp.Compare(a.Line, b.Line))
	})
	return d.remarks
}

// mostShown is how much of a statement a remark repeats.
const mostShown = 60

func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= mostShown {
		return s
	}
	n := mostShown
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
