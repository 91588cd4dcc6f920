package daemon

import (
	"bytes"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// heldTerminal is a writer that can be held.
type heldTerminal struct {
	bytes.Buffer
	held chan struct{}
}

func (w *heldTerminal) Write(p []byte) (int, error) {
	<-w.held
	return w.Buffer.Write(p)
}

func TestHeldTerminalHoldsUpOnlyTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &heldTerminal{held: make(chan struct{})}
		log, a := newAsyncLog(slog.New(slog.NewTextHandler(w, nil)))
		for range logRoom + 10 {
			log.Info("hello")
		}
		began := time.Now()
		a.close(time.Second)
		if took := time.Since(began); took != time.Second {
			t.Errorf("close took %v, want what it was given", took)
		}
		close(w.held)
		<-a.lines.done
		out := w.String()
		if n := strings.Count(out, "msg=hello"); n != logRoom {
			t.Errorf("%d lines written, want those that had room", n)
		}
		if !strings.Contains(out, "lost=") {
			t.Error("nobody is told of the lines that were lost")
		}
	})
}

// A daemon is silent most of the time, and what waits then takes no memory.
func TestSilentLogNeedsNoMemory(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	before := heapAfter(func() {})
	var a *asyncLog
	after := heapAfter(func() { _, a = newAsyncLog(log) })
	a.close(time.Minute)
	if grown := int64(after) - int64(before); grown > 256<<10 {
		t.Errorf("an idle log takes %d bytes", grown)
	}
}

// heapAfter returns how many bytes are in use after do, without garbage.
func heapAfter(do func()) uint64 {
	do()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestLogLinesKeepOrderAndFields(t *testing.T) {
	var w bytes.Buffer
	log, a := newAsyncLog(slog.New(slog.NewTextHandler(&w, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, at slog.Attr) slog.Attr {
			if at.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return at
		},
	})))
	log.With("interface", "eth0").Info("one", "n", 1)
	log.WithGroup("g").Warn("two", "n", 2)
	log.Debug("not at this level")
	a.close(time.Minute)
	const want = "level=INFO msg=one interface=eth0 n=1\nlevel=WARN msg=two g.n=2\n"
	if got := w.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
