// Package overview is what matters of a router's groups at a glance: the rows of
// the live view and of the status page, and what in them asks for attention.
package overview

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// Row is one group of this router, and the same group of the other one.
type Row struct {
	*status.Group
	Read  time.Time     // when the group was read
	Other *status.Group // nil without another router, or where it has no such group
}

// Rows pairs the groups of this router, read at a time, with those of the other
// one, which may call its interfaces otherwise: protocol, family, number and an
// address are the same. Groups that only the other one has are left out. Both may
// be nil.
func Rows(own *status.Status, read time.Time, other *status.Status) (rows []Row) {
	if own == nil {
		return nil
	}
	for i := range own.Groups {
		g := &own.Groups[i]
		rows = append(rows, Row{Group: g, Read: read, Other: counterpart(g, other)})
	}
	return rows
}

func counterpart(g *status.Group, other *status.Status) *status.Group {
	if other == nil {
		return nil
	}
	var best *status.Group
	for i := range other.Groups {
		o := &other.Groups[i]
		if o.Protocol != g.Protocol || o.Family != g.Family || o.ID != g.ID || !shares(g, o) {
			continue
		}
		if best == nil || o.Interface == g.Interface {
			best = o
		}
	}
	return best
}

// shares reports whether two groups may be one: they have an address in common, or
// one of them has not learned any.
func shares(g, o *status.Group) bool {
	if len(g.VirtualIPs) == 0 || len(o.VirtualIPs) == 0 {
		return true
	}
	return slices.ContainsFunc(g.VirtualIPs, func(a string) bool { return slices.Contains(o.VirtualIPs, a) })
}

// Mood says how much a row asks for attention.
type Mood int

// Moods, the least first.
const (
	Calm  Mood = iota
	Away       // it takes no part yet, and nothing is wrong with that
	Amber      // something is not as it should be
	Red        // nobody serves, or two do
)

// Trouble returns what somebody who is called at night must see first, and how bad
// it is.
func (r *Row) Trouble() (Mood, string) {
	switch {
	case r.Rival != nil && r.Rival.BothActive, r.Other != nil && r.State == "Active" && r.Other.State == "Active":
		return Red, "two routers are active"
	case r.Leave != nil && r.Leave.UnservedSince != nil:
		return Red, "in maintenance, and nobody serves"
	case r.Maintenance:
		return Away, "in maintenance"
	case r.Obstacle != "":
		return Amber, r.Obstacle
	case r.State == "Active" && r.ForwardingOff != "":
		return Red, "does not forward: " + r.ForwardingOff + " is off"
	case r.Active == nil:
		return Red, "no active router is known"
	case r.State == "Active" && unproven(r.Group) > 0:
		return Amber, "a neighbour is not proven"
	case r.State == "Active" && r.Protocol == "hsrp" && r.Standby == nil && r.Follow == "":
		return Amber, "no standby router"
	case slices.ContainsFunc(r.Tracks, func(t status.TrackRef) bool { return !t.Up }):
		return Amber, "a tracked object is down"
	case r.Delay.LeftMS > 0:
		return Away, "waits " + Left(r.Delay.LeftMS) + " after its interface came up"
	}
	return Calm, ""
}

func unproven(g *status.Group) (n int) {
	for _, t := range g.Takeover {
		if !t.Idle && !t.Proven {
			n++
		}
	}
	return n
}

// Proven is how many neighbours of how many are proven to deliver here.
func (r *Row) Proven() string {
	asked := 0
	for _, t := range r.Takeover {
		if !t.Idle {
			asked++
		}
	}
	if asked == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d", asked-unproven(r.Group), asked)
}

// Tracked is how many of the tracked objects are up.
func (r *Row) Tracked() string {
	if len(r.Tracks) == 0 {
		return "-"
	}
	up := 0
	for _, t := range r.Tracks {
		if t.Up {
			up++
		}
	}
	return fmt.Sprintf("%d/%d up", up, len(r.Tracks))
}

func (r *Row) Pri() string {
	s := fmt.Sprint(r.Priority)
	if r.Priority != r.ConfiguredPriority {
		s = fmt.Sprintf("%d of %d", r.Priority, r.ConfiguredPriority)
	}
	if r.Preempt {
		s += " P"
	}
	return s
}

// Peer names a router and how long its hold time runs on, which goes on falling
// after it was read.
func (r *Row) Peer(p *status.Peer, now time.Time) string {
	switch {
	case p == nil:
		return "-"
	case p.Address == "local":
		return "local"
	}
	return fmt.Sprintf("%s %5s", p.Address, Left(p.ExpiresMS-now.Sub(r.Read).Milliseconds()))
}

// Left is a time to come in seconds and tenths of them.
func Left(ms int64) string { return fmt.Sprintf("%.1fs", float64(max(0, ms))/1000) }

func (r *Row) Virtual() string {
	switch n := len(r.VirtualIPs); n {
	case 0:
		return "unknown"
	case 1:
		return r.VirtualIPs[0]
	default:
		return fmt.Sprintf("%s +%d", r.VirtualIPs[0], n-1)
	}
}

// Opposite is the group's state on the other router.
func (r *Row) Opposite(now time.Time) string {
	if r.Other == nil {
		return "-"
	}
	return fmt.Sprintf("%s %d %s", r.Other.State, r.Other.Priority, show.Age(r.Other.Since, now))
}

// Matches reports whether one word of the row contains text, in small letters.
func (r *Row) Matches(text string) bool {
	_, trouble := r.Trouble()
	words := append([]string{r.Ref(), r.Name, r.State, trouble}, r.VirtualIPs...)
	return strings.Contains(strings.ToLower(strings.Join(words, " ")), strings.ToLower(text))
}

// Order is what rows are sorted by. The order of the file is the first.
type Order int

const (
	ByFile Order = iota
	ByTrouble
	ByState
	BySince
	ByPriority
	ByName
	Orders
)

func (o Order) String() string {
	return [...]string{"file", "trouble", "state", "last change", "priority", "name"}[o]
}

// Sort is stable: rows that are equal stay as they were.
func Sort(rows []Row, by Order, reverse bool) {
	compare := map[Order]func(a, b Row) int{
		ByTrouble:  func(a, b Row) int { return cmp.Compare(b.Mood(), a.Mood()) },
		ByState:    func(a, b Row) int { return strings.Compare(a.State, b.State) },
		BySince:    func(a, b Row) int { return b.Since.Compare(a.Since) },
		ByPriority: func(a, b Row) int { return cmp.Compare(b.Priority, a.Priority) },
		ByName:     func(a, b Row) int { return strings.Compare(a.Name, b.Name) },
	}[by]
	if compare != nil {
		slices.SortStableFunc(rows, compare)
	}
	if reverse {
		slices.Reverse(rows)
	}
}

func (r Row) Mood() Mood {
	m, _ := r.Trouble()
	return m
}
