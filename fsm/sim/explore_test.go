package sim

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
)

var exploreMoves = flag.Int("explore-depth", 1, "how many moves the histories of TestExplore have with two routers; with three, and of all protocols, one less")

var exploreKinds = flag.String("explore-kinds", "", "kinds of moves of TestExplore, separated by commas; empty: all")

// pair is two routers, the first one better, whose announcements end soon.
func pair(protocol string) []Router {
	a := Router{Protocol: protocol, Priority: 110, Preempt: true, Hello: time.Second, Hold: 3 * time.Second}
	b := a
	b.Priority = 100
	return []Router{a, b}
}

// unwilling is a pair in which nobody preempts.
func unwilling(protocol string) []Router {
	list := pair(protocol)
	for i := range list {
		list[i].Preempt = false
	}
	return list
}

// spaceOf puts routers on a segment. They start one after the other.
func spaceOf(t *testing.T, moves int, routers ...Router) Space {
	t.Helper()
	s := Space{Moves: moves}
	for i, r := range routers {
		c, err := r.config()
		if err != nil {
			t.Fatal(err)
		}
		for n := range c.Groups {
			c.Groups[n].Announce.Timing = garp.Timing{Count: 2, Interval: time.Second}
		}
		s.Hosts = append(s.Hosts, Host{Config: c, After: time.Duration(i) * 300 * time.Millisecond})
	}
	return s
}

func explore(t *testing.T, s Space) *Explored {
	t.Helper()
	out, err := Explore(s)
	if err != nil {
		t.Fatal(err)
	}
	if out.Hidden > 0 || out.Unfinished > 0 {
		t.Errorf("of %d histories that met another one %d went on differently; %d met none", out.Merged, out.Hidden, out.Unfinished)
	}
	return out
}

// oneMore is how many moves less a small space gets: in a short run none, in a long one -1.
func oneMore() int {
	if *exploreMoves > 1 {
		return -1
	}
	return 0
}

// Whatever order of events leads there: nothing is broken in any state, and what is calm
// from there on, or mended, comes to exactly one router that serves.
func TestExplore(t *testing.T) {
	for _, tt := range []struct {
		name    string
		less    int // moves
		routers []Router
		kinds   []MoveKind
	}{
		{"two, hsrp2", 0, pair("hsrp2"), nil},
		{"two, vrrp3", 0, pair("vrrp3"), nil},
		{"two that do not preempt, hsrp2", 1, unwilling("hsrp2"), nil},
		{"two that do not preempt, vrrp3", 1, unwilling("vrrp3"), nil},
		{"two, hsrp1", 1, pair("hsrp1"), nil},
		{"two, hsrp6", 1, pair("hsrp6"), nil},
		{"two, vrrp2", 1, pair("vrrp2"), nil},
		{"two, vrrp6", 1, pair("vrrp6"), nil},
		{"three, hsrp2", 1, append(pair("hsrp2"), pair("hsrp2")[1]), nil},
		{"three, vrrp3", 1, append(pair("vrrp3"), pair("vrrp3")[1]), nil},
		{"two that hand over, hsrp2", 0, pair("hsrp2"), []MoveKind{Pass, Kill, Boot, Lose}},
		{"two that hand over, vrrp3", 0, pair("vrrp3"), []MoveKind{Pass, Kill, Boot, Lose}},
		{"two that leave for maintenance, vrrp3", 1, pair("vrrp3"), []MoveKind{Depart, Return, Kill, Boot}},
		{"two that die and lose, hsrp2", oneMore(), pair("hsrp2"), []MoveKind{Lose, Kill, Boot}},
		{"two that die and lose, vrrp3", oneMore(), pair("vrrp3"), []MoveKind{Lose, Kill, Boot}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := spaceOf(t, *exploreMoves-tt.less, tt.routers...)
			s.Kinds = tt.kinds
			if *exploreKinds != "" {
				s.Kinds = nil
				for word := range strings.SplitSeq(*exploreKinds, ",") {
					s.Kinds = append(s.Kinds, MoveKind(word))
				}
			}
			begun := time.Now()
			out := explore(t, s)
			t.Logf("%d moves: %d states (by moves: %v), %d histories, %d steps, %v", out.Moves, out.States, out.ByMoves, out.Histories, out.Steps, time.Since(begun).Round(time.Millisecond))
			for _, v := range out.Violations {
				t.Errorf("%s\nhistory (save with the routers as testdata/explored/NAME.txt):\n%sstory:\n%s", strings.Join(v.Broken, "\n"), v.History, strings.Join(v.Story, "\n"))
			}
		})
	}
}

