package vip

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkFrame takes a frame from the LAN to the uplink: what each rule of the
// table adds, also for what it is not about. The burst that was interrupted least
// counts: read it as a ratio to "no table".
func BenchmarkFrame(b *testing.B) {
	own := Router{MAC: vmac, Addrs: []netip.Addr{vip4, vip6, vipLocal}, Owned: []netip.Addr{vip4, vip6}}
	for _, bb := range []struct {
		name   string
		router *Router
		mac    *[6]byte
		to     netip.Addr
	}{
		{"no table/IPv4", nil, nil, far4},
		{"no table/IPv6", nil, nil, far6},
		{"own MAC/IPv4", &router10, nil, far4},
		{"own MAC/IPv6", &router10, nil, far6},
		{"virtual MAC/IPv4", &router10, &vmac, far4},
		{"virtual MAC/IPv6", &router10, &vmac, far6},
		{"own MAC, address rules/IPv4", &own, nil, far4},
		{"own MAC, address rules/IPv6", &own, nil, far6},
	} {
		b.Run(bb.name, func(b *testing.B) {
			l := newLab(b)
			if bb.router != nil {
				iface := l.open(Options{})
				ok(b, iface.Add(10, *bb.router))
				mustGate(b, iface, []Claim{{ID: 10, Lease: time.Hour}}, nil)
			}
			mac := l.own
			if bb.mac != nil {
				mac = *bb.mac
			}
			l.checkThrough("before", mac, bb.to, 1)
			f := frame(mac, bb.to, 1)
			nothing := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K}} // is kept of what arrives
			ok(b, unix.SetsockoptSockFprog(l.wan, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &nothing[0]}))
			const burst = 100
			least := time.Hour
			for b.Loop() {
				start := time.Now()
				for range burst {
					if _, err := unix.Write(l.lan, f); err != nil {
						b.Fatal(err)
					}
				}
				least = min(least, time.Since(start))
			}
			b.ReportMetric(float64(least.Nanoseconds())/burst, "ns/frame")
		})
	}
}
