package engine_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// duo is two routers and a gateway on one wire. The first is active.
type duo struct {
	t           testing.TB
	a, b        *host
	lose        func(from *host, frame []byte) bool // what does not arrive
	mute        bool                                // the gateway answers nobody
	pinned      bool                                // the gateway sends all that is for the virtual MAC to the first router
	both        time.Duration                       // for so long both have had an open gate
	none        time.Duration                       // and neither
	questions   int                                 // frames of agreements
	transitions int
}

func newDuo(t testing.TB, toml string) *duo {
	t.Helper()
	p := &duo{t: t, a: newHost(t, toml), b: newHost(t, strings.ReplaceAll(toml, "priority = 110", "priority = 100"))}
	return p.start()
}

// start lets both find their roles.
func (p *duo) start() *duo {
	p.t.Helper()
	p.a.up("eth0")
	l := newTestLink("eth0")
	l.MAC, l.Addr4 = peerMAC, peer4
	l.Addrs[0] = netip.PrefixFrom(peer4, 24)
	p.b.e.LinkChanged(p.b.now, "eth0", l)
	p.run(15 * time.Second)
	if p.a.group("eth0:10").Machine.Role != fsm.Active || p.b.group("eth0:10").Machine.Role == fsm.Active {
		p.t.Fatalf("in %s and %s", p.a.group("eth0:10").Machine.State, p.b.group("eth0:10").Machine.State)
	}
	p.both, p.none = 0, 0
	p.transitions = p.a.moves + p.b.moves
	return p
}

// run lets time pass, from one deadline to the next.
func (p *duo) run(d time.Duration) *duo {
	for end := p.a.now.Add(d); p.a.now.Before(end); {
		step := end.Sub(p.a.now)
		for _, h := range []*host{p.a, p.b} {
			if at, armed := h.e.Deadline(); armed {
				step = max(min(step, at.Sub(p.a.now)), 100*time.Microsecond)
			}
		}
		switch len(p.a.port.open) + len(p.b.port.open) {
		case 0:
			p.none += step
		case 2:
			p.both += step
		}
		for _, h := range []*host{p.a, p.b} {
			h.run(step)
			h.e.Flush(h.now)
		}
		for p.deliver() {
		}
	}
	return p
}

// deliver carries what was sent, and reports whether there was anything.
func (p *duo) deliver() (any bool) {
	for _, h := range []*host{p.a, p.b} {
		frames := h.port.frames
		h.port.frames = nil
		for _, f := range frames {
			any = true
			if wire.EtherType(f) == wire.EtherTypeAgreement {
				p.questions++
			}
			p.gateway(h, f)
			if p.lose == nil || !p.lose(h, f) {
				p.other(h).heard(f)
			}
		}
	}
	return any
}

func (p *duo) other(h *host) *host {
	if h == p.a {
		return p.b
	}
	return p.a
}

// gateway answers ARP and echoes of a router.
func (p *duo) gateway(h *host, f []byte) {
	if p.mute {
		return
	}
	if eth, arp, err := garp.ParseARP(f); err == nil {
		if arp.Op == garp.OpRequest && arp.TargetIP == gateway4 {
			b := arpFrame(2, otherMAC, gateway4, arp.SenderIP)
			copy(b, eth.Src[:])
			copy(b[32:38], eth.Src[:])
			h.heard(b)
		}
		return
	}
	one := &fakePort{frames: [][]byte{f}}
	if b := one.answerEcho(); b != nil {
		if p.pinned && hello.MAC(f[6:12]) != ownMAC && hello.MAC(f[6:12]) != peerMAC {
			h = p.a
		}
		h.heard(b)
	}
}

// handOver hands over from a router and waits for the end.
func (p *duo) handOver(h *host, o engine.HandoverOptions) engine.Handover {
	p.t.Helper()
	if err := h.e.Handover(h.now, operator, "eth0:10", o); err != nil {
		p.t.Fatal(err)
	}
	for end := h.now.Add(15 * time.Second); !h.handover("eth0:10").State.Over(); p.run(time.Millisecond) {
		if h.now.After(end) {
			p.t.Fatalf("no end: %+v", h.handover("eth0:10"))
		}
	}
	return h.handover("eth0:10")
}

const neighborLine = "neighbors = [\"192.0.2.254\"]\npriority"

