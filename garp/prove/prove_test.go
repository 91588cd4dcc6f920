package prove

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

var (
	start    = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	vip      = netip.MustParseAddr("192.0.2.1")
	other    = netip.MustParseAddr("192.0.2.254")
	vmac     = hello.MAC{0, 0, 0x0c, 0x9f, 0xf0, 0x0a}
	otherMAC = hello.MAC{2, 0, 0, 0, 0, 0xfe}

	near, far   = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	near6, far6 = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	nearMAC     = hello.MAC{2, 0, 0, 0, 0, 1}
)

// world is a prover and the kinds of frame it sent, with their time.
type world struct {
	t    *testing.T
	p    Prover
	now  time.Time
	sent []sent
	fail []Result

	frames  [][]byte // as sent
	numbers uint64   // drawn so far
}

type sent struct {
	At   time.Duration
	What string
}

func begin(t *testing.T, knownMAC bool) *world {
	w := &world{t: t, now: start}
	w.p.Random = func() uint64 { w.numbers++; return w.numbers }
	w.p.SetNeighbors(w.now, []netip.Addr{other})
	if knownMAC {
		w.p.Learn(w.now, other, otherMAC)
	}
	w.p.Start(w.now, vip, vmac)
	return w
}

// run serves every deadline until d after the start.
func (w *world) run(d time.Duration) {
	until := start.Add(d)
	for at, ok := w.p.Deadline(); ok && !at.After(until); at, ok = w.p.Deadline() {
		w.now = at
		frames, failed := w.p.Due(w.now)
		for _, f := range frames {
			w.sent = append(w.sent, sent{w.now.Sub(start), kind(f)})
			w.frames = append(w.frames, f)
		}
		w.fail = append(w.fail, failed...)
	}
	w.now = until
}

func kind(f []byte) string {
	if _, a, err := garp.ParseARP(f); err == nil {
		if hello.MAC(f[:6]) == hello.Broadcast {
			return "broadcast nudge"
		}
		if a.SenderIP != vip || a.SenderMAC != vmac || a.TargetIP != other {
			return "wrong nudge"
		}
		return "nudge"
	}
	return map[byte]string{1: "echo", 17: "udp", 6: "tcp"}[f[23]]
}

// answer is the neighbour's answer to the last probe of a kind.
func (w *world) answer(m Method) (Result, bool) {
	w.t.Helper()
	for _, f := range slices.Backward(w.frames) {
		if a := answerTo(f); a.Method == m {
			return w.p.Heard(w.now, a)
		}
	}
	w.t.Fatalf("no %s was sent", m)
	return Result{}, false
}

// answerTo is what the neighbour answers to a probe, in the words of ParseAnswer.
func answerTo(f []byte) (a Answer) {
	var p wire.Packet
	if !p.Parse(f) {
		return a
	}
	a = Answer{From: p.Dst, To: p.Src, MAC: p.SrcMAC}
	switch m := p.Payload; p.Proto {
	case wire.ProtoICMP:
		a.Method, a.seq, a.number = MethodEcho, be.Uint16(m[6:]), be.Uint64(m[16:])
	case wire.ProtoUDP:
		a.Method, a.number, a.quote = MethodUDP, be.Uint64(m[16:]), uint32(p.ID)<<16|uint32(be.Uint16(m[6:]))
	case wire.ProtoTCP:
		a.Method, a.number = MethodTCP, uint64(be.Uint32(m[4:]))
	}
	return a
}

var be = binary.BigEndian

func TestNeighborThatFollowsAnnouncementsIsAskedOnce(t *testing.T) {
	w := begin(t, true)
	w.run(3 * time.Millisecond)
	r, news := w.answer(MethodEcho)
	if !news || !r.Proven || r.Method != MethodEcho || r.Took != 3*time.Millisecond || r.Nudges != 0 {
		t.Errorf("got %+v, %t", r, news)
	}
	w.run(time.Hour)
	want := []sent{{0, "echo"}}
	if d := cmp.Diff(want, w.sent); d != "" {
		t.Errorf("sent (-want +got):\n%s", d)
	}
	if !w.p.Settled() {
		t.Error("not settled")
	}
}

