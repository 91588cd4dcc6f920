package trailer

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/signer"
)

var (
	noon  = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	peer1 = netip.MustParseAddr("192.0.2.11")
	peer2 = netip.MustParseAddr("192.0.2.12")
	key1  = []byte(strings.Repeat("1", 32))
	key2  = []byte(strings.Repeat("2", 64))
)

const window = 5 * time.Second

func chain() hello.Keychain {
	return hello.Keychain{Name: "lan", Keys: []hello.Key{{ID: 1, Secret: hello.NewSecret(key1)}, {ID: 2, Secret: hello.NewSecret(key2)}}}
}

func verifier(t testing.TB, rules Rules) *Verifier {
	t.Helper()
	if rules.Window == 0 {
		rules.Window = window
	}
	v, err := NewVerifier(rules, chain(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// advert is an advertisement of a peer, signed with key 1 at noon, with changes.
func advert(change ...func(*signer.Advert)) signer.Advert {
	a := signer.Advert{
		Version: 3, VRID: 51, Priority: 100, Interval: 100, VirtualIPs: []netip.Addr{netip.MustParseAddr("192.0.2.1")},
		Src: peer1, Dst: netip.MustParseAddr("224.0.0.18"), Key: key1, KeyID: 1, Type: 1, Time: noon,
	}
	for _, f := range change {
		f(&a)
	}
	return a
}

func plain(a *signer.Advert) { a.Key = nil }

func at(d time.Duration) func(*signer.Advert) { return func(a *signer.Advert) { a.Time = noon.Add(d) } }

func from(src netip.Addr) func(*signer.Advert) { return func(a *signer.Advert) { a.Src = src } }

// received is what Check is given of an advertisement.
func received(t testing.TB, a signer.Advert) Packet {
	t.Helper()
	p := Packet{VRRPPacket: &hello.VRRPPacket{}, Payload: a.Payload(), Src: a.Src}
	if err := p.Parse(p.Payload, a.Src, a.Dst); err != nil {
		t.Fatal(err)
	}
	return p
}

// The first rule that a packet breaks is the one that it is rejected by, so that
// what costs most is done last. Each case breaks its rule and all later ones.
func TestOrderOfTheRules(t *testing.T) {
	replayed := func(a *signer.Advert) { at(-time.Second)(a) }
	digest := func(a *signer.Advert) { replayed(a); a.Key = key2 }
	unknown := func(a *signer.Advert) { digest(a); a.KeyID = 9 }
	stale := func(a *signer.Advert) { unknown(a); at(-6 * time.Second)(a) }
	reserved := func(a *signer.Advert) { stale(a); a.Reserved = 1 }
	kind := func(a *signer.Advert) { stale(a); a.Type = 2 }
	for _, tt := range []struct {
		rule   string
		change func(*signer.Advert)
		want   error
	}{
		{"type", kind, hello.RejectMalformed},
		{"reserved", reserved, hello.RejectMalformed},
		{"time", stale, hello.RejectStale},
		{"key", unknown, hello.RejectKey},
		{"digest", digest, hello.RejectDigest},
		{"sequence", replayed, hello.RejectReplay},
		{"none", at(time.Millisecond), nil},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			v := verifier(t, Rules{})
			if got := v.Check(noon, received(t, advert())); got.Err != nil {
				t.Fatal(got.Err)
			}
			if got := v.Check(noon, received(t, advert(tt.change))); got.Err != tt.want {
				t.Errorf("got %v, want %v", got.Err, tt.want)
			}
		})
	}
}

func TestModes(t *testing.T) {
	wrong := func(a *signer.Advert) { a.Key = key2 }
	for _, tt := range []struct {
		mode            Mode
		unsigned, wrong error
		signs           bool
	}{
		{Enforce, hello.RejectMissing, hello.RejectDigest, true},
		{Permissive, nil, hello.RejectDigest, true},
		{ReceiveOnly, nil, hello.RejectDigest, false},
	} {
		v := verifier(t, Rules{Mode: tt.mode})
		if got := v.Check(noon, received(t, advert(plain))); got.Err != tt.unsigned {
			t.Errorf("%s, unsigned: got %v, want %v", tt.mode, got.Err, tt.unsigned)
		}
		if got := v.Check(noon, received(t, advert(wrong))); got.Err != tt.wrong {
			t.Errorf("%s, wrong: got %v, want %v", tt.mode, got.Err, tt.wrong)
		}
		if got := v.Check(noon, received(t, advert())); got.Err != nil {
			t.Errorf("%s, right: got %v", tt.mode, got.Err)
		}
		if tt.mode.Signs() != tt.signs {
			t.Errorf("%s signs: %t", tt.mode, tt.mode.Signs())
		}
	}
}

// Whole seconds are compared, whatever the fractions are.
func TestWindow(t *testing.T) {
	for _, tt := range []struct {
		rule      string
		sent      time.Duration // by the sender's clock, after noon
		now       time.Duration // by the receiver's
		late      time.Duration
		monotonic bool
		want      error
		drift     bool
	}{
		{"at the same time", 0, 0, 0, false, nil, false},
		{"behind by the window", -5 * time.Second, 0, 0, false, nil, true},
		{"seconds are compared, not fractions", -5 * time.Second, 999 * time.Millisecond, 0, false, nil, true},
		{"behind by more", -6 * time.Second, 0, 0, false, hello.RejectStale, false},
		{"ahead by the window", 5999 * time.Millisecond, 0, 0, false, nil, true},
		{"ahead by more", 6 * time.Second, 0, 0, false, hello.RejectStale, false},
		{"half of the window is no drift", 2500 * time.Millisecond, 0, 0, false, nil, false},
		{"more than half is, ahead", 2600 * time.Millisecond, 0, 0, false, nil, true},
		{"and behind", -2600 * time.Millisecond, 0, 0, false, nil, true},
		{"a packet that has waited here is not old", -8 * time.Second, 0, 3 * time.Second, false, nil, false},
		{"unless it was before", -9 * time.Second, 0, 3 * time.Second, false, hello.RejectStale, false},
		{"waiting makes nothing younger", 6 * time.Second, 0, 3 * time.Second, false, hello.RejectStale, false},
		{"monotonic: no clock is compared", -400 * time.Hour, 0, 0, true, nil, false},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			v := verifier(t, Rules{Monotonic: tt.monotonic})
			p := received(t, advert(at(tt.sent)))
			p.Late = tt.late
			got := v.Check(noon.Add(tt.now), p)
			if got.Err != tt.want || got.Drift != tt.drift || (got.Skew-(tt.sent-tt.now)).Abs() > time.Millisecond {
				t.Errorf("got %+v, want error %v, drift %t, skew %v", got, tt.want, tt.drift, tt.sent-tt.now)
			}
		})
	}
}

