package status

import (
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// Change is a change of who serves a group, as far as this router can know it.
type Change struct {
	ID       int       `json:"id"`
	Group    string    `json:"group"`
	Name     string    `json:"name,omitempty"`
	At       time.Time `json:"at"`
	From     string    `json:"from"`     // "local", an address, or "" when nobody was known
	To       string    `json:"to"`       // likewise
	Records  []Record  `json:"records"`  // why, and what followed; oldest first
	Cost     Cost      `json:"cost"`     //
	Together int       `json:"together"` // other groups whose last change began with the same record
	Advice   string    `json:"advice"`   // what to look at if it was not intended
	Lines    []string  `json:"lines"`    // the same for a person
}

// Cost is what a change has cost, as far as this router can know it.
type Cost struct {
	LastSign   *time.Time `json:"last_sign"`            // of the former holder; null when there was none
	Taken      *time.Time `json:"taken"`                // by the new one; null when nobody is known who has
	HandedOver bool       `json:"handed_over"`          // the former holder served until then
	UnservedMS *int64     `json:"unserved_ms"`          // at most; null when this router cannot know
	BothMS     int64      `json:"both_ms"`              // both were active, at most
	CoveredMS  int64      `json:"covered_ms,omitempty"` // of that, this router forwarded for the former one
	WaitedMS   int64      `json:"waited_ms"`            // of that for the pre_active command
	Announced  uint64     `json:"announced"`            // frames
	Takeover   []Takeover `json:"takeover"`
}

// Record is one fact of a change. What the kind does not need is left out.
type Record struct {
	ID          int               `json:"id"`
	After       int               `json:"after,omitempty"` // the ID of what led to it
	At          time.Time         `json:"at"`
	Kind        engine.RecordKind `json:"kind"`                   // track, command, priority, peer, silence, rejected, understudy, stall, router, transition
	Object      string            `json:"object,omitempty"`       // track
	Up          bool              `json:"up,omitempty"`           // track
	Detail      string            `json:"detail,omitempty"`       // track, router, transition
	Command     *Command          `json:"command,omitempty"`      // command
	About       string            `json:"about,omitempty"`        // the group, of a command or of the leader's transition
	Priority    *Shift            `json:"priority,omitempty"`     // priority: this router's; peer: the other one's
	Peer        string            `json:"peer,omitempty"`         // peer, silence, rejected, understudy
	News        engine.News       `json:"news,omitempty"`         // peer: first-heard, heard-again, priority, state, coup, resign
	Heard       *Heard            `json:"heard,omitempty"`        // peer: the message; silence: the last one
	ForMS       int64             `json:"for_ms,omitempty"`       // silence, stall; peer: the silence before it
	SuspendedMS int64             `json:"suspended_ms,omitempty"` // stall: of that the host itself slept
	StarvedMS   *int64            `json:"starved_ms,omitempty"`   // stall: so long the process was ready to run and got no processor; absent when not known
	Rejected    *Rejected         `json:"rejected,omitempty"`     // rejected
	Transition  int               `json:"transition,omitempty"`   // transition: its ID
	From        string            `json:"from,omitempty"`         // transition
	To          string            `json:"to,omitempty"`           // transition
	Cause       string            `json:"cause,omitempty"`        // transition, router
	Text        string            `json:"text"`                   // the same for a person
}

// Shift is a change of priority.
type Shift struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Heard is a message of another router.
type Heard struct {
	At       time.Time `json:"at"`
	Message  string    `json:"message"` // Hello Active, Coup Standby, Advertisement
	Priority int       `json:"priority"`
}

// Rejected is a router whose packets are not used, for one reason.
type Rejected struct {
	Reason  string    `json:"reason"`            // as in the counters
	Version int       `json:"version,omitempty"` // that it speaks, when the reason is version or group
	Group   int       `json:"group,omitempty"`   // of which it speaks, likewise
	Address string    `json:"address,omitempty"` // its virtual address, likewise
	Claims  bool      `json:"claims"`            // it says that it is active
	Count   uint64    `json:"count"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
}

// changeOf returns c in the shape that scripts rely on.
func changeOf(c *engine.Change) Change {
	out := Change{
		ID: c.ID, Group: c.Group.String(), Name: c.Name, At: c.At, From: holderOf(c.From), To: holderOf(c.To),
		Records: []Record{},
		Cost: Cost{
			LastSign: moment(c.LastSign), Taken: moment(c.Taken), HandedOver: c.Handed,
			BothMS:   c.Both.Milliseconds(),
			WaitedMS: c.Waited.Milliseconds(), Announced: c.Announced, Takeover: TakeoverOf(c.Proofs),
		},
	}
	switch {
	case c.Handed:
		out.Cost.UnservedMS = new(int64(0))
	case !c.LastSign.IsZero() && !c.Taken.IsZero():
		out.Cost.UnservedMS = new((c.Taken.Sub(c.LastSign) + c.Waited).Milliseconds())
	}
	if c.Covered != nil {
		out.Cost.CoveredMS = c.Covered.For.Milliseconds()
	}
	for _, r := range c.Records {
		out.Records = append(out.Records, recordOf(c.Group, r))
	}
	return out
}

func recordOf(group engine.Ref, r *engine.Record) Record {
	out := Record{ID: r.ID, At: r.At, Kind: r.Kind, Object: r.Object, Up: r.Up, Detail: r.Detail, Command: CommandOf(r.Command),
		News: r.News, ForMS: r.For.Milliseconds(), SuspendedMS: r.Suspended.Milliseconds(), Cause: string(r.Cause), Text: recordText(group, r)}
	if r.After != nil {
		out.After = r.After.ID
	}
	if r.Command != nil {
		out.About = r.Group.String()
	}
	if r.Peer.IsValid() {
		out.Peer = r.Peer.String()
	}
	if r.Kind == engine.RecordPriority || r.Kind == engine.RecordPeer {
		out.Priority = &Shift{int(r.Priority.From), int(r.Priority.To)}
	}
	if h := r.Heard; !h.At.IsZero() {
		out.Heard = &Heard{h.At, h.String(), int(h.Priority)}
	}
	if r.StarvedKnown {
		out.StarvedMS = new(r.Starved.Milliseconds())
	}
	if u := r.Rejected; u != nil {
		out.Rejected = new(rejectedOf(u))
	}
	if t := r.Transition; t != nil {
		out.Transition, out.From, out.To, out.Cause, out.Detail = t.ID, t.From, t.To, string(t.Cause), t.Detail
		if t.Group != group {
			out.About = t.Group.String()
		}
	}
	return out
}

func rejectedOf(u *engine.Unheard) Rejected {
	out := Rejected{Reason: string(u.Reason), Version: int(u.Version), Group: int(u.Number), Claims: u.Claims,
		Count: u.Count, First: u.First, Last: u.Last}
	if u.VirtualIP.IsValid() {
		out.Address = u.VirtualIP.String()
	}
	return out
}

func holderOf(h engine.Holder) string {
	switch {
	case !h.Known:
		return ""
	case h.Local:
		return "local"
	}
	return h.Addr.String()
}

// moment returns nil for no time.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
