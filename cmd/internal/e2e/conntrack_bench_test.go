package e2e

import (
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/skip"
)

// BenchmarkConntrackCommit measures what the address waits for: the other
// gateway's table, as it was learned over the link between the two, is put into
// the kernel.
func BenchmarkConntrackCommit(b *testing.B) {
	conntrackd, nft := skip.Without(b, "conntrackd"), skip.Without(b, "nft")
	needConntrack(b)
	for _, n := range []int{1000, 10000, 50000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			p := newTranslated(b, conntrackd, nft)
			for _, g := range p.Gateways {
				p.startSync(g)
			}
			began := time.Now()
			p.fill(n)
			_, err := p.ask(p.b, "-n")
			must(b, err)
			p.b.Eventually("the table of a", func() bool { return p.learned(p.b) == n })
			learned := time.Since(began)
			for b.Loop() {
				b.StopTimer()
				must(b, p.b.NS.Netlink().ConntrackTableFlush(netlink.ConntrackTable))
				b.StartTimer()
				mustRun(p.b, "", p.b.Path("fhrpd-conntrack"), "commit")
			}
			b.ReportMetric(float64(learned.Milliseconds()), "ms/learned")
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/commit")
		})
	}
}

// fill gives a's kernel n established connections.
func (p *translated) fill(n int) {
	p.t.Helper()
	must(p.t, p.a.NS.Do(func() error {
		h, err := netlink.NewHandle(unix.NETLINK_NETFILTER)
		if err != nil {
			return err
		}
		defer h.Close()
		for i := range n {
			client, port := net.IPv4(192, 168, 1, byte(10+i/20000)).To4(), uint16(20000+i%20000)
			host := net.IPv4(203, 0, 113, 10).To4()
			flow := &netlink.ConntrackFlow{
				FamilyType: unix.AF_INET, TimeOut: 3600, ProtoInfo: &netlink.ProtoInfoTCP{State: 3},
				Forward: netlink.IPTuple{Protocol: unix.IPPROTO_TCP, SrcIP: client, DstIP: host, SrcPort: port, DstPort: 443},
				Reverse: netlink.IPTuple{Protocol: unix.IPPROTO_TCP, SrcIP: host, DstIP: client, SrcPort: 443, DstPort: port},
			}
			if err := h.ConntrackCreate(netlink.ConntrackTable, unix.AF_INET, flow); err != nil {
				return fmt.Errorf("connection %d: %w", i, err)
			}
		}
		return nil
	}))
}
