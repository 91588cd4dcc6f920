package vip

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
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
		r := routerN(i)
		r.RouteOnly = true // as so many should be
		ok(l.t, iface.Add(ID(i), r))
		claims = append(claims, Claim{ID: ID(i), Lease: time.Minute})
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

// BenchmarkInstall has the addresses of so many routers, one each, on the interface
// and, in the same run, as routes alone. Gates opened and shut, and addresses added
// and removed, are told as milliseconds and as times what routes alone cost.
func BenchmarkInstall(b *testing.B) {
	eachManner(b, func(b *testing.B, n int, family string) {
		var took [2]struct{ open, add, remove time.Duration } // on the interface, and as routes
		l := newLab(b)
		for b.Loop() {
			for manner := range took {
				iface := l.open(Options{})
				claims, ids := l.install(iface, n, family, manner == 1)
				t := &took[manner]
				t.open += spent(func() { mustGate(b, iface, claims, nil) })
				t.add += spent(func() { ok(b, iface.Address(ids, nil)) })
				t.remove += spent(func() { ok(b, iface.Address(nil, ids)) })
				ok(b, iface.Close())
			}
		}
		report := func(what string, address, route time.Duration) {
			b.ReportMetric(float64(address.Microseconds())/1000/float64(b.N), "ms/"+what)
			b.ReportMetric(float64(address)/float64(route), "×route/"+what)
		}
		report("open", took[0].open, took[1].open)
		report("add", took[0].add, took[1].add)
		report("remove", took[0].remove, took[1].remove)
	})
}

// BenchmarkKeep extends the lifetimes of so many addresses, which routes alone do not
// have. The share of a processor is for the default timers, whose lease is 13 s and
// renewed every 3.25 s at least, and for those of one and three seconds.
func BenchmarkKeep(b *testing.B) {
	eachManner(b, func(b *testing.B, n int, family string) {
		l := newLab(b)
		iface := l.open(Options{})
		claims, ids := l.install(iface, n, family, false)
		mustGate(b, iface, claims, nil)
		ok(b, iface.Address(ids, nil))
		var total time.Duration
		for b.Loop() {
			total += processorTime(func() { ok(b, iface.Keep()) })
		}
		each := total / time.Duration(b.N)
		b.ReportMetric(float64(each.Microseconds())/1000, "ms-cpu/keep")
		for _, lease := range []time.Duration{4 * time.Second, 13 * time.Second} {
			every := max(lease/4, spare)
			b.ReportMetric(100*float64(each)/float64(every), fmt.Sprintf("%%cpu/%v", lease))
		}
	})
}

func eachManner(b *testing.B, run func(b *testing.B, n int, family string)) {
	for _, family := range []string{"IPv4", "IPv6"} {
		for _, n := range []int{1, 100, 500, 1000, 2000, 4096} {
			b.Run(fmt.Sprintf("%s/%d", family, n), func(b *testing.B) { run(b, n, family) })
		}
	}
}

// install adds n routers with an address of a family each.
func (l *lab) install(iface *Interface, n int, family string, routes bool) (claims []Claim, ids []ID) {
	l.t.Helper()
	for i := range n {
		r := routerN(i)
		r.RouteOnly = routes
		r.Addrs = r.Addrs[:1]
		if family == "IPv6" {
			r.Addrs = routerN(i).Addrs[1:]
		}
		ok(l.t, iface.Add(ID(i), r))
		claims, ids = append(claims, Claim{ID: ID(i), Lease: time.Minute}), append(ids, ID(i))
	}
	return claims, ids
}

func spent(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// processorTime is what a function costs, in this process and in the kernel for it.
func processorTime(f func()) time.Duration {
	used := func() time.Duration {
		var u unix.Rusage
		_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	start := used()
	f()
	return used() - start
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
