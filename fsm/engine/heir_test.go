package engine_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// twins are two routers on two wires, with a leader on eth0 and a follower on eth1. The
// first router is active.
type twins struct {
	t    testing.TB
	a, b *host
	lose func(from *host, dev string, frame []byte) bool // what does not arrive
	gone [][]byte                                        // frames that gave the role away
}

const tiedHSRP = `
[[hsrp]]
interface = "eth0"
group = 10
name = "leader"
virtual_ips = ["192.0.2.1"]
priority = 110
preempt = true
hello = "1s"
hold = "3s"
[[hsrp]]
interface = "eth1"
group = 20
name = "follower"
virtual_ips = ["192.0.2.2"]
follow = "leader"
`

const tiedVRRP = `
[[vrrp]]
interface = "eth0"
vrid = 10
name = "leader"
virtual_ips = ["192.0.2.1"]
priority = 110
[[vrrp]]
interface = "eth1"
vrid = 20
name = "follower"
virtual_ips = ["192.0.2.2"]
follow = "leader"
`

var tiedConfigs = map[string]string{
	"hsrp": tiedHSRP, "vrrp": tiedVRRP,
	"hsrp1":    strings.Replace(tiedHSRP, "priority", "version = 1\npriority", 1),
	"vrrp2":    strings.Replace(tiedVRRP, "priority", "version = 2\npriority", 1),
	"hsrp md5": strings.Replace(tiedHSRP, "priority", "auth = { md5 = \"secret\" }\npriority", 1),
	"vrrp hmac": strings.Replace("[[keychain]]\nname = \"k\"\nkeys = [{ id = 1, secret = \"0123456789abcdef0123456789abcdef\" }]\n"+tiedVRRP,
		"priority", "auth = { keychain = \"k\" }\npriority", 1),
}

func newTwins(t testing.TB, toml string) *twins {
	t.Helper()
	counts := func(from uint64) func(*engine.Options) {
		return func(o *engine.Options) { o.Mark = func() uint64 { from += 2; return from } }
	}
	p := &twins{t: t, a: newHost(t, toml, counts(1000)), b: newHost(t, strings.ReplaceAll(toml, "priority = 110", "priority = 100"), counts(2000))}
	for _, dev := range []string{"eth0", "eth1"} {
		p.link(p.a, dev, true)
		p.link(p.b, dev, true)
	}
	p.run(15 * time.Second)
	p.roles("Active", "")
	return p
}

// link takes or gives a router's carrier.
func (p *twins) link(h *host, dev string, up bool) *twins {
	l := newTestLink(dev)
	l.Up = up
	if h == p.b {
		l.MAC, l.Addr4 = peerMAC, peer4
		l.Addrs[0] = netip.PrefixFrom(peer4, 24)
	}
	h.e.LinkChanged(h.now, dev, l)
	return p
}

func (p *twins) run(d time.Duration) *twins {
	for end := p.a.now.Add(d); ; {
		for p.deliver() {
		}
		if !p.a.now.Before(end) {
			return p
		}
		step := end.Sub(p.a.now)
		for _, h := range []*host{p.a, p.b} {
			if at, armed := h.e.Deadline(); armed {
				step = max(min(step, at.Sub(p.a.now)), 100*time.Microsecond)
			}
		}
		for _, h := range []*host{p.a, p.b} {
			h.run(step)
			h.e.Flush(h.now)
		}
	}
}

func (p *twins) deliver() (any bool) {
	for from, to := range map[*host]*host{p.a: p.b, p.b: p.a} {
		for dev, port := range from.ports {
			frames := port.frames
			port.frames = nil
			for _, f := range frames {
				any = true
				if kindOf(f) == hello.AgreementGone {
					p.gone = append(p.gone, f)
				}
				if p.lose == nil || !p.lose(from, dev, f) {
					to.e.Frame(to.now, dev, f, true)
					to.e.Flush(to.now)
				}
			}
		}
	}
	return any
}

func kindOf(f []byte) hello.AgreementKind {
	var a hello.Agreement
	if wire.EtherType(f) != wire.EtherTypeAgreement || a.Parse(f) != nil {
		return 0
	}
	return a.Kind
}

// roles checks whether the groups of both routers are active; "" is not to be.
func (p *twins) roles(a, b string) {
	p.t.Helper()
	for h, want := range map[*host]string{p.a: a, p.b: b} {
		for _, ref := range []string{"leader", "follower"} {
			if g := h.group(ref); (g.Machine.Role == fsm.Active) != (want == "Active") || len(h.ports["eth0"].open)+len(h.ports["eth1"].open) != map[string]int{"Active": 2}[want] {
				p.t.Errorf("%s at %s is in %s (%s), want Active: %t", ref, map[*host]string{p.a: "a", p.b: "b"}[h], g.Machine.State, g.Obstacle, want == "Active")
			}
		}
	}
}

