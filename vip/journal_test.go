package vip

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestJournalThatCannotBeMadeIsRefusedInTheSameWordsEachTime(t *testing.T) {
	d := stateDir(filepath.Join(t.TempDir(), "missing"))
	_, first := d.create(head{Interface: "eth0"}, nil)
	_, second := d.create(head{Interface: "eth0"}, nil)
	if first == nil || second == nil || first.Error() != second.Error() {
		t.Fatalf("%v, then %v", first, second)
	}
	if !strings.Contains(first.Error(), d.path("eth0")+": no such file") {
		t.Errorf("%v: want the journal's own path and the cause", first)
	}
}
