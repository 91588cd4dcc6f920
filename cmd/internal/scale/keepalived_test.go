package scale

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// BenchmarkBesideKeepalived measures 254 VRRP routers, once with a pair of ours
// and once with a pair of keepalived, on the same wire and in the same way.
func BenchmarkBesideKeepalived(b *testing.B) {
	const n = 254
	b.Run("fhrpd", func(b *testing.B) {
		p := newPair(b, 1)
		p.a.Start(p.routers(n, 110))
		p.a.WaitAll("Active")
		p.b.Start(p.routers(n, 100))
		p.b.WaitAll("Backup")
		p.compare(b, n, []int{p.a.PID()}, []int{p.b.PID()}, p.a.Kill)
	})
	b.Run("keepalived", func(b *testing.B) {
		skip.Without(b, "keepalived")
		p := newPair(b, 1)
		ka, kb := p.keepalived(p.a, n, 110), p.keepalived(p.b, n, 100)
		p.compare(b, n, ka.PIDs(), kb.PIDs(), ka.Kill)
	})
}

// compare measures a pair whose first is active for all.
func (p *pair) compare(b *testing.B, n int, a, standby []int, kill func()) {
	fhrptest.Pass(p.t, 5*time.Second)
	for b.Loop() {
		p.wire.forget()
		wasA := fhrptest.UsageOf(b, a...)
		wasB := fhrptest.UsageOf(b, standby...)
		fhrptest.Pass(p.t, *steady)
		isA := fhrptest.UsageOf(b, a...)
		isB := fhrptest.UsageOf(b, standby...)
		sentB, sentA := p.wire.messages()
		b.ReportMetric(float64((isA.CPU-wasA.CPU).Microseconds())/float64(max(sentA, 1)), "µs-cpu/sent")
		b.ReportMetric(float64((isB.CPU-wasB.CPU).Microseconds())/float64(max(sentA, 1)), "µs-cpu/heard")
		b.ReportMetric(isA.MiB, "MiB-active")
		b.ReportMetric(isB.MiB, "MiB-standby")
		b.ReportMetric(float64(sentB), "standby-spoke")
	}
	p.wire.forget()
	fhrptest.Pass(p.t, 1500*time.Millisecond)
	died := time.Now()
	kill()
	p.Eventually("all groups announced", func() bool { return p.wire.announced() >= n })
	t := p.wire.takeover(died, vrrpHold)
	millis(b, "first-garp", t.first)
	millis(b, "last-garp", t.last)
	millis(b, "claim-late-p50", fhrptest.Quantile(t.late, 0.5))
	millis(b, "claim-late-worst", fhrptest.Quantile(t.late, 1))
	b.ReportMetric(0, "ns/op")
}

func (p *pair) keepalived(g *gateway, n, priority int) *fhrptest.Keepalived {
	p.t.Helper()
	var conf strings.Builder
	conf.WriteString("global_defs {\n router_id " + g.Name + "\n vrrp_version 3\n}\n")
	for i := range n {
		fmt.Fprintf(&conf, "vrrp_instance V%d {\n state BACKUP\n interface eth0\n virtual_router_id %d\n priority %d\n advert_int 1\n virtual_ipaddress {\n %s/32\n }\n}\n",
			i, i+1, priority, virtualIP(0, i))
	}
	k := fhrptest.StartKeepalived(g, conf.String(), "keepalived")
	p.Eventually("the process that speaks", func() bool { return len(k.PIDs()) > 1 })
	return k
}
