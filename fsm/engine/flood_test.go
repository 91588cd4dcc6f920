package engine_test

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// floods are what a hostile host may send; number makes each frame another one.
var floods = []struct {
	name  string
	frame func(number int) []byte
}{
	{"ARP requests for the address", func(n int) []byte {
		return arpFrame(arpRequest, forgedMAC(n), forgedAddr(n), vip4)
	}},
	{"ARP claims of the address", func(n int) []byte {
		return arpFrame(arpReply, forgedMAC(n), vip4, vip4)
	}},
	{"ARP from everybody", func(n int) []byte {
		return arpFrame(arpReply, forgedMAC(n), forgedAddr(n), own4)
	}},
	{"hellos of groups that do not exist", func(n int) []byte {
		return hsrpFrame(hello.OpHello, hello.Active, forged(n), func(m *hello.HSRP, _ *hello.Envelope) { m.Group = uint16(2000 + n%2000) })
	}},
	{"hellos with wrong authentication", func(n int) []byte {
		return hsrpFrameWith("guess", hello.OpHello, hello.Active, forged(n))
	}},
	{"hellos of many speakers", func(n int) []byte {
		return hsrpFrame(hello.OpHello, hello.Speak, forged(n), func(m *hello.HSRP, e *hello.Envelope) {
			m.Priority, e.Src = 1, netip.AddrFrom4([4]byte{192, 0, 2, byte(n%200 + 20)})
		})
	}},
	{"advertisements of routers that do not exist", func(n int) []byte {
		return vrrpFrame(1, func(m *hello.VRRP, e *hello.Envelope) { m.VRID, e.Src = uint8(n%200+20), forgedAddr(n) })
	}},
}