// Whichever link dies, the other router has both groups in the same instant.
func TestALostLinkIsToldOverTheOther(t *testing.T) {
	for name, toml := range tiedConfigs {
		for _, dev := range []string{"eth0", "eth1"} {
			t.Run(name+", "+dev, func(t *testing.T) {
				p := newTwins(t, toml)
				p.a.clear()
				p.lose = func(from *host, on string, _ []byte) bool { return on == dev }
				p.link(p.a, dev, false).run(0)
				p.roles("", "Active")
				want := fsm.CausePeerLink
				if strings.HasPrefix(name, "hsrp") && dev == "eth1" {
					want = fsm.CauseResigned // HSRP has a word for it
				}
				if last := p.b.group("leader").Last; last.Cause != want {
					t.Errorf("%s: %s", last.Cause, last.Detail)
				}
				if c := p.b.group("leader").Change; c.Handed {
					t.Errorf("handed over: %+v", c)
				}
				other := map[string]string{"eth0": "eth1", "eth1": "eth0"}[dev]
				if want := "asks 192.0.2.11 over " + other + " to take over"; !slices.Contains(p.a.told(engine.KindNotice), want) {
					t.Errorf("told %q, want %q", p.a.told(engine.KindNotice), want)
				}
				p.lose = nil
				p.link(p.a, dev, true).run(time.Minute)
				p.roles("Active", "")
			})
		}
	}
}

// The word is repeated, in case that it is lost.
func TestTheWordOfALostLinkIsRepeated(t *testing.T) {
	p := newTwins(t, tiedVRRP)
	lost := 0
	p.lose = func(_ *host, on string, f []byte) bool {
		if on == "eth1" && kindOf(f) == hello.AgreementGone {
			lost++
		}
		return on == "eth0" || lost < 3
	}
	p.link(p.a, "eth0", false).run(9 * time.Millisecond)
	p.roles("", "")
	p.run(2 * time.Millisecond)
	p.roles("", "Active")
}

// A router that does not know the number is not asked more than now and then, and all
// is as it was without.
func TestWhoDoesNotKnowHeirsIsLeftInPeace(t *testing.T) {
	p := newTwins(t, tiedVRRP)
	given := 0
	p.lose = func(_ *host, _ string, f []byte) bool {
		if kindOf(f) == hello.AgreementHeir {
			given++
		}
		return kindOf(f) > hello.AgreementAnswer
	}
	p.run(5 * time.Minute)
	if given == 0 || given > 20 {
		t.Errorf("gave its number %d times in five minutes", given)
	}
	if list := p.a.group("leader").Heirs; len(list) > 0 {
		t.Errorf("has the heirs %v still", list)
	}
	p.link(p.a, "eth1", false).run(time.Second)
	p.roles("", "Active") // by priority 0
}

// What has no number that counts now moves nobody.
func TestOnlyTheNumberOfTheHourCounts(t *testing.T) {
	for name, toml := range map[string]string{"unsigned": tiedVRRP, "signed": tiedConfigs["hsrp md5"]} {
		t.Run(name, func(t *testing.T) {
			p := newTwins(t, toml)
			var numbers []uint64
			p.lose = func(from *host, _ string, f []byte) bool {
				var a hello.Agreement
				if kindOf(f) == hello.AgreementHeir && a.Parse(f) == nil {
					numbers = append(numbers, a.Number)
				}
				return false
			}
			key := []byte(nil)
			if name == "signed" {
				key = hello.AgreementKey([]byte("secret"))
			}
			says := func(number uint64, key []byte) {
				g := p.b.group("follower")
				f := hello.AppendAgreement(nil, &hello.Agreement{
					Kind: hello.AgreementGone, Protocol: g.Protocol, Version: g.Version, Family: hello.IPv4, Group: g.Number, From: own4, Number: number,
				}, ownMAC, hello.Broadcast, key)
				p.b.e.Frame(p.b.now, "eth1", f, true)
				p.b.e.Flush(p.b.now)
			}
			p.run(12 * time.Second)
			if len(numbers) < 2 || numbers[0] == numbers[1] {
				t.Fatalf("gave %d", numbers)
			}
			old := numbers[0]
			p.run(10 * time.Second)
			present := numbers[len(numbers)-1]
			says(0, key)
			says(present+1, key)
			says(old, key)
			if name == "signed" {
				says(present, nil)
				says(present, hello.AgreementKey([]byte("other")))
			}
			p.roles("Active", "")
			p.lose = func(*host, string, []byte) bool { return true }
			says(present, key)
			if st := p.b.group("leader"); st.Machine.Role != fsm.Active {
				t.Fatalf("its own number does not count: %s", st.Machine.State)
			}
			p.lose = nil
			p.run(10 * time.Second)
			p.roles("Active", "") // the better router insists, and the number is gone
			says(present, key)
			p.roles("Active", "")
		})
	}
}