// A step is one packet and what becomes of it. Times are seconds after noon.
type step struct {
	now, sent float64
	src       netip.Addr
	want      error
}

func TestReplay(t *testing.T) {
	for _, tt := range []struct {
		rule      string
		monotonic bool
		steps     []step
	}{
		{"newer ones are believed once", false, []step{{0, 0, peer1, nil}, {0, 0, peer1, hello.RejectReplay}, {1, 1, peer1, nil}, {1, 0, peer1, hello.RejectReplay}}},
		{"every sender has its own mark", false, []step{{0, 2, peer1, nil}, {0, 0, peer2, nil}, {0, 1, peer1, hello.RejectReplay}, {0, 1, peer2, nil}}},
		{"a mark lasts as long as its packet could come again", false, []step{{0, 4, peer1, nil}, {9, 4, peer1, hello.RejectReplay}, {10, 4, peer1, hello.RejectStale}}},
		{"clocks that are set back by more than the window begin anew", false, []step{{0, 0, peer1, nil}, {-60, -60, peer1, nil}, {-60, -60, peer1, hello.RejectReplay}}},
		{"by less they do not", false, []step{{0, 0, peer1, nil}, {-5, -5, peer1, hello.RejectReplay}, {1, 1, peer1, nil}}},
		{"monotonic: what grows is believed, whatever the clocks are", true, []step{{0, 500, peer1, nil}, {1000, 501, peer1, nil}, {1001, 501, peer1, hello.RejectReplay}}},
		{"monotonic: nothing is forgotten", true, []step{{0, 0, peer1, nil}, {-60, -60, peer1, hello.RejectReplay}, {9000, -1, peer1, hello.RejectReplay}}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			v := verifier(t, Rules{Monotonic: tt.monotonic})
			for n, s := range tt.steps {
				now := noon.Add(time.Duration(s.now * float64(time.Second)))
				p := received(t, advert(at(time.Duration(s.sent*float64(time.Second))), from(s.src)))
				if got := v.Check(now, p); got.Err != s.want {
					t.Errorf("step %d: got %v, want %v", n, got.Err, s.want)
				}
			}
		})
	}
}