var pairConfigs = map[string]string{
	"hsrp":        strings.Replace(hsrpConfig, "priority", neighborLine, 1),
	"hsrp md5":    strings.Replace(hsrpConfig, "priority", "auth = { md5 = \"secret\" }\n"+neighborLine, 1),
	"vrrp":        strings.Replace(vrrpConfig, "priority", neighborLine, 1),
	"vrrp2":       strings.Replace(vrrpConfig, "priority", "version = 2\n"+neighborLine, 1),
	"pre_active":  preActive(strings.Replace(hsrpConfig, "priority", neighborLine, 1), "500ms"),
	"pre_active2": preActive(strings.Replace(vrrpConfig, "priority", neighborLine, 1), "500ms"),
}

// Someone serves at every moment, and nobody takes the role back.
func TestTwoAgree(t *testing.T) {
	for name, toml := range pairConfigs {
		t.Run(name, func(t *testing.T) {
			p := newDuo(t, toml)
			for _, h := range []*host{p.a, p.b} {
				v := p.handOver(h, engine.HandoverOptions{})
				if v.State != engine.HandoverDone || v.Reason != "" || v.To != p.other(h).group("eth0:10").Address {
					t.Fatalf("%s: %+v", v, v)
				}
				p.run(10 * time.Second)
				if g, o := h.group("eth0:10"), p.other(h).group("eth0:10"); g.Machine.Role == fsm.Active || o.Machine.Role != fsm.Active {
					t.Errorf("in %s, the other one in %s", g.Machine.State, o.Machine.State)
				}
				if g := h.group("eth0:10"); g.Yielded != (h == p.a) && h == p.a {
					t.Error("the better router has not yielded")
				}
			}
			if p.none > 0 || p.both > 10*time.Millisecond {
				t.Errorf("%v nobody served, %v both did", p.none, p.both)
			}
		})
	}
}

// Nothing moves when the other router is not fit.
func TestWhoIsNotFitIsNotGivenTheRole(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(*duo)
		want string
	}{
		{"the gateway does not answer it", func(p *duo) { p.mute = true },
			"192.0.2.11 is not fit: 192.0.2.254, which answers 192.0.2.10, does not answer it"},
		{"its uplink is down", func(p *duo) { p.b.e.TrackChanged(p.b.now, "uplink", false, "no carrier") },
			"192.0.2.11 is not fit: tracked objects are down there: uplink"},
		{"it forwards nothing", func(p *duo) {
			l := newTestLink("eth0")
			l.MAC, l.Addr4, l.Off4 = peerMAC, peer4, "net.ipv4.ip_forward"
			l.Addrs[0] = netip.PrefixFrom(peer4, 24)
			p.b.e.LinkChanged(p.b.now, "eth0", l)
		}, "192.0.2.11 is not fit: IP forwarding is switched off there (net.ipv4.ip_forward)"},
	} {
		for name, toml := range map[string]string{"hsrp": pairConfigs["hsrp"], "vrrp": pairConfigs["vrrp"]} {
			t.Run(name+", "+tt.name, func(t *testing.T) {
				p := newDuo(t, "[[track]]\nname = \"uplink\"\nfile = \"/run/x\"\n"+strings.Replace(toml, "priority", "track = [{ object = \"uplink\", decrement = 5 }]\npriority", 1))
				tt.make(p)
				v := p.handOver(p.a, engine.HandoverOptions{})
				if v.State != engine.HandoverRefused || v.Reason != tt.want {
					t.Errorf("%+v, want %q", v, tt.want)
				}
				p.run(10 * time.Second)
				if p.a.moves+p.b.moves != p.transitions {
					t.Error("something moved")
				}
			})
		}
	}
}

// What is wrong with both routers is no reason.
func TestAFaultOfBothDoesNotCount(t *testing.T) {
	toml := "[[track]]\nname = \"uplink\"\nfile = \"/run/x\"\n" + strings.Replace(pairConfigs["vrrp"], "priority", "track = [{ object = \"uplink\", decrement = 5 }]\npriority", 1)
	p := newDuo(t, toml)
	for _, h := range []*host{p.a, p.b} {
		l := newTestLink("eth0")
		if h == p.b {
			l.MAC, l.Addr4 = peerMAC, peer4
			l.Addrs[0] = netip.PrefixFrom(peer4, 24)
		}
		l.Off4 = "net.ipv4.ip_forward"
		h.e.LinkChanged(h.now, "eth0", l)
		h.e.TrackChanged(h.now, "uplink", false, "no carrier")
	}
	if v := p.handOver(p.a, engine.HandoverOptions{}); v.State != engine.HandoverDone {
		t.Errorf("%+v", v)
	}
}

