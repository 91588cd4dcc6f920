package vip

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// lose are the ways in which the files of a process that has died get lost.
var lose = map[string]func(t testing.TB, l *lab){
	"the folder": func(t testing.TB, l *lab) { ok(t, os.RemoveAll(l.state)) },
	"the contents": func(t testing.TB, l *lab) {
		files, err := filepath.Glob(filepath.Join(l.state, "*:*"))
		ok(t, err)
		for _, f := range files {
			ok(t, os.Truncate(f, 0))
		}
	},
	"the beginning": func(t testing.TB, l *lab) {
		f, err := os.OpenFile(stateDir(l.state).path("eth0"), os.O_WRONLY, 0)
		ok(t, err)
		_, err = f.WriteString("\x00\x00\x00\x00")
		ok(t, err)
		ok(t, f.Close())
	},
}

// What the kernel remembers is put back without a file: addresses, routes, tables,
// settings, and the virtual MACs in the unicast filter.
func TestSettingsAreRestoredWithoutAJournal(t *testing.T) {
	for name, damage := range lose {
		for how, next := range map[string]func(l *lab){
			"recovered": func(l *lab) { ok(l.t, Recover(Options{StateDir: l.state})) },
			"opened":    func(l *lab) { ok(l.t, l.open(Options{Adopt: true}).Close()) },
			"started": func(l *lab) {
				ok(l.t, Recover(Options{StateDir: l.state, Adopt: true, Owner: l.owner}, "eth0"))
				ok(l.t, l.open(Options{Adopt: true}).Close())
			},
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				l := newLab(t)
				setSysctl(t, "ipv4/conf/eth0/arp_announce=1")
				before := snapshot(t)
				l.died(time.Minute)
				damage(t, l)
				next(l)
				checkSnapshot(t, how, before)
			})
		}
	}
}

func TestGateWithoutAJournalIsNotAdopted(t *testing.T) {
	l := newLab(t)
	l.died(0) // nothing says that it never shuts
	ok(t, os.RemoveAll(l.state))
	l.open(Options{Adopt: true})
	l.checkForwarded("opened", 0)
}

func TestRememberedSettings(t *testing.T) {
	all := append(interfaceSysctls("eth0"), sharedSysctls()...)
	for n := range all {
		all[n].Old = "7"
	}
	text := remember(all, "b")
	if len(text)+36 > longestComment {
		t.Errorf("%d bytes do not fit", len(text))
	}
	if diff := cmp.Diff(all, remembered(text, "eth0", "b")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, text := range map[string]string{
		"another boot's":  remember(all, "c"),
		"somebody else's": "eth0 is ours: arp_ignore=1 boot=b",
		"no number":       rememberPrefix + " arp_ignore=x arp_announce= boot=b",
		"nothing":         "",
	} {
		if got := remembered(text, "eth0", "b"); len(got) > 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestLostJournalIsWrittenAnew(t *testing.T) {
	for name, damage := range lose {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			before := snapshot(t)
			iface := l.open(Options{})
			l.active(iface, time.Minute)
			if iface.JournalLost() {
				t.Error("lost before anything happened")
			}
			damage(t, l)
			if name == "the beginning" { // of the same size: nobody notices that before the next start
				return
			}
			if !iface.JournalLost() {
				t.Error("not noticed")
			}
			if lost, err := iface.RestoreJournal(); !lost || err != nil {
				t.Errorf("RestoreJournal: %v, %v", lost, err)
			}
			if lost, err := iface.RestoreJournal(); lost || err != nil || iface.JournalLost() {
				t.Errorf("RestoreJournal again: %v, %v", lost, err)
			}
			ok(t, iface.Add(11, Router{MAC: [6]byte{0, 0, 0x5e, 0, 1, 11}})) // goes on in the new one
			if iface.JournalLost() {
				t.Error("lost by what was added")
			}
			ok(t, iface.Abandon())
			ok(t, Recover(Options{StateDir: l.state}))
			checkSnapshot(t, "recovered by the new journal", before)
		})
	}
}

func TestDraftsOfAKilledProcessAreSwept(t *testing.T) {
	l := newLab(t)
	litter := filepath.Join(l.state, tempPrefix+"123")
	ok(t, os.WriteFile(litter, []byte("{"), 0o600))
	ok(t, Recover(Options{StateDir: l.state}))
	files, err := filepath.Glob(filepath.Join(l.state, ".*"))
	ok(t, err)
	if slices.Contains(files, litter) {
		t.Errorf("left: %v", files)
	}
}
