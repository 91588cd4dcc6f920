package recorder

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// after is a moment with a monotonic clock, as time.Now gives it, and a time of day.
func after(d time.Duration) time.Time { return began.Add(d) }

func TestARingKeepsTheNewest(t *testing.T) {
	r := NewRing(1000, began)
	rnd := rand.New(rand.NewPCG(1, 2))
	var all []Entry
	for i := range 500 {
		data := make([]byte, rnd.IntN(200))
		for n := range data {
			data[n] = byte(i)
		}
		at := after(time.Duration(i) * time.Millisecond)
		if n := r.Add(at, Kind(i%4), uint64(i), data); n != uint64(i+1) {
			t.Fatalf("entry %d has number %d", i+1, n)
		}
		all = append(all, Entry{uint64(i + 1), at, Kind(i % 4), uint64(i), data})
		got := r.Entries(at)
		if len(got) == 0 {
			t.Fatalf("entry %d is not kept", i+1)
		}
		same := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
		if diff := cmp.Diff(all[len(all)-len(got):], got, same); diff != "" {
			t.Fatalf("after entry %d (-want +got):\n%s", i+1, diff)
		}
		if used := r.end - r.begin; used > 1000 || r.oldest > 1 && used < 1000-240 {
			t.Fatalf("after entry %d the ring uses %d bytes of 1000", i+1, used)
		}
	}
}

func TestARingForgetsWhatIsOld(t *testing.T) {
	r := NewRing(1<<12, began)
	r.Add(began, Received, 0, []byte("old"))
	r.Add(after(6*time.Minute), Received, 0, []byte("newer"))
	if got := r.Entries(after(10*time.Minute + 1)); len(got) != 1 || string(got[0].Data) != "newer" {
		t.Errorf("ten minutes later there is %+v", got)
	}
	r.Add(after(11*time.Minute), Received, 0, []byte("new"))
	if got := r.Entries(after(11 * time.Minute)); len(got) != 2 || got[0].Number != 2 {
		t.Errorf("after another one there is %+v", got)
	}
}

// A clock that is set must not cost what was recorded: age is not time of day.
func TestASetClockLosesNothing(t *testing.T) {
	now := time.Now() // with a monotonic clock
	r := NewRing(1<<12, now)
	behind := moment{clock: now.Add(-time.Hour).UnixNano()}
	r.add(behind, Received, 0, []byte("before"))
	r.Add(now.Add(time.Second), Received, 0, []byte("behind"))
	got := r.Entries(now.Add(time.Second))
	if len(got) != 2 || !got[0].At.Equal(now.Add(-time.Hour)) || !got[1].At.Equal(now.Add(time.Second)) {
		t.Errorf("there is %+v", got)
	}
}

func TestWhatDoesNotFit(t *testing.T) {
	r := NewRing(100, began)
	if n := r.Add(began, Received, 0, bytes.Repeat([]byte{1}, 100)); n != 0 || len(r.Entries(began)) != 0 {
		t.Errorf("number %d", n)
	}
	r = NewRing(1<<13, began)
	r.Add(began, Note, 0, make([]byte, 5000))
	if got := r.Entries(began); len(got) != 1 || len(got[0].Data) != mostNote {
		t.Errorf("a long note: %d entries", len(got))
	}
}

func TestACopyIsOfItsOwn(t *testing.T) {
	r, c := NewRing(512, began), NewRing(512, began)
	r.Add(began, Received, 0, []byte("one"))
	r.CopyTo(c)
	r.Add(began, Received, 0, bytes.Repeat([]byte("two"), 100))
	r.Add(began, Received, 0, bytes.Repeat([]byte("two"), 100))
	if got := c.Entries(began); len(got) != 1 || string(got[0].Data) != "one" {
		t.Errorf("the copy has %+v", got)
	}
}

