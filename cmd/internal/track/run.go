package track

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"

	"github.com/fhrpd/fhrpd/configs"
)

// Run checks the objects, except those that follow an interface, until ctx is
// done. Everything happens in the network namespace of the process.
//
// report is called, from one goroutine for each object, when the state of an
// object becomes known or changes, with every result that speaks against the
// state, and now and then with fresh details. It may block, which delays only its
// own object. detail says what was seen, for people.
func Run(ctx context.Context, tracks []configs.Track, log *slog.Logger, report func(name string, up bool, detail string)) {
	var running sync.WaitGroup
	routes := map[netip.Prefix][]*object{}
	for _, t := range tracks {
		look := newCheck(t)
		if look == nil {
			continue
		}
		obj := newObject(t, look, func(up bool, detail string) { report(t.Name, up, detail) })
		if t.Kind == configs.TrackRoute {
			routes[t.Prefix] = append(routes[t.Prefix], obj)
		}
		running.Go(func() { obj.run(ctx) })
	}
	if len(routes) > 0 {
		running.Go(func() {
			if err := watchRoutes(ctx, routes); err != nil {
				log.Warn("tracked routes are looked at once an interval only", "error", err)
			}
		})
	}
	running.Wait()
}

// check looks at an object once. It returns what it saw, or why the object
// counts as down; it should return when ctx is done.
type check func(ctx context.Context) (detail string, err error)

// newCheck returns nil for an object that is not checked here.
func newCheck(t configs.Track) check {
	switch t.Kind {
	case configs.TrackRoute:
		return routeCheck(t.Prefix)
	case configs.TrackPing:
		return pingCheck(t.Addr, t.Timeout)
	case configs.TrackARP:
		return arpCheck(t.Addr, t.Timeout)
	case configs.TrackTCP:
		return tcpCheck(t.Target, t.Timeout)
	case configs.TrackHTTP:
		return httpCheck(t.Target, t.Timeout)
	case configs.TrackFile:
		return fileCheck(t.Target)
	case configs.TrackCommand:
		return commandCheck(t.Command, t.Timeout)
	}
	return nil
}
