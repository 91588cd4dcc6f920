package engine

import (
	"fmt"
	"testing"
	"time"
)

func TestRepeatedComplaintComesBackAfterAnHour(t *testing.T) {
	c := newComplaints()
	for _, tt := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {time.Minute, false}, {59 * time.Minute, false}, {time.Hour, true}} {
		if got := c.first(start.Add(tt.after), Ref{Interface: "eth0"}, "auth", "192.0.2.11"); got != tt.want {
			t.Errorf("after %v: %v, want %v", tt.after, got, tt.want)
		}
	}
}

func TestForgedSendersDoNotFillTheLogOrTheMemory(t *testing.T) {
	c := newComplaints()
	said := 0
	for i := range 1_000_000 {
		if c.first(start.Add(time.Duration(i)*time.Millisecond), Ref{Interface: "eth0"}, "group", fmt.Sprint(i)) {
			said++
		}
	}
	if limit := newcomers * 17; said > limit || said < newcomers {
		t.Errorf("complained %d times in 1000 s, want at most %d", said, limit)
	}
	if len(c.said) > maxSubjects {
		t.Errorf("%d senders are remembered", len(c.said))
	}
	for i := range 3 * maxSubjects { // other topics, each with its budget
		c.first(start, Ref{Interface: "eth0"}, fmt.Sprint("topic ", i), "x")
	}
	if len(c.said) > maxSubjects {
		t.Errorf("%d senders are remembered", len(c.said))
	}
	if !c.first(start.Add(3*time.Hour), Ref{Interface: "eth0"}, "group", "new") {
		t.Error("old complaints keep out new ones for ever")
	}
}
