package logs

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestFormats(t *testing.T) {
	tests := []struct {
		name string
		opts Options
		want string // what the line must contain
		not  string // and must not
	}{
		{"text has a time", Options{}, "time=", "{"},
		{"the journal has its own time", Options{Journal: true}, "level=INFO msg=hello", "time="},
		{"json has a time even for the journal", Options{Format: "json", Journal: true}, `"time":`, "time="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			log, _, err := New(&b, tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			log.Info("hello")
			if s := b.String(); !strings.Contains(s, tt.want) || strings.Contains(s, tt.not) {
				t.Errorf("line %q: want %q and not %q", s, tt.want, tt.not)
			}
			if tt.opts.Format == "json" && !json.Valid(b.Bytes()) {
				t.Errorf("not JSON: %s", b.Bytes())
			}
		})
	}
}

func TestLevels(t *testing.T) {
	names := []string{"debug", "info", "warn", "error"}
	for i, name := range names {
		var b bytes.Buffer
		log, _, err := New(&b, Options{Level: name})
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

func TestLevelChangesAtRunTime(t *testing.T) {
	var b bytes.Buffer
	log, level, err := New(&b, Options{Level: "error"})
	if err != nil {
		t.Fatal(err)
	}
	log.Info("before")
	if err := SetLevel(level, "info"); err != nil {
		t.Fatal(err)
	}
	log.Info("after")
	if s := b.String(); strings.Contains(s, "before") || !strings.Contains(s, "after") {
		t.Errorf("log is %q, want only the line after the change", s)
	}
}

func TestMistakesNameTheChoices(t *testing.T) {
	for _, o := range []Options{{Level: "loud"}, {Format: "xml"}} {
		if _, _, err := New(&bytes.Buffer{}, o); err == nil || !strings.Contains(err.Error(), "want ") {
			t.Errorf("New(%+v) = %v, want an error that lists the choices", o, err)
		}
	}
}
