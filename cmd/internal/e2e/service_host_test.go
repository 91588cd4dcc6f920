package e2e

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/skip"
)

// firewalls ask whether an address is one of the interface that a packet came in on.
var firewalls = []struct {
	name     string
	programs []string
	rules    func(g *gateway, programs []string)
}{
	{"nft, what is not ours", []string{"nft"}, rulesFile(`
table inet guard {
	chain in {
		type filter hook prerouting priority -150
		ip daddr 192.168.1.0/24 fib daddr . iif type != { local, broadcast, multicast } drop
		ip6 daddr { 2001:db8:1::/64, fe80::/10 } fib daddr . iif type != { local, broadcast, multicast } drop
	}
}`)},
	{"nft, what is ours", []string{"nft"}, rulesFile(`
table inet guard {
	chain in {
		type filter hook input priority 0; policy drop
		fib daddr . iif type local accept
	}
}`)},
	{"iptables", []string{"iptables", "ip6tables"}, func(g *gateway, programs []string) {
		for _, program := range programs {
			mustRun(g, "", program, "-A", "INPUT", "-m", "addrtype", "--dst-type", "LOCAL", "--limit-iface-in", "-j", "ACCEPT")
			mustRun(g, "", program, "-P", "INPUT", "DROP")
		}
	}},
}

func rulesFile(rules string) func(*gateway, []string) {
	return func(g *gateway, programs []string) { mustRun(g, rules, programs[0], "-f", "-") }
}

func TestFirewallsTakeTheVirtualAddressForTheInterfaces(t *testing.T) {
	t.Parallel()
	for _, f := range firewalls {
		t.Run(f.name, func(t *testing.T) {
			var programs []string
			for _, p := range f.programs {
				programs = append(programs, skip.Without(t, p))
			}
			scenario(t, func(t testing.TB, l *lan) {
				l.startInTurn(served)
				l.mustPing(append([]netip.Addr{routed4, routed6}, servedAt...)...)
				began := time.Now()
				for _, g := range l.Gateways {
					f.rules(g, programs)
				}
				for _, active := range l.Gateways {
					l.mustPing(servedAt...)
					for _, a := range []netip.Addr{routed4, routed6} {
						l.reaches(false, l.Client, anybody, a)
					}
					if active == l.a {
						l.lose()
					}
				}
				l.checkOneMAC(began, servedMACs)
			})
		})
	}
}

// replier is a UDP server that answers from the address it was asked at, as the
// kernel tells it, on the interface that the question came in on.
type replier struct {
	conn    net.PacketConn
	receive func(b []byte) (n int, reply func([]byte) error, err error)
}

func newReplier(g *gateway, network string) *replier {
	g.T.Helper()
	conn, err := g.NS.ListenPacket(network, fmt.Sprintf(":%d", replierPort))
	must(g.T, err)
	g.T.Cleanup(func() { conn.Close() })
	r := &replier{conn: conn}
	if network == "udp4" {
		p := ipv4.NewPacketConn(conn)
		must(g.T, p.SetControlMessage(ipv4.FlagDst|ipv4.FlagInterface, true))
		r.receive = func(b []byte) (int, func([]byte) error, error) {
			n, cm, from, err := p.ReadFrom(b)
			return n, func(b []byte) error {
				_, err := p.WriteTo(b, &ipv4.ControlMessage{Src: cm.Dst, IfIndex: cm.IfIndex}, from)
				return err
			}, err
		}
		return r
	}
	p := ipv6.NewPacketConn(conn)
	must(g.T, p.SetControlMessage(ipv6.FlagDst|ipv6.FlagInterface, true))
	r.receive = func(b []byte) (int, func([]byte) error, error) {
		n, cm, from, err := p.ReadFrom(b)
		return n, func(b []byte) error {
			_, err := p.WriteTo(b, &ipv6.ControlMessage{Src: cm.Dst, IfIndex: cm.IfIndex}, from)
			return err
		}, err
	}
	return r
}

const replierPort = 7778

// answers has the client ask an address, and returns how the server's answer was
// sent and whether it arrived.
func (r *replier) answers(l *lan, at netip.Addr) (sent error, arrived bool) {
	l.t.Helper()
	client, err := l.Client.Dial(l.t.Context(), "udp", netip.AddrPortFrom(zoned(l.Client, at), replierPort).String())
	must(l.t, err)
	defer client.Close()
	_, err = client.Write([]byte("question"))
	must(l.t, err)
	buf := make([]byte, 64)
	must(l.t, r.conn.SetReadDeadline(time.Now().Add(patience)))
	n, reply, err := r.receive(buf)
	must(l.t, err)
	if err := reply(buf[:n]); err != nil {
		return err, false
	}
	must(l.t, client.SetReadDeadline(time.Now().Add(patience)))
	_, err = client.Read(buf)
	return nil, err == nil
}

func TestServersAnswerFromTheVirtualAddress(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(served)
		began := time.Now()
		for _, active := range l.Gateways {
			l.mustPing(append([]netip.Addr{routed4, routed6}, servedAt...)...)
			four, six := newReplier(active, "udp4"), newReplier(active, "udp6")
			for _, a := range servedAt {
				r := six
				if a.Is4() {
					r = four
				}
				l.strangers(active)
				if sent, arrived := r.answers(l, a); sent != nil || !arrived {
					t.Errorf("an answer from %s: %v, arrived: %t", a, sent, arrived)
				}
			}
			if sent, _ := six.answers(l, routed6); !errors.Is(sent, unix.EINVAL) {
				t.Errorf("an answer from %s, which is a route alone: %v, want EINVAL", routed6, sent)
			}
			if active == l.a {
				l.lose()
			}
		}
		l.checkOneMAC(began, servedMACs)
	})
}

// ip from iproute2, as scripts use it.
func TestScriptsFindTheVirtualAddresses(t *testing.T) {
	program := skip.Without(t, "ip")
	scenario(t, func(t testing.TB, l *lan) {
		l.startInTurn(served)
		l.mustPing(servedAt...)
		lists := func(g *gateway, a netip.Addr) bool {
			return strings.Contains(mustRun(g, "", program, "address", "show", "dev", lanDev), fmt.Sprintf(" %s/%d ", a, a.BitLen()))
		}
		for _, a := range servedAt {
			if !lists(l.a, a) || lists(l.b, a) {
				t.Errorf("ip address lists %s on the active router: %t, on the standby: %t", a, lists(l.a, a), lists(l.b, a))
			}
		}
		source := func(a netip.Addr) error {
			_, err := run(l.a, "", program, "-6", "route", "add", "2001:db8:99::/64", "dev", lanDev, "src", a.String())
			return err
		}
		if err := source(routed6); err == nil {
			t.Errorf("%s can be the source of a route, the test proves less", routed6)
		}
		if err := source(global); err != nil {
			t.Errorf("a route with %s as source: %v", global, err)
		}
	})
}
