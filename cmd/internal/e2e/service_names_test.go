package e2e

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// nameServer is a real one, with one name.
type nameServer struct {
	name    string
	program string
	// start runs it on a gateway.
	start func(g *gateway, program string) *netlab.Process
	// serves are the virtual addresses that it serves, if not all.
	serves []netip.Addr
	// late says that it finds only the addresses that are there when it starts.
	late bool
	// routed are those of the addresses by routes alone that it serves all the same.
	routed []netip.Addr
}

const (
	askedName   = "gateway.test."
	nameAddress = "192.0.2.53"
)

// nameServers are the settings that the documentation names.
var nameServers = []nameServer{
	{name: "BIND, listen-on any", program: "named", start: bind("any", "any")},
	{name: "BIND, the address itself", program: "named", start: bind(vip.String(), global.String()), serves: []netip.Addr{vip, global}},
	{name: "dnsmasq, bind-dynamic", program: "dnsmasq", start: dnsmasq("--interface="+lanDev, "--bind-dynamic")},
	{name: "dnsmasq, bind-interfaces", program: "dnsmasq", start: dnsmasq("--interface="+lanDev, "--bind-interfaces"), late: true},
	{name: "dnsmasq, interface alone", program: "dnsmasq", start: dnsmasq("--interface=" + lanDev), routed: []netip.Addr{routed4}},
	{name: "dnsmasq, no option", program: "dnsmasq", start: dnsmasq(), routed: []netip.Addr{routed4}},
	{name: "unbound, interface", program: "unbound", start: unbound("interface: " + lanDev), late: true},
	{name: "unbound, interface-automatic", program: "unbound", start: unbound("interface-automatic: yes"), routed: []netip.Addr{routed4}},
}

func bind(four, six string) func(*gateway, string) *netlab.Process {
	return func(g *gateway, program string) *netlab.Process {
		writeFile(g, "zone", "$TTL 60\n@ SOA ns.test. root.test. 1 60 60 60 60\n@ NS ns.test.\nns A 192.0.2.1\ngateway A "+nameAddress+"\n")
		writeFile(g, "named.conf", fmt.Sprintf(`
options {
	directory %q; pid-file none; session-keyfile none; recursion no; dnssec-validation no; allow-query { any; };
	listen-on { %s; }; listen-on-v6 { %s; };
};
controls { };
zone "test" { type primary; file "zone"; };
`, g.Path(""), four, six))
		return g.Launch("named.log", program, "-g", "-n", "1", "-c", g.Path("named.conf"))
	}
}

func dnsmasq(args ...string) func(*gateway, string) *netlab.Process {
	return func(g *gateway, program string) *netlab.Process {
		return g.Launch("dnsmasq.log", program, append([]string{"--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
			"--address=/" + strings.TrimSuffix(askedName, ".") + "/" + nameAddress}, args...)...)
	}
}

func unbound(lines ...string) func(*gateway, string) *netlab.Process {
	return func(g *gateway, program string) *netlab.Process {
		writeFile(g, "unbound.conf", fmt.Sprintf(`
server:
	%s
	chroot: ""
	username: ""
	pidfile: ""
	directory: %q
	use-syslog: no
	access-control: 0.0.0.0/0 allow
	access-control: ::/0 allow
	module-config: "iterator"
	local-zone: "test." static
	local-data: "%s A %s"
remote-control:
	control-enable: no
`, strings.Join(lines, "\n\t"), g.Path(""), askedName, nameAddress))
		return g.Launch("unbound.log", program, "-d", "-d", "-c", g.Path("unbound.conf"))
	}
}

func writeFile(g *gateway, name, text string) {
	g.T.Helper()
	must(g.T, os.WriteFile(g.Path(name), []byte(text), 0o600))
}

