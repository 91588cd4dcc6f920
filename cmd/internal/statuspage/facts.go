package statuspage

import (
	"context"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/overview"
	"github.com/fhrpd/fhrpd/cmd/internal/plain"
	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// Bounds of the page; "fhrpd watch" has all.
const (
	mostRows  = 200
	mostMoves = 20
)

// facts is what the page shows, as text that is ready to be read.
type facts struct {
	Version     string
	PID         int
	Up          string
	At          string
	Maintenance bool
	Summary     string
	Worst       string // class of the summary
	Rows        []line
	More        int // rows that are left out
	Tracks      []track
	Why         []string
	Picture     template.HTML
	Moves       []string // newest first
}

// line is one group.
type line struct {
	Ref, Name, State, Priority, Virtual, Proven, Tracked string
	Since                                                string
	SinceMS                                              int64 // ago
	Active, Standby                                      peer
	Note, Class                                          string
}

// peer is a router in a role, and what is left of its hold time.
type peer struct {
	Name   string
	LeftMS int64
	Left   string // "" for this router and for nobody
}

type track struct{ Name, Kind, Target, State, Class, Detail string }

var classes = [...]string{overview.Calm: "calm", overview.Away: "away", overview.Amber: "amber", overview.Red: "red"}

func gather(ctx context.Context, src Source, host string, now time.Time) (*facts, error) {
	st, err := src.Status(ctx)
	if err != nil {
		return nil, err
	}
	past, err := src.History(ctx)
	if err != nil {
		return nil, err
	}
	f := &facts{Version: plain.Line(st.Version), PID: st.PID, At: now.Format(time.DateTime + " MST"), Maintenance: st.Maintenance,
		Up: show.Age(now.Add(-time.Duration(st.UptimeMS)*time.Millisecond), now)}
	f.groups(overview.Rows(st, now, nil), now)
	f.tracks(st.Tracks, now)
	f.moves(past)
	f.Picture = template.HTML(picture(past, now)) // its texts are escaped
	if len(st.Groups) > 0 {
		x, err := src.Explain(ctx, status.Question{})
		if err != nil {
			return nil, err
		}
		f.Why = lines(x.Lines)
	}
	return f, nil
}

func lines(in []string) (out []string) {
	for _, l := range in {
		out = append(out, plain.Line(l))
	}
	return out
}

func (f *facts) groups(rows []overview.Row, now time.Time) {
	count, trouble, worst := map[string]int{}, 0, overview.Calm
	for i := range rows {
		count[rows[i].State]++
		m := rows[i].Mood()
		if m >= overview.Amber {
			trouble++
		}
		worst = max(worst, m)
	}
	f.Worst, f.Summary = classes[worst], summary(len(rows), count, trouble)
	overview.Sort(rows, overview.ByTrouble, false)
	if len(rows) > mostRows {
		f.More, rows = len(rows)-mostRows, rows[:mostRows]
	}
	for i := range rows {
		f.Rows = append(f.Rows, lineOf(&rows[i], now))
	}
}

func summary(n int, count map[string]int, trouble int) string {
	var states []string
	for s, n := range count {
		states = append(states, fmt.Sprintf("%d %s", n, s))
	}
	slices.Sort(states)
	text := "1 group"
	if n != 1 {
		text = fmt.Sprintf("%d groups", n)
	}
	if len(states) > 0 {
		text += ": " + strings.Join(states, ", ")
	}
	if trouble == 0 {
		return text + ". Nothing to look at."
	}
	return fmt.Sprintf("%s. %d to look at.", text, trouble)
}

func lineOf(r *overview.Row, now time.Time) line {
	m, note := r.Trouble()
	l := line{
		Ref: plain.Line(r.Ref()), State: r.State, Priority: r.Pri(), Virtual: strings.Join(lines(r.VirtualIPs), " "), Proven: r.Proven(), Tracked: r.Tracked(),
		Since: show.Age(r.Since, now), SinceMS: max(0, now.Sub(r.Since).Milliseconds()),
		Active: peerOf(r.Active), Standby: peerOf(r.Standby), Note: plain.Line(note), Class: classes[m],
	}
	if !r.NameDefault {
		l.Name = plain.Line(r.Name)
	}
	return l
}

func peerOf(p *status.Peer) peer {
	switch {
	case p == nil:
		return peer{Name: "nobody known"}
	case p.Address == "local":
		return peer{Name: "this router"}
	}
	return peer{Name: p.Address, LeftMS: p.ExpiresMS, Left: overview.Left(p.ExpiresMS)}
}

func (f *facts) tracks(list []status.Track, now time.Time) {
	for _, t := range list {
		out := track{Name: plain.Line(t.Name), Kind: t.Kind, Target: plain.Line(t.Target), State: "not known yet", Class: "away", Detail: plain.Line(t.Detail)}
		switch {
		case t.Known && t.Up:
			out.State, out.Class = "up for "+show.Age(t.Since, now), "calm"
		case t.Known:
			out.State, out.Class = "down for "+show.Age(t.Since, now), "amber"
		}
		f.Tracks = append(f.Tracks, out)
	}
}

// moves are the last ones, newest first.
func (f *facts) moves(past []status.Past) {
	for i := len(past) - 1; i >= 0 && len(f.Moves) < mostMoves; i-- {
		f.Moves = append(f.Moves, plain.Line(strings.TrimSpace(show.History(past[i:i+1]))))
	}
}
