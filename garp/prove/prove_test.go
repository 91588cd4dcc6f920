package prove

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

var (
	start    = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	vip      = netip.MustParseAddr("192.0.2.1")
	other    = netip.MustParseAddr("192.0.2.254")
	vmac     = hello.MAC{0, 0, 0x0c, 0x9f, 0xf0, 0x0a}
	otherMAC = hello.MAC{2, 0, 0, 0, 0, 0xfe}
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
	return map[byte]string{protoICMP: "echo", protoUDP: "udp", protoTCP: "tcp"}[f[23]]
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

func TestAnswersAreRecognised(t *testing.T) {
	v6, o6 := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::fe")
	for _, tc := range []struct {
		name     string
		src, dst netip.Addr
		build    func(path) []byte
		want     Method
	}{
		{"echo reply", other, vip, func(p path) []byte {
			m := []byte{0, 0, 0, 0, Mark >> 8, Mark & 0xff, 0, 1}
			return p.frame(protoICMP, m, -1)
		}, MethodEcho},
		{"echo reply 6", o6, v6, func(p path) []byte {
			m := []byte{129, 0, 0, 0, Mark >> 8, Mark & 0xff, 0, 1}
			return p.frame(protoICMPv6, m, 2)
		}, MethodEcho},
		{"port unreachable", other, vip, func(p path) []byte {
			quoted := udpProbe(path{src: p.dst, dst: p.src})[etherHeader:]
			return p.frame(protoICMP, append([]byte{3, 3, 0, 0, 0, 0, 0, 0}, quoted...), -1)
		}, MethodUDP},
		{"port unreachable 6", o6, v6, func(p path) []byte {
			quoted := udpProbe(path{src: p.dst, dst: p.src})[etherHeader:]
			return p.frame(protoICMPv6, append([]byte{1, 4, 0, 0, 0, 0, 0, 0}, quoted...), 2)
		}, MethodUDP},
		{"reset", other, vip, func(p path) []byte {
			m := make([]byte, 20)
			m[2], m[3], m[13] = Mark>>8, Mark&0xff, tcpRSTFlag|tcpACKFlag
			return p.frame(protoTCP, m, 16)
		}, MethodTCP},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := tc.build(path{srcMAC: otherMAC, dstMAC: vmac, src: tc.src, dst: tc.dst})
			got, ok := ParseAnswer(b)
			want := Answer{From: tc.src, To: tc.dst, MAC: vmac, Method: tc.want}
			if !ok || !cmp.Equal(got, want, cmpopts.EquateComparable(netip.Addr{})) {
				t.Errorf("got %+v, %t, want %+v", got, ok, want)
			}
			for n := range b {
				if _, ok := ParseAnswer(b[:n]); ok && n < len(b)-20 {
					t.Errorf("the first %d of %d bytes were taken for an answer", n, len(b))
				}
			}
		})
	}
	if _, ok := ParseAnswer(echoRequest(path{src: vip, dst: other}, 1)); ok {
		t.Error("a proof was taken for its answer")
	}
}

func FuzzParseAnswer(f *testing.F) {
	p := path{srcMAC: otherMAC, dstMAC: vmac, src: other, dst: vip}
	f.Add(echoRequest(p, 1))
	f.Add(udpProbe(p))
	f.Add(tcpSYN(p))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, ok := ParseAnswer(b); ok && (!a.From.IsValid() || !a.To.IsValid() || a.Method == "") {
			t.Errorf("an answer without its parts: %+v", a)
		}
	})
}
