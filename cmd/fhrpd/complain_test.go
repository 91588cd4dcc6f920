package main

import (
	"bytes"
	"errors"
	"testing"
)

// A unit that fails is looked for with "journalctl -p err".
func TestFaultsHaveTheirLevelInTheJournal(t *testing.T) {
	for journal, want := range map[bool]string{
		true:  "<4>warning: doubtful\n<3>fhrpd: no\n<3>way\n",
		false: "warning: doubtful\nfhrpd: no\nway\n",
	} {
		var b bytes.Buffer
		a := &app{stderr: &b, journal: journal}
		a.warn("%s", "doubtful")
		a.report(errors.New("no\nway"))
		if b.String() != want {
			t.Errorf("journal %v: %q, want %q", journal, b.String(), want)
		}
	}
}
