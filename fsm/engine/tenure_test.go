package engine

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/garp"
)

// tenureRules is what is to become of a group's address, as a person would say
// it: a row for each thing that may happen, a column for what the group had.
// A dot means that nothing changes and nothing is done.
//
//   - Who has nothing takes the address when the role is won, or waits first.
//   - Who waits has nothing to give back, nor to serve a successor with.
//   - Who serves and is to stop says nothing more, but serves on. A role that is
//     lost to somebody else ends at once.
//   - Who leaves has the address still, and needs no command to have it again.
//   - What the kernel has not given needs no giving back.
const tenureRules = `
	              absent         waiting         serving          leaving
	win           serving/open   .               .                serving/resume
	win early     waiting/await  .               .                serving/resume
	ready         .              serving/open    .                .
	loss          .              absent/give-up  absent/shut      absent/shut
	resign        .              absent/give-up  leaving/quieten  .
	succession    .              .               .                absent/shut
	denial        .              .               absent/forget    absent/forget
`

var (
	tenureNames = [tenures]string{absent: "absent", waiting: "waiting", serving: "serving", leaving: "leaving"}
	eventNames  = [tenureEvents]string{
		onWin: "win", onWinEarly: "win early", onReady: "ready", onLoss: "loss",
		onResign: "resign", onSuccession: "succession", onDenial: "denial",
	}
	effectNames = map[tenureEffect]string{
		doAwait: "await", doGiveUp: "give-up", doOpen: "open", doShut: "shut", doQuieten: "quieten", doForget: "forget", doResume: "resume",
	}
)

// printTenureTable prints the table of the engine in the form of tenureRules.
func printTenureTable() string {
	var b strings.Builder
	row := func(name string, cells []string) {
		fmt.Fprintf(&b, "\t%-14s%-15s%-16s%-17s%s\n", name, cells[0], cells[1], cells[2], cells[3])
	}
	b.WriteByte('\n')
	row("", tenureNames[:])
	for ev := range tenureEvents {
		var cells []string
		for had := range tenures {
			cell := tenureTable[had][ev]
			text := tenureNames[cell.next] + "/" + effectNames[cell.effect]
			if cell.next == had && cell.effect == doNothing {
				text = "."
			}
			cells = append(cells, text)
		}
		row(eventNames[ev], cells)
	}
	return b.String()
}

