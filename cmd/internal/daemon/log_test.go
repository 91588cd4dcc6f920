package daemon

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/configs"
)

func TestFormatsOfTheLog(t *testing.T) {
	tests := []struct {
		name    string
		format  string
		journal bool
		want    string // what the line must contain
		not     string // and must not
	}{
		{"text has a time", "text", false, "time=", "{"},
		{"the journal has its own time", "text", true, "<6>level=INFO msg=hello\n", "time="},
		{"json has a time even for the journal", "json", true, `"time":`, "time="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			log, err := NewLog(&b, &configs.Daemon{Log: "info", Format: tt.format}, new(LogForm), tt.journal)
			if err != nil {
				t.Fatal(err)
			}
			log.Info("hello")
			if s := b.String(); !strings.Contains(s, tt.want) || strings.Contains(s, tt.not) {
				t.Errorf("line %q: want %q and not %q", s, tt.want, tt.not)
			}
			if tt.format == "json" && !json.Valid(b.Bytes()) {
				t.Errorf("not JSON: %s", b.Bytes())
			}
		})
	}
}

func TestLevelsOfTheLog(t *testing.T) {
	names := []string{"debug", "info", "warn", "error"}
	for i, name := range names {
		var b bytes.Buffer
		log, err := NewLog(&b, &configs.Daemon{Log: name}, new(LogForm), false)
		if err != nil {
			t.Fatal(err)
		}
		log.Debug("m")
		log.Info("m")
		log.Warn("m")
		log.Error("m")
		if got, want := strings.Count(b.String(), "\n"), len(names)-i; got != want {
			t.Errorf("level %s lets %d lines through, want %d", name, got, want)
		}
	}
}

// What was made from the log before changes its form too.
func TestLogChangesItsForm(t *testing.T) {
	var b bytes.Buffer
	form := new(LogForm)
	log, err := NewLog(&b, &configs.Daemon{Log: "info"}, form, false)
	if err != nil {
		t.Fatal(err)
	}
	child := log.With("who", "child").WithGroup("g")
	for _, asJSON := range []bool{false, true, false} {
		form.json.Store(asJSON)
		b.Reset()
		child.Info("line", "n", 1)
		if got := strings.HasPrefix(b.String(), "{"); got != asJSON || !strings.Contains(b.String(), "child") {
			t.Errorf("JSON: %t, want %t: %s", got, asJSON, b.String())
		}
	}
}
