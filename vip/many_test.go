package vip

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// routerN is one of 4096 routers with an address of each family.
func routerN(n int) Router {
	return Router{MAC: [6]byte{0, 0, 0x0c, 0x9f, 0xf0 | byte(n>>8), byte(n)}, Accept: true,
		Addrs: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 16 | byte(n>>8), byte(n)}),
			netip.MustParseAddr(fmt.Sprintf("2001:db8::a:%x", n))}}
}

// many adds n routers and returns their claims and ids.
func (l *lab) many(iface *Interface, n int) ([]Claim, []ID) {
	l.t.Helper()
	var claims []Claim
	var ids []ID
	for i := range n {
		ok(l.t, iface.Add(ID(i), routerN(i)))
		claims = append(claims, Claim{ID(i), time.Minute})
		ids = append(ids, ID(i))
	}
	return claims, ids
}

func TestAllGroupsOfHSRPVersion2AtOnce(t *testing.T) {
	const n = 4096
	l := newLab(t)
	before := snapshot(t)
	iface := l.open(Options{})
	start := time.Now()
	step := func(what string) {
		t.Logf("%-8s %8.2f ms", what, float64(time.Since(start).Microseconds())/1000)
		start = time.Now()
	}
	claims, ids := l.many(iface, n)
	step("add")
	mustGate(t, iface, claims, nil)
	step("open")
	ok(t, iface.Address(ids, nil))
	step("address")
	mustRenew(t, iface)
	step("renew")
	for _, i := range []int{0, 1, 1999, 2000, 2001, n - 1} {
		l.checkThrough(fmt.Sprintf("router %d", i), routerN(i).MAC, far4, 1)
	}
	start = time.Now()
	missing, err := iface.Restore()
	if err != nil || len(missing) > 0 {
		t.Errorf("Restore: %d missing, error %v", len(missing), err)
	}
	step("restore")
	mustGate(t, iface, nil, ids)
	step("shut")
	l.checkThrough("shut", routerN(n-1).MAC, far4, 0)
	mustGate(t, iface, claims, nil)
	start = time.Now()
	ok(t, iface.Close())
	step("close")
	checkSnapshot(t, "after Close", before)
}

func BenchmarkGate(b *testing.B) {
	for _, n := range []int{1, 256, 1000, 4096} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l, iface := newOpen(b)
			claims, ids := l.many(iface, n)
			b.ReportAllocs()
			var open, shut time.Duration
			for b.Loop() {
				start := time.Now()
				mustGate(b, iface, claims, nil)
				half := time.Now()
				mustGate(b, iface, nil, ids)
				open += half.Sub(start)
				shut += time.Since(half)
			}
			b.ReportMetric(float64(open.Microseconds())/float64(b.N), "µs/open")
			b.ReportMetric(float64(shut.Microseconds())/float64(b.N), "µs/shut")
		})
	}
}

func BenchmarkRenew(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l, iface := newOpen(b)
			claims, _ := l.many(iface, n)
			mustGate(b, iface, claims, nil)
			b.ReportAllocs()
			for b.Loop() {
				mustRenew(b, iface)
			}
		})
	}
}

func BenchmarkAddress(b *testing.B) {
	for _, n := range []int{1, 256, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l, iface := newOpen(b)
			_, ids := l.many(iface, n)
			var add, remove time.Duration
			for b.Loop() {
				start := time.Now()
				ok(b, iface.Address(ids, nil))
				half := time.Now()
				ok(b, iface.Address(nil, ids))
				add += half.Sub(start)
				remove += time.Since(half)
			}
			b.ReportMetric(float64(add.Microseconds())/float64(b.N), "µs/add")
			b.ReportMetric(float64(remove.Microseconds())/float64(b.N), "µs/remove")
		})
	}
}

func BenchmarkOpenClose(b *testing.B) {
	l := newLab(b)
	var opening, closing time.Duration
	for b.Loop() {
		start := time.Now()
		iface, err := Open("eth0", Options{StateDir: l.state})
		ok(b, err)
		half := time.Now()
		ok(b, iface.Close())
		opening += half.Sub(start)
		closing += time.Since(half)
	}
	b.ReportMetric(float64(opening.Microseconds())/float64(b.N), "µs/open")
	b.ReportMetric(float64(closing.Microseconds())/float64(b.N), "µs/close")
}
