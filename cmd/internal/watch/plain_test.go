package watch

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestPlainComesAgainEachInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &source{st: router(7, group(1, "Active"))}
		var b strings.Builder
		begin := time.Now()
		if err := Plain(t.Context(), &b, Options{Sources: [2]Source{src}, Names: [2]string{"this router"}, Interval: time.Minute, Count: 3, Now: clock}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.String(), "hsrp:eth1:1  lan-1  Active"); n != 3 || time.Since(begin) != 2*time.Minute {
			t.Errorf("%d tables in %v:\n%s", n, time.Since(begin), b.String())
		}
		if strings.Contains(b.String(), "\x1b") {
			t.Error("a pipe got escape sequences")
		}
	})
}

func TestPlainEndsWhenInterruptedAndFailsWithoutADaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		src := &source{st: router(7)}
		var b strings.Builder
		if err := Plain(ctx, &b, Options{Sources: [2]Source{src}, Interval: time.Minute, Now: clock}); err != nil {
			t.Error(err)
		}
		if n := strings.Count(b.String(), "0 groups"); n != 2 {
			t.Errorf("%d tables before the end", n)
		}
		src.err = errors.New("no daemon")
		if err := Plain(t.Context(), &b, Options{Sources: [2]Source{src}, Interval: time.Minute, Now: clock}); err != src.err {
			t.Errorf("got %v", err)
		}
	})
}
