package status

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm"
)

var groups = []Group{
	{Protocol: "hsrp", Family: 4, Interface: "eth1", ID: 10, Name: "users"},
	{Protocol: "hsrp", Family: 6, Interface: "eth1", ID: 10, Name: "users6"},
	{Protocol: "vrrp", Family: 4, Interface: "eth1", ID: 10, Name: "lan"},
	{Protocol: "vrrp", Family: 6, Interface: "eth1.100", ID: 20, Name: "lan"},
	{Protocol: "hsrp", Family: 4, Interface: "hsrp", ID: 1, Name: "eth1:10:old"},
}

func TestFind(t *testing.T) {
	all := []string{"hsrp:eth1:10", "hsrp6:eth1:10", "vrrp:eth1:10", "vrrp6:eth1.100:20", "hsrp:hsrp:1"}
	tests := []struct {
		ref        string
		want       int
		err        error
		candidates []string
	}{
		{ref: "hsrp:eth1:10", want: 0},
		{ref: "hsrp6:eth1:10", want: 1},
		{ref: "vrrp:eth1:10", want: 2},
		{ref: "vrrp6:eth1.100:20", want: 3},
		{ref: "eth1.100:20", want: 3},
		{ref: "users", want: 0},
		{ref: "hsrp:1", want: 4}, // an interface called hsrp
		{ref: "eth1:10:old", want: 4},
		{ref: "eth1:10", err: ErrAmbiguousGroup, candidates: all[:3]},
		{ref: "lan", err: ErrAmbiguousGroup, candidates: all[2:4]},
		{ref: "eth1", err: ErrUnknownGroup, candidates: all},
		{ref: "eth1:010", err: ErrUnknownGroup, candidates: all},
		{ref: "vrrp6:eth1:10", err: ErrUnknownGroup, candidates: all},
		{ref: "HSRP:eth1:10", err: ErrUnknownGroup, candidates: all},
		{ref: "", err: ErrUnknownGroup, candidates: all},
	}
	for _, tt := range tests {
		i, err := Find(groups, tt.ref)
		if tt.err == nil {
			if i != tt.want || err != nil {
				t.Errorf("Find(%q) = %d, %v; want %d", tt.ref, i, err, tt.want)
			}
			continue
		}
		ge, ok := errors.AsType[*GroupError](err)
		if !ok || !errors.Is(err, tt.err) || i != -1 {
			t.Errorf("Find(%q) = %d, %v; want -1, %v", tt.ref, i, err, tt.err)
			continue
		}
		if diff := cmp.Diff(tt.candidates, ge.Candidates); diff != "" {
			t.Errorf("Find(%q) candidates (-want +got):\n%s", tt.ref, diff)
		}
	}
}

func TestFindNeverTakesAnEmptyReferenceForAnUnnamedGroup(t *testing.T) {
	if i, err := Find([]Group{{Protocol: "hsrp", Interface: "eth1", ID: 1}}, ""); err == nil {
		t.Errorf("Find = %d", i)
	}
}

func TestFindWithoutGroupsSaysSo(t *testing.T) {
	_, err := Find(nil, "x")
	if err == nil || !strings.Contains(err.Error(), "none is configured") {
		t.Errorf("error %v", err)
	}
}

func TestExplain(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	g := Group{
		Protocol: "hsrp", Family: 4, Interface: "eth1", ID: 10, Name: "users", State: "Active", Since: at,
		Priority: 90, ConfiguredPriority: 110, Active: &Peer{Address: "local"}, Standby: &Peer{Address: "192.0.2.3"},
		LastTransition: &Transition{ID: 7, From: "Standby", To: "Active", At: at,
			Cause: string(fsm.CauseActiveTimer), Detail: "192.0.2.3 was last heard 10.002s ago.",
			Facts: []Fact{{"hold", "10s"}, {"priority", "90"}}},
		Takeover: []Takeover{{Proven: true}, {}, {Proven: true}},
	}
	want := []string{
		"hsrp:eth1:10 (users) went from Standby to Active at 2026-03-01T12:00:00Z (transition 7).",
		"Cause: active-timer-expired: nothing was heard from the active router for the hold time.",
		"Seen: 192.0.2.3 was last heard 10.002s ago.",
		"Known then: hold 10s, priority 90.",
		"Now: Active for 1m2.5s, priority 90 (configured 110), active router local, standby router 192.0.2.3, takeover proven by 2 of 3 neighbours.",
	}
	x := Explain(&g, at.Add(62500*time.Millisecond))
	if diff := cmp.Diff(want, x.Lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if len(x.Facts) != 2 || x.Transition.ID != 7 || x.Group != "hsrp:eth1:10" {
		t.Errorf("explanation %+v", x)
	}
	if len(g.Takeover) != 3 || !g.Takeover[0].Proven || g.Takeover[1].Proven {
		t.Errorf("Explain changed the group: %+v", g.Takeover)
	}
}

func TestExplainWithoutTransition(t *testing.T) {
	g := Group{Protocol: "vrrp", Family: 6, Interface: "eth1", ID: 20, State: "Backup"}
	want := []string{
		"vrrp6:eth1:20 has not changed state since it was started.",
		"Now: Backup, priority 0 (configured 0), active router unknown.",
	}
	x := Explain(&g, time.Time{})
	if diff := cmp.Diff(want, x.Lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if x.Facts == nil {
		t.Error("facts are null in JSON, want the empty list")
	}
}

func TestEveryCauseHasAMeaning(t *testing.T) {
	for _, c := range fsm.Causes {
		if got, want := CauseText(string(c.Cause)), string(c.Cause)+": "+c.Meaning; got != want {
			t.Errorf("CauseText(%s) = %q, want %q", c.Cause, got, want)
		}
	}
	if got := CauseText("sunspots"); got != "sunspots" {
		t.Errorf("unknown cause becomes %q", got)
	}
}

func TestLatest(t *testing.T) {
	at := func(s int64) *Transition { return &Transition{At: time.Unix(s, 0)} }
	gs := []Group{{}, {LastTransition: at(5)}, {LastTransition: at(9)}, {LastTransition: at(7)}}
	if got := Latest(gs); got != 2 {
		t.Errorf("Latest = %d, want 2", got)
	}
	if got := Latest(gs[:1]); got != -1 {
		t.Errorf("Latest without transitions = %d, want -1", got)
	}
}
