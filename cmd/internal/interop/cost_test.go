package interop

import (
	"flag"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

var costFor = flag.Duration("cost", 20*time.Second, "how long BenchmarkCost watches the routers of a row")

// costRow is so many groups, which several programs run at the same time.
type costRow struct {
	what     string
	groups   int
	programs []string
}

// perCable is how many VRRP routers have room on an interface.
const perCable = 250

// BenchmarkCost runs pairs of routers of several programs beside each other, each pair
// on a switch of its own, and prints what they cost while nothing happens. Hellos
// leave every second. Load of the machine meets all of them alike: the ratios stand.
func BenchmarkCost(b *testing.B) {
	need(b, "keepalived")
	one := []string{"keepalived", "fhrpd"}
	if _, err := exec.LookPath(frrVRRPd); err == nil {
		one = append(one, "frr")
	}
	var table strings.Builder
	fmt.Fprintf(&table, "\n%-20s %-11s %15s %6s %15s %6s %10s\n", "", "", "active, ms/s", "ratio", "standby, ms/s", "ratio", "MiB")
	for _, row := range []costRow{
		{"1 VRRP router", 1, one},
		{"250 VRRP routers", 250, []string{"keepalived", "fhrpd"}},
		{"1000 VRRP routers", 1000, []string{"keepalived", "fhrpd"}},
		{"1 HSRP group", 1, []string{"fhrpd hsrp"}},
		{"1000 HSRP groups", 1000, []string{"fhrpd hsrp"}},
	} {
		b.Run(strings.ReplaceAll(row.what, " ", "-"), func(b *testing.B) { table.WriteString(row.measure(b)) })
	}
	fmt.Print(table.String())
}

// measure returns the lines of the table.
func (r costRow) measure(b *testing.B) (lines string) {
	var pairs []*costPair
	for _, program := range r.programs {
		pairs = append(pairs, newCostPair(b, program, r.groups))
	}
	for _, p := range pairs {
		p.settled()
	}
	fhrptest.Pass(b, 12*time.Second) // announcements, and what is done after a start
	before := make([][2]fhrptest.Usage, len(pairs))
	for n, p := range pairs {
		before[n] = p.usage()
	}
	began := time.Now()
	fhrptest.Pass(b, *costFor)
	var first [2]float64
	for n, p := range pairs {
		var cost [2]float64 // milliseconds a second
		after := p.usage()
		for i := range after {
			cost[i] = float64((after[i].CPU - before[n][i].CPU).Microseconds()) / 1000 / time.Since(began).Seconds()
		}
		if n == 0 {
			first = cost
		}
		lines += fmt.Sprintf("%-20s %-11s %15.2f %6.1f %15.2f %6.1f %10.1f\n", r.what, p.program,
			cost[0], cost[0]/first[0], cost[1], cost[1]/first[1], after[0].MiB)
		word := strings.ReplaceAll(p.program, " ", "-")
		b.ReportMetric(cost[0], word+"-ms/s-active")
		b.ReportMetric(cost[1], word+"-ms/s-standby")
		b.ReportMetric(after[0].MiB, word+"-MiB")
	}
	b.ReportMetric(0, "ns/op")
	return lines
}

// costPair is two routers of one program, the first of which is active for all groups.
type costPair struct {
	*fhrptest.LAN
	b       *testing.B
	program string
	groups  int
	devs    []string
	pids    [2]func() []int
}

func newCostPair(b *testing.B, program string, groups int) *costPair {
	b.Helper()
	p := &costPair{b: b, program: program, groups: groups, LAN: fhrptest.NewLAN(b, fhrptest.Plan{Gateways: []string{us, them}, Routers: true})}
	p.cable()
	for i, g := range p.Gateways {
		p.pids[i] = p.start(g, 200-i)
	}
	return p
}

// cable gives the routers as many interfaces as the VRRP routers need. HSRP has room
// for all groups on one.
func (p *costPair) cable() {
	n := (p.groups + perCable - 1) / perCable
	if p.program == "fhrpd hsrp" {
		n = 1
	}
	for i := range n {
		name := fmt.Sprintf("eth%d", 10+i)
		p.devs = append(p.devs, name)
		var ports []string
		for at, g := range p.Gateways {
			port := fmt.Sprintf("%s%d", g.Name, 10+i)
			ports = append(ports, port)
			must(p.b, netlab.Veth(netlab.End{NS: g.NS, Name: name}, netlab.End{NS: p.Switch, Name: port}))
			must(p.b, g.NS.AddAddr(name, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), 255, byte(at + 1)}), 16)))
		}
		must(p.b, p.Switch.Bridge(fmt.Sprintf("lan%d", i), ports...))
	}
}

// start starts the program on a router and returns how to find its processes.
func (p *costPair) start(g *fhrptest.Gateway, priority int) func() []int {
	switch p.program {
	case "keepalived":
		k := fhrptest.StartKeepalived(g, p.config(priority, "vrrp_instance V%[4]d {\n state BACKUP\n interface %[1]s\n virtual_router_id %[2]d\n"+
			" use_vmac\n vmac_xmit_base\n priority %[5]d\n advert_int 1\n version 3\n virtual_ipaddress { %[3]s/32 }\n}\n"), "keepalived", "--log-console")
		return k.PIDs
	case "frr":
		f := newFRR(g, pairing{peer: "frr", version: 3, family: hello.IPv4, vmac: true, every: time.Second})
		f.start(priority)
		p.b.Cleanup(f.Kill)
		return func() []int { return []int{f.proc.Process.Pid} } // zebra has nothing to do with hellos
	case "fhrpd hsrp":
		g.Start(p.config(priority, "[[hsrp]]\ninterface = %[1]q\ngroup = %[4]d\nvirtual_ips = [\"%[3]s\"]\npriority = %[5]d\nhello = \"1s\"\nhold = \"3s\"\n"))
	default:
		g.Start(p.config(priority, "[[vrrp]]\ninterface = %[1]q\nvrid = %[2]d\nvirtual_ips = [\"%[3]s\"]\npriority = %[5]d\nadvertise = \"1s\"\n"))
	}
	return func() []int { return []int{g.PID()} }
}

// config has one section a group. It is given the interface, the number there, the
// virtual address, the number among all and the priority.
func (p *costPair) config(priority int, section string) string {
	var out strings.Builder
	for n := range p.groups {
		i := n / perCable % len(p.devs)
		addr := netip.AddrFrom4([4]byte{10, byte(i), byte(1 + n/perCable), byte(1 + n%perCable)})
		fmt.Fprintf(&out, section+"\n", p.devs[i], 1+n%perCable, addr, n, priority)
	}
	return out.String()
}

// settled waits until the first router has all addresses.
func (p *costPair) settled() {
	p.b.Helper()
	g := p.Gateways[0]
	served := func() bool {
		if p.program == "frr" {
			return true // on interfaces that are there before it is
		}
		list, err := g.NS.Netlink().AddrList(nil, unix.AF_INET)
		n := 0
		for _, a := range list {
			if ones, _ := a.Mask.Size(); ones == 32 {
				n++
			}
		}
		return err == nil && n >= p.groups
	}
	if err := netlab.Eventually(p.b.Context(), 10*time.Minute, served); err != nil {
		p.b.Fatalf("%s: the first router does not serve all %d addresses: %v", p.program, p.groups, err)
	}
}

func (p *costPair) usage() (u [2]fhrptest.Usage) {
	p.b.Helper()
	for i := range u {
		u[i] = fhrptest.UsageOf(p.b, p.pids[i]()...)
	}
	return u
}
