package engine

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// What is complained about, and how often.
const (
	// quiet is how long the same complaint about the same sender is held back.
	quiet = time.Hour
	// newcomers is how many senders may be complained about for one reason in
	// one budget, however many there are: forged ones cost the sender nothing.
	newcomers = 8
	budget    = time.Minute
	// maxSubjects bounds what is remembered of senders.
	maxSubjects = 4096
)

// complaints remembers what was complained about, so that it is not again.
// Topics are bounded by the configuration, subjects are not.
type complaints struct {
	said   map[complaint]time.Time
	topics map[topic]*allowance
}

// topic is what is wrong with whom: with a group, or with an interface when no
// more of the reference is set.
type topic struct {
	about Ref
	word  string
}

type complaint struct {
	topic
	subject string
}

// allowance counts the complaints of the present budget.
type allowance struct {
	since time.Time
	used  int
}

func newComplaints() complaints {
	return complaints{said: map[complaint]time.Time{}, topics: map[topic]*allowance{}}
}

// first reports whether a complaint is to be made: whether it is new, or old
// enough to be repeated, and not one of many.
func (c *complaints) first(now time.Time, about Ref, word, subject string) bool {
	key := complaint{topic{about, word}, subject}
	if at, ok := c.said[key]; ok && now.Sub(at) < quiet {
		return false
	}
	t := c.topics[key.topic]
	if t == nil {
		t = &allowance{since: now}
		c.topics[key.topic] = t
	}
	if now.Sub(t.since) >= budget {
		*t = allowance{since: now}
	}
	if t.used >= newcomers || !c.room(now) {
		return false
	}
	t.used++
	c.said[key] = now
	return true
}

// room reports whether another complaint can be remembered.
func (c *complaints) room(now time.Time) bool {
	if len(c.said) < maxSubjects {
		return true
	}
	for k, at := range c.said {
		if now.Sub(at) >= quiet {
			delete(c.said, k)
		}
	}
	return len(c.said) < maxSubjects
}

func sender(env *hello.Envelope) string {
	if env.Src == (netip.Addr{}) {
		return env.SrcMAC.String()
	}
	return env.Src.String()
}
