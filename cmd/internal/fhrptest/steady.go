package fhrptest

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Limits are how long the machine may keep threads from running before a
// scenario that fails says nothing; 0 = as long as it likes, which is no excuse.
type Limits struct {
	Ordinary time.Duration // any thread, or the kernel from being done
	Realtime time.Duration // one with real-time priority, where that is allowed
}

// Stall is the limit for scenarios whose timers run out a second or so after
// the last hello: what is longer could have cost a healthy router its role, and
// what is shorter could not.
var Stall = Limits{Ordinary: 300 * time.Millisecond}

// attempts is how often a scenario is played at most.
const attempts = 4

// Steady plays a scenario, and again if it fails while the machine provably
// stood still for longer than the limits: what took its time then is not known.
// A scenario that fails on a machine that ran all the time fails the test, as
// does the last attempt. Cleanup functions run at the end of each attempt.
func Steady(t *testing.T, limits Limits, scenario func(t testing.TB)) {
	t.Helper()
	steady(t, limits.watch, scenario)
}

// steady is Steady with what watches the machine: it starts at the beginning of
// an attempt, ends with it, and returns what asks for an excuse, "" for none.
func steady(t testing.TB, watch func(testing.TB) (excuse func() string), scenario func(t testing.TB)) {
	t.Helper()
	for n := 1; ; n++ {
		a := &attempt{TB: t}
		var excuse func() string
		a.run(func(t testing.TB) {
			excuse = watch(t)
			scenario(t)
		})
		if a.skip != "" {
			t.Skip(a.skip)
		}
		why := excuse()
		if !a.Failed() || why == "" || n == attempts {
			a.report(t)
			return
		}
		t.Logf("attempt %d failed, but %s, so that it says nothing:\n%s", n, why, strings.Join(a.faults, "\n"))
	}
}

func (l Limits) watch(t testing.TB) func() string {
	t.Helper()
	w, began := newWitness(t, l.Realtime > 0), time.Now()
	if a, ok := t.(*attempt); ok {
		a.witness = w
	}
	return func() string { return l.exceeded(w, began) }
}

// stalls is what limits are compared with.
type stalls interface {
	Longest(since time.Time) time.Duration
	Standstill(since time.Time) time.Duration
}

// exceeded says by what a limit was exceeded, "" if none was.
func (l Limits) exceeded(w stalls, since time.Time) string {
	if d := w.Longest(since); l.Ordinary > 0 && d >= l.Ordinary {
		return fmt.Sprintf("the machine kept a thread or the kernel waiting for %v", d)
	}
	if d := w.Standstill(since); l.Realtime > 0 && d >= l.Realtime {
		return fmt.Sprintf("the machine kept a thread with real-time priority waiting for %v", d)
	}
	return ""
}

// attempt is a test that fails by itself, not the one that it is part of.
type attempt struct {
	testing.TB
	witness *Witness // of the machine, while this runs

	mu       sync.Mutex
	failed   bool
	faults   []string
	skip     string
	cleanups []func()
}

// run plays a scenario and cleans up after it. The goroutine of its own is what
// FailNow ends.
func (a *attempt) run(scenario func(t testing.TB)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer a.clean()
		scenario(a)
	}()
	<-done
}

func (a *attempt) clean() {
	a.mu.Lock()
	last := len(a.cleanups) - 1
	if last < 0 {
		a.mu.Unlock()
		return
	}
	f := a.cleanups[last]
	a.cleanups = a.cleanups[:last]
	a.mu.Unlock()
	defer a.clean() // also when f ends the goroutine
	f()
}

// report fails the test for what the attempt has failed for.
func (a *attempt) report(t testing.TB) {
	t.Helper()
	for _, text := range a.faults {
		t.Error(text)
	}
	if a.failed {
		t.Fail()
	}
}

func (a *attempt) note(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed = true
	a.faults = append(a.faults, callers()+strings.TrimSuffix(text, "\n"))
}

// callers returns the lines of the tests that the caller's caller was called
// from, innermost first: testing would name the line that reports.
func callers() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs)])
	var text strings.Builder
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		if strings.HasSuffix(f.File, "_test.go") {
			fmt.Fprintf(&text, "%s:%d: ", filepath.Base(f.File), f.Line)
		}
	}
	return text.String()
}

// The methods of testing.TB that are about this attempt alone.

func (a *attempt) Cleanup(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cleanups = append(a.cleanups, f)
}

func (a *attempt) Failed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failed
}

func (a *attempt) Fail() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed = true
}

func (a *attempt) Error(args ...any)                 { a.note(fmt.Sprintln(args...)) }
func (a *attempt) Errorf(format string, args ...any) { a.note(fmt.Sprintf(format, args...)) }
func (a *attempt) Fatal(args ...any)                 { a.note(fmt.Sprintln(args...)); runtime.Goexit() }
func (a *attempt) Fatalf(format string, args ...any) {
	a.note(fmt.Sprintf(format, args...))
	runtime.Goexit()
}
func (a *attempt) FailNow() { a.Fail(); runtime.Goexit() }

func (a *attempt) Skip(args ...any)                 { a.leave(fmt.Sprintln(args...)) }
func (a *attempt) Skipf(format string, args ...any) { a.leave(fmt.Sprintf(format, args...)) }
func (a *attempt) SkipNow()                         { a.leave("skipped") }
func (a *attempt) Skipped() bool                    { return a.skip != "" }

func (a *attempt) leave(why string) {
	a.skip = strings.TrimSuffix(why, "\n")
	runtime.Goexit()
}
