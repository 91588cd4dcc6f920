package engine

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// What is complained about, and how often. Senders are easily forged, and what
// is said of a thousand of them is worth one line. Each budget is for a minute.
const (
	// quiet is how long the same complaint about the same sender is held back.
	quiet  = time.Hour
	budget = time.Minute
	// newcomers is how many senders may be complained about for one reason in one
	// group.
	newcomers = 8
	// perWord and perLedger bound the lines for one reason in all groups, and for
	// all reasons of one importance. The latter also bounds what is remembered:
	// as many complaints as there may be in an hour.
	perWord   = 16
	perLedger = 48
)

// important reports whether a complaint is of what takes the service away, or of
// this host itself, which nobody on the segment can forge. It has limits of its
// own, and the first of its kind in a group is always heard.
func important(word string) bool {
	switch word {
	case wordConflict, wordAnswered, wordDuplicate, wordOwners, wordOwned, wordUnserved,
		wordKeychain, wordSkew,
		wordRenew, wordShut, wordSend, wordAddresses, wordSetting, wordSettings, wordFilter, wordFilters:
		return true
	}
	return false
}

// The words of complaints that are none of hello's for rejected packets.
const (
	wordConflict  = "conflict"  // another host claims a virtual address that this router serves
	wordAnswered  = "answered"  // another host answers for one that nobody should have
	wordDuplicate = "duplicate" // another host has this router's own address
	wordOwners    = "two-owners"
	wordOwned     = "owned"
	wordUnknown   = "unknown"  // no result of a tracked object
	wordUnserved  = "unserved" // nobody serves while this router is in maintenance

	wordKeychain = "keychain" // no key of it may be sent
	wordSkew     = "skew"     // of the clock of a router that is believed

	wordRenew     = "renew"
	wordShut      = "shut"
	wordSend      = "send"
	wordAddresses = "addresses"
	wordSetting   = "setting"
	wordSettings  = "settings"
	wordFilter    = "filter"
	wordFilters   = "filters"

	wordLearned = "learned"
)

// complaints remembers what was complained about, so that it is not again, and
// counts what was left out. A question takes the same time whatever was asked
// before.
type complaints struct {
	ordinary, important ledger
	leftOut             leftOut
}

// ledger is one importance.
type ledger struct {
	said   map[complaint]time.Time
	oldest fifo[complaint] // of said
	topics map[topic]*allowance
	words  map[string]*allowance
	all    allowance
}

// topic is what is wrong with whom: with a group, or with an interface when no
// more of the reference is set. There are as many as the configuration allows.
type topic struct {
	about Ref
	word  string
}

// complaint is a topic with a subject, of which there is no end.
type complaint struct {
	topic
	subject subject
}

// subject is who or what is complained about.
type subject struct {
	addr netip.Addr
	mac  hello.MAC
	text string
}

// allowance counts the complaints of the present budget.
type allowance struct {
	since, last time.Time
	used        int
}

func newComplaints() complaints {
	return complaints{ordinary: newLedger(), important: newLedger()}
}

func newLedger() ledger {
	return ledger{said: map[complaint]time.Time{}, topics: map[topic]*allowance{}, words: map[string]*allowance{}}
}

// first reports whether a complaint is to be made: whether it is new, or old
// enough to be repeated, and not one of many.
func (c *complaints) first(now time.Time, about Ref, word string, s subject) bool {
	key := complaint{topic{about, word}, s}
	l := c.ledger(word)
	if at, ok := l.said[key]; ok && now.Sub(at) < quiet {
		return false
	}
	if !c.allowed(now, about, word) {
		return false
	}
	l.remember(now, key)
	return true
}

// allowed reports whether there is room for another line, which it then takes,
// whatever was said before.
func (c *complaints) allowed(now time.Time, about Ref, word string) bool {
	l, t := c.ledger(word), topic{about, word}
	each := []*allowance{entry(l.topics, t), entry(l.words, word), &l.all}
	always := l == &c.important && (each[0].last.IsZero() || now.Sub(each[0].last) >= quiet)
	for n, most := range [...]int{newcomers, perWord, perLedger} {
		if each[n].spent(now, most) && !always {
			c.leftOut.add(now, word)
			return false
		}
	}
	for _, a := range each {
		a.used++
		a.last = now
	}
	return true
}

func (c *complaints) ledger(word string) *ledger {
	if important(word) {
		return &c.important
	}
	return &c.ordinary
}

// remember notes a complaint that is made, and forgets those that may be made
// again.
func (l *ledger) remember(now time.Time, key complaint) {
	for l.oldest.len() > 0 && now.Sub(l.said[l.oldest.first()]) >= quiet {
		delete(l.said, l.oldest.pop())
	}
	l.said[key] = now
	l.oldest.push(key)
}

// spent reports whether a budget of so many is used up. A new one begins with
// the first complaint after the end of the last.
func (a *allowance) spent(now time.Time, most int) bool {
	if now.Sub(a.since) >= budget {
		a.since, a.used = now, 0
	}
	return a.used >= most
}

func entry[K comparable](m map[K]*allowance, key K) *allowance {
	a := m[key]
	if a == nil {
		a = &allowance{}
		m[key] = a
	}
	return a
}

// fifo is a queue that does not grow beyond twice what is in it.
type fifo[T any] struct {
	list []T
	done int // of list
}

func (f *fifo[T]) len() int { return len(f.list) - f.done }
func (f *fifo[T]) first() T { return f.list[f.done] }
func (f *fifo[T]) push(v T) { f.list = append(f.list, v) }

func (f *fifo[T]) pop() T {
	v := f.list[f.done]
	f.done++
	if 2*f.done > len(f.list) {
		f.list = append(f.list[:0], f.list[f.done:]...)
		f.done = 0
	}
	return v
}

// sender is who sent a packet, as far as it says so.
func sender(env *hello.Envelope) subject {
	if !env.Src.IsValid() {
		return subject{mac: env.SrcMAC}
	}
	return subject{addr: env.Src}
}

func byAddr(a netip.Addr) subject { return subject{addr: a} }
func byMAC(mac hello.MAC) subject { return subject{mac: mac} }
func byText(s string) subject     { return subject{text: s} }
