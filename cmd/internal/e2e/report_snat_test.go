package e2e

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/garp/prove"
)

// family is what the report looks like in IPv4 and in IPv6: a pair without a
// virtual MAC whose address a provider's router has to find again.
type family struct {
	name        string
	addresses   string
	vip, router netip.Addr
	own         func(*gateway) netip.Addr
	deaf        string // setting of a router that drops announcements
	alive       string // what the router does all the same
}

var families = []family{
	{"IPv4", address4, vip, fhrptest.ClientIP, func(g *gateway) netip.Addr { return g.IP },
		"net/ipv4/conf/eth0/drop_gratuitous_arp", "answers ARP"},
	{"IPv6", `virtual_ips = ["fe80::1", "2001:db8:1::1"]`, global, fhrptest.ClientIP6, func(g *gateway) netip.Addr { return g.IP6 },
		"net/ipv6/conf/eth0/drop_unsolicited_na", "answers neighbour discovery"},
}

// named is the line that makes the daemon ask the router by name.
func (f family) named() string { return fmt.Sprintf("neighbors = [%q]", f.router) }

// provider starts the pair with further lines beside a router that delivers to
// a, believes that for 20 minutes and drops announcements.
func (l *lan) provider(f family, lines ...string) {
	l.t.Helper()
	must(l.t, l.Client.Sysctl(f.deaf, "1"))
	for _, g := range l.Gateways {
		// Binding to an address that is a route only is not granted in IPv6.
		must(l.t, g.NS.Sysctl("net/ipv6/ip_nonlocal_bind", "1"))
	}
	l.start(cluster(append(lines, f.addresses, subSecond)...))
	l.keep(l.Client, f.vip, l.a.MAC, unix.NUD_REACHABLE)
	l.reaches(true, l.a.NS, f.vip, f.router)
}

func TestSNATRouterThatIgnoresAnnouncements(t *testing.T) {
	t.Parallel()
	for _, f := range families {
		t.Run(f.name+" announcements alone", func(t *testing.T) {
			fieldScenario(t, func(t testing.TB, l *lan) {
				l.provider(f)
				l.lose()
				l.Eventually("bursts of announcements", func() bool { return l.b.Group("cluster").Counters.Announced >= 6 })
				l.reaches(false, l.b.NS, f.vip, f.router)
				l.checkEntry(f.vip, l.a.MAC)
			})
		})
		t.Run(f.name+" asked by name", func(t *testing.T) {
			fieldScenario(t, func(t testing.TB, l *lan) {
				l.provider(f, f.named())
				began := time.Now()
				l.lose()
				p := l.proof()
				if !p.Proven || p.Method != "icmp" || p.Nudges == 0 {
					t.Errorf("%+v, want proven by icmp after a directed request", p)
				}
				l.checkEntry(f.vip, l.b.MAC)
				l.reaches(true, l.b.NS, f.vip, f.router)
				t.Logf("proven %v after the claim on the wire; the daemon says %.1f ms", l.proven(began, f.vip), p.MS)
				if out, exit := l.b.Command("verify", "cluster"); exit != 0 {
					t.Errorf("verify ends with %d\n%s", exit, out)
				}
			})
		})
	}
}

// proven returns how long after b's claim, at or after a time, an answer to its
// proof from an address reaches it.
func (l *lan) proven(since time.Time, to netip.Addr) time.Duration {
	l.t.Helper()
	claim := l.b.Sends("claim", since, claims)
	answer := l.b.Hears("an answer to its proof", claim.At, func(f netlab.Frame) bool {
		a, ok := prove.ParseAnswer(f.Data)
		return ok && a.To == to
	})
	return answer.At.Sub(claim.At)
}

// The default route names the router, too.
func TestSNATDefaultGatewayIsAskedWithoutBeingNamed(t *testing.T) {
	fieldScenario(t, func(t testing.TB, l *lan) {
		f := families[0]
		must(t, l.b.NS.AddRoute(netip.MustParsePrefix("0.0.0.0/0"), f.router, lanDev))
		l.provider(f)
		l.lose()
		if p := l.proof(); !p.Proven || p.Address != f.router.String() {
			t.Errorf("%+v, want the default gateway proven", p)
		}
		l.checkEntry(vip, l.b.MAC)
	})
}

