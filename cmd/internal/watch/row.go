package watch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// row is one group of this router, and the same group of the other one.
type row struct {
	*status.Group
	read  time.Time // when the group was read
	other *status.Group
}

// rowsOf pairs the groups of this router with those of the other one, which may
// call its interfaces otherwise: protocol, family, number and an address are the
// same. Groups that only the other one has are left out.
func rowsOf(own, other *Reading) (rows []row) {
	if own.Status == nil {
		return nil
	}
	for i := range own.Status.Groups {
		g := &own.Status.Groups[i]
		rows = append(rows, row{Group: g, read: own.At, other: counterpart(g, other)})
	}
	return rows
}

func counterpart(g *status.Group, other *Reading) *status.Group {
	if other == nil || other.Status == nil {
		return nil
	}
	var best *status.Group
	for i := range other.Status.Groups {
		o := &other.Status.Groups[i]
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

// mood says how much a row asks for attention.
type mood int

const (
	calm  mood = iota
	away       // it takes no part, and nothing is wrong with that
	amber      // something is not as it should be
	red        // nobody serves, or two do
)

// trouble returns what somebody who is called at night must see first, and how bad
// it is.
func (r *row) trouble() (mood, string) {
	switch {
	case r.Rival != nil && r.Rival.BothActive, r.other != nil && r.State == "Active" && r.other.State == "Active":
		return red, "two routers are active"
	case r.Obstacle != "":
		return amber, r.Obstacle
	case r.State == "Active" && r.ForwardingOff != "":
		return red, "does not forward: " + r.ForwardingOff + " is off"
	case r.Active == nil:
		return red, "no active router is known"
	case r.State == "Active" && unproven(r.Group) > 0:
		return amber, "a neighbour is not proven"
	case r.State == "Active" && r.Protocol == "hsrp" && r.Standby == nil && r.Follow == "":
		return amber, "no standby router"
	case slices.ContainsFunc(r.Tracks, func(t status.TrackRef) bool { return !t.Up }):
		return amber, "a tracked object is down"
	case r.Delay.LeftMS > 0:
		return away, "waits " + left(r.Delay.LeftMS) + " after its interface came up"
	}
	return calm, ""
}

func unproven(g *status.Group) (n int) {
	for _, t := range g.Takeover {
		if !t.Idle && !t.Proven {
			n++
		}
	}
	return n
}

// proofs is how many neighbours of how many are proven to deliver here.
func (r *row) proofs() string {
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

// tracked is how many of the tracked objects are up.
func (r *row) tracked() string {
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

func (r *row) priority() string {
	s := fmt.Sprint(r.Priority)
	if r.Priority != r.ConfiguredPriority {
		s = fmt.Sprintf("%d of %d", r.Priority, r.ConfiguredPriority)
	}
	if r.Preempt {
		s += " P"
	}
	return s
}

// peer names a router and how long its hold time runs on, which goes on falling
// after it was read.
func (r *row) peer(p *status.Peer, now time.Time) string {
	switch {
	case p == nil:
		return "-"
	case p.Address == "local":
		return "local"
	}
	return fmt.Sprintf("%s %5s", p.Address, left(p.ExpiresMS-now.Sub(r.read).Milliseconds()))
}

// left is a time to come in seconds and tenths of them.
func left(ms int64) string { return fmt.Sprintf("%.1fs", float64(max(0, ms))/1000) }

func (r *row) virtual() string {
	switch n := len(r.VirtualIPs); n {
	case 0:
		return "unknown"
	case 1:
		return r.VirtualIPs[0]
	default:
		return fmt.Sprintf("%s +%d", r.VirtualIPs[0], n-1)
	}
}

// opposite is the group's state on the other router.
func (r *row) opposite(now time.Time) string {
	if r.other == nil {
		return "-"
	}
	return fmt.Sprintf("%s %d %s", r.other.State, r.other.Priority, show.Age(r.other.Since, now))
}

// matches reports whether one word of the row contains text, in small letters.
func (r *row) matches(text string) bool {
	_, trouble := r.trouble()
	words := append([]string{r.Ref(), r.Name, r.State, trouble}, r.VirtualIPs...)
	return strings.Contains(strings.ToLower(strings.Join(words, " ")), strings.ToLower(text))
}

// order is what rows are sorted by. The order of the file is the first.
type order int

const (
	byFile order = iota
	byTrouble
	byState
	bySince
	byPriority
	byName
	orders
)

func (o order) String() string {
	return [...]string{"file", "trouble", "state", "last change", "priority", "name"}[o]
}

// sortRows is stable: rows that are equal stay as they were.
func sortRows(rows []row, by order, reverse bool) {
	compare := map[order]func(a, b row) int{
		byTrouble:  func(a, b row) int { return cmp.Compare(b.mood(), a.mood()) },
		byState:    func(a, b row) int { return strings.Compare(a.State, b.State) },
		bySince:    func(a, b row) int { return b.Since.Compare(a.Since) },
		byPriority: func(a, b row) int { return cmp.Compare(b.Priority, a.Priority) },
		byName:     func(a, b row) int { return strings.Compare(a.Name, b.Name) },
	}[by]
	if compare != nil {
		slices.SortStableFunc(rows, compare)
	}
	if reverse {
		slices.Reverse(rows)
	}
}

func (r row) mood() mood {
	m, _ := r.trouble()
	return m
}
