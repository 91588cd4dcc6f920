package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

func report(b *testing.B, d time.Duration, unit string) {
	b.ReportMetric(float64(d)/float64(time.Microsecond), "µs-"+unit)
}

// BenchmarkTakeoverBySilence measures one group whose active router falls
// silent: the two stop hearing each other, and the standby's hold time runs
// from the last hello. deadline→claim is how late its first hello is on the
// wire, claim→garp how long after that its first announcement is.
func BenchmarkTakeoverBySilence(b *testing.B) {
	l := newLAN(b)
	const hold = 150 * time.Millisecond
	l.start(hsrpTable(2, address4, `hello = "50ms"`, `hold = "150ms"`))
	var claims, garps []time.Duration
	for b.Loop() {
		cut := time.Now()
		l.Partition(true)
		claim := l.b.Says("virtual: hello Active", cut, mac2)
		announce := l.b.Says("virtual: arp reply 192.168.1.200 is-at virtual to everybody", claim.At, mac2)
		claims = append(claims, claim.At.Sub(l.lastHeard(claim.At))-hold)
		garps = append(garps, announce.At.Sub(claim.At))
		l.Partition(false)
		l.Settled(l.a, l.b)
	}
	slices.Sort(claims)
	slices.Sort(garps)
	report(b, fhrptest.Quantile(claims, 0.5), "deadline→claim")
	report(b, fhrptest.Quantile(claims, 0.99), "deadline→claim-p99")
	report(b, fhrptest.Quantile(garps, 0.5), "claim→garp")
}

// lastHeard returns when the last hello of a left the switch towards b.
func (l *lan) lastHeard(before time.Time) time.Time {
	var at time.Time
	for _, f := range l.b.Port.Frames() {
		if f.Sent && f.At.Before(before) && fhrptest.Words(mac2, f) == "virtual: hello Active" {
			at = f.At
		}
	}
	return at
}

// BenchmarkTakeoverTogether measures groups that are promoted together because
// their active router resigns all at once, and what that does to a group of
// the same daemon that is active all the time with a hello every 10 ms.
func BenchmarkTakeoverTogether(b *testing.B) {
	for _, groups := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(groups), func(b *testing.B) {
			var first, all, bystander []time.Duration
			for b.Loop() {
				b.StopTimer()
				l := newLAN(b)
				l.startMany(groups)
				l.rest(groups)
				b.StartTimer()
				t := l.takeTogether(groups)
				first, all, bystander = append(first, t.first), append(all, t.all), append(bystander, t.bystander)
				b.StopTimer()
				l.a.Close()
				l.b.Close()
				b.StartTimer()
			}
			for _, list := range [][]time.Duration{first, all, bystander} {
				slices.Sort(list)
			}
			report(b, fhrptest.Quantile(first, 0.5), "resign→first-garp")
			report(b, fhrptest.Quantile(all, 0.5), "first→last-garp")
			report(b, fhrptest.Quantile(bystander, 0.5), "bystander-late")
		})
	}
}

// startMany starts both gateways with as many groups, numbered from 1, and b
// with one more of its own, VRRP 200, that is never contested.
func (l *lan) startMany(groups int) {
	l.t.Helper()
	var many strings.Builder
	for n := 1; n <= groups; n++ {
		many.WriteString(table("hsrp", fmt.Sprintf("group = %d\nvirtual_ips = [\"192.168.%d.%d\"]", n, 2+n/250, 1+n%250),
			common, `hello = "1s"`, `hold = "3s"`))
	}
	lonely := table("vrrp", "vrid = 200", common, `virtual_ips = ["192.168.1.250"]`, `advertise = "10ms"`)
	l.a.StartAs(many.String(), 110)
	l.b.StartAs(many.String()+lonely, 100)
	l.a.WaitAll("Active")
	l.b.WaitAll("Standby", "Active")
}

// rest lets a say every hello four times: routers that have just started tidy up.
func (l *lan) rest(groups int) {
	l.t.Helper()
	began, said := time.Now(), 0
	_, err := l.b.Port.WaitFor(func(f netlab.Frame) bool {
		if f.Sent && !f.At.Before(began) && strings.HasPrefix(fhrptest.Message(f), "hello") {
			said++
		}
		return said >= 4*groups
	}, patience)
	must(l.t, err)
}

type together struct{ first, all, bystander time.Duration }

