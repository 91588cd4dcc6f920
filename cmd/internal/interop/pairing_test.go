package interop

import (
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/hello"
)

// pairing is our router beside a peer's, both configured alike.
type pairing struct {
	peer    string // keepalived or frr
	version uint8
	family  hello.Family
	vmac    bool // the peer uses the virtual MAC; ours always does
	unicast bool
	text    string // authentication of version 2
	every   time.Duration
}

func (p pairing) vips() []netip.Addr {
	if p.family == hello.IPv6 {
		return []netip.Addr{vip6Local, vip6}
	}
	return []netip.Addr{vip4}
}

// target is the address that the client talks to.
func (p pairing) target() netip.Addr { return p.vips()[len(p.vips())-1] }

func (p pairing) macs() string {
	if p.vmac {
		return "both"
	}
	return "ours"
}

func (p pairing) mode() string {
	words := []string{"multicast"}
	if p.unicast {
		words[0] = "unicast"
	}
	if p.text != "" {
		words = append(words, "text auth")
	}
	return strings.Join(append(words, p.every.String()), ", ")
}

func (p pairing) String() string {
	return fmt.Sprintf("%s v%d IPv%d vMAC %s %s", p.peer, p.version, p.family, p.macs(), p.mode())
}

// skew is Skew_Time (RFC 9568 section 6.1, RFC 3768 section 6.1).
func (p pairing) skew(priority int) time.Duration {
	unit := p.every
	if p.version == 2 {
		unit = time.Second
	}
	return time.Duration(256-priority) * unit / 256
}

// down is Active_Down_Interval.
func (p pairing) down(priority int) time.Duration { return 3*p.every + p.skew(priority) }

// config is our router's configuration.
func (p pairing) config(s *segment, extra string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[daemon]\nlog = \"debug\"\n[[vrrp]]\ninterface = %q\nvrid = %d\nversion = %d\npriority = PRIORITY\nadvertise = %q\n",
		dev, vrid, p.version, p.every)
	fmt.Fprintf(&b, "virtual_ips = [%s]\n", quoted(p.vips()))
	if p.unicast {
		fmt.Fprintf(&b, "peers = [%q]\n", s.Gateway(them).Addr(p.family))
	}
	if p.text != "" {
		fmt.Fprintf(&b, "auth = { text = %q }\n", p.text)
	}
	return b.String() + extra
}

func quoted(list []netip.Addr) string {
	words := make([]string, len(list))
	for i, a := range list {
		words[i] = fmt.Sprintf("%q", a)
	}
	return strings.Join(words, ", ")
}

// match is a pairing at work.
type match struct {
	*segment
	p      pairing
	ours   *daemon
	theirs router
	probe  *probe
}

// steady plays a match, and again where the machine stood still so long that a
// healthy router may have lost its role: the routers have real-time priority,
// the client and whoever looks have not.
func steady(t *testing.T, p pairing, play func(t testing.TB)) {
	t.Helper()
	fhrptest.Steady(t, fhrptest.Limits{Ordinary: fhrptest.Stall.Ordinary, Realtime: p.every}, play)
}

// slack is what may come on top of the protocol's own timers: the start of a
// program, a scheduler with other things to do.
const slack = 500 * time.Millisecond

// options change a match from the ordinary.
type options struct {
	swapped bool   // our router has the higher address
	ours    string // more lines of our configuration
	theirs  string // more lines of keepalived's
}

func newMatch(t testing.TB, p pairing, o options) *match {
	t.Helper()
	routers := []string{us, them}
	if o.swapped {
		routers = []string{them, us}
	}
	return newMatchOn(newSegment(t, routers...), p, o)
}

func newMatchOn(s *segment, p pairing, o options) *match {
	s.t.Helper()
	m := &match{segment: s, p: p}
	m.ours = &daemon{m.Gateway(us), p.config(m.segment, o.ours)}
	if g := m.Gateway(them); p.peer == "frr" {
		m.theirs = newFRR(g, p)
	} else {
		m.theirs = &keepalived{g: g, config: keepalivedConfig(m.segment, p, o.theirs)}
	}
	return m
}

func other(name string) string {
	if name == us {
		return them
	}
	return us
}

// settled reports whether name alone claims the role.
func (m *match) settled(name string) bool {
	patient := m.p.every*3/2 + 20*time.Millisecond
	if m.silence(name) > patient || m.silence(other(name)) < patient {
		return false
	}
	want := map[string]string{us: "Active", them: "Backup"}[name]
	return !m.ours.Up() || m.linkDown() || m.ours.All(want)
}

// linkDown reports whether our router has no link, and so is in Initialize.
func (m *match) linkDown() bool {
	up, err := m.ours.NS.Carrier(dev)
	return err == nil && !up
}

// await waits until name alone is active and the client is served.
func (m *match) await(name string) {
	m.t.Helper()
	m.Eventually(name+" alone claims the role", func() bool { return m.settled(name) })
	n := m.probe.mark()
	m.Eventually("the client is served by "+name, func() bool { return m.probe.flows(n) })
}

// event makes something happen, waits until active alone is active, and records
// what it has cost the client. bound is what the timers allow, without slack.
func (m *match) event(what, active string, bound time.Duration, do func()) {
	m.t.Helper()
	n, began := m.probe.mark(), time.Now()
	do()
	m.await(active)
	m.believed(active)
	r := row{m.p, what, active, m.probe.gap(n), bound, m.Witness.Spare(began)}
	if most := r.bound + slack + r.spare; r.gap > most {
		m.t.Errorf("%s: the client went unserved for %v, the bound is %v\n%s", what, r.gap, most, m.ours.Tails())
	}
	results.add(m.t, r)
}

// stays makes something happen that must not change who is active: for as long
// as joiner, which has the given priority, waits before it takes over, and some
// time on top.
func (m *match) stays(what, active, joiner string, priority int, do func()) {
	m.t.Helper()
	m.event(what, active, 0, func() {
		m.t.Helper()
		claimed := m.spoke[joiner].Load()
		do()
		if m.within(m.p.down(priority)+2*slack, func() bool { return m.spoke[joiner].Load() != claimed }) {
			m.t.Errorf("%s: %s claimed the role\n%s", what, joiner, m.ours.Tails())
		}
	})
}

// believed checks what the client and the switch believe now, and that a fresh
// question of the client has one answer.
func (m *match) believed(active string) {
	m.t.Helper()
	want := m.Gateway(active).MAC
	vmac := hello.VirtualMAC(hello.ProtocolVRRP, m.p.version, m.p.family, vrid)
	if active == us || m.p.vmac {
		want = vmac
		m.Eventually("the switch has learned the virtual MAC at "+active, func() bool { return m.FDB(vmac) == active })
	}
	target := m.p.target()
	m.Eventually("the client's entry is "+want.String(), func() bool { return m.Entry(target) == want })
	m.ask(active, want)
}

// ask makes the client forget its neighbours, so that it asks again, and
// checks who answers. A peer that was killed left the address on its interface;
// it is not asked.
func (m *match) ask(active string, want hello.MAC) {
	m.t.Helper()
	if !m.theirs.Running() {
		return
	}
	all := map[answer]int{}
	m.Eventually("the client's question is answered", func() bool {
		for a, n := range m.askOnce() {
			all[a] += n
		}
		return len(all) > 0
	})
	if len(all) != 1 || all[answer{active, want}] == 0 {
		m.t.Errorf("the client's question was answered by %v, want only %v", all, answer{active, want})
	}
}

// askOnce makes the client forget its neighbours and returns the answers until
// it is served again. There are none when a router's own question has told the
// client first.
func (m *match) askOnce() map[answer]int {
	var from [2]int
	routers := []string{us, them}
	for i, name := range routers {
		_, from[i] = m.Gateway(name).Port.Since(0)
	}
	must(m.t, m.Client.FlushNeighbors(dev))
	n := m.probe.mark()
	m.Eventually("the client is served after asking again", func() bool { return m.probe.flows(n) })
	all := map[answer]int{}
	for i, name := range routers {
		frames, _ := m.Gateway(name).Port.Since(from[i])
		maps.Copy(all, answers(name, frames, m.p.target()))
	}
	return all
}
