package interop

import (
	"flag"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

var cuts = flag.Int("cuts", 5, "how often BenchmarkCut cuts a cable, and flushes a table")

// cutRow is so many groups, on two routers of one program.
type cutRow struct {
	groups  int
	program string // keepalived, frr, fhrpd vrrp or fhrpd hsrp
	every   time.Duration
}

// cuts is how often the cable is cut: a keepalived with many instances does not notice
// that it was mended.
func (r cutRow) cuts() int {
	if r.program == "keepalived" && r.groups > 1 {
		return 1
	}
	return *cuts
}

// BenchmarkCut prints what a cable that is cut costs a client that sends a datagram each
// millisecond, and how many datagrams come twice when the switch forgets its table though
// nothing is wrong, with two routers of each program in the same run.
func BenchmarkCut(b *testing.B) {
	need(b)
	rows := []cutRow{
		{1, "keepalived", 100 * time.Millisecond}, {1, "frr", 100 * time.Millisecond},
		{1, "fhrpd vrrp", 100 * time.Millisecond}, {1, "fhrpd hsrp", 100 * time.Millisecond},
		{1000, "keepalived", time.Second}, {1000, "fhrpd vrrp", time.Second}, {1000, "fhrpd hsrp", time.Second},
	}
	var table strings.Builder
	fmt.Fprintf(&table, "\n%6s %-11s %8s %24s %12s %24s %20s\n", "groups", "", "hello", "outage, ms: median, most", "lost, median", "doubled in a cut, most", "doubled in a flush, most")
	for _, row := range rows {
		if needs := map[string]string{"keepalived": "keepalived", "frr": frrVRRPd}[row.program]; needs != "" {
			if _, err := exec.LookPath(needs); err != nil || !rootOfTheMachine() {
				fmt.Fprintf(&table, "%6d %-11s is not installed, or this is not root of the machine\n", row.groups, row.program)
				continue
			}
		}
		b.Run(fmt.Sprintf("%d-%s", row.groups, strings.ReplaceAll(row.program, " ", "-")), func(b *testing.B) { table.WriteString(row.measure(b)) })
	}
	fmt.Print(table.String())
}

// measure returns a line of the table.
func (r cutRow) measure(b *testing.B) string {
	p := newCutPair(b, r)
	var outages []time.Duration
	var lost []int
	var cut, flushed int
	for range *cuts {
		flushed = max(flushed, len(p.during(func() {
			p.Forget()
			fhrptest.Pass(b, r.every+100*time.Millisecond)
		}).Doubled))
	}
	for range r.cuts() {
		if len(outages) > 0 {
			p.plug(true)
			p.settled()
		}
		d := p.during(func() {
			p.plug(false)
			fhrptest.Pass(b, 4*r.every+500*time.Millisecond)
		})
		outages, lost, cut = append(outages, d.Outage), append(lost, len(d.Lost)), max(cut, len(d.Doubled))
	}
	slices.Sort(outages)
	slices.Sort(lost)
	median, most := fhrptest.Quantile(outages, 0.5), outages[len(outages)-1]
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(median), "ms-outage")
	b.ReportMetric(float64(lost[len(lost)/2]), "lost-cut")
	b.ReportMetric(float64(cut), "doubled-cut")
	b.ReportMetric(float64(flushed), "doubled-flush")
	b.ReportMetric(0, "ns/op")
	return fmt.Sprintf("%6d %-11s %8v %16.1f, %6.1f %12d %24d %24d\n", r.groups, r.program, r.every, ms(median), ms(most), lost[len(lost)/2], cut, flushed)
}

// cutPair is two routers of one program, the first of which is active for all groups,
// and a host beyond them.
type cutPair struct {
	*fhrptest.LAN
	b     *testing.B
	row   cutRow
	mac   hello.MAC // of the first group, by which the client reaches the host
	ports []string  // of the active router, at the switch
}

func newCutPair(b *testing.B, r cutRow) *cutPair {
	b.Helper()
	p := &cutPair{b: b, row: r, LAN: fhrptest.NewLAN(b, fhrptest.Plan{Gateways: []string{them, us}, Routers: true, Host: true})}
	p.cable()
	for i, g := range p.Gateways {
		p.start(g, 200-i)
	}
	must(b, p.Client.AddRoute(netip.MustParsePrefix("203.0.113.0/24"), vip4, dev))
	p.settled()
	return p
}

func (p *cutPair) hsrp() bool { return p.row.program == "fhrpd hsrp" }

// place returns where a group is: of VRRP as many as have room are on an interface.
func (p *cutPair) place(n int) (dev string, number int, vip netip.Addr) {
	cable, number := n/perCable, 1+(vrid-1+n%perCable)%perCable
	if p.hsrp() {
		cable, number = 0, vrid+n
	}
	switch {
	case n == 0:
		vip = vip4
	default:
		vip = netip.AddrFrom4([4]byte{10, byte(cable), byte(1 + n/perCable), byte(1 + n%perCable)})
	}
	return p.dev(cable), number, vip
}

