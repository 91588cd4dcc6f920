package hsrp

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// rfcTable is section 5.7 of RFC 2281 as printed, a dot for an empty cell. The
// two footnotes are rows of their own: "a+" with a virtual address configured,
// "h*" with preemption.
const rfcTable = `
	    1     2      3       4       5       6
	a   AB/2  .      .       .       .       .
	a+  AB/3  .      .       .       .       .
	b   .     CD/1   CD/1    CD/1    CD/1    CDH/1
	c   .     .      AB/4    .       CDFI/6  .
	d   .     .      B/4     D/5     .       .
	e   .     .      .       F       F       F
	f   .     .      .       B/3     B/3     .
	g   .     EAB/3  EA      EA      EA      AB/4
	h   .     EAB/3  A       A       A       G
	h*  .     EAB/3  BGFI/6  BGFI/6  BGFI/6  G
	i   .     .      AB/4    A       CFI/6   .
	j   .     .      .       .       .       ABH/4
	k   .     .      B       B/3     B/3     B
	l   .     .      B/4     D/5     .       B
`

// additions are the cells in which this router does more than the RFC says, or
// once less.
var additions = map[string]string{
	"c3": "ABF/4", "d3": "BF/4", "d4": "DF/5", "i3": "ABF/4", "l3": "BF/4", "l4": "DF/5", // says Hello at once
	"g6": "ABHF/4", "j6": "ABF/4", // resigns to a better active router, not to a Coup, says Hello at once
	"h6": "GFI", "h*6": "GFI", "i6": "FI", // asserts the role again
	"h3": "EA", "h4": "EA", "h5": "EA", // learns from a worse active router
	"h*3": "CBGFI/6", "h*4": "CBGFI/6", "h*5": "CBGFI/6", // an active router watches none
}

const (
	ownHold  = 12 * time.Second
	peerHold = 7 * time.Second
)

var (
	epoch   = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)
	self    = netip.MustParseAddr("192.0.2.5")
	other   = netip.MustParseAddr("192.0.2.9")
	third   = netip.MustParseAddr("192.0.2.7")
	vip     = netip.MustParseAddr("192.0.2.254")
	ownMAC  = hello.MAC{2, 0, 0, 0, 0, 5}
	peerMAC = hello.MAC{2, 0, 0, 0, 0, 9}
)

// inState returns a group in state with both timers running and their own mark.
// It gets there by hand: what leads to a state is proven elsewhere.
func inState(state hello.HSRPState, cfg Config) *Group {
	g := New(cfg)
	g.addr, g.mac, g.state = self, ownMAC, state
	if state == hello.Initial {
		return g
	}
	g.active.heard(epoch, 50*time.Second, peer{addr: other, priority: 100})
	g.standby.heard(epoch, 60*time.Second, peer{addr: third, priority: 100})
	if state >= hello.Speak {
		g.helloAt = epoch.Add(70 * time.Second)
	}
	return g
}

func message(op hello.Op, state hello.HSRPState, priority uint8) *fsm.Received {
	return &fsm.Received{From: other, MAC: peerMAC, Message: &hello.HSRP{
		Version: 1, Op: op, State: state, Family: hello.IPv4, Priority: priority,
		HelloTime: 2 * time.Second, HoldTime: peerHold, VirtualIP: vip,
	}}
}

// rfcEvents returns what makes each event happen to a router of priority 100,
// and the deadline that must be due for it.
func rfcEvents() map[string]fsm.Event {
	return map[string]fsm.Event{
		"a":  fsm.Up{Addr: self, MAC: ownMAC},
		"a+": fsm.Up{Addr: self, MAC: ownMAC},
		"b":  fsm.Down{Cause: fsm.CauseStopped},
		"c":  fsm.Tick{},
		"d":  fsm.Tick{},
		"e":  fsm.Tick{},
		"f":  message(hello.OpHello, hello.Speak, 110),
		"g":  message(hello.OpHello, hello.Active, 110),
		"h":  message(hello.OpHello, hello.Active, 90),
		"h*": message(hello.OpHello, hello.Active, 90),
		"i":  message(hello.OpResign, hello.Active, 90),
		"j":  message(hello.OpCoup, hello.Listen, 110),
		"k":  message(hello.OpHello, hello.Standby, 110),
		"l":  message(hello.OpHello, hello.Standby, 90),
	}
}

// TestRFC2281Table drives every event into every state and compares what can be
// seen: the next state, both timers and their durations, the messages, and
// whether anything was learned.
func TestRFC2281Table(t *testing.T) {
	for line := range strings.Lines(rfcTable) {
		fields := strings.Fields(line)
		if len(fields) != 7 {
			continue
		}
		for i, want := range fields[1:] {
			state := hello.HSRPState(i + 1)
			name := fields[0] + string(rune('1'+i))
			if more, ok := additions[name]; ok {
				want = more
			}
			t.Run("RFC2281/5.7/"+fields[0]+" in "+state.String(), func(t *testing.T) {
				checkCell(t, fields[0], state, want)
			})
		}
	}
}