// The server of the active router runs since its router is active; the other one
// did before.
func TestNameServersServeTheVirtualAddresses(t *testing.T) {
	t.Parallel()
	for _, s := range nameServers {
		t.Run(s.name, func(t *testing.T) {
			program := skip.Without(t, s.program)
			scenario(t, func(t testing.TB, l *lan) {
				if s.serves == nil {
					s.serves = servedAt
				}
				// AppArmor, which knows programs by their paths, keeps one to the files of its
				// package.
				for _, g := range l.Gateways {
					must(t, fhrptest.CopyProgram(g.Path(s.program), program))
				}
				before := s.start(l.b, l.b.Path(s.program))
				l.startInTurn(served)
				s.start(l.a, l.a.Path(s.program))
				began := time.Now()
				l.checkServed(s)
				l.checkStrangersServed(l.a, s.serves)
				l.checkRouted(s)
				l.checkStandbyAnswersNothing()
				l.checkMute(l.b, began)
				l.lose()
				if s.late {
					l.checkLate(s, before)
					s.start(l.b, l.b.Path(s.program))
				}
				l.checkServed(s)
				l.checkStrangersServed(l.b, s.serves)
				l.checkOneMAC(began, servedMACs)
			})
		})
	}
}

// checkLate wants a server not to serve addresses that came after its start, and
// ends it.
func (l *lan) checkLate(s nameServer, running *netlab.Process) {
	l.t.Helper()
	l.Eventually("addresses", func() bool { return hasAddresses(l.b, servedAt...) })
	for _, a := range s.serves {
		if l.resolves(a) {
			l.t.Errorf("%s serves %s, which it cannot have found", s.program, a)
		}
	}
	must(l.t, running.Process.Kill())
	l.b.Await(running)
}

func (l *lan) checkServed(s nameServer) {
	l.t.Helper()
	for _, a := range s.serves {
		l.Eventually(fmt.Sprintf("an answer of %s at %s", s.program, a), func() bool { return l.resolves(a) })
	}
}

// checkStrangersServed has a server answer a client whose MAC its host has to ask for.
func (l *lan) checkStrangersServed(g *gateway, at []netip.Addr) {
	l.t.Helper()
	for _, a := range at {
		l.strangers(g)
		began := time.Now()
		l.Eventually("an answer at "+a.String(), func() bool { return l.resolves(a) })
		if a != vrrp6.local { // there the client has another address
			g.Sends("a question for the client", began, looksForClient)
		}
	}
}

// checkRouted looks for what is not served without an address on the interface.
func (l *lan) checkRouted(s nameServer) {
	l.t.Helper()
	l.mustPing(routed4, routed6)
	want := map[netip.Addr]bool{}
	for _, a := range s.routed {
		want[a] = true
	}
	for _, a := range []netip.Addr{routed4, routed6} {
		got := false
		for n := 0; n < few && !got; n++ {
			got = l.resolves(a)
		}
		if got != want[a] {
			l.t.Errorf("%s serves %s, which is a route alone: %t, want %t", s.program, a, got, want[a])
		}
	}
}

// checkStandbyAnswersNothing sends it questions, which it may pass on as a router.
func (l *lan) checkStandbyAnswersNothing() {
	l.t.Helper()
	undo := l.misled(l.b)
	for _, a := range servedAt {
		l.resolves(a)
	}
	undo()
}

// resolves reports whether a virtual address answers a question for the name once,
// from that address.
func (l *lan) resolves(at netip.Addr) bool {
	l.t.Helper()
	c, err := l.Client.Dial(l.t.Context(), "udp", netip.AddrPortFrom(zoned(l.Client, at), 53).String())
	must(l.t, err)
	defer c.Close()
	q, err := (&dnsmessage.Message{Header: dnsmessage.Header{ID: 1, RecursionDesired: true}, Questions: []dnsmessage.Question{{
		Name: dnsmessage.MustNewName(askedName), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET,
	}}}).Pack()
	must(l.t, err)
	_, _ = c.Write(q) // refused is an answer
	_ = c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	buf := make([]byte, 1500)
	n, err := c.Read(buf)
	var m dnsmessage.Message
	if err != nil || m.Unpack(buf[:n]) != nil || len(m.Answers) != 1 {
		return false
	}
	r, is := m.Answers[0].Body.(*dnsmessage.AResource)
	return is && netip.AddrFrom4(r.A).String() == nameAddress
}

// zoned names the interface of a link-local address by its number, which means the
// same to every thread.
func zoned(ns *netlab.NS, a netip.Addr) netip.Addr {
	if !a.Is6() || !a.IsLinkLocalUnicast() {
		return a
	}
	link, err := ns.Netlink().LinkByName(lanDev)
	if err != nil {
		return a
	}
	return a.WithZone(strconv.Itoa(link.Attrs().Index))
}