// The roles go back once when the neighbours do not follow.
func TestWhoCannotProveItsNeighboursGivesBack(t *testing.T) {
	for name, toml := range pairConfigs {
		t.Run(name, func(t *testing.T) {
			p := newDuo(t, toml)
			p.pinned = true
			v := p.handOver(p.a, engine.HandoverOptions{Timeout: 2 * time.Second})
			if want := "192.0.2.11 gave the role back"; v.State != engine.HandoverRolledBack || !strings.HasPrefix(v.Reason, want) {
				t.Errorf("%+v, want %q", v, want)
			}
			if d := v.Ended.Sub(v.Taken); d < 1900*time.Millisecond || d > 2700*time.Millisecond {
				t.Errorf("after %v, want 2s", d)
			}
			moves := p.a.moves + p.b.moves
			p.run(20 * time.Second)
			if g, o := p.a.group("eth0:10"), p.b.group("eth0:10"); g.Machine.Role != fsm.Active || o.Machine.Role == fsm.Active {
				t.Errorf("in %s, the other one in %s", g.Machine.State, o.Machine.State)
			}
			if p.none > 0 || p.both > 10*time.Millisecond {
				t.Errorf("%v nobody served, %v both did", p.none, p.both)
			}
			if again := p.a.moves + p.b.moves - moves; again > 3 {
				t.Errorf("%d transitions afterwards", again)
			}
		})
	}
}

// The router to which the role comes back may wait for a command that the other one does
// not have.
func TestTheRoleComesBackToARouterThatWaits(t *testing.T) {
	p := &duo{t: t, a: newHost(t, pairConfigs["pre_active"]), b: newHost(t, strings.ReplaceAll(pairConfigs["hsrp"], "priority = 110", "priority = 100"))}
	p.start()
	p.pinned = true
	if v := p.handOver(p.a, engine.HandoverOptions{Timeout: time.Second}); v.State != engine.HandoverRolledBack {
		t.Errorf("%+v", v)
	}
	p.run(5 * time.Second)
	if p.none > 0 {
		t.Errorf("%v nobody served", p.none)
	}
}

// A gateway that answers nobody is no reason to refuse: it was not proven here either.
func TestADeadNeighbourDoesNotCount(t *testing.T) {
	p := newDuo(t, pairConfigs["vrrp"])
	p.mute = true
	if err := p.a.e.Verify(p.a.now, "eth0:10"); err != nil {
		t.Fatal(err)
	}
	p.run(time.Second)
	if v := p.handOver(p.a, engine.HandoverOptions{}); v.State != engine.HandoverDone || v.Reason != "no neighbour to prove that by" {
		t.Errorf("%+v", v)
	}
}

// Whatever is lost, or whoever dies, at no time nobody serves for longer than a hold
// time, and in the end one router does.
func TestHandoversSurviveLossAndDeath(t *testing.T) {
	agreement := func(kind byte) func(*host, []byte) bool {
		return func(_ *host, f []byte) bool {
			return wire.EtherType(f) == wire.EtherTypeAgreement && (kind == 0 || f[14+5] == kind)
		}
	}
	resigns := func(_ *host, f []byte) bool {
		d := describeFrame(f)
		return strings.HasSuffix(d, "advert 0") || strings.Contains(d, "Resign")
	}
	n := 0
	for _, tt := range []struct {
		name string
		lose func(*host, []byte) bool
		want []engine.HandoverState
	}{
		{"every agreement", agreement(0), []engine.HandoverState{engine.HandoverDone}},
		{"every answer", agreement(2), []engine.HandoverState{engine.HandoverDone}},
		{"the resignation", resigns, []engine.HandoverState{engine.HandoverRolledBack}},
		{"every second frame", func(*host, []byte) bool { n++; return n%2 == 0 }, []engine.HandoverState{engine.HandoverDone, engine.HandoverRolledBack, engine.HandoverRefused}},
	} {
		for _, name := range []string{"hsrp", "vrrp"} {
			t.Run(name+", "+tt.name, func(t *testing.T) {
				p := newDuo(t, pairConfigs[name])
				p.lose = tt.lose
				if v := p.handOver(p.a, engine.HandoverOptions{}); !slices.Contains(tt.want, v.State) {
					t.Errorf("%+v, want %q", v, tt.want)
				}
				p.lose = nil
				p.run(15 * time.Second)
				if len(p.a.port.open)+len(p.b.port.open) != 1 || p.none > 0 {
					t.Errorf("%d serve, nobody did for %v", len(p.a.port.open)+len(p.b.port.open), p.none)
				}
			})
		}
	}
}

