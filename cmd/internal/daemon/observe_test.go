package daemon

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func TestEventsAreToldInOrderAndBeforeTheEnd(t *testing.T) {
	var b bytes.Buffer
	d := &Daemon{log: slog.New(slog.NewTextHandler(&b, nil)), telling: newWorker()}
	release := make(chan struct{})
	d.telling.do(func() { <-release }) // somebody is slow
	const n = 100
	for i := range n {
		d.observe(status.Event{Kind: "notice", Message: fmt.Sprintf("event-%d.", i)})
	}
	close(release)
	d.closeEvents(time.Now().Add(time.Minute))
	log := b.String()
	for i, at := 0, 0; i < n; i++ {
		found := strings.Index(log[at:], fmt.Sprintf("event-%d.", i))
		if found < 0 {
			t.Fatalf("event %d is missing or out of order in\n%s", i, log)
		}
		at += found
	}
}
