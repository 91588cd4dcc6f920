package engine_test

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// idlePort does nothing, so that a benchmark measures the engine alone.
type idlePort struct{ frames, moves int }

func (*idlePort) Add(engine.ID, engine.Virtual) error                   { return nil }
func (*idlePort) Remove(engine.ID)                                      {}
func (*idlePort) Gate([]engine.Claim, []engine.ID) ([]engine.ID, error) { return nil, nil }
func (p *idlePort) Transmit(f [][]byte) ([]int, error)                  { p.frames += len(f); return nil, nil }
func (*idlePort) Unicast(src, dst netip.Addr, b []byte) error           { return nil }
func (*idlePort) LookOut([]hello.MAC)                                   {}
func (*idlePort) Flooded() uint64                                       { return 0 }
func (*idlePort) Address(engine.Round, []engine.ID, []engine.ID)        {}
func (*idlePort) Renew() ([]engine.ID, error)                           { return nil, nil }

func idleEngine(b testing.TB, toml string) (*engine.Engine, *idlePort) {
	b.Helper()
	port := &idlePort{}
	config := parsed(b, toml)
	e, err := engine.New(config, engine.Options{
		Ports: map[string]engine.Port{"eth0": port}, Random: func() float64 { return 0.5 }, Now: t0,
		Observe: func(ev engine.Event) {
			if ev.Kind == engine.KindTransition {
				port.moves++
			}
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	l := newTestLink("eth0")
	l.Addrs = append(l.Addrs, ownedBy(config)...)
	e.LinkChanged(t0, "eth0", l)
	return e, port
}

// BenchmarkEngineHello is a hello of the active router at a standby: frame in,
// machine stepped, deadline moved.
func BenchmarkEngineHello(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprintf("hsrp/groups=%d", n), func(b *testing.B) {
			e, _ := idleEngine(b, manyHSRP(n, ""))
			frame := hsrpFrame(hello.OpHello, hello.Active, better, func(m *hello.HSRP, _ *hello.Envelope) {
				m.Group, m.VirtualIP = 100, netip.MustParseAddr("10.0.0.1")
			})
			now := t0
			b.ReportAllocs()
			for b.Loop() {
				now = now.Add(time.Microsecond)
				e.Frame(now, "eth0", frame, true)
			}
		})
	}
	b.Run("vrrp", func(b *testing.B) {
		e, _ := idleEngine(b, vrrpConfig)
		frame := vrrpFrame(200)
		now := t0
		b.ReportAllocs()
		for b.Loop() {
			now = now.Add(time.Microsecond)
			e.Frame(now, "eth0", frame, true)
		}
	})
}

// Most of what is heard changes nothing. A thousand groups hear a thousand such hellos
// a second.
func TestHelloThatChangesNothingCostsNoMemory(t *testing.T) {
	for name, tt := range map[string]struct {
		toml  string
		frame []byte
	}{
		"hsrp": {hsrpConfig, hsrpFrame(hello.OpHello, hello.Active, better)},
		"vrrp": {vrrpConfig, vrrpFrame(200)},
	} {
		h := newHost(t, tt.toml).up("eth0")
		now := h.now
		if n := testing.AllocsPerRun(1000, func() {
			now = now.Add(time.Microsecond)
			h.e.Frame(now, "eth0", tt.frame, true)
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// BenchmarkEngineTick is one hello of an active group, out of many.
func BenchmarkEngineTick(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprintf("groups=%d", n), func(b *testing.B) {
			e, port := idleEngine(b, manyHSRP(n, "announce = { refresh = \"off\" }"))
			now := t0
			for now.Before(t0.Add(time.Minute)) {
				now = now.Add(10 * time.Millisecond)
				e.Tick(now)
			}
			from := port.frames
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				at, _ := e.Deadline()
				if at.After(now) {
					now = at
				}
				e.Wake(now, 0)
				e.Tick(now)
			}
			b.ReportMetric(float64(port.frames-from)/float64(b.N), "frames/op")
		})
	}
}

// beforePromotion returns an engine whose groups become active with the next ticks at
// due, and whether they have not yet.
func beforePromotion(b testing.TB, groups int) (e *engine.Engine, due time.Time, left func() bool) {
	b.Helper()
	e, port := idleEngine(b, manyHSRP(groups, "announce = { probe = \"off\" }"))
	due = t0.Add(6 * time.Second)
	for now := t0.Add(3 * time.Second); now.Before(due); now = now.Add(time.Second / 4) {
		for range groups/engine.Chunk + 1 {
			e.Tick(now)
		}
	}
	return e, due, func() bool { return port.moves < 4*groups }
}

// BenchmarkPromote is everything from the end of the wait to the first
// announcements, for groups whose time comes at one instant.
func BenchmarkPromote(b *testing.B) {
	for _, n := range []int{1, 256, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				e, due, left := beforePromotion(b, n)
				b.StartTimer()
				for left() {
					e.Tick(due)
				}
			}
		})
	}
}

// Where a thousand groups change together, what each of them allocates has the garbage
// collector run meanwhile.
func TestPromotionCostsLittleMemory(t *testing.T) {
	const groups, most = 200, 24
	e, due, left := beforePromotion(t, groups)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for left() {
		e.Tick(due)
	}
	runtime.ReadMemStats(&after)
	if n := (after.Mallocs - before.Mallocs) / groups; n > most {
		t.Errorf("%d allocations a group, want %d at most", n, most)
	}
}

// BenchmarkARP is a request for a virtual address, answered.
func BenchmarkARP(b *testing.B) {
	e, _ := idleEngine(b, manyVRRP(1, 1, "priority = 255"))
	frame := arpFrame(arpRequest, otherMAC, client4, vip4)
	b.ReportAllocs()
	for b.Loop() {
		e.Frame(t0, "eth0", frame, true)
		e.Flush(t0)
	}
}

// BenchmarkStranger is a packet that belongs to no group, among many.
func BenchmarkStranger(b *testing.B) {
	e, _ := idleEngine(b, manyHSRP(1000, ""))
	frame := hsrpFrame(hello.OpHello, hello.Active)
	b.ReportAllocs()
	for b.Loop() {
		e.Frame(t0, "eth0", frame, true)
	}
}
