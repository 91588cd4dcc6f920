package watch

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/overview"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// lines returns the screen without styles, and checks that it is no larger than the
// terminal.
func lines(t *testing.T, v *View) []string {
	t.Helper()
	var out []string
	for i, l := range v.Lines() {
		if w := ansi.StringWidth(l); w > v.Width {
			t.Errorf("line %d has %d columns of %d: %q", i, w, v.Width, l)
		}
		out = append(out, strings.TrimRight(ansi.Strip(l), " "))
	}
	if len(out) > v.Height {
		t.Errorf("%d lines of %d", len(out), v.Height)
	}
	return out
}

func press(v *View, keys ...string) {
	for _, k := range keys {
		v.Key(k)
	}
}

// seen are the groups of the table, in order.
func seen(v *View) (refs []string) {
	for _, r := range v.rows() {
		refs = append(refs, strings.TrimPrefix(r.Ref(), "hsrp:eth1:"))
	}
	return refs
}

func view(groups ...status.Group) *View {
	return &View{Names: [2]string{"this router"}, Now: at, Width: 160, Height: 24,
		Readings: [2]Reading{{At: at, Status: router(7, groups...)}}}
}

func TestScreenOfOneRouter(t *testing.T) {
	sick := group(2, "Active")
	sick.Priority, sick.Tracks = 90, []status.TrackRef{{Object: "uplink", Decrement: 20}}
	sick.Takeover = []status.Takeover{{Address: "192.0.2.9", Proven: true, MS: 2}}
	v := view(group(1, "Active"), sick)
	v.Height = 12
	want := []string{
		"this router  v1.2.3  pid 7  up 01:00:00",
		"2 groups, 2 Active, 1 to look at",
		"GROUP        NAME   STATE       SINCE     PRI          ACTIVE  STANDBY            PROVEN  TRACKS  VIRTUAL IP",
		"hsrp:eth1:1  lan-1  Active      00:01:00  110 P        local   192.0.2.253  2.5s  -       -       192.0.2.2",
		"hsrp:eth1:2  lan-2  Active      00:02:00  90 of 110 P  local   192.0.2.253  2.5s  1/1     0/1 up  192.0.2.3   a tracked object is down",
	}
	got := lines(t, v)
	if diff := cmp.Diff(want, got[:5]); diff != "" {
		t.Error(diff)
	}
	if !strings.HasPrefix(got[len(got)-1], "↑↓ select") || len(got) != 12 {
		t.Errorf("the last of %d lines is %q", len(got), got[len(got)-1])
	}
}

func TestHoldTimeRunsDownBetweenReadings(t *testing.T) {
	v := view(group(1, "Active"))
	for after, want := range map[time.Duration]string{0: "2.5s", 700 * time.Millisecond: "1.8s", time.Minute: "0.0s"} {
		v.Tick(at.Add(after))
		if got := lines(t, v)[3]; !strings.Contains(got, "192.0.2.253  "+want) {
			t.Errorf("after %v: %q, want %s", after, got, want)
		}
	}
}

