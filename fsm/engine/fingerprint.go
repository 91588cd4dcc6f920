package engine

import (
	"encoding/binary"
	"time"

	"github.com/fhrpd/fhrpd/internal/state"
)

// Fingerprints tells states of engines apart, for who explores what can become of
// them. Two states with the same fingerprint do the same from there on, whatever
// happens: their times are told from now on, and what was only told or counted is
// left out. Unlike a snapshot it can be taken at every moment between two turns.
// It is for one goroutine.
type Fingerprints struct{ digest state.Digester }

// NewFingerprints returns what tells engines apart with configurations that have no time
// longer than past: neither that until others take over, nor a lease, a delay or a burst
// of announcements. What was longer ago than that is over.
func NewFingerprints(past time.Duration) *Fingerprints {
	return &Fingerprints{state.Digester{Skip: toldOnly, Keep: configured, Past: past, Longer: remembered}}
}

// remembered are the times that are compared over longer ones than any of a configuration.
var remembered = map[string]time.Duration{
	"garp.Schedule.defended": time.Minute,
	"engine.refusal.at":      3 * mostRefusalPause,
	"engine.claimant.at":     2 * heirSilence,
	"engine.inquest.rest":    2 * forgetVain * restMost,
}

// Append appends the fingerprint of an engine at now to b.
func (f *Fingerprints) Append(b []byte, now time.Time, e *Engine) []byte {
	e.settle()
	q := queues{e.speaking.filed(), e.silent.filed(), e.chores.filed()}
	b = f.digest.Append(b, now, e, &q)
	for _, g := range e.groups {
		round := int64(-1) // no answer is waited for
		if g.round != 0 {
			round = int64(g.iface.round - g.round)
		}
		b = binary.AppendVarint(b, round)
		if t := g.machine.Status().HelloTime; t > 0 { // of the instants at which hellos leave
			b = binary.AppendVarint(b, int64(now.Sub(e.started)%t))
		}
	}
	return b
}

// Serves reports whether a group has its address as far as the engine has decided: its
// gate is to be open.
func (e *Engine) Serves(id ID) bool {
	g := e.byID[id]
	return g != nil && g.tenure.hasAddress()
}

// configured are the fields that a snapshot leaves to its reader.
var configured = map[string]string{
	"engine.Engine.router": "the groups",
}

// toldOnly are the fields that nothing is decided by.
var toldOnly = map[string]string{
	"engine.Engine.timing": "how punctual it was",

	"engine.journal.history":    "what happened",
	"engine.journal.commands":   "what happened",
	"engine.journal.records":    "what happened",
	"engine.journal.changes":    "what happened",
	"engine.journal.complaints": "what is said, and how often",

	"engine.router.own":     "why",
	"engine.router.stall":   "why",
	"engine.router.started": "since when; its place in the hello time is told",

	"engine.iface.round":      "its distance from that of the groups is told",
	"engine.group.round":      "its distance from that of the interface is told",
	"engine.iface.advertises": "counts",
	"engine.iface.rejected":   "counts",
	"engine.iface.unheard":    "what is said",
	"engine.iface.unsent":     "counts",
	"engine.iface.lastError":  "what is said",
	"engine.iface.restored":   "counts",
	"engine.iface.outside":    "what is said",
	"engine.iface.duplicate":  "what is said",

	"engine.group.since":       "since when",
	"engine.group.obstacle":    "what is said",
	"engine.group.untold":      "what is said",
	"engine.group.lastWait":    "what happened",
	"engine.group.ordered":     "why",
	"engine.group.transitions": "counts",
	"engine.group.counters":    "counts",
	"engine.group.conflict":    "what is said",
	"engine.group.rival":       "what is said",
	"engine.group.insistence":  "what is said",
	"garp.Schedule.refreshes":  "counts",
	"engine.understudy.began":  "why",
	"engine.understudy.last":   "what happened",
	"engine.Transition.ID":     "counts",
	"engine.Transition.At":     "when",
	"engine.Transition.Detail": "what is said",
	"engine.Transition.Facts":  "what was known",

	"engine.story.holder":    "who serves, as told",
	"engine.story.since":     "since when",
	"engine.story.hold":      "for what is told",
	"engine.story.change":    "what happened",
	"engine.story.base":      "counts",
	"engine.story.own":       "why",
	"engine.story.began":     "why",
	"engine.story.moved":     "why",
	"engine.story.doubt":     "for what is told",
	"engine.story.contested": "what happened",
	"engine.word.priority":   "for what is told",
	"engine.word.standing":   "why",
	"engine.word.news":       "why",
}