// proof waits until b knows about its only neighbour.
func (l *lan) proof() (p status.Takeover) {
	l.t.Helper()
	l.b.Eventually("verdict on the neighbour", func() bool {
		list := l.b.Group("cluster").Takeover
		if len(list) == 1 {
			p = list[0]
		}
		return p.Proven || strings.Contains(p.Detail, "NOT") || strings.Contains(p.Detail, "not alive")
	})
	return p
}

// What an ARP answer does not show, and what its absence does.
func TestSNATEntryThatStaysIsReported(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		family family
		change func(l *lan, f family)
		words  []string
	}{
		"pinned IPv4": {families[0], pin, []string{"NOT moved", families[0].alive}},
		"pinned IPv6": {families[1], pin, []string{"NOT moved", families[1].alive}},
		"deaf to ARP": {families[0], func(l *lan, _ family) {
			l.filter(nftables.TableFamilyARP, nftables.ChainHookPrerouting)
		}, []string{"not alive"}},
	} {
		t.Run(name, func(t *testing.T) {
			fieldScenario(t, func(t testing.TB, l *lan) {
				l.provider(c.family, c.family.named())
				c.change(l, c.family)
				l.lose()
				p := l.proof()
				out, exit := l.b.Command("verify", "cluster")
				if exit != 1 {
					t.Errorf("verify ends with %d, want 1", exit)
				}
				for _, w := range c.words {
					if !strings.Contains(p.Detail, w) || !strings.Contains(out, w) {
						t.Errorf("%q is missing in %q or in what verify says:\n%s", w, p.Detail, out)
					}
				}
				l.checkEntry(c.family.vip, l.a.MAC)
			})
		})
	}
}

func pin(l *lan, f family) { l.t.Helper(); l.keep(l.Client, f.vip, l.a.MAC, unix.NUD_PERMANENT) }

// Where ping is filtered a refused datagram or connection is the proof.
func TestSNATProofWithoutPing(t *testing.T) {
	t.Parallel()
	ping := []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.IPPROTO_ICMP}},
	}
	for method, filter := range map[string]func(l *lan){
		"udp": func(l *lan) { must(l.t, l.Client.Sysctl("net/ipv4/icmp_echo_ignore_all", "1")) },
		"tcp": func(l *lan) { l.filter(nftables.TableFamilyIPv4, nftables.ChainHookOutput, ping...) },
	} {
		t.Run(method, func(t *testing.T) {
			fieldScenario(t, func(t testing.TB, l *lan) {
				l.provider(families[0], families[0].named())
				filter(l)
				l.lose()
				if p := l.proof(); !p.Proven || p.Method != method {
					t.Errorf("%+v, want proven by %s", p, method)
				}
				l.checkEntry(vip, l.b.MAC)
			})
		})
	}
}

// filter makes the router drop what the rule matches; no rule matches everything.
func (l *lan) filter(family nftables.TableFamily, hook *nftables.ChainHook, rule ...expr.Any) {
	l.t.Helper()
	must(l.t, l.Client.Do(func() error {
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

// The structural cure: with a virtual MAC no entry ever has to change.
func TestSNATVirtualMACNeedsNobodysHelp(t *testing.T) {
	fieldScenario(t, func(t testing.TB, l *lan) {
		must(t, l.Client.Sysctl(families[0].deaf, "1"))
		l.start(hsrpTable(2, address4, subSecond))
		l.keep(l.Client, vip, mac2, unix.NUD_REACHABLE)
		l.reaches(true, l.a.NS, vip, fhrptest.ClientIP)
		began := time.Now()
		l.lose()
		l.b.Sends("a frame from the virtual MAC", began, from(mac2))
		l.reaches(true, l.b.NS, vip, fhrptest.ClientIP)
		l.checkEntry(vip, mac2)
	})
}
