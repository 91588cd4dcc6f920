package engine

import (
	"maps"
	"time"
)

// Leave is an operator's word that a group, or all of them, is out of its election.
type Leave struct {
	Since time.Time // by the wall clock
	By    string    // who gave it, as in "root, uid 0"
	// Doubtful says that nobody knows whether it was given: what was stored of it
	// cannot be read. Such a leave ends when nobody serves.
	Doubtful bool
}

// String returns "maintenance is on since 2026-03-01 12:00:00 UTC, by root, uid 0".
func (l Leave) String() string {
	s := "maintenance is on"
	if !l.Since.IsZero() {
		s += " since " + l.Since.Format("2006-01-02 15:04:05 MST")
	}
	if l.By != "" {
		s += ", by " + l.By
	}
	return s
}

// Maintenance is which groups are out of their elections by an operator's word. It
// outlives the process: whoever starts an engine has stored the last one. The zero
// value has none. A value that was handed out does not change.
type Maintenance struct {
	All    *Leave        // every group, also those that are yet to come; nil: not every
	Groups map[Ref]Leave // single ones, whether or not they are configured
}

// None reports whether nobody is in maintenance.
func (m Maintenance) None() bool { return m.All == nil && len(m.Groups) == 0 }

// Of returns the leave of a group that elects for itself, and whether it has one.
// What was said of it alone counts before what was said of all.
func (m Maintenance) Of(ref Ref) (Leave, bool) {
	if l, ok := m.Groups[ref]; ok {
		return l, true
	}
	if m.All != nil {
		return *m.All, true
	}
	return Leave{}, false
}

// with returns m after groups were given a leave, all when there are none. Who has one
// keeps it, with its beginning.
func (m Maintenance) with(refs []Ref, l Leave) Maintenance {
	out := Maintenance{All: m.All, Groups: maps.Clone(m.Groups)}
	if len(refs) == 0 && out.All == nil {
		out.All = &l
	}
	for _, r := range refs {
		if _, has := out.Of(r); has {
			continue
		}
		if out.Groups == nil {
			out.Groups = map[Ref]Leave{}
		}
		out.Groups[r] = l
	}
	return out
}

// without returns m after groups have come back, all when there are none. When single
// ones come back out of all, the rest of those that exist is named from then on.
func (m Maintenance) without(refs, exist []Ref) Maintenance {
	if len(refs) == 0 {
		return Maintenance{}
	}
	out := Maintenance{Groups: maps.Clone(m.Groups)}
	if out.Groups == nil {
		out.Groups = map[Ref]Leave{}
	}
	if m.All != nil {
		for _, r := range exist {
			if _, has := out.Groups[r]; !has {
				out.Groups[r] = *m.All
			}
		}
	}
	for _, r := range refs {
		delete(out.Groups, r)
	}
	return out
}