func forgedMAC(n int) hello.MAC {
	return hello.MAC{2, 0xf, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}

func forgedAddr(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
}

func forged(n int) func(*hello.HSRP, *hello.Envelope) {
	return func(m *hello.HSRP, e *hello.Envelope) {
		e.Src, e.SrcMAC, m.Identifier = forgedAddr(n+1), forgedMAC(n+1), forgedMAC(n+1)
	}
}

func TestFloodGrowsNothingAndKeepsTheRole(t *testing.T) {
	const frames = 20_000
	for _, tt := range floods {
		t.Run(tt.name, func(t *testing.T) {
			h := hsrpActive(t)
			var before, after runtime.MemStats
			flood := func(from int) {
				for n := from; n < from+frames; n++ {
					h.e.Frame(h.now, "eth0", tt.frame(n), true)
					if n%64 == 63 {
						h.e.Flush(h.now)
						h.clear()
						h.now = h.now.Add(time.Millisecond)
						h.e.Tick(h.now)
					}
				}
				h.clear()
			}
			flood(0) // buffers grow once
			runtime.GC()
			runtime.ReadMemStats(&before)
			flood(frames)
			runtime.GC()
			runtime.ReadMemStats(&after)
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 256<<10 {
				t.Errorf("%d KiB more after %d frames", grown>>10, frames)
			}
			h.state("eth0:10", "Active")
		})
	}
}

func TestFloodTellsLittle(t *testing.T) {
	for _, tt := range floods {
		t.Run(tt.name, func(t *testing.T) {
			h := hsrpActive(t)
			for n := range 5000 {
				h.e.Frame(h.now, "eth0", tt.frame(n), true)
			}
			if len(h.events) > 2*engine.Newcomers {
				t.Errorf("%d events, the last: %s", len(h.events), h.events[len(h.events)-1].Message)
			}
		})
	}
}

// TestFloodDoesNotDelayHellos counts hellos, not time: what the loop does in a
// turn is the daemon's to bound.
func TestFloodDoesNotDelayHellos(t *testing.T) {
	h := hsrpActive(t)
	hellos := 0
	for n := range 10_000 { // one a millisecond
		h.e.Frame(h.now, "eth0", floods[0].frame(n), true)
		h.e.Flush(h.now)
		h.now = h.now.Add(time.Millisecond)
		if at, armed := h.e.Deadline(); armed && !at.After(h.now) {
			h.e.Tick(h.now)
		}
		hellos += len(h.port.having("send virtual Hello"))
		h.clear()
	}
	if hellos < 10 {
		t.Errorf("%d hellos in 10 s", hellos)
	}
	if worst := h.e.Timing().Worst; worst > time.Millisecond {
		t.Errorf("a deadline was served %v late", worst)
	}
}

// A recorded message is as good as a fresh one (HSRP has no sequence numbers),
// so an answer to each would make a mirror of the active router.
func TestRecordedMessagesAreAnsweredAtALimitedRate(t *testing.T) {
	const seconds, gaps = 10, 10 // a gap is a tenth of the hello time of 1 s
	for name, frame := range map[string][]byte{
		"hello of a worse active router": hsrpFrame(hello.OpHello, hello.Active),
		"resign":                         hsrpFrame(hello.OpResign, hello.Active),
		"coup of a worse router":         hsrpFrame(hello.OpCoup, hello.Active),
		"hello of a standby router":      hsrpFrame(hello.OpHello, hello.Standby),
	} {
		t.Run(name, func(t *testing.T) {
			h := hsrpActive(t)
			for range seconds * 1000 {
				h.heard(frame)
				h.run(time.Millisecond)
			}
			h.state("eth0:10", "Active")
			coups, hellos := len(h.port.having("send virtual Coup")), len(h.port.having("send virtual Hello"))
			if limit := seconds*gaps + 1; coups > limit || hellos > limit {
				t.Errorf("%d coups and %d hellos in %d s, want at most %d of each", coups, hellos, seconds, limit)
			}
			if arps := len(h.port.having("send")) - coups - hellos; arps > 4*seconds {
				t.Errorf("%d announcements in %d s", arps, seconds)
			}
		})
	}
}

// Whoever contests the role of a thousand groups gets no more than the hellos of
// two routers that have not heard of each other would, and a fixed rate.
func TestContestsOfManyGroupsShareABudget(t *testing.T) {
	const n, seconds = 300, 5
	for _, tt := range []struct {
		name, config string
		frame        func(group int) []byte
	}{
		{"worse active HSRP routers", manyHSRP(n, ""), func(group int) []byte {
			return hsrpFrame(hello.OpHello, hello.Active, func(m *hello.HSRP, _ *hello.Envelope) { m.Group, m.Priority = uint16(100+group), 1 })
		}},
		{"resigning HSRP routers", manyHSRP(n, ""), func(group int) []byte {
			return hsrpFrame(hello.OpResign, hello.Active, func(m *hello.HSRP, _ *hello.Envelope) { m.Group = uint16(100 + group) })
		}},
		{"worse active VRRP routers", manyVRRP(20, 200, ""), func(group int) []byte {
			return vrrpFrame(1, func(m *hello.VRRP, _ *hello.Envelope) { m.VRID = uint8(20 + group%200) })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, tt.config).up("eth0").run(30 * time.Second).clear()
			groups := len(h.e.Status(h.now).Groups)
			usual := len(h.run(seconds*time.Second).port.having("send virtual Hello")) + len(h.port.having("send virtual advert"))
			h.clear()
			for at := range seconds * 1000 {
				for k := range 20 {
					h.e.Frame(h.now, "eth0", tt.frame((at*20+k)%n), true)
				}
				h.e.Flush(h.now)
				h.run(time.Millisecond)
			}
			hellos := len(h.port.having("send virtual Hello")) + len(h.port.having("send virtual advert"))
			coups := len(h.port.having("send virtual Coup"))
			extra := seconds*1000/10 + 100 + (seconds+1)*groups // one in 10 ms, what was saved up, and one for each group and hello time
			if coups > extra || hellos > usual+extra {
				t.Errorf("%d coups and %d hellos of %d groups, want at most %d and %d", coups, hellos, groups, extra, usual+extra)
			}
			if coups+hellos < usual {
				t.Errorf("%d messages, usual are %d", coups+hellos, usual)
			}
			for _, g := range h.e.Status(h.now).Groups {
				if g.Machine.State != "Active" {
					t.Fatalf("%s is in %s", g.Ref, g.Machine.State)
				}
			}
		})
	}
}