// A number counts for the router to which it was given.
func TestANumberIsForOneRouter(t *testing.T) {
	p := newTwins(t, tiedVRRP)
	third := netip.MustParseAddr("192.0.2.12")
	p.b.heard(vrrpFrame(200, func(m *hello.VRRP, e *hello.Envelope) { e.Src = third }))
	if at := p.b.group("leader").Machine.Active.Addr; at != third {
		t.Fatalf("active is %v", at)
	}
	p.lose = func(from *host, on string, f []byte) bool { return from == p.a && on == "eth0" }
	p.link(p.a, "eth0", false).run(0)
	if len(p.gone) == 0 {
		t.Fatal("nothing was said")
	}
	if st := p.b.group("leader").Machine; st.Role == fsm.Active {
		t.Error("took the role of a third router")
	}
}

// Of several the best one is told first, the others when it had its time.
func TestTheBestHeirIsToldFirst(t *testing.T) {
	h := newHost(t, tiedVRRP).up("eth0", "eth1").until("leader", "Active").clear()
	for n, rank := range []uint8{90, 105, 100, 105} {
		h.heard(hello.AppendAgreement(nil, &hello.Agreement{
			Kind: hello.AgreementHeir, Protocol: hello.ProtocolVRRP, Version: 3, Family: hello.IPv4, Group: 10,
			Priority: rank, Number: uint64(n + 1), From: netip.AddrFrom4([4]byte{192, 0, 2, byte(20 + n)}),
		}, hello.MAC{2, 0, 0, 0, 1, byte(n)}, hello.Broadcast, nil))
	}
	if got, want := fmt.Sprint(h.group("leader").Heirs), "[192.0.2.23 192.0.2.21 192.0.2.22 192.0.2.20]"; got != want {
		t.Errorf("heirs %s, want %s", got, want)
	}
	h.clear()
	h.down("eth0")
	began := h.now
	var got []string
	for h.now.Sub(began) < time.Second {
		for _, f := range h.ports["eth1"].frames {
			var a hello.Agreement
			if kindOf(f) == hello.AgreementGone && a.Parse(f) == nil {
				got = append(got, fmt.Sprintf("%d at %v", a.Number, h.now.Sub(began)))
			}
		}
		h.ports["eth1"].frames = nil
		h.run(time.Millisecond)
	}
	want := []string{
		"4 at 0s", "4 at 3ms", "4 at 10ms", "2 at 50ms", "2 at 53ms", "2 at 60ms",
		"3 at 100ms", "3 at 103ms", "3 at 110ms", "1 at 150ms", "1 at 153ms", "1 at 160ms",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// HSRP has one heir, and strangers do not fill the memory in VRRP.
func TestWhoIsNoHeir(t *testing.T) {
	heir := func(p hello.Protocol, version uint8, last byte) []byte {
		return hello.AppendAgreement(nil, &hello.Agreement{
			Kind: hello.AgreementHeir, Protocol: p, Version: version, Family: hello.IPv4, Group: 10,
			Number: uint64(last), From: netip.AddrFrom4([4]byte{192, 0, 2, last}),
		}, hello.MAC{2, 0, 0, 0, 1, last}, hello.Broadcast, nil)
	}
	p := newTwins(t, tiedHSRP)
	p.a.heard(heir(hello.ProtocolHSRP, 2, 77))
	p.a.heard(heir(hello.ProtocolHSRP, 2, 11)) // the standby router's address at another MAC
	if got := p.a.group("leader").Heirs; !slices.Equal(got, []netip.Addr{peer4}) {
		t.Errorf("heirs %v, want the standby router", got)
	}
	h := newHost(t, tiedVRRP).up("eth0", "eth1").until("leader", "Active")
	for n := range 100 {
		h.heard(heir(hello.ProtocolVRRP, 3, byte(100+n)))
	}
	if got := h.group("leader").Heirs; len(got) > 8 {
		t.Errorf("%d heirs", len(got))
	}
	h.run(time.Minute)
	if got := h.group("leader").Heirs; len(got) > 0 {
		t.Errorf("heirs %v that are silent for a minute", got)
	}
}

// Groups on one interface have no other link to say anything on.
func TestGroupsOnOneInterfaceSayNothing(t *testing.T) {
	p := newTwins(t, strings.ReplaceAll(tiedVRRP, "eth1", "eth0"))
	p.lose = func(_ *host, _ string, f []byte) bool {
		if kindOf(f) > hello.AgreementAnswer {
			t.Error("said something")
		}
		return false
	}
	p.run(time.Minute)
}