// takeTogether makes a resign and reads b's capture.
func (l *lan) takeTogether(groups int) together {
	l.t.Helper()
	began := time.Now()
	l.a.Signal(unix.SIGTERM)
	claimed := map[hello.MAC]bool{}
	var first, last time.Time
	// Nothing asks the daemon or walks through frames again while it works.
	_, err := l.b.Port.WaitFor(func(f netlab.Frame) bool {
		h, a, err := garp.ParseARP(f.Data)
		if f.Sent || f.At.Before(began) || err != nil || !a.IsGratuitous() || h.Dst != garp.CiscoMulticast {
			return false
		}
		if len(claimed) == 0 {
			first = f.At
		}
		last, claimed[h.Src] = f.At, true
		return len(claimed) == groups
	}, patience)
	must(l.t, err)
	resign := l.a.Sends("a resignation", began, func(f netlab.Frame) bool { return strings.HasPrefix(fhrptest.Message(f), "resign") })
	gaps := gapsOf(hello.VirtualMAC(hello.ProtocolVRRP, 3, hello.IPv4, 200), l.b.Sent(began.Add(-100*time.Millisecond)))
	return together{first.Sub(resign.At), last.Sub(first), fhrptest.Quantile(gaps, 1) - 10*time.Millisecond}
}

// gapsOf returns the times between the messages of one router, shortest first.
func gapsOf(mac hello.MAC, frames []netlab.Frame) []time.Duration {
	var gaps []time.Duration
	var last time.Time
	for _, f := range frames {
		if f.Source() != mac || fhrptest.Message(f) == "" {
			continue
		}
		if !last.IsZero() {
			gaps = append(gaps, f.At.Sub(last))
		}
		last = f.At
	}
	slices.Sort(gaps)
	return gaps
}

// pace is a group of a router that speaks often.
type pace struct {
	group    string
	mac      hello.MAC // whence it speaks
	interval time.Duration
}

// The shortest intervals of both protocols. VRRP does not jitter. HSRP's hellos come up
// to 5 % early, never late, by design.
var paces = []pace{
	{table("vrrp", "vrid = 200", common, address4, `advertise = "10ms"`), hello.VirtualMAC(hello.ProtocolVRRP, 3, hello.IPv4, 200), 10 * time.Millisecond},
	{hsrpTable(2, address4, `hello = "3ms"`, `hold = "10ms"`), mac2, 3 * time.Millisecond},
}

// BenchmarkHelloLateness measures, on the wire, how late the messages of a router that
// sends one every 10 ms, or every 3 ms, are, on an idle machine and with four busy
// processes beside it: the distance of two beyond the interval. A thread that only
// sleeps tells, in the same run, what the machine itself is worth.
func BenchmarkHelloLateness(b *testing.B) {
	for _, p := range paces {
		p.lateness(b)
	}
}

func (p pace) lateness(b *testing.B) {
	for _, busy := range []int{0, 4} {
		for _, realtime := range []bool{true, false} {
			b.Run(fmt.Sprintf("every=%v/busy=%d/realtime=%v", p.interval, busy, realtime), func(b *testing.B) {
				for b.Loop() {
					late, bare := p.latenesses(b, busy, realtime)
					report(b, fhrptest.Quantile(late, 0.5), "late-p50")
					report(b, fhrptest.Quantile(late, 0.99), "late-p99")
					report(b, fhrptest.Quantile(late, 0.999), "late-p99.9")
					report(b, fhrptest.Quantile(bare, 0.999), "bare-thread-p99.9")
				}
			})
		}
	}
}

func (p pace) latenesses(b *testing.B, busy int, realtime bool) (late, bare []time.Duration) {
	b.Helper()
	count := int(15 * time.Second / p.interval)
	l := newLAN(b)
	l.a.StartAs(fmt.Sprintf("[daemon]\nrealtime = %v\n", realtime)+p.group, 100)
	l.a.WaitAll("Active")
	// Where frames leave, not where they arrive: the kernel thread that carries
	// them over has to wait for a processor like everybody else.
	leaving := l.Capture(l.a.NS, lanDev, func(f netlab.Frame) bool { return f.Sent })
	defer fhrptest.Spin(b, busy)()
	slept := floor(b, p.interval, realtime)
	began := time.Now()
	n := 0
	_, err := leaving.WaitFor(func(f netlab.Frame) bool {
		if !f.At.Before(began) && f.Source() == p.mac {
			n++
		}
		return n > count
	}, time.Minute)
	bare = slept()
	must(b, err)
	late = gapsOf(p.mac, leaving.Frames())
	for i := range late {
		late[i] = max(late[i]-p.interval, 0)
	}
	return late, bare
}