// A packet that is not signed right leaves no mark: else anybody could have the
// next right one rejected.
func TestOnlyARightDigestLeavesAMark(t *testing.T) {
	v := verifier(t, Rules{Mode: Permissive})
	forged := func(a *signer.Advert) { at(4 * time.Second)(a); a.Key = key2 }
	for n, want := range []error{hello.RejectDigest, nil} {
		if got := v.Check(noon, received(t, advert([]func(*signer.Advert){forged, at(0)}[n]))); got.Err != want {
			t.Errorf("packet %d: got %v, want %v", n, got.Err, want)
		}
	}
}

func TestKeysOfBothSides(t *testing.T) {
	roll := noon.Add(time.Hour)
	c := chain()
	c.Keys[0].Send.Until, c.Keys[1].Send.From = roll, roll
	c.Keys[0].Accept.Until, c.Keys[1].Accept.From = roll.Add(time.Minute), roll.Add(-time.Minute)
	rules := Rules{Window: window}
	s, err := NewSigner(rules, c)
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVerifier(rules, c, 0)
	if err != nil {
		t.Fatal(err)
	}
	var used []uint8
	for now := roll.Add(-3 * time.Second); now.Before(roll.Add(3 * time.Second)); now = now.Add(time.Second) {
		a := advert(plain)
		payload := a.Payload()
		trailer := s.Sign(now, payload, a.Src)
		used = append(used, trailer.KeyID())
		p := Packet{VRRPPacket: &hello.VRRPPacket{}, Payload: hello.AppendTrailer(payload, 0, &trailer, a.Src, a.Dst), Src: a.Src}
		if err := p.Parse(p.Payload, a.Src, a.Dst); err != nil {
			t.Fatal(err)
		}
		if got := v.Check(now, p); got.Err != nil {
			t.Errorf("at %v: %v", now, got.Err)
		}
	}
	if diff := cmp.Diff([]uint8{1, 1, 1, 2, 2, 2}, used); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	for _, tt := range []struct {
		key  uint8
		at   time.Time
		want error
	}{
		{1, roll.Add(30 * time.Second), nil}, {1, roll.Add(2 * time.Minute), hello.RejectKey},
		{2, roll.Add(2 * time.Minute), nil}, {2, roll.Add(-2 * time.Minute), hello.RejectKey},
	} {
		fresh, _ := NewVerifier(rules, c, 0)
		p := received(t, advert(func(a *signer.Advert) { a.KeyID, a.Key, a.Time = tt.key, c.Keys[tt.key-1].Secret.Bytes(), tt.at }))
		if got := fresh.Check(tt.at, p); got.Err != tt.want {
			t.Errorf("key %d at %v: got %v, want %v", tt.key, tt.at, got.Err, tt.want)
		}
	}
}

