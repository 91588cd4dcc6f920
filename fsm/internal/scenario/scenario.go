// Package scenario reads stories about one protocol machine and checks what it
// does, line by line. A story is a text file:
//
//	# what it shows
//	group prio=110 vip=192.0.2.254
//	at 0s: up 192.0.2.1
//		0s      Init -> Listen: started, address 192.0.2.1
//	at 3s: recv hello state=Active prio=100 from 192.0.2.2
//	at 20s: run
//		13s     Listen -> Speak: active-timer-expired, nothing from …
//
// A line at the margin is a command; indented lines below it are the actions
// that follow from it and from all deadlines passed on the way. Running the
// test with -update writes the actions into the files: read the difference
// before committing it.
package scenario

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the actions seen into the scenario files")

// Line is one command: its time since the start, its verb, and the words and
// key=value pairs after it. The pair "from X" may be written without "=".
type Line struct {
	At      time.Duration
	Verb    string
	Words   []string
	Options map[string]string
}

// Only returns an error when l has an option not named in keys.
func (l Line) Only(keys ...string) error {
	for k := range l.Options {
		if !slices.Contains(keys, k) {
			return fmt.Errorf("%s: unknown option %q, want one of %v", l.Verb, k, keys)
		}
	}
	return nil
}

// Run plays every file that matches pattern as a subtest.
func Run(t *testing.T, pattern string, p Protocol) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenario matches %s (%v)", pattern, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		t.Run(name, func(t *testing.T) { runFile(t, file, p) })
	}
}

func runFile(t *testing.T, file string, p Protocol) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := play(string(text), p)
	if err != nil {
		t.Fatalf("%s:%v", file, err)
	}
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if line, want, got := difference(string(text), got); line > 0 {
		t.Errorf("%s:%d: the file and the machine part here\nfile:    %s\nmachine: %s", file, line, want, got)
	}
}

// difference returns the first line in which two texts differ, counted from 1,
// and 0 when they are equal.
func difference(a, b string) (line int, inA, inB string) {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	n := 0
	for n < min(len(as), len(bs)) && as[n] == bs[n] {
		n++
	}
	if n == len(as) && n == len(bs) {
		return 0, "", ""
	}
	return n + 1, strings.Join(as[n:min(n+1, len(as))], ""), strings.Join(bs[n:min(n+1, len(bs))], "")
}

// play returns text with the indented lines replaced by what the machine does.
func play(text string, p Protocol) (string, error) {
	var out strings.Builder
	actor := player{protocol: p}
	for i, raw := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(raw, "\t") {
			continue
		}
		fmt.Fprintln(&out, raw)
		if raw == "" || raw[0] == '#' {
			continue
		}
		trace, err := actor.line(raw)
		if err != nil {
			return "", fmt.Errorf("%d: %w", i+1, err)
		}
		for _, action := range trace {
			fmt.Fprintf(&out, "\t%s\n", action)
		}
	}
	return out.String(), nil
}

// parse reads "at 3s: verb word key=value" or, without a time, "verb …".
func parse(raw string) (Line, error) {
	l := Line{Options: map[string]string{}}
	if rest, ok := strings.CutPrefix(raw, "at "); ok {
		at, command, ok := strings.Cut(rest, ":")
		if !ok {
			return l, fmt.Errorf("%q: want \"at TIME: COMMAND\"", raw)
		}
		var err error
		if l.At, err = time.ParseDuration(at); err != nil {
			return l, err
		}
		raw = command
	}
	words := strings.Fields(raw)
	if len(words) == 0 {
		return l, fmt.Errorf("no command")
	}
	l.Verb = words[0]
	l.words(words[1:])
	return l, nil
}

func (l *Line) words(words []string) {
	for i := 0; i < len(words); i++ {
		key, value, pair := strings.Cut(words[i], "=")
		switch {
		case pair:
			l.Options[key] = value
		case key == "from" && i+1 < len(words):
			i++
			l.Options[key] = words[i]
		default:
			l.Words = append(l.Words, key)
		}
	}
}