func checkCell(t *testing.T, ev string, state hello.HSRPState, want string) {
	cfg := Config{Version: 1, Family: hello.IPv4, Priority: 100, Preempt: ev == "h*"}
	if ev == "a+" {
		cfg.VirtualIPs = []netip.Addr{vip}
	}
	g := inState(state, cfg)
	g.holdTime = ownHold
	now := epoch.Add(5 * time.Second)
	switch {
	case state == hello.Initial:
	case ev == "c":
		now = g.active.at
	case ev == "d":
		g.standby.at, g.active.at = g.active.at, g.standby.at
		now = g.standby.at
	case ev == "e" && !g.helloAt.IsZero():
		g.helloAt = now
	}
	before := *g
	got := slices.Clone(g.Step(now, rfcEvents()[ev]))

	letters, next, moves := strings.Cut(want, "/")
	wantState := state
	if moves {
		wantState = hello.HSRPState(next[0] - '0')
	}
	if g.state != wantState {
		t.Errorf("state %s, want %s", g.state, wantState)
	}
	if letters == "." {
		letters = ""
	}
	checkTimer(t, "Active", letters, 'A', 'C', ev == "c", before.active.at, g.active.at, now, ev == "g" || ev == "h" || ev == "h*")
	checkTimer(t, "Standby", letters, 'B', 'D', ev == "d", before.standby.at, g.standby.at, now, ev == "k" || ev == "l")
	if sent, want := sentLetters(got), only(letters, "FGH"); sent != want {
		t.Errorf("sent %q, want %q", sent, want)
	}
	if announced, want := announces(got), strings.Contains(letters, "I"); announced != want {
		t.Errorf("announces the virtual address: %t, want %t", announced, want)
	}
	if learned, want := learns(got), strings.Contains(letters, "E"); learned != want {
		t.Errorf("learns: %t, want %t", learned, want)
	}
}

// checkTimer compares a timer with the letters that start and stop it. fired
// says that the event is its own expiry, carried that a start takes the hold
// time of the message. After action E that is also the hold time in use.
func checkTimer(t *testing.T, name, letters string, start, stop rune, fired bool, before, after, now time.Time, carried bool) {
	t.Helper()
	want := before
	if fired && !before.IsZero() {
		want = time.Time{}
	}
	hold := ownHold
	if carried || strings.Contains(letters, "E") {
		hold = peerHold
	}
	for _, l := range letters {
		switch l {
		case start:
			want = now.Add(hold)
		case stop:
			want = time.Time{}
		}
	}
	if !after.Equal(want) {
		t.Errorf("%s timer at %s, want %s", name, after.Sub(now), want.Sub(now))
	}
}

func sentLetters(actions []fsm.Action) string {
	var s strings.Builder
	for _, a := range actions {
		if send, ok := a.(fsm.Send); ok {
			s.WriteByte("FGH"[send.Message.(*hello.HSRP).Op])
		}
	}
	return ordered(s.String())
}

func announces(actions []fsm.Action) bool {
	return slices.ContainsFunc(actions, func(a fsm.Action) bool {
		an, ok := a.(fsm.Announce)
		return ok && an.Kind != fsm.Withdraw
	})
}

func learns(actions []fsm.Action) bool {
	return slices.ContainsFunc(actions, func(a fsm.Action) bool { _, ok := a.(fsm.Learned); return ok })
}

// only returns the letters of s that are in set, in alphabetical order.
func only(s, set string) string {
	return ordered(strings.Map(func(r rune) rune {
		if strings.ContainsRune(set, r) {
			return r
		}
		return -1
	}, s))
}

func ordered(s string) string {
	b := []byte(s)
	slices.Sort(b)
	return string(b)
}

// TestTableIsTheRFCs compares the capital letters of the table with the page,
// from which one is missing.
func TestTableIsTheRFCs(t *testing.T) {
	row := event(0)
	for line := range strings.Lines(rfcTable) {
		fields := strings.Fields(line)
		if len(fields) != 7 {
			continue
		}
		for i, want := range fields[1:] {
			got := strings.Map(func(r rune) rune {
				if r == ' ' || 'a' <= r && r <= 'z' {
					return -1
				}
				return r
			}, string(table[row][i]))
			if got == "" {
				got = "."
			}
			if fields[0] == "j" {
				want = strings.ReplaceAll(want, "H", "") // a Coup is not resigned to
			}
			if got != want {
				t.Errorf("%s in %s: %q, the RFC has %q", fields[0], hello.HSRPState(i+1), got, want)
			}
		}
		row++
	}
	if row != fenced {
		t.Errorf("the page has %d rows, the table %d", row, fenced)
	}
}
