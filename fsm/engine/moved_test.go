package engine_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

func TestAMovedUplinkIsAnnounced(t *testing.T) {
	h := hsrpActive(t)
	h.e.Moved(h.now, []string{"eth1"}, "bond0 chose eth4")
	if sent := h.port.having("send"); len(sent) > 0 {
		t.Errorf("another interface moved and %q was sent", sent)
	}
	h.e.Moved(h.now, []string{"eth0"}, "bond0 chose eth4")
	sent := h.run(0).port.having("send")
	if len(sent) < 3 {
		t.Errorf("sent %q, want the announcements of a takeover", sent)
	}
	if told := h.told(engine.KindAnnounce); !slices.Contains(told, "announced again: bond0 chose eth4") {
		t.Errorf("told %q", told)
	}
}

func TestAStandbySaysNothingAboutAMove(t *testing.T) {
	h := hsrpStandby(t)
	h.e.Moved(h.now, []string{"eth0"}, "bond0 chose eth4")
	if sent := h.port.having("send"); len(sent) > 0 {
		t.Errorf("a standby sent %q", sent)
	}
}

// No hello is to wait for the announcements of a thousand groups.
func TestAMoveOfManyGroupsIsAnnouncedInSteps(t *testing.T) {
	const n = 10 * engine.Chunk
	h := newHost(t, manyHSRP(n, "announce = { probe = \"off\" }")).up("eth0").until("hsrp:eth0:100", "Active").run(10 * time.Second).clear()
	announced := func() (groups int) {
		for _, sent := range h.port.having("send virtual reply 10.") {
			if strings.HasSuffix(sent, ".1") {
				groups++
			}
		}
		return groups
	}
	h.e.Moved(h.now, []string{"eth0"}, "bond0 chose eth4")
	for step := range n / engine.Chunk {
		if h.e.Tick(h.now); announced() != (step+1)*engine.Chunk {
			t.Fatalf("%d groups are announced after %d steps of %d", announced(), step+1, engine.Chunk)
		}
	}
}
