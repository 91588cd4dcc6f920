package fieldreports

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/hello"
)

// appliance is a pair without a virtual MAC whose address a provider's router
// has to find again.
const appliance = `
[[hsrp]]
interface = "eth0"
group = 10
name = "snat"
virtual_ips = [%s]
priority = PRIORITY
preempt = true
mac = "interface"
hello = "250ms"
hold = "1s"
neighbors = [%s]
`

// family is what the report looks like in IPv4 and in IPv6.
type family struct {
	name     string
	vips     string
	vip, rIP netip.Addr
	deaf     string // setting of a router that drops announcements
}

var families = []family{
	{"IPv4", `"192.168.1.1"`, vip, rIP, "net/ipv4/conf/eth0/drop_gratuitous_arp"},
	{"IPv6", `"fe80::1", "2001:db8::1"`, vip6, rIP6, "net/ipv6/conf/eth0/drop_unsolicited_na"},
}

func (f family) config(neighbors bool) string {
	return fmt.Sprintf(appliance, f.vips, map[bool]string{true: `"` + f.rIP.String() + `"`}[neighbors])
}

// provider makes a segment whose router delivers to g1, believes that for 20
// minutes and drops announcements.
func provider(t testing.TB, f family, neighbors bool) *segment {
	s := newSegment(t)
	must(t, s.r.Sysctl(f.deaf, "1"))
	for _, g := range s.pair() {
		// Binding to an address that is a route only is not granted in IPv6.
		must(t, g.NS.Sysctl("net/ipv6/ip_nonlocal_bind", "1"))
	}
	s.start(f.config(neighbors))
	s.keep(s.r, f.vip, s.g1.mac, unix.NUD_REACHABLE)
	s.reaches(true, s.g1.NS, f.vip, f.rIP)
	return s
}

func TestSNATRouterThatIgnoresAnnouncements(t *testing.T) {
	t.Parallel()
	for _, f := range families {
		t.Run(f.name+" announcements alone", func(t *testing.T) {
			scenario(t, func(t testing.TB) {
				s := provider(t, f, false)
				s.lose(s.g1, s.g2)
				s.g2.Eventually("bursts of announcements", func() bool { return s.g2.Group("snat").Counters.Announced >= 6 })
				s.reaches(false, s.g2.NS, f.vip, f.rIP)
				s.checkEntry(f.vip, s.g1.mac)
			})
		})
		t.Run(f.name+" asked by name", func(t *testing.T) {
			scenario(t, func(t testing.TB) {
				s := provider(t, f, true)
				began := time.Now()
				s.lose(s.g1, s.g2)
				p := s.proof()
				if !p.Proven || p.Method != "icmp" || p.Nudges == 0 {
					t.Errorf("%+v, want proven by icmp after a directed request", p)
				}
				s.checkEntry(f.vip, s.g2.mac)
				s.reaches(true, s.g2.NS, f.vip, f.rIP)
				claim := s.g2.passed(t, "claim", began, claims)
				answer := s.g2.passed(t, "answer", claim.At, answers(f.vip))
				t.Logf("proven %v after the claim on the wire; the daemon says %.1f ms", answer.At.Sub(claim.At), p.MS)
				if out, exit := s.g2.Command("verify", "snat"); exit != 0 {
					t.Errorf("verify ends with %d\n%s", exit, out)
				}
			})
		})
	}
}

// The default route names the router, too.
func TestSNATDefaultGatewayIsAskedWithoutBeingNamed(t *testing.T) {
	scenario(t, func(t testing.TB) {
		f := families[0]
		s := newSegment(t)
		must(t, s.r.Sysctl(f.deaf, "1"))
		must(t, s.g2.NS.AddRoute(netip.MustParsePrefix("0.0.0.0/0"), rIP, dev))
		s.start(f.config(false))
		s.keep(s.r, vip, s.g1.mac, unix.NUD_REACHABLE)
		s.lose(s.g1, s.g2)
		if p := s.proof(); !p.Proven || p.Address != rIP.String() {
			t.Errorf("%+v, want the default gateway proven", p)
		}
		s.checkEntry(vip, s.g2.mac)
	})
}

// proof waits until g2 knows about its only neighbour.
func (s *segment) proof() status.Takeover {
	s.t.Helper()
	var p status.Takeover
	s.g2.Eventually("verdict on the neighbour", func() bool {
		list := s.g2.Group("snat").Takeover
		if len(list) == 1 {
			p = list[0]
		}
		return p.Proven || strings.Contains(p.Detail, "NOT") || strings.Contains(p.Detail, "not alive")
	})
	return p
}

