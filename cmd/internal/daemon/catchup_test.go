package daemon

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// helloFrom is what another router of testConfig says, a better one.
func helloFrom(state hello.HSRPState) []byte {
	from, mac := netip.MustParseAddr("192.0.2.11"), hello.MAC{2, 0, 0, 0, 0, 11}
	m := hello.HSRP{
		Version: 2, Op: hello.OpHello, State: state, Family: hello.IPv4, Group: 10, Priority: 200,
		HelloTime: 3 * time.Second, HoldTime: 10 * time.Second, VirtualIP: netip.MustParseAddr("192.0.2.1"), Identifier: mac,
	}
	env := hello.GroupEnvelope(hello.ProtocolHSRP, 2, from, mac)
	auth, _ := hello.TextAuth("cisco")
	return hello.AppendFrame(nil, &env, hello.AppendHSRP(nil, &m, &auth, from))
}

// A process that was stopped has timers that are long due and a buffer that is
// full of hellos. The buffer comes first, all of it.
func TestEverythingIsReadBeforeTheTimersOfAProcessThatWasStopped(t *testing.T) {
	for name, turn := range map[string]func(*plug, time.Time){
		"while it waited": func(p *plug, now time.Time) {
			p.Woken(now)
			p.Readable(now, 107)
			p.Tick(now)
		},
		"between the wait and the timers": func(p *plug, now time.Time) { p.Tick(now) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlug(t)
				p.event(7)
				p.settle()
				p.want(t, "Listen", 107)
				p.Tick(time.Now())
				w := p.port.opened.socket.(*fakeWire)
				junk := make([]byte, 60)
				w.wait = [][][]byte{{junk}, {junk, helloFrom(hello.Standby)}, {helloFrom(hello.Active)}}
				time.Sleep(11 * time.Second) // virtual
				turn(p, time.Now())
				p.want(t, "Listen", 107)
				if len(w.wait) > 0 {
					t.Errorf("%d batches are left", len(w.wait))
				}
				p.stop()
			})
		})
	}
}

// A segment that sends without end must not keep the timers from their work.
func TestCatchingUpEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlug(t)
		p.event(7)
		p.settle()
		p.Tick(time.Now())
		w := p.port.opened.socket.(*fakeWire)
		w.flood = make([]byte, 60)
		time.Sleep(11 * time.Second) // virtual
		p.Woken(time.Now())
		if w.reads < catchUpBatches {
			t.Errorf("%d batches were read, want %d at least", w.reads, catchUpBatches)
		}
		p.Tick(time.Now())
		p.want(t, "Speak", 107)
		p.stop()
	})
}
