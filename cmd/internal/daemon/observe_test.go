package daemon

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

func TestEventsAreToldInOrderAndBeforeTheEnd(t *testing.T) {
	var b bytes.Buffer
	d := &Daemon{log: slog.New(slog.NewTextHandler(&b, nil)), events: newWorker()}
	release := make(chan struct{})
	d.events.do(func() { <-release }) // somebody is slow
	const n = 100
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i := range n {
		d.observe(engine.Event{At: began.Add(time.Duration(i) * time.Second), Kind: "notice", Message: fmt.Sprintf("event-%d.", i)})
	}
	close(release)
	d.closeEvents(time.Now().Add(time.Minute))
	log := b.String()
	if want := "time=2026-03-01T12:01:39.000Z level=INFO msg=event-99."; !strings.Contains(log, want) {
		t.Errorf("no %q in\n%s", want, log)
	}
	for i, at := 0, 0; i < n; i++ {
		found := strings.Index(log[at:], fmt.Sprintf("event-%d.", i))
		if found < 0 {
			t.Fatalf("event %d is missing or out of order in\n%s", i, log)
		}
		at += found
	}
}
