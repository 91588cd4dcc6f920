package scenario

import (
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// clockwork reports every fifth second, and every message with its sender.
type clockwork struct{ at time.Time }

func (c *clockwork) Deadline() (time.Time, bool) { return c.at, !c.at.IsZero() }
func (c *clockwork) Status() fsm.Status          { return fsm.Status{State: "Ticking"} }

func (c *clockwork) Step(now time.Time, ev fsm.Event) []fsm.Action {
	switch ev := ev.(type) {
	case fsm.Up:
		c.at = now.Add(5 * time.Second)
	case *fsm.Received:
		return []fsm.Action{fsm.Send{Message: ev.Message}, fsm.Learned{From: ev.From}}
	case fsm.Tick:
		c.at = c.at.Add(5 * time.Second)
		return []fsm.Action{fsm.Acquire{}, fsm.Report{From: "a", To: "b", Cause: fsm.CauseStarted}}
	}
	return nil
}

var clock = Protocol{
	New: func(l Line) (Machine, error) { return &clockwork{}, l.Only("size") },
	Message: func(l Line) (hello.Message, error) {
		return &hello.VRRP{VRID: uint8(len(l.Words))}, l.Only("state")
	},
	Format: func(m hello.Message) string { return strings.Repeat("word ", int(m.(*hello.VRRP).VRID)) },
}

func TestPlay(t *testing.T) {
	const story = `# a comment stays

group size=3
at 0s: up 192.0.2.1
at 5s: recv one two state=x from 192.0.2.2
	5s      send word word , real MAC
	5s      learned from 192.0.2.2:
	5s      acquire
	5s      a -> b: started
at 10s: run
	10s     acquire
	10s     a -> b: started
at 10.5s: show
	10.5s   Ticking, priority 0 (configured 0), hello 0s hold 0s, addresses [], active unknown, standby unknown
`
	var commands []string
	for line := range strings.Lines(story) {
		if !strings.HasPrefix(line, "\t") {
			commands = append(commands, line)
		}
	}
	got, err := play(strings.Join(commands, ""), clock)
	if err != nil {
		t.Fatal(err)
	}
	if line, want, got := difference(story, got); line > 0 {
		t.Errorf("line %d: want %q, got %q", line, want, got)
	}
	again, err := play(got, clock)
	if err != nil || again != got {
		t.Errorf("playing the result gives something else: %v\n%s", err, again)
	}
}

func TestPlayRejects(t *testing.T) {
	for name, text := range map[string]string{
		"no group":        "at 0s: up 192.0.2.1",
		"bad time":        "group\nat noon: run",
		"no colon":        "group\nat 3s run",
		"no command":      "group\nat 3s:",
		"backwards":       "group\nat 3s: run\nat 2s: run",
		"unknown verb":    "group\nat 3s: dance",
		"unknown option":  "group colour=red",
		"no sender":       "group\nat 3s: recv hello",
		"bad address":     "group\nat 3s: up eth0",
		"bad MAC":         "group\nat 3s: up 192.0.2.1 mac=x",
		"no priority":     "group\nat 3s: priority",
		"priority of 256": "group\nat 3s: priority 256",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := play(text, clock); err == nil {
				t.Errorf("no error, but\n%s", got)
			}
		})
	}
}

// stuck asks for a Tick at a time that never passes.
type stuck struct{ clockwork }

func (s *stuck) Step(time.Time, fsm.Event) []fsm.Action { s.at = epoch; return nil }

func TestPlayStopsAStuckMachine(t *testing.T) {
	p := clock
	p.New = func(Line) (Machine, error) { return &stuck{}, nil }
	_, err := play("group\nat 0s: up 192.0.2.1", p)
	if err == nil || !strings.Contains(err.Error(), "the deadline stays at 0s") {
		t.Errorf("error %v", err)
	}
}

func TestDifference(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		line int
	}{
		{"x\ny\n", "x\ny\n", 0},
		{"x\ny\n", "x\nz\n", 2},
		{"x\n", "x\ny\n", 2},
		{"x\ny\n", "x\n", 2},
		{"", "x", 1},
	} {
		if line, _, _ := difference(tt.a, tt.b); line != tt.line {
			t.Errorf("difference(%q, %q) = line %d, want %d", tt.a, tt.b, line, tt.line)
		}
	}
}
