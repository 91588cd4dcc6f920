package scale

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// pair is two gateways on a switch, with as many interfaces as asked for.
type pair struct {
	*fhrptest.LAN
	t    testing.TB
	a, b *gateway
	devs []string
	wire *recorder // at b's first port of the switch
	hold time.Duration
}

// How long b waits for a hello of a: HSRP as configured, VRRP with priority 100
// and an interval of a second (RFC 9568 section 6.1).
const (
	hsrpHold = 3 * time.Second
	vrrpHold = 3*time.Second + time.Second*(256-100)/256
)

type gateway = fhrptest.Gateway

var must = fhrptest.Must

func newPair(t testing.TB, interfaces int) *pair {
	t.Helper()
	// Whoever else gets the hellos would be part of what is measured.
	p := &pair{t: t, hold: hsrpHold, LAN: fhrptest.NewLAN(t, fhrptest.Plan{Bare: true})}
	p.a, p.b = p.Gateways[0], p.Gateways[1]
	for i := range interfaces {
		p.cable(i)
	}
	p.wire = record(p.b)
	return p
}

// cable numbers one interface of both, of which all but the first have to be
// made. On each there is room for 4096 virtual addresses.
func (p *pair) cable(i int) {
	p.t.Helper()
	dev := fmt.Sprintf("eth%d", i)
	p.devs = append(p.devs, dev)
	var ports []string
	for n, g := range p.Gateways {
		port := fmt.Sprintf("%s%d", g.Name, i)
		if ports = append(ports, port); i > 0 {
			must(p.t, netlab.Veth(netlab.End{NS: g.NS, Name: dev}, netlab.End{NS: p.Switch, Name: port}))
		}
		must(p.t, g.NS.AddAddr(dev, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), 255, byte(n + 1)}), 16)))
	}
	if i > 0 {
		must(p.t, p.Switch.Bridge(fmt.Sprintf("lan%d", i), ports...))
	}
}

// virtualIP is the address of group n, from 0, on interface i.
func virtualIP(i, n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i), byte(1 + n/250), byte(1 + n%250)})
}

// groups is the configuration of count HSRP groups on every interface.
func (p *pair) groups(count, priority int) string {
	var b strings.Builder
	for i, dev := range p.devs {
		for n := range count {
			fmt.Fprintf(&b, "\n[[hsrp]]\ninterface = %q\ngroup = %d\nvirtual_ips = [\"%s\"]\npriority = %d\nhello = \"1s\"\nhold = \"3s\"\n",
				dev, n, virtualIP(i, n), priority)
		}
	}
	return b.String()
}

// routers is the configuration of count VRRP routers on the first interface.
func (p *pair) routers(count, priority int) string {
	var b strings.Builder
	for n := range count {
		fmt.Fprintf(&b, "\n[[vrrp]]\ninterface = \"eth0\"\nvrid = %d\nvirtual_ips = [\"%s\"]\npriority = %d\nadvertise = \"1s\"\n",
			n+1, virtualIP(0, n), priority)
	}
	return b.String()
}

// punctual is a VRRP router with an advertisement every 10 ms.
const punctual = `
[[vrrp]]
interface = "eth0"
vrid = 255
virtual_ips = ["10.0.254.1"]
advertise = "10ms"
`