func TestSequenceOfASender(t *testing.T) {
	for _, tt := range []struct {
		rule      string
		monotonic bool
		clock     []float64 // seconds after noon
		want      []string  // seconds after noon and the count
	}{
		{"the clock", false, []float64{0, 1, 2.5}, []string{"0s+0", "1s+0", "2.5s+0"}},
		{"a count within one timestamp", false, []float64{0, 0, 0, 1}, []string{"0s+0", "0s+1", "0s+2", "1s+0"}},
		{"a clock that is set back a little is waited for", false, []float64{4, 0, 3, 5}, []string{"4s+0", "4s+1", "4s+2", "5s+0"}},
		{"one that is set back by the window too", false, []float64{5, 0}, []string{"5s+0", "5s+1"}},
		{"by more it begins anew", false, []float64{6, 0, 1}, []string{"6s+0", "0s+0", "1s+0"}},
		{"monotonic: it goes on counting", true, []float64{600, 0, 1}, []string{"10m0s+0", "10m0s+1", "10m0s+2"}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			s, err := NewSigner(Rules{Window: window, Monotonic: tt.monotonic}, chain())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range tt.clock {
				trailer := s.Sign(noon.Add(time.Duration(d*float64(time.Second))), advert(plain).Payload(), peer1)
				q := trailer.Sequence()
				got = append(got, fmt.Sprintf("%v+%d", (q&^0xffff).Since(noon), q&0xffff))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What is remembered of senders is bounded, and whoever knows a key is not pushed
// out by those who do not.
func TestForgedSendersPushNobodyOut(t *testing.T) {
	v := verifier(t, Rules{Mode: Permissive})
	other := func(n int) netip.Addr { return netip.AddrFrom4([4]byte{198, 51, byte(n >> 8), byte(n)}) }
	for n := range 10 * leastRoom {
		v.Check(noon, received(t, advert(plain, from(other(n)))))
	}
	if got := v.Check(noon, received(t, advert())); got.Err != nil {
		t.Fatal(got.Err)
	}
	for n := range 10 * leastRoom {
		v.Check(noon, received(t, advert(plain, from(other(n)))))
	}
	if got := v.Check(noon, received(t, advert())); got.Err != hello.RejectReplay {
		t.Errorf("the mark is lost: %v", got.Err)
	}
	if n := len(v.Peers()); n != leastRoom {
		t.Errorf("%d senders are remembered, want %d", n, leastRoom)
	}
	for n := range 2 * leastRoom { // those who know the key make room for each other, the longest silent first
		now := noon.Add(time.Duration(n+1) * time.Millisecond)
		v.Check(now, received(t, advert(from(other(n)), at(now.Sub(noon)))))
	}
	list := v.Peers()
	if len(list) != leastRoom || list[0].Addr != other(leastRoom) {
		t.Errorf("%d are remembered, the first is %v", len(list), list[0].Addr)
	}
	for n := range leastRoom { // where all know the key there is no room for who does not
		v.Check(noon, received(t, advert(plain, from(other(1000+n)))))
	}
	if diff := cmp.Diff(list, v.Peers(), cmpopts.IgnoreUnexported(Peer{}), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("forged senders are remembered instead (-before +after):\n%s", diff)
	}
}

func TestPeers(t *testing.T) {
	v := verifier(t, Rules{Mode: Permissive})
	v.Check(noon, received(t, advert(at(500*time.Millisecond))))
	v.Check(noon.Add(time.Second), received(t, advert(from(peer2), plain)))
	v.Check(noon.Add(2*time.Second), received(t, advert(plain)))
	v.Check(noon.Add(3*time.Second), received(t, advert())) // a replay is no news
	want := []Peer{
		{Addr: peer1, Heard: noon.Add(2 * time.Second), Good: noon, KeyID: 1, Skew: 500 * time.Millisecond, Failed: noon.Add(2 * time.Second), Why: hello.RejectMissing},
		{Addr: peer2, Heard: noon.Add(time.Second), Failed: noon.Add(time.Second), Why: hello.RejectMissing},
	}
	list := v.Peers()
	if diff := cmp.Diff(want, list, cmpopts.IgnoreUnexported(Peer{}), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !list[0].Enforceable(2*time.Second) || list[0].Enforceable(2*time.Second-1) || list[1].Enforceable(time.Hour) {
		t.Error("who could be enforced")
	}
}

func TestDefaultWindow(t *testing.T) {
	for interval, want := range map[time.Duration]time.Duration{
		10 * time.Millisecond: 5 * time.Second, time.Second: 5 * time.Second, 1700 * time.Millisecond: 6 * time.Second, 2 * time.Second: 6 * time.Second, 255 * time.Second: 300 * time.Second,
	} {
		if got := DefaultWindow(interval); got != want {
			t.Errorf("interval %v: got %v, want %v", interval, got, want)
		}
	}
}

func TestKeyThatDoesNotFit(t *testing.T) {
	c := chain()
	c.Keys[1].Secret = hello.NewSecret(key1[:31])
	const want = `keychain "lan": hmac key 2: have 31 bytes, want 32 to 64`
	if _, err := NewSigner(Rules{}, c); err == nil || err.Error() != want {
		t.Errorf("signer: %v", err)
	}
	if _, err := NewVerifier(Rules{}, c, 0); err == nil || err.Error() != want {
		t.Errorf("verifier: %v", err)
	}
}

func TestNothingIsAllocatedForAPacket(t *testing.T) {
	v := verifier(t, Rules{})
	s, err := NewSigner(Rules{Window: window}, chain())
	if err != nil {
		t.Fatal(err)
	}
	right, wrong := received(t, advert()), received(t, advert(func(a *signer.Advert) { a.Key = key2 }))
	old, none := received(t, advert(at(-time.Hour))), received(t, advert(plain))
	for name, run := range map[string]func(){
		"sign":     func() { s.Sign(noon, none.Payload, peer1) },
		"right":    func() { v.peers.list = v.peers.list[:0]; v.Check(noon, right) },
		"replay":   func() { v.Check(noon, right) },
		"wrong":    func() { v.Check(noon, wrong) },
		"stale":    func() { v.Check(noon, old) },
		"unsigned": func() { v.Check(noon, none) },
	} {
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkTrailer(b *testing.B) {
	v := verifier(b, Rules{})
	s, err := NewSigner(Rules{Window: window}, chain())
	if err != nil {
		b.Fatal(err)
	}
	right, wrong, old := received(b, advert()), received(b, advert(func(a *signer.Advert) { a.Key = key2 })), received(b, advert(at(-time.Hour)))
	for name, run := range map[string]func(){
		"sign":  func() { s.Sign(noon, right.Payload[:12], peer1) },
		"right": func() { v.peers.list = v.peers.list[:0]; v.Check(noon, right) },
		"wrong": func() { v.Check(noon, wrong) },
		"stale": func() { v.Check(noon, old) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}

// Other keys or rules for the same group forget nothing.
func TestSuccessorGoesOn(t *testing.T) {
	old, v := verifier(t, Rules{}), verifier(t, Rules{Monotonic: true})
	if got := old.Check(noon, received(t, advert())); got.Err != nil {
		t.Fatal(got.Err)
	}
	v.Succeed(old)
	if got := v.Check(noon, received(t, advert())); got.Err != hello.RejectReplay {
		t.Errorf("what was heard before: %v, want %v", got.Err, hello.RejectReplay)
	}
	first, err := NewSigner(Rules{Window: window, Monotonic: true}, chain())
	if err != nil {
		t.Fatal(err)
	}
	second, err := NewSigner(Rules{Window: window, Monotonic: true}, chain())
	if err != nil {
		t.Fatal(err)
	}
	was := first.Sign(noon, advert(plain).Payload(), peer1)
	second.Succeed(first)
	if is := second.Sign(noon.Add(-time.Hour), advert(plain).Payload(), peer1); !is.Sequence().After(was.Sequence()) {
		t.Error("the sequence goes back")
	}
}
