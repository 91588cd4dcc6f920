package interop

import (
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// Names of the routers; the switch's ports are called after them.
const (
	us   = "us"
	them = "peer"
	// third is there where more than two are needed.
	third = "third"
)

const (
	dev  = fhrptest.LANDev
	vrid = 51
)

// The virtual addresses. The peer's own are higher than ours, unless swapped.
var (
	vip4      = netip.MustParseAddr("192.168.1.254")
	vip6      = netip.MustParseAddr("2001:db8:1::254")
	vip6Local = netip.MustParseAddr("fe80::254")
)

var must = fhrptest.Must

// segment is a client and two or three routers behind a switch.
type segment struct {
	*fhrptest.LAN
	t     testing.TB
	spoke map[string]*atomic.Int64 // when a router's last claim of the role arrived at the switch, nanoseconds
}

// newSegment builds the network, with the routers in the order of their
// addresses.
func newSegment(t testing.TB, routers ...string) *segment {
	t.Helper()
	return segmentOf(t, fhrptest.Plan{Gateways: routers, Routers: true})
}

func segmentOf(t testing.TB, plan fhrptest.Plan) *segment {
	t.Helper()
	s := &segment{t: t, spoke: map[string]*atomic.Int64{}, LAN: fhrptest.NewLAN(t, plan)}
	for _, g := range s.Gateways {
		spoke := new(atomic.Int64)
		s.spoke[g.Name] = spoke
		g.Watch(func(f netlab.Frame) bool {
			if f.Sent {
				return false
			}
			if m, _, ok := advert(f.Data); ok && m.VRID == vrid && m.Priority > 0 {
				spoke.Store(f.At.UnixNano())
			}
			return !isEcho(f.Data) // of which there are too many
		})
	}
	return s
}

// silence returns how long ago a router last claimed the role.
func (s *segment) silence(name string) time.Duration {
	return time.Since(time.Unix(0, s.spoke[name].Load()))
}

// within waits for a condition and returns whether it came true in time.
func (s *segment) within(d time.Duration, cond func() bool) bool {
	return netlab.Eventually(s.t.Context(), d, cond) == nil
}