func TestWhatIsWrongIsSaidWorstFirst(t *testing.T) {
	for want, change := range map[string]func(*status.Group){
		"two routers are active":                       func(g *status.Group) { g.Rival = &status.Rival{BothActive: true}; g.Standby = nil },
		"no active router is known":                    func(g *status.Group) { g.State, g.Active = "Listen", nil },
		"link is down":                                 func(g *status.Group) { g.State, g.Obstacle, g.Active = "Init", "link is down", nil },
		"does not forward: net.ipv4.ip_forward is off": func(g *status.Group) { g.ForwardingOff = "net.ipv4.ip_forward" },
		"in maintenance": func(g *status.Group) {
			g.State, g.Maintenance, g.Obstacle, g.Leave = "Init", true, "maintenance is on", &status.GroupLeave{}
		},
		"in maintenance, and nobody serves": func(g *status.Group) {
			g.State, g.Maintenance, g.Obstacle, g.Leave = "Init", true, "maintenance is on", &status.GroupLeave{UnservedSince: &at}
		},
		"a neighbour is not proven":              func(g *status.Group) { g.Takeover = []status.Takeover{{Address: "192.0.2.9"}} },
		"no standby router":                      func(g *status.Group) { g.Standby = nil },
		"waits 4.0s after its interface came up": func(g *status.Group) { g.Delay.LeftMS = 4000 },
		"":                                       func(*status.Group) {},
	} {
		g := group(1, "Active")
		change(&g)
		_, got := (&overview.Row{Group: &g}).Trouble()
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPairSideBySide(t *testing.T) {
	other := group(1, "Standby")
	other.Interface = "lan0" // its name for the same segment
	stranger := group(1, "Active")
	stranger.VirtualIPs = []string{"198.51.100.1"} // another segment with the same number
	v := view(group(1, "Active"), group(2, "Active"))
	v.Names[1] = "b.sock"
	v.Readings[1] = Reading{At: at, Status: router(8, stranger, other)}
	v.Readings[0].Past = []status.Past{moved(1, at.Add(-time.Minute), "Standby", "Active", "active-timer-expired")}
	v.Readings[1].Past = []status.Past{moved(1, at.Add(-2*time.Minute), "Active", "Init", "stopped")}
	got := strings.Join(lines(t, v), "\n")
	for _, want := range []string{
		"this router  v1.2.3  pid 7", "b.sock  v1.2.3  pid 8",
		"hsrp:eth1:1  lan-1  Active      00:01:00  Standby 100 00:01:00",
		"hsrp:eth1:2  lan-2  Active      00:02:00  -",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if a, b := strings.Index(got, "b.sock: 2026-03-01T11:58"), strings.Index(got, "this router: 2026-03-01T11:59"); a < 0 || b < a {
		t.Errorf("transitions of both, oldest first: %d, %d in\n%s", a, b, got)
	}
	v.Readings[1].Status.Groups[1].State = "Active"
	if got := lines(t, v)[3]; !strings.Contains(got, "two routers are active") {
		t.Errorf("both are Active: %q", got)
	}
}

func TestKeysSelectSortAndFilter(t *testing.T) {
	bad := group(3, "Init")
	bad.Obstacle = "link is down"
	v := view(group(1, "Active"), group(2, "Standby"), bad)
	check := func(what string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, seen(v)); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	check("file", "1", "2", "3")
	press(v, "s")
	check("trouble", "3", "1", "2")
	press(v, "s")
	check("state", "1", "3", "2")
	press(v, "r")
	check("reversed", "2", "3", "1")
	press(v, "r", "S", "S", "/", "L", "i", "n", "k", "enter")
	check("filter of a fault", "3")
	press(v, "/", "backspace", "backspace", "backspace", "backspace", "z", "enter")
	check("nothing matches")
	if got := lines(t, v); !strings.Contains(got[3], "no group contains z") {
		t.Errorf("an empty table says %q", got[3])
	}
	press(v, "down", "enter", "esc")
	check("all again", "1", "2", "3")
	press(v, "G", "enter")
	if got := strings.Join(lines(t, v), "\n"); !strings.Contains(got, "eth1 - Group 3") {
		t.Errorf("detail of the last group:\n%s", got)
	}
	press(v, "esc", "up", "up", "up", "enter")
	if got := strings.Join(lines(t, v), "\n"); !strings.Contains(got, "eth1 - Group 1") {
		t.Errorf("detail of the first group:\n%s", got)
	}
	if !v.Key("q") || !v.Key("ctrl+c") {
		t.Error("q or ctrl+c does not end the view")
	}
	press(v, "esc", "/")
	if v.Key("q") || v.filter != "q" {
		t.Error("q ends the view while a filter is typed")
	}
}

// The selection stays with its group when the order changes.
func TestSelectionFollowsItsGroup(t *testing.T) {
	bad := group(3, "Active")
	v := view(group(1, "Active"), group(2, "Active"), bad)
	press(v, "s", "down") // 2
	v.Readings[0].Status.Groups[2].Obstacle = "link is down"
	press(v, "enter")
	if got := strings.Join(lines(t, v), "\n"); !strings.Contains(got, "eth1 - Group 2") {
		t.Errorf("another group came first, and the selection went to it:\n%s", got)
	}
	v.Readings[0].Status.Groups = v.Readings[0].Status.Groups[:1]
	if got := lines(t, v); !strings.Contains(got[2], "hsrp:eth1:2 is gone") {
		t.Errorf("the group is gone: %q", got[2])
	}
}

func TestManyGroupsScroll(t *testing.T) {
	var groups []status.Group
	for n := range 300 {
		groups = append(groups, group(n, "Active"))
	}
	v := view(groups...)
	for _, k := range []string{"G", "pgup", "down", "home", "pgdown", "end"} {
		press(v, k)
		got := strings.Join(lines(t, v), "\n")
		if v.selected == "" || !strings.Contains(got, v.selected+" ") {
			t.Errorf("after %s %s is not on the screen:\n%s", k, v.selected, got)
		}
	}
	if v.selected != "hsrp:eth1:299" {
		t.Errorf("the end is %s", v.selected)
	}
}

func TestFrozenScreenStaysAsItIs(t *testing.T) {
	v := view(group(1, "Active"))
	press(v, "p")
	before := lines(t, v)
	v.Set(0, Reading{At: at, Status: router(9)})
	v.Tick(at.Add(time.Hour))
	if diff := cmp.Diff(before, lines(t, v)); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(before[0], "frozen at 12:00:00") {
		t.Errorf("head: %q", before[0])
	}
	press(v, "p")
	v.Set(0, Reading{At: at, Status: router(9)})
	if got := lines(t, v)[0]; !strings.Contains(got, "pid 9") {
		t.Errorf("after p: %q", got)
	}
}

func TestDaemonThatIsAwayIsSaid(t *testing.T) {
	v := view(group(1, "Active"))
	v.Readings[0].Err = errors.New("no daemon on /run/fhrpd/control.sock")
	v.Tick(at.Add(90 * time.Second))
	got := lines(t, v)
	if got[0] != "this router  no daemon on /run/fhrpd/control.sock  (what is shown is 1m30s old)" {
		t.Errorf("head: %q", got[0])
	}
	if !strings.Contains(got[3], "hsrp:eth1:1") {
		t.Errorf("the last that is known is gone: %q", got[3])
	}
}

// Any size is survived: terminals report 0 by 0 too.
func TestEverySizeOfTerminal(t *testing.T) {
	v := view(group(1, "Active"), group(2, "Standby"))
	v.Names[1], v.Readings[1] = "other", Reading{At: at, Status: router(8, group(1, "Standby"))}
	v.Readings[0].Past = []status.Past{moved(1, at, "Speak", "Standby", "standby-timer-expired")}
	for _, k := range []string{"down", "enter", "?", "e"} {
		press(v, k)
		for v.Width = range 220 {
			for _, v.Height = range []int{0, 1, 2, 3, 4, 5, 14, 15, 16, 60} {
				lines(t, v)
			}
		}
	}
}

func TestNarrowScreenKeepsWhatMattersMost(t *testing.T) {
	v := view(group(1, "Active"))
	v.Width = 60
	if got := lines(t, v)[2]; !strings.HasPrefix(got, "GROUP        STATE       SINCE") || strings.Contains(got, "TRACKS") {
		t.Errorf("60 columns: %q", got)
	}
}

// A name in a packet or a file cannot move the cursor.
func TestForeignTextIsHarmless(t *testing.T) {
	g := group(1, "Active")
	g.Name, g.Obstacle = "a\x1b[2Jb", "x\x1b]0;t\x07\ny"
	v := view(g)
	v.Readings[0].Err = errors.New("e\x1b[2J")
	for _, k := range []string{"down", "enter", "e"} {
		for _, l := range v.Lines() {
			if s := ansi.Strip(l); strings.ContainsAny(s, "\x1b\x07\n") || strings.Contains(l, "[2J") && strings.Contains(l, "\x1b[2J") {
				t.Errorf("%q", l)
			}
		}
		press(v, k)
	}
}

func TestTextForPipes(t *testing.T) {
	v := view(group(1, "Active"))
	want := fmt.Sprintf("%s\n%s\n%s\n%s\n",
		"this router  v1.2.3  pid 7  up 01:00:00",
		"1 group, 1 Active",
		"GROUP        NAME   STATE       SINCE     PRI    ACTIVE  STANDBY            PROVEN  TRACKS  VIRTUAL IP",
		"hsrp:eth1:1  lan-1  Active      00:01:00  110 P  local   192.0.2.253  2.5s  -       -       192.0.2.2")
	if diff := cmp.Diff(want, v.Text()); diff != "" {
		t.Error(diff)
	}
}
