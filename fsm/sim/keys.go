package sim

import (
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/fsm/trailer"
	"github.com/fhrpd/fhrpd/hello"
)

// overlap is how long both keys are believed before and after the second takes
// over: longer than clocks differ, and packets wait for a host that stalls.
const overlap = 15 * time.Second

// keychain is what all routers of a plan share: two keys, of which the second takes
// over at a time.
func keychain(rolls time.Duration) hello.Keychain {
	at := epoch.Add(rolls)
	key := func(id uint32) hello.Key {
		return hello.Key{ID: id, Secret: hello.NewSecret([]byte(strings.Repeat(string(rune('a'+id)), hello.MinHMACKey)))}
	}
	first, second := key(1), key(2)
	first.Send.Until, first.Accept.Until = at, at.Add(overlap)
	second.Send.From, second.Accept.From = at, at.Add(-overlap)
	return hello.Keychain{Name: "lan", Keys: []hello.Key{first, second}}
}

// sign gives a group the keys of its router, if that has any.
func (r Router) sign(g *engine.Group) {
	if r.Rolls > 0 {
		g.Keychain, g.Trailer = keychain(r.Rolls), trailer.Rules{Window: trailer.DefaultWindow(r.Hello)}
	}
}

// unbelieved reports whether an event says that the authentication of another
// router is wrong, which it never is here: a packet may only come twice.
func unbelieved(ev engine.Event) bool {
	return ev.Kind == engine.KindReject && strings.Contains(ev.Message, "BADAUTH")
}