func TestNeighborThatIgnoresAnnouncementsIsNudged(t *testing.T) {
	w := begin(t, true)
	w.run(NudgeAfter)
	want := []sent{{0, "echo"}, {NudgeAfter, "nudge"}, {NudgeAfter, "echo"}}
	if d := cmp.Diff(want, w.sent); d != "" {
		t.Errorf("sent (-want +got):\n%s", d)
	}
	if r, news := w.answer(MethodEcho); !news || r.Nudges != 1 {
		t.Errorf("got %+v, %t", r, news)
	}
}

func TestUnknownMACIsAskedForFirst(t *testing.T) {
	w := begin(t, false)
	w.run(0)
	w.now = start.Add(time.Millisecond)
	w.p.Learn(w.now, other, otherMAC)
	w.run(time.Millisecond)
	want := []sent{{0, "broadcast nudge"}, {time.Millisecond, "echo"}}
	if d := cmp.Diff(want, w.sent); d != "" {
		t.Errorf("sent (-want +got):\n%s", d)
	}
}

func TestFallbacksAndRetries(t *testing.T) {
	w := begin(t, true)
	w.run(time.Minute)
	attempt := func(at time.Duration) []sent {
		return []sent{
			{at, "echo"}, {at + NudgeAfter, "nudge"}, {at + NudgeAfter, "echo"},
			{at + FallbackAfter, "echo"}, {at + FallbackAfter, "udp"}, {at + FallbackAfter, "tcp"},
		}
	}
	var want []sent
	for _, at := range []time.Duration{0, 1100 * time.Millisecond, 3 * time.Second, 10 * time.Second, 30 * time.Second} {
		want = append(want, attempt(at)...)
	}
	if d := cmp.Diff(want, w.sent); d != "" {
		t.Errorf("sent (-want +got):\n%s", d)
	}
	if len(w.fail) != 1 || w.fail[0].Proven {
		t.Errorf("failures reported: %v, want one", w.fail)
	}
	n := len(w.sent)
	w.p.Refresh(w.now)
	w.run(2 * time.Minute)
	if d := cmp.Diff(attempt(time.Minute), w.sent[n:]); d != "" {
		t.Errorf("with a refresh (-want +got):\n%s", d)
	}
}

func TestARPAnswerIsNoProof(t *testing.T) {
	w := begin(t, true)
	w.run(NudgeAfter)
	w.p.Learn(w.now, other, otherMAC)
	w.run(GiveUpAfter)
	r := w.p.Results()[0]
	if r.Proven || !r.Alive || !r.Done {
		t.Errorf("got %+v, want alive and not proven", r)
	}
}

func TestWhatIsNoProof(t *testing.T) {
	w := begin(t, true)
	w.run(0)
	w.run(FallbackAfter)
	for name, change := range map[string]func(*Answer){
		"at another MAC, as flooded by a switch": func(a *Answer) { a.MAC = otherMAC },
		"to another address":                     func(a *Answer) { a.To = other },
		"from a stranger":                        func(a *Answer) { a.From = vip },
		"with another number":                    func(a *Answer) { a.number++; a.quote++ },
		"with the number of another kind":        func(a *Answer) { a.number, a.quote = 1, 1 },
		"with a number that was not drawn yet":   func(a *Answer) { a.number = w.numbers + 1; a.quote = 0 },
		"with a short quote of another":          func(a *Answer) { a.short = true; a.quote++; a.number++ },
		"of another sequence": func(a *Answer) {
			if a.seq += 100; a.Method != MethodEcho {
				a.From = vip // the others have none
			}
		},
	} {
		for _, f := range w.frames {
			a := answerTo(f)
			if a.Method == "" || name == "with the number of another kind" && a.number == 1 {
				continue
			}
			change(&a)
			if _, news := w.p.Heard(w.now, a); !news {
				continue
			}
			t.Errorf("an answer %s was taken for a proof: %+v", name, a)
		}
	}
	w.p.Stop()
	if _, news := w.answer(MethodEcho); news {
		t.Error("an answer after the role was given up was taken for a proof")
	}
	if _, armed := w.p.Deadline(); armed {
		t.Error("a deadline without the role")
	}
}

// number is what the probes are marked with that answers answer.
const number = 0x0123456789abcdef

