package chaos

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mdlayher/packet"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

const (
	// bound is how long it may take, on a machine that is busy with other
	// things, until one gateway owns every address. The timers ask for less than
	// a second, and for twice as long after a fence.
	bound = 10 * time.Second
	// forAnswers is how long answers are waited for.
	forAnswers = 40 * time.Millisecond
	// forSilence is how long the others must be silent: several hellos.
	forSilence = 500 * time.Millisecond
)

// asker asks who has an address.
type asker struct {
	t    testing.TB
	conn *packet.Conn
	mac  hello.MAC
}

func newAsker(t testing.TB, ns *netlab.NS, mac hello.MAC) *asker {
	t.Helper()
	a := &asker{t: t, mac: mac}
	must(t, ns.Do(func() error {
		ifi, err := net.InterfaceByName(dev)
		if err != nil {
			return err
		}
		a.conn, err = packet.Listen(ifi, packet.Raw, 0, nil)
		return err
	}))
	t.Cleanup(func() { a.conn.Close() })
	return a
}

func (a *asker) ask(v group) {
	a.t.Helper()
	p, err := garp.NewProbe(v.vip, a.mac)
	must(a.t, err)
	_, err = a.conn.WriteTo(p.Frame(), &packet.Addr{HardwareAddr: hello.Broadcast.HardwareAddr()})
	must(a.t, err)
}

// owners returns who answers for each group's address now.
func (s *segment) owners() [][]*gateway {
	began := time.Now()
	for _, v := range s.groups {
		s.asking.ask(v)
	}
	s.pass(forAnswers)
	out := make([][]*gateway, len(s.groups))
	for i, v := range s.groups {
		for _, g := range s.gateways {
			if g.wire.answered(v.vip, began) {
				out[i] = append(out[i], g)
			}
		}
	}
	return out
}

// settled waits until the best gateway alone answers for every group, twice in
// a row, and then listens whether all others are silent. It returns how long
// that took.
func (s *segment) settled(after string) time.Duration {
	s.t.Helper()
	began := time.Now()
	var seen [][]*gateway
	for times := 0; times < 2; {
		if seen = s.owners(); s.asTheyShould(seen) {
			times++
			continue
		}
		times = 0
		if time.Since(began) > bound {
			s.t.Fatalf("after %s: %s\n%s", after, s.explain(seen), s.tails())
		}
	}
	took := time.Since(began)
	s.silent(after)
	return took
}

func (s *segment) asTheyShould(seen [][]*gateway) bool {
	for i, v := range s.groups {
		best := s.best(v)
		switch {
		case best == nil && len(seen[i]) > 0, best != nil && (len(seen[i]) != 1 || seen[i][0] != best):
			return false
		}
	}
	return true
}

// silent looks for frames with a virtual MAC from a gateway that has no role.
func (s *segment) silent(after string) {
	s.t.Helper()
	since := time.Now()
	s.pass(forSilence)
	for _, v := range s.groups {
		for _, g := range s.gateways {
			if best := s.best(v); g != best && g.wire.spoke(v.mac, since) {
				s.t.Errorf("after %s: a frame from %s left %s, which is standby\n%s", after, v.mac, g.name, s.tails())
			}
		}
	}
}

func (s *segment) explain(seen [][]*gateway) string {
	var list []string
	for i, v := range s.groups {
		var names []string
		for _, g := range seen[i] {
			names = append(names, g.name)
		}
		want := "nobody"
		if best := s.best(v); best != nil {
			want = best.name
		}
		list = append(list, fmt.Sprintf("%s is answered for by %v, want %s", v.vip, names, want))
	}
	return strings.Join(list, "; ")
}

func (s *segment) tails() string {
	var list []string
	for _, g := range s.gateways {
		list = append(list, fmt.Sprintf("%s: running %v, frozen %v, cut %v, priorities %v\n%s", g.name, g.running, g.frozen, g.cut, g.priority, g.Tail()))
	}
	return strings.Join(list, "\n")
}
