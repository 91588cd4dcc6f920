package scale

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/internal/dump"
	"github.com/fhrpd/fhrpd/vip"
)

const stopMax = 2 * time.Second

// BenchmarkGroups measures a pair with many groups through its whole life.
func BenchmarkGroups(b *testing.B) {
	for _, n := range []int{1, 256, 1000, 4096} {
		b.Run(fmt.Sprintf("hsrp/%d", n), func(b *testing.B) {
			p := newPair(b, 1)
			p.life(b, n, p.groups(n, 110), p.groups(n, 100)+punctual)
		})
	}
	b.Run("vrrp/254", func(b *testing.B) {
		p := newPair(b, 1)
		p.hold = vrrpHold
		p.life(b, 254, p.routers(254, 110), p.routers(254, 100)+punctual)
	})
}

// life is one iteration: start, stay, crash, restart, stop.
func (p *pair) life(b *testing.B, n int, better, worse string) {
	for b.Loop() {
		millis(b, "start", p.started(p.a, better))
		p.a.WaitAll("Active")
		millis(b, "start-beside", p.started(p.b, worse))
		p.b.WaitAll("Standby", "Backup", "Active")
		p.b.Eventually("the router that is alone is active", func() bool { return p.b.Group("vrrp:eth0:255").State == "Active" })
		p.stay(b)
		p.crash(b, n)
		p.cleaned(b, n, better)
	}
	b.ReportMetric(0, "ns/op")
}

func millis(b *testing.B, what string, d time.Duration) {
	b.ReportMetric(float64(d.Microseconds())/1000, "ms-"+what)
}

// started starts a daemon and returns how long it took until every group ran.
func (p *pair) started(g *gateway, config string) time.Duration {
	p.t.Helper()
	began := time.Now()
	g.Start(config)
	g.Eventually("every group runs", func() bool {
		st := g.Report()
		return len(st.Groups) > 0 && !slices.ContainsFunc(st.Groups, initial)
	})
	return time.Since(began)
}

// stay watches groups that have nothing to do, and what they cost.
func (p *pair) stay(b *testing.B) {
	before, lost := p.transitions(), p.wire.capture.Dropped()
	p.wire.forget()
	wasA := fhrptest.UsageOf(b, p.a.PID())
	wasB := fhrptest.UsageOf(b, p.b.PID())
	fhrptest.Pass(p.t, *steady)
	isA := fhrptest.UsageOf(b, p.a.PID())
	isB := fhrptest.UsageOf(b, p.b.PID())
	sentB, sentA := p.wire.messages()
	if n := p.transitions() - before; n != 0 {
		b.Errorf("%d transitions in %v of peace\n%s\n%s", n, *steady, p.a.Tail(), p.b.Tail())
	}
	b.ReportMetric(float64((isA.CPU-wasA.CPU).Microseconds())/float64(max(sentA, 1)), "µs-cpu/hello-active")
	b.ReportMetric(float64((isB.CPU-wasB.CPU).Microseconds())/float64(max(sentB, 1)), "µs-cpu/hello-standby")
	b.ReportMetric(float64(sentA)/steady.Seconds(), "hellos/s")
	b.ReportMetric(isA.MiB, "MiB-active")
	b.ReportMetric(isB.MiB, "MiB-standby")
	b.ReportMetric(float64(p.wire.capture.Dropped()-lost), "lost-frames")
	b.Logf("alone every 10 ms: %v", spreads(p.wire.takeover(time.Now(), p.hold).bystander))
}

func (p *pair) transitions() (n int) {
	for _, g := range []*gateway{p.a, p.b} {
		for _, s := range g.Answer().Groups {
			n += s.Transitions
		}
	}
	return n
}

func spreads(list []time.Duration) string {
	return fmt.Sprintf("p50 %v, p99 %v, p99.9 %v, worst %v of %d",
		fhrptest.Quantile(list, 0.5), fhrptest.Quantile(list, 0.99), fhrptest.Quantile(list, 0.999), fhrptest.Quantile(list, 1), len(list))
}

// crash kills the active gateway and watches the other take every group over.
func (p *pair) crash(b *testing.B, n int) {
	p.wire.forget()
	lost := p.wire.capture.Dropped()
	fhrptest.Pass(p.t, 1500*time.Millisecond) // a hello of each
	died := time.Now()
	p.a.Kill()
	p.b.Eventually("all groups announced", func() bool { return p.wire.announced() >= n })
	t := p.wire.takeover(died, p.hold)
	millis(b, "first-garp", t.first)
	millis(b, "last-garp", t.last)
	millis(b, "claim-late-p50", fhrptest.Quantile(t.late, 0.5))
	millis(b, "claim-late-worst", fhrptest.Quantile(t.late, 1))
	millis(b, "bystander-worst", fhrptest.Quantile(t.bystander, 1))
	b.Logf("claims: %v; bystander: %v; %d frames not seen", spreads(t.late), spreads(t.bystander), p.wire.capture.Dropped()-lost)
}

// cleaned restarts the killed gateway and stops both; nothing may be left.
func (p *pair) cleaned(b *testing.B, n int, config string) {
	millis(b, "restart", p.started(p.a, config))
	p.a.WaitAll("Standby", "Backup", "Listen", "Active")
	millis(b, "stop-standby", p.stopped(p.a))
	millis(b, "stop-active", p.stopped(p.b))
	for _, g := range []*gateway{p.a, p.b} {
		if left := p.leftovers(g); left != "" {
			b.Errorf("%s left behind: %s", g.Name, left)
		}
	}
}

// stopped stops a daemon and returns how long that took.
func (p *pair) stopped(g *gateway) time.Duration {
	p.t.Helper()
	began := time.Now()
	took := g.StopCleanly()
	if took > stopMax+p.Witness.Spare(began) {
		p.t.Errorf("the stop of %s took %v\n%s", g.Name, took, g.Tail())
	}
	return took
}

// leftovers names what a daemon has left in the kernel.
func (p *pair) leftovers(g *gateway) string {
	p.t.Helper()
	var left []string
	for _, dev := range p.devs {
		link, err := g.NS.Netlink().LinkByName(dev)
		must(p.t, err)
		entries, err := g.NS.Neighbors(link.Attrs().Index, unix.AF_BRIDGE)
		must(p.t, err)
		for _, e := range entries {
			if e.HardwareAddr[0]&1 == 0 {
				left = append(left, dev+" lets "+e.HardwareAddr.String()+" in")
			}
		}
	}
	routes, err := dump.Whole(func() ([]netlink.Route, error) {
		return g.NS.Netlink().RouteListFiltered(unix.AF_INET, &netlink.Route{Table: unix.RT_TABLE_LOCAL, Protocol: vip.RouteProtocol},
			netlink.RT_FILTER_TABLE|netlink.RT_FILTER_PROTOCOL)
	})
	must(p.t, err)
	for _, r := range routes {
		left = append(left, "route "+r.String())
	}
	var tables []*nftables.Table
	must(p.t, g.NS.Do(func() (err error) {
		tables, err = (&nftables.Conn{}).ListTables()
		return err
	}))
	for _, table := range tables {
		left = append(left, "table "+table.Name)
	}
	return fmt.Sprintf("%.300s", strings.Join(left, "; "))
}

func initial(g status.Group) bool {
	return g.State == "Initial" || g.State == "Init" || g.State == "Initialize"
}
