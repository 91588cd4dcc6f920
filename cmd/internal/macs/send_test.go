package macs

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

func some(n int) []Item {
	items := make([]Item, n)
	for i := range items {
		items[i] = Item{MAC: mac(byte(i + 1)), Out: "up0"}
	}
	return items
}

func TestSendKeepsTheRate(t *testing.T) {
	for _, rate := range []int{1, 20, DefaultRate} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			var at []time.Duration
			n, err := send(t.Context(), some(200), garp.FormARP0, rate, func(string, []byte) error {
				at = append(at, time.Since(began))
				return nil
			})
			if n != 200 || len(at) != 200 || err != nil {
				t.Fatalf("sent %d, %v", n, err)
			}
			if at[0] != 0 {
				t.Errorf("the first frame waits for %s", at[0])
			}
			for i := rate; i < len(at); i++ {
				if within := at[i] - at[i-rate]; within < time.Second-time.Millisecond {
					t.Fatalf("%d frames within %s, want a second", rate+1, within)
				}
			}
			if took, want := at[199], 199*time.Second/time.Duration(rate); took > want {
				t.Errorf("took %s, want %s", took, want)
			}
		})
	}
}

func TestSendStopsWhenToldTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		sent := 0
		n, err := send(ctx, some(9), garp.FormRARP, 1, func(string, []byte) error { sent++; return nil })
		if n != 3 || sent != 3 || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "3 of 9") {
			t.Errorf("sent %d (%d), %v", n, sent, err)
		}
	})
}

func TestSendSaysWhereItFailed(t *testing.T) {
	boom := errors.New("boom")
	n, err := send(t.Context(), some(2), garp.FormARP0, 100, func(dev string, frame []byte) error {
		if hello.MAC(frame[6:12]) == mac(2) {
			return boom
		}
		return nil
	})
	if n != 1 || !errors.Is(err, boom) || err.Error() != "announce 02:00:00:00:00:02 on up0: boom" {
		t.Errorf("sent %d, %v", n, err)
	}
}

func TestAnnounceRefusesAnOptionOutOfRange(t *testing.T) {
	for _, o := range []Options{{Rate: -1}, {Rate: MaxRate + 1}, {Form: "gossip"}} {
		if _, err := Announce(t.Context(), o); err == nil || !strings.Contains(err.Error(), "want") {
			t.Errorf("%+v: error %v", o, err)
		}
	}
}
