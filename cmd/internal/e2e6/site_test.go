package e2e6

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// Site is a client, two gateways and a host beyond them, cabled and without
// addresses. Ports are named after who is behind them.
//
//	client ── switch ──┬── a ──┬── core ── host
//	                   └── b ──┘
type Site struct {
	Client, Switch, Core, Host *netlab.NS
	A, B                       *Gateway
	t                          testing.TB
}

// Gateway is one of the two, with a daemon that is not started.
type Gateway struct {
	*fhrptest.Daemon
	MAC     hello.MAC // on the client's side
	CoreMAC hello.MAC
}

// NewSite builds the network, or skips the test where the kernel forbids that.
// The sysctls are set in the gateways before they have interfaces, which
// inherit. Everything goes with the test.
func NewSite(t testing.TB, sysctls map[string]string) *Site {
	t.Helper()
	netlab.Need(t)
	s := &Site{t: t, Client: netlab.ForTest(t), Switch: netlab.ForTest(t), Core: netlab.ForTest(t), Host: netlab.ForTest(t)}
	s.A, s.B = s.gateway("a", 1, sysctls), s.gateway("b", 2, sysctls)
	s.A.Beside(s.B.Daemon)
	s.B.Beside(s.A.Daemon)
	s.cable(netlab.End{NS: s.Client, Name: lanDev, MAC: fhrptest.ClientMAC}, netlab.End{NS: s.Switch, Name: "client"})
	s.cable(netlab.End{NS: s.Host, Name: lanDev, MAC: fhrptest.HostMAC}, netlab.End{NS: s.Core, Name: "host"})
	for _, g := range s.Gateways() {
		s.cable(netlab.End{NS: g.NS, Name: lanDev, MAC: g.MAC}, netlab.End{NS: s.Switch, Name: g.Name})
		s.cable(netlab.End{NS: g.NS, Name: coreDev, MAC: g.CoreMAC}, netlab.End{NS: s.Core, Name: g.Name})
	}
	s.must(s.Switch.Bridge("lan", "client", "a", "b"))
	s.must(s.Core.Bridge("core", "host", "a", "b"))
	return s
}

func (s *Site) gateway(name string, n byte, sysctls map[string]string) *Gateway {
	s.t.Helper()
	ns := netlab.ForTest(s.t)
	for path, value := range sysctls {
		s.must(ns.Sysctl(path, value))
	}
	return &Gateway{Daemon: fhrptest.NewDaemon(s.t, ns, name), MAC: hello.MAC{2, 0, 0, 0, n, 0}, CoreMAC: hello.MAC{2, 0, 0, 0, n, 1}}
}

func (s *Site) cable(a, b netlab.End) {
	s.t.Helper()
	s.must(netlab.Veth(a, b))
}

func (s *Site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// Gateways returns both.
func (s *Site) Gateways() []*Gateway { return []*Gateway{s.A, s.B} }

// Settled waits until every group of active is active and the other knows it.
func (s *Site) Settled(active, standby *Gateway) {
	s.t.Helper()
	active.WaitAll("Active")
	standby.WaitAll("Standby", "Backup")
}

// Eventually waits for a condition.
func (s *Site) Eventually(what string, cond func() bool) {
	s.t.Helper()
	s.A.Eventually(what, cond)
}

// Capture captures on an interface until the end of the test. A nil keep keeps
// everything.
func (s *Site) Capture(ns *netlab.NS, dev string, keep func(netlab.Frame) bool) *netlab.Capture {
	s.t.Helper()
	c, err := ns.Capture(dev, netlab.CaptureOptions{Keep: keep})
	s.must(err)
	s.t.Cleanup(func() { c.Close() })
	return c
}

// FDB returns the port behind which the client's switch has learned a MAC, ""
// for none.
func (s *Site) FDB(mac hello.MAC) string {
	s.t.Helper()
	port, _, err := s.Switch.FDBPort("lan", mac)
	s.must(err)
	return port
}

// Send sends a frame from an interface.
func (s *Site) Send(ns *netlab.NS, dev string, frame []byte) {
	s.t.Helper()
	s.must(ns.Send(dev, frame))
}

// Ping reports whether an address answers one of so many echo requests of the
// client, 300 ms apart. Who must answer may be asked often.
func (s *Site) Ping(to netip.Addr, tries int) bool {
	s.t.Helper()
	if to.IsLinkLocalUnicast() && to.Is6() {
		to = to.WithZone(lanDev)
	}
	ok, err := s.Client.Ping(to, netlab.Echo{Tries: tries, Wait: 300 * time.Millisecond})
	s.must(err)
	return ok
}

// MustPing fails the test unless every address answers one of so many requests.
func (s *Site) MustPing(tries int, list ...netip.Addr) {
	s.t.Helper()
	for _, a := range list {
		if !s.Ping(a, tries) {
			s.t.Errorf("%s does not answer\n%s", a, s.A.Tails())
		}
	}
}
