package control_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func publish(h *control.Hub, from, to int) {
	for i := from; i < to; i++ {
		h.Publish(status.Event{Kind: "announce", Message: fmt.Sprint(i)})
	}
}

func TestHubCountsWhatASlowReaderLoses(t *testing.T) {
	var h control.Hub
	ch := h.Subscribe(t.Context())
	const queue, lost = 256, 44
	publish(&h, 0, queue+lost)
	for i := range queue {
		if ev := <-ch; ev.Message != fmt.Sprint(i) {
			t.Fatalf("event %d is %q", i, ev.Message)
		}
	}
	publish(&h, 300, 301)
	if ev := <-ch; ev.Kind != "gap" || ev.Lost != lost {
		t.Errorf("after the loss came %+v, want a gap of %d", ev, lost)
	}
	if ev := <-ch; ev.Message != "300" {
		t.Errorf("after the gap came %q, want 300", ev.Message)
	}
	publish(&h, 301, 302)
	if ev := <-ch; ev.Message != "301" {
		t.Errorf("then came %+v, want 301 and no second gap", ev)
	}
}

func TestHubTellsOfTheGapOnlyWithTheEventAfterIt(t *testing.T) {
	var h control.Hub
	ch := h.Subscribe(t.Context())
	publish(&h, 0, 257) // 256 is lost
	<-ch                // room for one: not enough for the gap and an event
	publish(&h, 257, 258)
	for range 255 {
		<-ch
	}
	publish(&h, 258, 259)
	if ev := <-ch; ev.Lost != 2 {
		t.Errorf("gap of %d, want 2: %+v", ev.Lost, ev)
	}
}

func TestHubReadersAreIndependent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h control.Hub
		ctx, cancel := context.WithCancel(t.Context())
		slow, quick := h.Subscribe(t.Context()), h.Subscribe(ctx)
		for i := range 400 {
			publish(&h, i, i+1)
			if ev := <-quick; ev.Message != fmt.Sprint(i) {
				t.Fatalf("the quick reader got %q, want %d", ev.Message, i)
			}
		}
		cancel()
		synctest.Wait()
		if _, ok := <-quick; ok {
			t.Error("an event after the reader ended")
		}
		publish(&h, 400, 401)
		if ev := <-slow; ev.Message != "0" {
			t.Errorf("the slow reader begins with %q", ev.Message)
		}
	})
}
