package prove

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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
}

type sent struct {
	At   time.Duration
	What string
}

func begin(t *testing.T, knownMAC bool) *world {
	w := &world{t: t, now: start}
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

func (w *world) answer(m Method) (Result, bool) {
	return w.p.Heard(w.now, Answer{From: other, To: vip, MAC: vmac, Method: m})
}

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
	for name, a := range map[string]Answer{
		"at another MAC, as flooded by a switch": {From: other, To: vip, MAC: otherMAC, Method: MethodEcho},
		"to another address":                     {From: other, To: other, MAC: vmac, Method: MethodEcho},
		"from a stranger":                        {From: vip, To: vip, MAC: vmac, Method: MethodEcho},
	} {
		if _, news := w.p.Heard(w.now, a); news {
			t.Errorf("an answer %s was taken for a proof", name)
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

// answers are what Linux sent, from tcpdump, to packets with the mark from
// 192.0.2.1 and 2001:db8::1 at 02:00:00:00:00:01.
var answers = []struct {
	name, hex string
	want      Method
}{
	{"ICMP echo reply, id 62605, seq 1", "020000000001 020000000002 0800 45000024 0aeb0000 4001ebea c0000202 c0000201" +
		"000056c1 f48d0001 74616b656f766572", MethodEcho},
	{"ICMP6, echo reply, id 62605, seq 1", "020000000001 020000000002 86dd 600f52ca 00103a40" +
		"20010db8000000000000000000000002 20010db8000000000000000000000001 81007a01 f48d0001 74616b656f766572", MethodEcho},
	{"ICMP 192.0.2.2 udp port 1 unreachable", "020000000001 020000000002 0800 45c00038 0b280000 4001ead9 c0000202 c0000201" +
		"0303811a 00000000 4500001c33d94000401182f4c0000201c0000202 f48d00010008874b", MethodUDP},
	{"ICMP6, unreachable port, 2001:db8::2 udp port 1", "020000000001 020000000002 86dd 6002845b 00383a40" +
		"20010db8000000000000000000000002 20010db8000000000000000000000001 0104e968 00000000" +
		"60044878 00081140 20010db8000000000000000000000001 20010db8000000000000000000000002 f48d00010008afda", MethodUDP},
	{"Flags [R.], cksum 0x03c2 (correct)", "020000000001 020000000002 0800 45000028 00004000 4006b6cc c0000202 c0000201" +
		"0001f48d 00000000 b160821b 50140000 03c20000", MethodTCP},
	{"Flags [R.], cksum 0x04be (correct)", "020000000001 020000000002 86dd 600e3450 00140640" +
		"20010db8000000000000000000000002 20010db8000000000000000000000001 0001f48d 00000000 269f3470 50140000 04be0000", MethodTCP},
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
			want := Answer{From: far, To: near, MAC: nearMAC, Method: tt.want}
			ports := 34
			if b[12] == 0x86 {
				want.From, want.To, ports = far6, near6, 54
			}
			got, ok := ParseAnswer(b)
			if !ok || !cmp.Equal(got, want, cmpopts.EquateComparable(netip.Addr{})) {
				t.Errorf("got %+v, %t, want %+v", got, ok, want)
			}
			for n := range b {
				if _, ok := ParseAnswer(b[:n]); ok && n < len(b)-20 {
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
	b := unhex(t, answers[4].hex)
	b[47] = flagSYN // instead of RST and ACK
	if a, ok := ParseAnswer(b); ok {
		t.Errorf("a SYN was taken for %+v", a)
	}
}

// The ends are what tcpdump shows of the same questions, asked by others.
func TestProofs(t *testing.T) {
	p := wire.Headers{SrcMAC: nearMAC, DstMAC: otherMAC, Src: near, Dst: far, TTL: 64}
	p6 := wire.Headers{SrcMAC: nearMAC, DstMAC: otherMAC, Src: near6, Dst: far6, TTL: 64}
	for _, tt := range []struct {
		name  string
		frame []byte
		want  string
	}{
		{"ICMP echo request, id 62605, seq 1", echoRequest(p, 1), "4001 **** c0000201 c0000202 08004ec1 f48d0001 74616b656f766572"},
		{"ICMP6, echo request, id 62605, seq 1", echoRequest(p6, 1), "00103a40 20010db8000000000000000000000001" +
			"20010db8000000000000000000000002 80007b01 f48d0001 74616b656f766572"},
		{"UDP, length 0", udpProbe(p), "4011 **** c0000201 c0000202 f48d00010008874b"},
		{"UDP, length 0, over IPv6", udpProbe(p6), "00081140 20010db8000000000000000000000001" +
			"20010db8000000000000000000000002 f48d00010008afda"},
		{"SYN", tcpSYN(p), "4006 **** c0000201 c0000202 f48d0001 00000000 00000000 50020400 **** 0000"},
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