func TestTenureTable(t *testing.T) {
	if diff := cmp.Diff(strings.Split(tenureRules, "\n"), strings.Split(printTenureTable(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a frame says must still be true when it leaves, so conditions hold in
// the tenures in which they are.
func TestTenuresAndWhatIsSaidInThem(t *testing.T) {
	for _, tt := range []struct {
		tenure                      tenure
		elected, hasAddress, claims bool
	}{
		{absent, false, false, false},
		{waiting, true, false, true}, // the other routers know it as the active one
		{serving, true, true, true},
		{leaving, true, true, false}, // it has resigned
	} {
		if got := [3]bool{tt.tenure.elected(), tt.tenure.hasAddress(), tt.tenure.claims()}; got != [3]bool{tt.elected, tt.hasAddress, tt.claims} {
			t.Errorf("%s: elected, has the address, claims the role: %v", tenureNames[tt.tenure], got)
		}
		if got := [3]bool{always.holds(tt.tenure), whileElected.holds(tt.tenure), whileServing.holds(tt.tenure)}; got != [3]bool{true, tt.elected, tt.hasAddress} {
			t.Errorf("%s: always, while elected, while serving: %v", tenureNames[tt.tenure], got)
		}
	}
}

// stage is an engine with one VRRP router, and what became of its command.
type stage struct {
	*Engine
	*group
	port   *gatekeeper
	now    time.Time
	asked  int
	killed error
}

func newStage(t *testing.T, preActive time.Duration) *stage {
	s := &stage{port: &gatekeeper{}, now: start}
	g := vrrpGroup(10, time.Second)
	g.PreActive, g.Neighbors = preActive, []netip.Addr{netip.MustParseAddr("192.0.2.254")}
	g.Announce = Announce{Timing: garp.Timing{Count: 1, Refresh: time.Minute}, RouterLifetime: time.Hour}
	s.Engine = newEngine(t, s.port, func(PreActive) func(error) {
		s.asked++
		return func(why error) { s.killed = why }
	}, g)
	s.group = s.Engine.groups[0]
	return s
}

// win lets the time pass in which another router could have been heard.
func (s *stage) win() {
	s.now = s.now.Add(5 * time.Second)
	s.Tick(s.now)
}

func (s *stage) hear(priority uint8) {
	s.Frame(s.now, "eth0", advert(priority), true)
	s.Flush(s.now)
}

func (s *stage) done() { s.PreActiveDone(s.now, s.id, s.last.ID, nil) }

// account is what hangs on the tenure: the leases, waits and farewells that are
// counted, and what is to be announced and proven at times to come.
func (s *stage) account() string {
	_, refresh := s.announcer.NextRefresh()
	_, proves := s.proof.Deadline() // once the addresses are there
	return fmt.Sprintf("leases %d, waits %d, farewells %d, announces %t, proves %t, offers %t",
		s.iface.leases.groups, s.waits.groups, s.farewells.left,
		refresh, proves, !s.advertiser.deadline().IsZero())
}

// TestTenureEffects has the engine do everything that the table can ask for.
func TestTenureEffects(t *testing.T) {
	const command = time.Minute
	const (
		quiet   = ", announces false, proves false, offers false"
		nothing = "leases 0, waits 0, farewells 0" + quiet
		all     = "leases 1, waits 0, farewells 0, announces true, proves true, offers true"
	)
	seen := map[tenureEffect]bool{}
	for _, tt := range []struct {
		name    string
		command time.Duration
		before  func(*stage)
		do      func(*stage)
		had     tenure
		event   tenureEvent
		effect  tenureEffect
		log     []string // of do
		account string   // afterwards
	}{
		{
			name: "the active router is silent", do: (*stage).win,
			had: absent, event: onWin, effect: doOpen,
			log: []string{"gate +1 -0", "address +1 -0"}, account: all,
		},
		{
			name: "a command comes first", command: command, do: (*stage).win,
			had: absent, event: onWinEarly, effect: doAwait,
			account: "leases 0, waits 1, farewells 0" + quiet,
		},
		{
			name: "the command has ended", command: command, before: (*stage).win, do: (*stage).done,
			had: waiting, event: onReady, effect: doOpen,
			log: []string{"gate +1 -0", "address +1 -0"}, account: all,
		},
		{
			name: "a better router, while the command runs", command: command, before: (*stage).win, do: func(s *stage) { s.hear(200) },
			had: waiting, event: onLoss, effect: doGiveUp, account: nothing,
		},
		{
			name: "a stop, while the command runs", command: command, before: (*stage).win, do: func(s *stage) { s.Stop(s.now) },
			had: waiting, event: onResign, effect: doGiveUp, account: nothing,
		},
		{
			name: "a better router", before: (*stage).win, do: func(s *stage) { s.hear(200) },
			had: serving, event: onLoss, effect: doShut,
			log: []string{"gate +0 -1", "address +0 -1"}, account: nothing,
		},
		{
			name: "a stall", before: (*stage).win, do: func(s *stage) { s.Wake(s.now.Add(time.Hour), 0) },
			had: serving, event: onLoss, effect: doShut,
			log: []string{"gate +0 -1", "address +0 -1"}, account: nothing,
		},
		{
			name: "a stop", before: (*stage).win, do: func(s *stage) { s.Stop(s.now) },
			had: serving, event: onResign, effect: doQuieten,
			account: "leases 1, waits 0, farewells 1" + quiet,
		},
		{
			name: "the successor is heard", before: func(s *stage) { s.win(); s.Stop(s.now) }, do: func(s *stage) { s.hear(50) },
			had: leaving, event: onSuccession, effect: doShut,
			log: []string{"gate +0 -1", "address +0 -1"}, account: nothing,
		},
		{
			name: "the successor has had its time", before: func(s *stage) { s.win(); s.Stop(s.now) }, do: (*stage).win,
			had: leaving, event: onSuccession, effect: doShut,
			log: []string{"gate +0 -1", "address +0 -1"}, account: nothing,
		},
		{
			name: "nobody has taken what was handed over", before: func(s *stage) {
				s.win()
				s.until = s.now
				s.passing = &passing{asked: &Record{Command: &Command{}}}
				s.pass(s.now)
			},
			do:  func(s *stage) { s.now = s.now.Add(2 * time.Second); s.Tick(s.now) },
			had: leaving, event: onWin, effect: doResume, account: all,
		},
		{
			name: "a denied gate", before: func(s *stage) { s.port.deny = true; s.step(s.now.Add(5*time.Second), fsm.Tick{}) }, do: (*stage).win,
			had: serving, event: onDenial, effect: doForget, account: nothing,
		},
		{
			name: "a denied gate in the turn of the stop", before: func(s *stage) {
				s.port.deny = true
				s.step(s.now.Add(5*time.Second), fsm.Tick{})
				s.stopping = true
				s.reconsider(s.now)
			}, do: (*stage).win,
			had: leaving, event: onDenial, effect: doForget, account: nothing,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, tt.command)
			if tt.before != nil {
				tt.before(s)
			}
			cell := tenureTable[tt.had][tt.event]
			if s.tenure != tt.had || cell.effect != tt.effect {
				t.Fatalf("%s, and %s asks to %s, want %s and %s", tenureNames[s.tenure], eventNames[tt.event],
					effectNames[cell.effect], tenureNames[tt.had], effectNames[tt.effect])
			}
			s.port.log = nil
			tt.do(s)
			if s.tenure != cell.next {
				t.Errorf("then it is %s, want %s", tenureNames[s.tenure], tenureNames[cell.next])
			}
			if diff := cmp.Diff(tt.log, s.port.log); diff != "" {
				t.Errorf("gates and addresses (-want +got):\n%s", diff)
			}
			if got := s.account(); got != tt.account {
				t.Errorf("%s, want %s", got, tt.account)
			}
			if asked := tt.command > 0; (s.asked == 1) != asked || (s.killed != nil) != (tt.effect == doGiveUp) {
				t.Errorf("%d commands, killed: %v", s.asked, s.killed)
			}
			seen[cell.effect] = true
		})
	}
	for effect, name := range effectNames {
		if !seen[effect] {
			t.Errorf("nothing was done to %s", name)
		}
	}
}

// Followers wait with their leader, and lose with it.
func TestWaitsOfFollowersAreForgottenWithTheirLeaders(t *testing.T) {
	for name, lose := range map[string]func(*stage){
		"a better router": func(s *stage) { s.hear(200) },
		"a stall":         func(s *stage) { s.Wake(s.now.Add(time.Hour), 0) },
		"its end":         (*stage).done,
	} {
		leader := vrrpGroup(10, time.Second)
		leader.Name, leader.PreActive = "leader", time.Minute
		first, second := vrrpGroup(11, 0), vrrpGroup(12, 0)
		first.Follow, second.Follow = "leader", "leader"
		s := &stage{port: &gatekeeper{}, now: start}
		s.Engine = newEngine(t, s.port, func(PreActive) func(error) { return func(error) {} }, first, leader, second)
		s.group = s.Engine.groups[1]
		s.win()
		if got := s.waits; got.groups != 3 || got.lease != 5*time.Second {
			t.Errorf("%s: waits %+v, want three under the lease of their leader", name, got)
		}
		if lose(s); s.waits != (waits{}) {
			t.Errorf("%s: waits %+v afterwards", name, s.waits)
		}
	}
}
