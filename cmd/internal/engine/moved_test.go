package engine

import (
	"slices"
	"testing"
)

func TestAMovedUplinkIsAnnounced(t *testing.T) {
	h := hsrpActive(t)
	h.e.Moved(h.now, []string{"eth1"}, "bond0 chose eth4")
	if sent := h.port.having("send"); len(sent) > 0 {
		t.Errorf("another interface moved and %q was sent", sent)
	}
	h.e.Moved(h.now, []string{"eth0"}, "bond0 chose eth4")
	sent := h.port.having("send")
	if len(sent) < 3 {
		t.Errorf("sent %q, want the announcements of a takeover", sent)
	}
	if told := h.told("announce"); !slices.Contains(told, "announced again: bond0 chose eth4") {
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