// A question of who is not the active router, or is not signed as the group is, changes
// nothing and finds out nothing; an answer neither.
func TestWhatIsNotBelieved(t *testing.T) {
	question := func(change func(*hello.Agreement), src hello.MAC, key []byte) []byte {
		a := &hello.Agreement{
			Kind: hello.AgreementQuestion, Protocol: hello.ProtocolHSRP, Version: 2, Family: hello.IPv4, Group: 10,
			Priority: 110, Time: time.Second, Number: 77, From: own4, Forwards: true, Tracks: true,
		}
		change(a)
		return hello.AppendAgreement(nil, a, src, hello.MAC{1, 0, 0x5e, 0, 0, 0x66}, key)
	}
	same := func(*hello.Agreement) {}
	for _, tt := range []struct {
		name, config string
		frame        []byte
		want         string // of the answer
	}{
		{"as it should be", "hsrp", question(same, ownMAC, nil), "fit"},
		{"another address", "hsrp", question(func(a *hello.Agreement) { a.From = netip.MustParseAddr("192.0.2.66") }, ownMAC, nil), "unfit"},
		{"another MAC", "hsrp", question(same, otherMAC, nil), "unfit"},
		{"not signed", "hsrp md5", question(same, ownMAC, nil), ""},
		{"signed with the key itself", "hsrp md5", question(same, ownMAC, []byte("secret")), ""},
		{"signed", "hsrp md5", question(same, ownMAC, hello.AgreementKey([]byte("secret"))), "fit"},
		{"signed where nothing is", "hsrp", question(same, ownMAC, hello.AgreementKey([]byte("secret"))), ""},
		{"another group", "hsrp", question(func(a *hello.Agreement) { a.Group = 11 }, ownMAC, nil), ""},
		{"too short", "hsrp", question(same, ownMAC, nil)[:30], ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newDuo(t, pairConfigs[tt.config])
			p.b.clear().heard(tt.frame)
			if got := p.b.port.answers(); got != tt.want {
				t.Errorf("answered %q, want %q", got, tt.want)
			}
		})
	}
	// answered begins a hand-over and gives it an answer.
	answered := func(t *testing.T, number uint64, from netip.Addr, src hello.MAC) *duo {
		p := newDuo(t, pairConfigs["hsrp"])
		p.lose = func(_ *host, f []byte) bool { return wire.EtherType(f) == wire.EtherTypeAgreement }
		if err := p.a.e.Handover(p.a.now, operator, "eth0:10", engine.HandoverOptions{}); err != nil {
			t.Fatal(err)
		}
		p.a.heard(replyOf(hello.AgreementFit, number, from, src))
		return p
	}
	const number = 0x0123456789abcdef // what the routers of these tests take for a random one
	for _, tt := range []struct {
		name   string
		number uint64
		from   netip.Addr
		src    hello.MAC
		want   engine.HandoverState
	}{
		{"an answer", number, peer4, peerMAC, engine.HandoverPassing},
		{"an answer to another question", 78, peer4, peerMAC, engine.HandoverAsking},
		{"an answer of who is not the standby router", number, gateway4, peerMAC, engine.HandoverAsking},
		{"an answer from another MAC", number, peer4, otherMAC, engine.HandoverAsking},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if v := answered(t, tt.number, tt.from, tt.src).a.handover("eth0:10"); v.State != tt.want {
				t.Errorf("%+v, want %s", v, tt.want)
			}
		})
	}
	t.Run("a last word of somebody else", func(t *testing.T) {
		p := answered(t, number, peer4, peerMAC)
		p.a.heard(replyOf(hello.AgreementProven, number, gateway4, peerMAC))
		p.a.heard(replyOf(hello.AgreementProven, number, peer4, otherMAC))
		if v := p.a.handover("eth0:10"); v.State != engine.HandoverPassing {
			t.Errorf("%+v", v)
		}
	})
}

