package engine

import (
	"net/netip"
	"testing"
	"time"
)

func TestQuietestRouterIsForgotten(t *testing.T) {
	var ws words
	at := func(n int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}) }
	now := time.Unix(0, 0)
	say := func(n int) {
		now = now.Add(time.Second)
		ws.take(at(n)).Heard = Heard{At: now, From: at(n)}
	}
	for n := range 200 {
		say(250) // which goes on
		say(n)
	}
	if len(ws) != maxWords || ws.of(at(250)) == nil || ws.of(at(199)) == nil || ws.of(at(0)) != nil {
		t.Errorf("%d routers are remembered: %+v", len(ws), ws)
	}
}