// The exploration finds the faults of engines that the random histories find, with one
// move or none.
func TestExplorerFindsFaultsOfTheEngine(t *testing.T) {
	for name, tt := range engineFaults {
		if tt.fault.hasty {
			continue // it takes a hand-over beside a neighbour, which is not explored
		}
		for _, protocol := range []string{"hsrp2", "vrrp3"} {
			t.Run(name+", "+protocol, func(t *testing.T) {
				s := spaceOf(t, 1, pair(protocol)...)
				s.Most = 20
				s.between = func(p engine.Port) engine.Port {
					m := tt.fault
					m.Port = p
					return &m
				}
				out, err := Explore(s)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.ContainsFunc(out.Violations, func(v Violation) bool { return strings.Contains(v.Broken[0], tt.want) }) {
					t.Errorf("not found by %q; %d violations", tt.want, len(out.Violations))
				}
			})
		}
	}
}

// A fingerprint that hides what matters is found out: here when something is due.
func TestExplorerDoubtsItsFingerprints(t *testing.T) {
	s := spaceOf(t, 1, pair("hsrp2")...)
	s.Kinds = []MoveKind{Kill, Boot}
	x, err := newExplorer(s)
	if err != nil {
		t.Fatal(err)
	}
	x.past, x.marks = -time.Hour, engine.NewFingerprints(-time.Hour)
	if x.run(); x.out.Hidden == 0 {
		t.Errorf("of %d histories that met another one all went on as that did", x.out.Merged)
	}
}

func TestExplorerSaysWhatItCannotExplore(t *testing.T) {
	for want, change := range map[string]func(*Space){
		"router 1: group vrrp:eth0:10: a pre_active command": func(s *Space) { s.Hosts[1].Config.Groups[0].PreActive = time.Second },
		"router 0: it has 0 groups":                          func(s *Space) { s.Hosts[0].Config.Groups = nil },
		"are on two interfaces": func(s *Space) {
			g := s.Hosts[0].Config.Groups[0]
			g.Interface, g.Number = "eth1", 11
			s.Hosts[0].Config.Groups = append(s.Hosts[0].Config.Groups, g)
		},
	} {
		s := spaceOf(t, 1, pair("vrrp3")...)
		change(&s)
		if _, err := Explore(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// readExplored reads routers as a plan has them, and the moves of a history.
func readExplored(text string) (p Plan, h History, err error) {
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0][0] == '#':
		case words[0] != "step":
			err = p.parseLine(words)
		case len(words) < 3:
			err = fmt.Errorf("want step NUMBER MOVE")
		default:
			m := Made{Move: Move{Kind: MoveKind(words[2])}}
			m.Step, err = strconv.Atoi(words[1])
			if err == nil {
				err = setAll(words[3:], func(key, value string) (err error) {
					n := map[string]*int{"a": &m.A, "b": &m.B, "n": &m.N}[key]
					if n == nil {
						return fmt.Errorf("unknown; want a, b or n")
					}
					*n, err = strconv.Atoi(value)
					return err
				})
			}
			h = append(h, m)
		}
		if err != nil {
			return p, h, fmt.Errorf("%q: %w", line, err)
		}
	}
	return p, h, nil
}

// Histories that an exploration has found once are played for ever.
func TestExploredFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/explored/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, h, err := readExplored(string(text))
			if err != nil {
				t.Fatal(err)
			}
			x, err := newExplorer(spaceOf(t, len(h), p.Routers...))
			if err != nil {
				t.Fatal(err)
			}
			c := x.play(h)
			for end := c.w.now.Add(3 * x.bound); c.w.now.Before(end) && c.next(); {
			}
			if len(c.c.faults) > 0 {
				t.Errorf("%s\nstory:\n%s", strings.Join(c.c.faults, "\n"), strings.Join(c.story, "\n"))
			}
		})
	}
}
