package watch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return at }

// group is a healthy HSRP group n, as the active router sees it.
func group(n int, state string) status.Group {
	g := status.Group{
		Protocol: "hsrp", Version: 2, Family: 4, Interface: "eth1", ID: n, Name: fmt.Sprintf("lan-%d", n), State: state,
		Since: at.Add(-time.Duration(n) * time.Minute), Priority: 110, ConfiguredPriority: 110, Preempt: true,
		VirtualIPs: []string{fmt.Sprintf("192.0.2.%d", n%250+1)}, NextHelloMS: -1, HelloMS: 1000, HoldMS: 3000,
		Active:  &status.Peer{Address: "local", Priority: 110},
		Standby: &status.Peer{Address: "192.0.2.253", Priority: 100, ExpiresMS: 2500},
	}
	if state == "Standby" {
		g.Priority, g.ConfiguredPriority = 100, 100
		g.Active, g.Standby = &status.Peer{Address: "192.0.2.252", Priority: 110, ExpiresMS: 2700}, &status.Peer{Address: "local"}
	}
	return g
}

func router(pid int, groups ...status.Group) *status.Status {
	return &status.Status{Version: "v1.2.3", PID: pid, UptimeMS: 3_600_000, Groups: groups}
}

func moved(n int, when time.Time, from, to, cause string) status.Past {
	return status.Past{Transition: status.Transition{ID: n, Protocol: "hsrp", Interface: "eth1", Group: n, Family: 4,
		Name: fmt.Sprintf("lan-%d", n), From: from, To: to, At: when, Cause: cause}}
}

// source answers from memory, and tells of events that a test makes.
type source struct {
	mu     sync.Mutex
	st     *status.Status
	past   []status.Past
	err    error
	asked  int
	events chan status.Event
}

func (s *source) Status(context.Context) (*status.Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return s.st, s.err
}

func (s *source) History(context.Context) ([]status.Past, error) { return s.past, nil }

func (s *source) Subscribe(context.Context) (<-chan status.Event, error) {
	if s.events == nil {
		return nil, errors.New("no events")
	}
	return s.events, nil
}

func (s *source) set(change func(*source)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}