func replyOf(s hello.AgreementState, number uint64, from netip.Addr, src hello.MAC) []byte {
	return hello.AppendAgreement(nil, &hello.Agreement{
		Kind: hello.AgreementAnswer, Protocol: hello.ProtocolHSRP, Version: 2, Family: hello.IPv4, Group: 10, State: s, Number: number, From: from,
	}, src, ownMAC, nil)
}

// Who was asked need not be the one who takes the role.
func TestAnotherRouterTakesWhatIsHandedOver(t *testing.T) {
	p := newDuo(t, pairConfigs["vrrp"])
	p.lose = func(h *host, f []byte) bool { return h == p.b && strings.Contains(describeFrame(f), "advert") }
	if err := p.a.e.Handover(p.a.now, operator, "eth0:10", engine.HandoverOptions{}); err != nil {
		t.Fatal(err)
	}
	for p.a.handover("eth0:10").State == engine.HandoverAsking {
		p.run(time.Millisecond)
	}
	third := netip.MustParseAddr("192.0.2.12")
	p.a.heard(vrrpFrame(105, func(_ *hello.VRRP, env *hello.Envelope) { env.Src = third }))
	if v := p.a.handover("eth0:10"); v.State != engine.HandoverDone || v.To != third || v.Reason != "192.0.2.11 was asked, and was not the one" {
		t.Errorf("%+v", v)
	}
}

// The successor says itself that it serves, and gives back with a resignation: each is
// enough.
func TestOneOfTwoWordsIsEnough(t *testing.T) {
	t.Run("it serves", func(t *testing.T) {
		p := newDuo(t, pairConfigs["hsrp"])
		p.lose = func(h *host, f []byte) bool { return h == p.b && wire.EtherType(f) != wire.EtherTypeAgreement }
		if v := p.handOver(p.a, engine.HandoverOptions{}); v.State != engine.HandoverDone || v.Reason != "" {
			t.Errorf("%+v", v)
		}
	})
	t.Run("it gives back", func(t *testing.T) {
		p := newDuo(t, pairConfigs["hsrp"])
		p.pinned = true
		p.lose = func(h *host, f []byte) bool {
			return h == p.b && wire.EtherType(f) == wire.EtherTypeAgreement && hello.AgreementState(f[14+9]) > hello.AgreementFit
		}
		if v := p.handOver(p.a, engine.HandoverOptions{Timeout: time.Second}); v.State != engine.HandoverRolledBack || v.Reason != "192.0.2.11 gave the role back" {
			t.Errorf("%+v", v)
		}
	})
}

// answers names the states of the agreements that were sent.
func (p *fakePort) answers() string {
	var out []string
	for _, f := range p.frames {
		var a hello.Agreement
		if a.Parse(f) == nil {
			out = append(out, [...]string{"?", "fit", "unfit", "waiting", "serving", "proven", "unproven"}[a.State])
		}
	}
	return strings.Join(out, " ")
}

// A thousand questions have no more answers than the budget.
func TestAnswersAreBounded(t *testing.T) {
	p := newDuo(t, pairConfigs["vrrp"])
	p.b.clear()
	for n := range 1000 {
		a := &hello.Agreement{Kind: hello.AgreementQuestion, Protocol: hello.ProtocolVRRP, Version: 3, Family: hello.IPv4, Group: 10, Number: uint64(n + 1), From: own4}
		p.b.heard(hello.AppendAgreement(nil, a, ownMAC, peerMAC, nil))
		if n == 500 {
			p.b.heard(hello.AppendAgreement(nil, a, ownMAC, peerMAC, nil))
		}
	}
	if got := len(p.b.port.frames); got != 1 {
		t.Errorf("%d answers at one instant to questions with a thousand numbers, want 1", got)
	}
	a := &hello.Agreement{Kind: hello.AgreementQuestion, Protocol: hello.ProtocolVRRP, Version: 3, Family: hello.IPv4, Group: 10, Number: 1, From: own4}
	p.run(5 * time.Second)
	p.b.clear()
	for range 1000 {
		p.b.heard(hello.AppendAgreement(nil, a, ownMAC, peerMAC, nil))
	}
	if got := len(p.b.port.frames); got > 200 {
		t.Errorf("%d answers at one instant, want 200 at most", got)
	}
}