// The loop pays neither memory nor a system call for what is recorded.
func TestRecordingDoesNotAllocate(t *testing.T) {
	r := New(began)
	r.Open(began, map[string]int{"eth1": 1})
	frame := make([]byte, 94)
	frames, unsent := [][]byte{frame, frame}, []int{1}
	now := began
	if n := testing.AllocsPerRun(10000, func() {
		now = now.Add(time.Millisecond)
		r.Hear(now, "eth1", frame)
		r.Done()
		r.Say(now, "eth1", frames, unsent)
		r.Hear(now, "eth9", frame)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Memory is bounded whatever interfaces come and go.
func TestBudget(t *testing.T) {
	total := func(r *Recorder) (sum int) {
		for name, size := range r.Sizes() {
			if name != "" {
				sum += size
			}
		}
		return sum
	}
	many := map[string]int{}
	for i := range 4094 {
		many[fmt.Sprint("eth1.", i)] = 1
	}
	r := New(began)
	r.Open(began, many)
	if got := total(r); got > Budget+4094*ringLeast {
		t.Errorf("4094 interfaces have %d bytes", got)
	}
	for name := range many {
		r.Close(name)
	}
	r.Open(began, map[string]int{"eth1": 1, "eth2": 1000})
	want := map[string]int{"": ringRouter, "eth1": ringAlone + ringGroup, "eth2": ringMost}
	if diff := cmp.Diff(want, r.Sizes()); diff != "" {
		t.Errorf("sizes (-want +got):\n%s", diff)
	}
	r.Open(began, map[string]int{"eth1": 50, "eth3": 1})
	if got := r.Sizes()["eth1"]; got != ringAlone+ringGroup {
		t.Errorf("an open interface has another ring, of %d bytes", got)
	}
	for i := range 1000 {
		r.Open(began, map[string]int{fmt.Sprint("x", i): 100})
	}
	if got := total(r); got > Budget+1003*ringLeast {
		t.Errorf("interfaces that came one by one have %d bytes", got)
	}
}

func transition(id int, iface string) *engine.Event {
	ref := engine.Ref{Interface: iface, Protocol: hello.ProtocolHSRP, Family: hello.IPv4, Number: 10}
	return &engine.Event{At: began, Kind: engine.KindTransition, Group: ref, Transition: &engine.Transition{
		ID: id, Group: ref, From: "Standby", To: "Active", Cause: fsm.CauseResigned, Detail: "Resign from 192.0.2.2"}}
}

func TestWhatIsDecidedIsAboutTheFrame(t *testing.T) {
	r := New(began)
	r.Open(began, map[string]int{"eth1": 1, "eth2": 1})
	r.Hear(began, "eth1", []byte("resign"))
	r.Decide(transition(1, "eth1"))
	r.Decide(&engine.Event{At: began, Kind: engine.KindNotice, Message: "about no group"})
	r.Decide(transition(2, "eth2")) // which follows
	r.Done()
	r.Decide(transition(3, "eth1"))
	r.Decide(&engine.Event{At: began, Kind: engine.KindTrack, Message: "uplink down"})
	const text = " from Standby to Active: peer-resigned: Resign from 192.0.2.2"
	type note struct {
		About uint64
		Text  string
	}
	want := map[string][]note{
		"eth1": {{0, "resign"}, {1, "hsrp:eth1:10" + text}, {1, "notice: about no group"}, {0, "hsrp:eth1:10" + text}},
		"eth2": {{0, "hsrp:eth2:10" + text}},
		"":     {{0, "track: uplink down"}},
	}
	got := map[string][]note{}
	for name, ring := range r.rings {
		for _, e := range ring.Entries(began) {
			got[name] = append(got[name], note{e.About, string(e.Data)})
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

// helloOf returns a hello of one of a thousand groups, as it is on the wire.
func helloOf(group uint16, version uint8, host byte, state hello.HSRPState) []byte {
	src := netip.AddrFrom4([4]byte{10, 0, 255, host})
	m := hello.HSRP{
		Version: version, Op: hello.OpHello, State: state, Family: hello.IPv4, Group: group, Priority: 100 + host,
		VirtualIP: netip.AddrFrom4([4]byte{10, 0, byte(1 + group/250), byte(1 + group%250)}),
	}
	if version == 2 {
		m.Identifier, m.HelloTime, m.HoldTime = hello.MAC{2, 0, 0, 0, 0, host}, 3*time.Second, 10*time.Second
	}
	mac := hello.MAC{2, 0, 0, 0, 0, host}
	if state == hello.Active {
		mac = hello.VirtualMAC(hello.ProtocolHSRP, version, hello.IPv4, group)
	}
	env := hello.GroupEnvelope(hello.ProtocolHSRP, version, src, mac)
	return hello.AppendFrame(nil, &env, hello.AppendHSRP(nil, &m, &hello.Auth{}, src))
}

// A thousand groups on one interface say and hear two thousand hellos in three seconds,
// of which the ring has a minute.
func TestAThousandGroupsHaveAMinute(t *testing.T) {
	const groups, every = 1000, 3 * time.Second
	for version := range uint8(2) {
		r := New(began)
		r.Open(began, map[string]int{"eth1": groups})
		now := began
		for now.Before(after(2 * time.Minute)) {
			for g := range uint16(groups) {
				r.Say(now, "eth1", [][]byte{helloOf(g, version+1, 1, hello.Active)}, nil)
				r.Hear(now.Add(17*time.Microsecond), "eth1", helloOf(g, version+1, 2, hello.Standby))
				now = now.Add(every / groups)
			}
		}
		first := r.rings["eth1"].Entries(now)[0].At
		if kept := now.Sub(first); kept < time.Minute {
			t.Errorf("version %d: the ring begins %v ago", version+1, kept)
		}
	}
}

func BenchmarkHear(b *testing.B) {
	r := New(began)
	r.Open(began, map[string]int{"eth1": 1000})
	frames := manyHellos()
	now := time.Now()
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		r.Hear(now, "eth1", frames[n%1000])
		r.Done()
	}
}

func manyHellos() (frames [][]byte) {
	for g := range uint16(1000) {
		frames = append(frames, helloOf(g, 2, 1, hello.Active))
	}
	return frames
}

func BenchmarkSayThousand(b *testing.B) {
	r := New(began)
	r.Open(began, map[string]int{"eth1": 1000})
	frames := manyHellos()
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		r.Say(now, "eth1", frames, nil)
	}
}

func BenchmarkCopyLargest(b *testing.B) {
	r, c := NewRing(ringMost, began), NewRing(ringMost, began)
	for b.Loop() {
		r.CopyTo(c)
	}
}

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }
