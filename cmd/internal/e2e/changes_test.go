package e2e

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// couple is what a change is done to: a group "users" of two routers, with a hello time
// of 200 ms, of which a is active.
type couple struct {
	name, text string // of the benchmark, and for the page
	groups     string
	mac        hello.MAC // the virtual one
	host       netip.Addr
}

func couples() []couple {
	all := handovers()
	six := func(groups string) string {
		return strings.NewReplacer("192.168.1.1\"", "fe80::1\"", "neighbors = [\"192.168.1.10\"]\n", "").Replace(groups)
	}
	hsrp, vrrp := all["HSRP version 2"], all["VRRP version 3"]
	return []couple{
		{"hsrp2", "HSRP version 2", hsrp, mac2, fhrptest.HostIP},
		{"vrrp3", "VRRP version 3", vrrp, macV, fhrptest.HostIP},
		{"hsrp2-ipv6", "HSRP version 2 over IPv6", six(hsrp), mac6, fhrptest.HostIP6},
		{"vrrp3-ipv6", "VRRP version 3 over IPv6", six(vrrp), hello.VirtualMAC(hello.ProtocolVRRP, 3, hello.IPv6, 10), fhrptest.HostIP6},
		{"follow", "HSRP version 2 with a group that follows", all["HSRP, with a follower"], mac2, fhrptest.HostIP},
	}
}

// with returns the groups with more keys of "users".
func (c couple) with(keys string) string {
	return strings.Replace(c.groups, "name = \"users\"\n", "name = \"users\"\n"+keys+"\n", 1)
}

// six reports whether the address is one of IPv6.
func (c couple) six() bool { return c.host.Is6() }

// pair is a couple that runs.
type pair struct {
	*lan
	couple
	older string       // another program
	put   func(string) // has a's path lead to one
}

// newPair starts a couple that serves the client.
func newPair(t testing.TB, c couple) *pair {
	t.Helper()
	p := &pair{lan: &lan{t: t, LAN: fhrptest.NewLAN(t, fhrptest.Plan{Host: true, Routers: true})}, couple: c}
	p.a, p.b = p.Gateways[0], p.Gateways[1]
	to, router := netip.MustParsePrefix("0.0.0.0/0"), vip
	if c.six() {
		to, router = netip.MustParsePrefix("::/0"), vip6
	}
	must(t, p.Client.AddRoute(to, router, lanDev))
	p.startInTurn(c.groups)
	p.asBefore()
	return p
}

// asBefore waits until a serves and b is ready to.
func (p *pair) asBefore() {
	p.t.Helper()
	p.a.Eventually("a serves and b is ready", func() bool { return p.a.All("Active") && serves(p.a) && allReady(p.b) })
	p.mustPing(p.host)
}

// reload gives both routers a file, the one that waits first.
func (p *pair) reload(groups string) {
	p.t.Helper()
	reload(p.b, groups, 100)
	reload(p.a, groups, 110)
}

// over gives the role from one router to the other.
func (p *pair) over(from, to *gateway) {
	p.t.Helper()
	to.Eventually("the other one can be asked", func() bool { return allReady(to) })
	if out, exit := from.Command("handover", "--all"); exit != 0 {
		p.t.Fatalf("hand-over of %s: exit %d: %s", from.Name, exit, out)
	}
	to.WaitAll("Active")
}

// cost is what a change did.
type cost struct {
	transitions [2]int // of "users", on a and b
	sent        int
	took        time.Duration // in which they were sent
	lost        []uint64
	doubled     []uint64
	hello       time.Duration // longest time between two messages of whoever was active
	late        time.Duration // by which the machine was
}

// measure plays a change while the client sends a datagram each millisecond.
func (p *pair) measure(play func(p *pair)) (c cost) {
	p.t.Helper()
	var ports []*netlab.Capture
	for _, g := range p.Gateways {
		ports = append(ports, p.Capture(p.Switch, g.Name, func(f netlab.Frame) bool {
			return !f.Sent && f.Source() == p.mac && fhrptest.Message(f) != ""
		}))
	}
	before, began := p.moves(), time.Now()
	stop := p.numbersTo(p.host)
	fhrptest.Pass(p.t, 500*time.Millisecond) // hellos from before the change
	play(p)
	fhrptest.Pass(p.t, 500*time.Millisecond) // and after it
	c.took = time.Since(began)
	c.sent, c.lost, c.doubled = stop()
	after := p.moves()
	for n := range after {
		c.transitions[n] = after[n] - before[n]
	}
	var at []time.Time
	for _, port := range ports {
		for _, f := range port.Frames() {
			at = append(at, f.At)
		}
		port.Close()
	}
	slices.SortFunc(at, time.Time.Compare)
	for n := 1; n < len(at); n++ {
		c.hello = max(c.hello, at[n].Sub(at[n-1]))
	}
	c.late = p.Witness.Late(began)
	return c
}

// moves counts the transitions of "users" on each router in the logs, which outlive a
// process.
func (p *pair) moves() (list [2]int) {
	for n, g := range []*gateway{p.a, p.b} {
		for line := range strings.Lines(g.File("daemon.log")) {
			if strings.Contains(line, "-STATECHANGE: ") && strings.Contains(line, " Grp 10 ") {
				list[n]++
			}
		}
	}
	return list
}

// A change of a couple costs nothing, over IPv6 as well, and where no other test plays
// it with a datagram each millisecond.
func TestChangesCostNothing(t *testing.T) {
	t.Parallel()
	played := map[string][]string{
		"hsrp2":      {"key-rolled", "maintenance-group"},
		"vrrp3":      {"key-rolled"},
		"hsrp2-ipv6": {"handover", "upgrade"},
		"vrrp3-ipv6": {"handover", "reload-addresses"},
	}
	for _, c := range couples() {
		for _, ch := range changes() {
			if !slices.Contains(played[c.name], ch.name) {
				continue
			}
			t.Run(c.name+"/"+ch.name, func(t *testing.T) {
				t.Parallel()
				fhrptest.Steady(t, fhrptest.Stall, func(t testing.TB) {
					got := ch.cost(t, c)
					t.Logf("%d datagrams in %v, %d lost, %d doubled, transitions %v, at most %v between two hellos", got.sent, got.took, len(got.lost), len(got.doubled), got.transitions, got.hello)
					if len(got.lost)+len(got.doubled) > 0 {
						t.Errorf("lost %v, doubled %v", got.lost, got.doubled)
					}
				})
			})
		}
	}
}

// cost plays a change on a network of its own.
func (ch change) cost(t testing.TB, c couple) cost {
	t.Helper()
	p := newPair(t, c)
	if ch.first != nil {
		ch.first(p)
	}
	return p.measure(ch.play)
}

// BenchmarkChanges measures what each planned change, and a crash, costs each couple.
func BenchmarkChanges(b *testing.B) {
	page := readChanges(b)
	for _, c := range couples() {
		b.Run(c.name, func(b *testing.B) {
			for _, ch := range changes() {
				if ch.not != nil && ch.not(c) {
					continue
				}
				b.Run(ch.name, func(b *testing.B) {
					for b.Loop() {
						page.add(c, ch, ch.cost(b, c).report(b))
					}
				})
			}
		})
	}
	page.write(b)
}

// report reports a cost to the benchmark, and returns its part of a line of the page.
func (c cost) report(b *testing.B) string {
	for _, m := range []struct {
		value float64
		unit  string
	}{
		{float64(c.transitions[0]), "transitions-a"}, {float64(c.transitions[1]), "transitions-b"},
		{float64(c.sent) / milli(c.took), "sent/ms"}, {float64(len(c.lost)), "lost"}, {float64(len(c.doubled)), "doubled"}, {milli(c.hello), "ms-hello-gap"}, {milli(c.late), "ms-machine-late"}, {0, "ns/op"},
	} {
		b.ReportMetric(m.value, m.unit)
	}
	return fmt.Sprintf("%d, %d | %d in %.1f s | %d | %d | %.0f | %.0f |", c.transitions[0], c.transitions[1], c.sent, c.took.Seconds(), len(c.lost), len(c.doubled), milli(c.hello), milli(c.late))
}
