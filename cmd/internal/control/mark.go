package control

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// Mark is a place in the stream of events of a daemon and of the processes that take its
// place: a reader that has had all up to it goes on there.
type Mark struct {
	Lineage string // of the processes; empty: no place
	Number  uint64 // of the last event
}

// markHeader has the mark of a stream's beginning.
const markHeader = "Fhrpd-Events"

// String returns the mark as the text that parseMark reads.
func (m Mark) String() string { return fmt.Sprintf("%s/%d", m.Lineage, m.Number) }

// parseMark returns no place for a text that is no mark.
func parseMark(s string) Mark {
	lineage, number, _ := strings.Cut(s, "/")
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || lineage == "" {
		return Mark{}
	}
	return Mark{lineage, n}
}

// Streamer is a Backend whose streams of events can be taken up again.
type Streamer interface {
	// Resume is Subscribe for a reader that has had all up to a mark. Where the mark is
	// of another lineage, or none, the stream begins now. begin is where it does.
	Resume(ctx context.Context, after Mark) (events <-chan status.Event, begin Mark, err error)
}

// line is an event as it is streamed.
type line struct {
	status.Event
	Number uint64 `json:"number,omitempty"`
}