func (p *cutPair) dev(cable int) string {
	if cable == 0 {
		return dev
	}
	return fmt.Sprintf("eth%d", 10+cable)
}

// cable gives the routers as many further interfaces as they need.
func (p *cutPair) cable() {
	p.ports = []string{them}
	p.mac = hello.VirtualMAC(hello.ProtocolVRRP, 3, hello.IPv4, vrid)
	if p.hsrp() {
		p.mac = hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, vrid)
		return
	}
	for i := 1; i*perCable < p.row.groups; i++ {
		var ports []string
		for at, g := range p.Gateways {
			port := fmt.Sprintf("%s%d", g.Name, 10+i)
			ports = append(ports, port)
			must(p.b, netlab.Veth(netlab.End{NS: g.NS, Name: p.dev(i)}, netlab.End{NS: p.Switch, Name: port}))
			must(p.b, g.NS.AddAddr(p.dev(i), netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), 255, byte(at + 1)}), 16)))
		}
		must(p.b, p.Switch.Bridge(fmt.Sprintf("lan%d", i), ports...))
		p.ports = append(p.ports, ports[0])
	}
}

func (p *cutPair) start(g *fhrptest.Gateway, priority int) {
	switch p.row.program {
	case "keepalived":
		extra := ""
		if p.row.groups > 1 { // each of its devices with a virtual MAC hears every hello
			extra = " vmac_xmit_base\n"
		}
		fhrptest.StartKeepalived(g, p.config(priority, "vrrp_instance V%[4]d {\n state BACKUP\n interface %[1]s\n virtual_router_id %[2]d\n"+
			" use_vmac\n"+extra+" priority %[5]d\n advert_int %[6]g\n version 3\n virtual_ipaddress { %[3]s/32 }\n}\n"),
			realtime("keepalived", "--log-console")...)
	case "frr":
		f := newFRR(g, pairing{peer: "frr", version: 3, family: hello.IPv4, vmac: true, every: p.row.every})
		f.start(priority)
		p.b.Cleanup(f.Kill)
	case "fhrpd hsrp":
		g.Start(p.config(priority, "[[hsrp]]\ninterface = %[1]q\ngroup = %[2]d\nvirtual_ips = [\"%[3]s\"]\npriority = %[5]d\npreempt = true\nhello = \"%[6]gs\"\nhold = \"%[7]gs\"\n"))
	default:
		g.Start(p.config(priority, "[[vrrp]]\ninterface = %[1]q\nvrid = %[2]d\nvirtual_ips = [\"%[3]s\"]\npriority = %[5]d\nadvertise = \"%[6]gs\"\n"))
	}
}

// config has one section a group. It is given the interface, the number there, the
// virtual address, the number among all, the priority, and hello and hold time in seconds.
func (p *cutPair) config(priority int, section string) string {
	var out strings.Builder
	for n := range p.row.groups {
		dev, number, vip := p.place(n)
		fmt.Fprintf(&out, section+"\n", dev, number, vip, n, priority, p.row.every.Seconds(), 3*p.row.every.Seconds())
	}
	return out.String()
}

// plug cuts the cables of the active router, or mends them.
func (p *cutPair) plug(in bool) {
	p.b.Helper()
	for _, port := range p.ports {
		if in {
			must(p.b, p.Switch.LinkUp(port))
		} else {
			must(p.b, p.Switch.LinkDown(port))
		}
	}
}

// settled waits until the first router has every group, the other stands by, and the
// client reaches the host.
func (p *cutPair) settled() {
	p.b.Helper()
	active, standby := p.Gateways[0], p.Gateways[1]
	ready := func() bool {
		if strings.HasPrefix(p.row.program, "fhrpd") {
			return active.All("Active") && standby.All("Standby", "Backup")
		}
		return p.row.program == "frr" || addressed(active) >= p.row.groups && addressed(standby) == 0
	}
	reached := func() bool {
		ok, err := p.Client.Ping(fhrptest.HostIP, netlab.Echo{Tries: 1, Wait: 300 * time.Millisecond})
		return err == nil && ok
	}
	err := netlab.Eventually(p.b.Context(), 3*time.Minute, func() bool { return ready() && p.FDB(p.mac) == them && reached() })
	if err != nil {
		p.b.Fatalf("%s: the first router does not serve all %d groups: %v", p.row.program, p.row.groups, err)
	}
	fhrptest.Pass(p.b, 3*p.row.every+2*time.Second) // announcements, and who is next in line
}

// addressed counts the virtual addresses of a router.
func addressed(g *fhrptest.Gateway) (n int) {
	list, err := g.NS.Netlink().AddrList(nil, unix.AF_INET)
	if err != nil {
		return -1
	}
	for _, a := range list {
		if ones, _ := a.Mask.Size(); ones == 32 {
			n++
		}
	}
	return n
}

// during returns what becomes of the client's datagrams while something happens.
func (p *cutPair) during(happens func()) fhrptest.Datagrams {
	p.b.Helper()
	stop := p.Datagrams(fhrptest.HostIP)
	fhrptest.Pass(p.b, 200*time.Millisecond)
	happens()
	return stop()
}