// answers are what Linux sent, from tcpdump, to the first probes of each kind, from
// 192.0.2.1 and 2001:db8::1 at 02:00:00:00:00:01.
var answers = []struct {
	name, hex string
	want      Answer
}{
	{"ICMP echo reply, id 62605, seq 1", "020000000001 020000000002 0800 4500002c de9d0000 40011830 c0000202 c0000201" +
		"0000b89b f48d0001 74616b656f766572 0123456789abcdef", Answer{Method: MethodEcho, seq: 1, number: number}},
	{"ICMP6, echo reply, id 62605, seq 1", "020000000001 020000000002 86dd 600f52ca 00183a40" +
		"20010db8000000000000000000000002 20010db8000000000000000000000001 8100dbd3 f48d0001 74616b656f766572 0123456789abcdef",
		Answer{Method: MethodEcho, seq: 1, number: number}},
	{"ICMP 192.0.2.2 udp port 1 unreachable", "020000000001 020000000002 0800 45c00048 deac0000 40011745 c0000202 c0000201" +
		"0303812a 00000000 4500002c 01230000 4011f59a c0000201 c0000202 f48d0001 00183456 74616b656f766572 0123456789abcdef",
		Answer{Method: MethodUDP, number: number, quote: 0x01233456}},
	{"the same with a quote of eight bytes", "020000000001 020000000002 0800 45c00038 deac0000 40011755 c0000202 c0000201" +
		"0303812a 00000000 4500002c 01230000 4011f59a c0000201 c0000202 f48d0001 00183456",
		Answer{Method: MethodUDP, short: true, quote: 0x01233456}},
	{"ICMP6, unreachable port, 2001:db8::2 udp port 1", "020000000001 020000000002 86dd 6002845b 00483a40" +
		"20010db8000000000000000000000002 20010db8000000000000000000000001 010431d5 00000000" +
		"60000000 00181140 20010db8000000000000000000000001 20010db8000000000000000000000002 f48d0001 00185ce5 74616b656f766572 0123456789abcdef",
		Answer{Method: MethodUDP, number: number, quote: 0x5ce5}},
	{"Flags [R.], ack", "020000000001 020000000002 0800 45000028 00004000 4006b6cc c0000202 c0000201" +
		"0001f48d 00000000 89abcdf0 50140000 dfa10000", Answer{Method: MethodTCP, number: number & 0xffffffff}},
	{"Flags [R.], ack, over IPv6", "020000000001 020000000002 86dd 600e3450 00140640" +
		"20010db8000000000000000000000002 20010db8000000000000000000000001 0001f48d 00000000 89abcdf0 50140000 5b8f0000",
		Answer{Method: MethodTCP, number: number & 0xffffffff}},
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestAnswersAreRecognised(t *testing.T) {
	for _, tt := range answers {
		t.Run(tt.name, func(t *testing.T) {
			b := unhex(t, tt.hex)
			want := tt.want
			want.From, want.To, want.MAC = far, near, nearMAC
			ports := 34
			if b[12] == 0x86 {
				want.From, want.To, ports = far6, near6, 54
			}
			got, ok := ParseAnswer(b)
			if !ok || got != want {
				t.Errorf("got %+v, %t, want %+v", got, ok, want)
			}
			for n := range b {
				if _, ok := ParseAnswer(b[:n]); ok && n < len(b)-24 {
					t.Errorf("the first %d of %d bytes were taken for an answer", n, len(b))
				}
			}
			for at := ports; at < len(b)-1; at++ {
				if b[at] == Mark>>8 && b[at+1] == Mark&0xff {
					b[at]++
				}
			}
			if _, ok := ParseAnswer(b); ok {
				t.Error("an answer to somebody else was taken for one to a proof")
			}
		})
	}
}

func TestASegmentThatAnswersNothingIsNoAnswer(t *testing.T) {
	for name, flags := range map[string]byte{"SYN": flagSYN, "RST without ACK": 0x04} {
		b := unhex(t, answers[5].hex)
		b[47] = flags
		if a, ok := ParseAnswer(b); ok {
			t.Errorf("%s was taken for %+v", name, a)
		}
	}
}

// The ends are what tcpdump shows of the same questions, asked by others.
func TestProofs(t *testing.T) {
	p := wire.Headers{SrcMAC: nearMAC, DstMAC: otherMAC, Src: near, Dst: far, TTL: 64}
	p6 := wire.Headers{SrcMAC: nearMAC, DstMAC: otherMAC, Src: near6, Dst: far6, TTL: 64}
	ask := func(m Method, h wire.Headers) []byte {
		q := probe{method: m, seq: 1, number: number}
		return q.append(h)
	}
	for _, tt := range []struct {
		name  string
		frame []byte
		want  string
	}{
		{"ICMP echo request, id 62605, seq 1", ask(MethodEcho, p), "4001 **** c0000201 c0000202 0800b09b f48d0001 74616b656f766572 0123456789abcdef"},
		{"ICMP6, echo request, id 62605, seq 1", ask(MethodEcho, p6), "00183a40 20010db8000000000000000000000001" +
			"20010db8000000000000000000000002 8000dcd3 f48d0001 74616b656f766572 0123456789abcdef"},
		{"UDP, length 16", ask(MethodUDP, p), "01230000 4011 **** c0000201 c0000202 f48d0001 00183456 74616b656f766572 0123456789abcdef"},
		{"UDP, length 16, over IPv6", ask(MethodUDP, p6), "00181140 20010db8000000000000000000000001" +
			"20010db8000000000000000000000002 f48d0001 00185ce5 74616b656f766572 0123456789abcdef"},
		{"SYN", ask(MethodTCP, p), "4006 **** c0000201 c0000202 f48d0001 89abcdef 00000000 50020400 **** 0000"},
	} {
		got, want := hex.EncodeToString(tt.frame), strings.ReplaceAll(tt.want, " ", "")
		got = got[max(0, len(got)-len(want)):]
		for i := range want {
			if want[i] != '*' && want[i] != got[i] {
				t.Errorf("%s:\n%s, want\n%s", tt.name, got, want)
				break
			}
		}
		if a, ok := ParseAnswer(tt.frame); ok {
			t.Errorf("%s was taken for an answer: %+v", tt.name, a)
		}
	}
}

// An answer that comes after its attempt was given up proves as much as any.
func TestLateAnswerCountsWithItsTime(t *testing.T) {
	w := begin(t, true)
	w.run(GiveUpAfter)
	if len(w.fail) != 1 {
		t.Fatalf("failed: %v", w.fail)
	}
	first := answerTo(w.frames[0])
	w.run(1150 * time.Millisecond) // the second attempt is under way
	r, news := w.p.Heard(w.now, first)
	if !news || !r.Proven || r.Took != 1150*time.Millisecond || r.Method != MethodEcho {
		t.Errorf("got %+v, %t", r, news)
	}
	w.now = w.now.Add(time.Millisecond)
	for range 2 {
		if _, news := w.p.Heard(w.now, first); news {
			t.Error("the same answer is news again")
		}
	}
	if got := w.p.Results()[0].Took; got != 1150*time.Millisecond {
		t.Errorf("a doubled answer changed the time to %v", got)
	}
}

// An answer of an earlier takeover says nothing of this one.
func TestAnswerToAnEarlierTakeoverIsNoProof(t *testing.T) {
	w := begin(t, true)
	w.run(FallbackAfter)
	w.p.Start(w.now, vip, vmac)
	for _, f := range w.frames {
		if a := answerTo(f); a.Method != "" {
			if _, news := w.p.Heard(w.now, a); news {
				t.Errorf("%+v was taken for a proof", a)
			}
		}
	}
	w.run(FallbackAfter + time.Millisecond)
	if _, news := w.answer(MethodEcho); !news {
		t.Error("an answer to the new takeover is none")
	}
}

func TestEveryProbeHasANumberOfItsOwn(t *testing.T) {
	w := begin(t, true)
	w.run(time.Minute)
	seen := map[uint64]bool{}
	for _, f := range w.frames {
		if a := answerTo(f); a.Method != "" && a.Method != MethodTCP {
			if seen[a.number] {
				t.Errorf("number %d is used twice", a.number)
			}
			seen[a.number] = true
		}
	}
	if n := &w.p.neighbors[0]; len(n.sent) > remembered {
		t.Errorf("%d probes are remembered", len(n.sent))
	}
}

func TestWithoutNumbersNothingIsSent(t *testing.T) {
	var p Prover
	p.SetNeighbors(start, []netip.Addr{other})
	p.Start(start, vip, vmac)
	if _, armed := p.Deadline(); armed {
		t.Error("what is sent could be answered by anybody")
	}
}

func FuzzParseAnswer(f *testing.F) {
	for _, tt := range answers {
		f.Add(unhex(f, tt.hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, ok := ParseAnswer(b); ok && (!a.From.IsValid() || !a.To.IsValid() || a.Method == "") {
			t.Errorf("an answer without its parts: %+v", a)
		}
	})
}
