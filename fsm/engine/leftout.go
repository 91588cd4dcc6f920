package engine

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// leftOut counts the lines that a budget had no room for, by their word. They
// are one line at the end of the minute that began with the first.
type leftOut struct {
	since time.Time // zero: none
	words map[string]uint64
}

func (l *leftOut) add(now time.Time, word string) {
	if l.since.IsZero() {
		l.since, l.words = now, map[string]uint64{}
	}
	l.words[word]++
}

// deadline returns when the line is due, zero when there is none.
func (l *leftOut) deadline() time.Time {
	if l.since.IsZero() {
		return time.Time{}
	}
	return l.since.Add(budget)
}

// String words what was left out, the most frequent first.
func (l *leftOut) String() string {
	var all uint64
	var each []string
	words := slices.Sorted(maps.Keys(l.words))
	slices.SortStableFunc(words, func(a, b string) int { return cmp.Compare(l.words[b], l.words[a]) })
	for _, w := range words {
		all += l.words[w]
		each = append(each, fmt.Sprintf("%s %d", w, l.words[w]))
	}
	return fmt.Sprintf("log lines left out within a minute: %d (%s): so many packets are wrong in one way that they may be forged; the counters have them all", all, strings.Join(each, ", "))
}

// tellLeftOut says what was left out, when that is due.
func (j *journal) tellLeftOut(now time.Time) {
	l := &j.complaints.leftOut
	if at := l.deadline(); !at.IsZero() && !now.Before(at) {
		message := l.String()
		*l = leftOut{}
		j.tell(now, Ref{}, KindWarning, message)
	}
}
