package engine

import (
	"net/netip"
	"time"
)

// Stint is a time for which a group forwarded for a silent active router, without the
// role.
type Stint struct {
	Began   *Record // of kind RecordUnderstudy, the same for all groups that began with it
	For     time.Duration
	Packets uint64 // that were flooded to the interface meanwhile, of all its groups
	End     string // why it ended
	Took    bool   // with the role
}

// tellBegun makes the record of a beginning, which is the same for all groups.
func (r *router) tellBegun(now time.Time, of netip.Addr) *Record {
	return r.record(Record{At: now, Kind: RecordUnderstudy, Peer: of})
}

// endStint notes a stint that ends now.
func (g *group) endStint(now time.Time, st *Understudy, why string, took bool) {
	g.understudy.last = &Stint{Began: g.understudy.began, For: now.Sub(st.Since), Packets: st.Packets, End: why, Took: took}
}

// understood returns the stint that ends with a change of who serves, nil when there is
// none: what the change is told to begin with.
func (g *group) understood(now time.Time) *Stint {
	if s := g.understudy.last; s != nil && s.Began.At.Add(s.For).Equal(now) {
		return s
	}
	return nil
}