// What an ARP answer does not show.
func TestSNATPinnedEntryIsReported(t *testing.T) {
	scenario(t, func(t testing.TB) {
		s := pinned(t, families[0], func(s *segment) { s.keep(s.r, vip, s.g1.mac, unix.NUD_PERMANENT) })
		checkUnproven(t, s, "NOT moved", "answers ARP")
		s.checkEntry(vip, s.g1.mac)
	})
}

func TestSNATPinnedEntryIsReportedIPv6(t *testing.T) {
	scenario(t, func(t testing.TB) {
		s := pinned(t, families[1], func(s *segment) { s.keep(s.r, vip6, s.g1.mac, unix.NUD_PERMANENT) })
		checkUnproven(t, s, "NOT moved", "answers neighbour discovery")
		s.checkEntry(vip6, s.g1.mac)
	})
}

func TestSNATRouterDeafToARPIsNotAlive(t *testing.T) {
	scenario(t, func(t testing.TB) {
		s := pinned(t, families[0], func(s *segment) { s.filter(nftables.TableFamilyARP, nftables.ChainHookPrerouting) })
		checkUnproven(t, s, "not alive")
		s.checkEntry(vip, s.g1.mac)
	})
}

// pinned runs a takeover towards a router that was changed before it.
func pinned(t testing.TB, f family, change func(*segment)) *segment {
	s := provider(t, f, true)
	change(s)
	s.lose(s.g1, s.g2)
	return s
}

func checkUnproven(t testing.TB, s *segment, words ...string) {
	t.Helper()
	p := s.proof()
	out, exit := s.g2.Command("verify", "snat")
	if exit != 1 {
		t.Errorf("verify ends with %d, want 1", exit)
	}
	for _, w := range words {
		if !strings.Contains(p.Detail, w) || !strings.Contains(out, w) {
			t.Errorf("%q is missing in %q or in what verify says:\n%s", w, p.Detail, out)
		}
	}
}

// Where ping is filtered a refused datagram or connection is the proof.
func TestSNATProofWithoutPing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method string
		filter func(s *segment)
	}{
		{"udp", func(s *segment) { must(s.t, s.r.Sysctl("net/ipv4/icmp_echo_ignore_all", "1")) }},
		{"tcp", func(s *segment) {
			s.filter(nftables.TableFamilyIPv4, nftables.ChainHookOutput, protocol(unix.IPPROTO_ICMP)...)
		}},
	} {
		t.Run(c.method, func(t *testing.T) {
			scenario(t, func(t testing.TB) {
				s := pinned(t, families[0], c.filter)
				if p := s.proof(); !p.Proven || p.Method != c.method {
					t.Errorf("%+v, want proven by %s", p, c.method)
				}
				s.checkEntry(vip, s.g2.mac)
			})
		})
	}
}

// filter makes r drop what the rule matches; no rule matches everything.
func (s *segment) filter(family nftables.TableFamily, hook *nftables.ChainHook, rule ...expr.Any) {
	s.t.Helper()
	must(s.t, s.r.Do(func() error {
		conn, err := nftables.New()
		if err != nil {
			return err
		}
		table := conn.AddTable(&nftables.Table{Name: "filter", Family: family})
		chain := conn.AddChain(&nftables.Chain{
			Name: "drop", Table: table, Type: nftables.ChainTypeFilter, Hooknum: hook, Priority: nftables.ChainPriorityFilter,
		})
		conn.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: append(rule, &expr.Verdict{Kind: expr.VerdictDrop})})
		return conn.Flush()
	}))
}

// protocol matches packets of an IP protocol.
func protocol(number byte) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{number}},
	}
}

// The structural cure: with a virtual MAC no entry ever has to change.
func TestSNATVirtualMACNeedsNobodysHelp(t *testing.T) {
	scenario(t, func(t testing.TB) {
		f := families[0]
		config := strings.Replace(f.config(false), `mac = "interface"`, "", 1)
		s := newSegment(t)
		must(t, s.r.Sysctl(f.deaf, "1"))
		s.start(config)
		vmac := hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)
		s.keep(s.r, vip, vmac, unix.NUD_REACHABLE)
		s.reaches(true, s.g1.NS, vip, rIP)
		began := time.Now()
		s.lose(s.g1, s.g2)
		s.g2.passed(t, "frame from the virtual MAC", began, func(f netlab.Frame) bool { return !f.Sent && source(f) == vmac })
		s.reaches(true, s.g2.NS, vip, rIP)
		s.checkEntry(vip, vmac)
	})
}
