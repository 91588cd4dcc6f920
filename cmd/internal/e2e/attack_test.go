package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/signer"
)

// The bounds of an attack, whichever comes first.
const (
	attackTime  = 5 * time.Second
	attackMost  = 500_000 // frames
	attackPool  = 4096    // different ones
	attackHello = 100 * time.Millisecond
	attackAdver = 10 * time.Millisecond // of the punctual router
)

// attacked is the configuration of both routers.
const attacked = `
[daemon]
metrics = "127.0.0.1:9650"
[[hsrp]]
interface = "eth0"
group = 10
virtual_ips = ["192.168.1.1"]
priority = PRIORITY
hello = "100ms"
hold = "1s"
[[hsrp]]
interface = "eth0"
group = 11
virtual_ips = ["192.168.1.2"]
priority = PRIORITY
hello = "100ms"
hold = "1s"
auth = { md5 = "secret" }
[[vrrp]]
interface = "eth0"
vrid = 52
version = 2
virtual_ips = ["192.168.1.3"]
priority = PRIORITY
advertise = "1s"
auth = { text = "secret" }
[[keychain]]
name = "lan"
keys = [{ id = 1, secret = "a passphrase of at least 32 bytes" }]
[[vrrp]]
interface = "eth0"
vrid = 53
virtual_ips = ["192.168.1.5"]
priority = PRIORITY
auth = { keychain = "lan" }
`

// punctual is a router of the attacked daemon alone. HSRP's hellos come early by a
// random time, VRRP's advertisements do not: they show how late the daemon is.
const punctual = `
[[vrrp]]
interface = "eth0"
vrid = 200
virtual_ips = ["192.168.1.4"]
advertise = "10ms"
`

// BenchmarkAttack attacks an active router that has a standby beside it, from the
// client's place or, for the connections, from the router itself. It measures
//
//   - what was sent a second, and what the daemon counted of it,
//   - how late it spoke on the wire: the time between two advertisements every 10 ms,
//     and between two hellos of the attacked group, less the interval,
//   - the daemon's resident memory before, at most and a second afterwards,
//   - lines that the daemon logged, and changes of role on both routers.
func BenchmarkAttack(b *testing.B) {
	var rows []string
	for _, a := range []struct {
		name string
		text string // for the page
		wage func(l *fhrptest.LAN, until time.Time) (sent int)
	}{
		{"none", "nothing, to compare with", connections(0, nil, "")},
		{"hsrp-active-below", "HSRP hellos of active routers with a lower priority, from 80 addresses of the subnet", flood(func(r *rand.Rand, _ int) []byte { return forgedHSRP(inside4(r), 10, 90) })},
		{"hsrp-off-subnet", "HSRP hellos with a higher priority, from 4,096 addresses outside of it", flood(func(r *rand.Rand, _ int) []byte { return forgedHSRP(outside4(r), 10, 250) })},
		{"hsrp-bad-key", "HSRP hellos without the MD5 key of the group", flood(func(r *rand.Rand, _ int) []byte { return forgedHSRP(inside4(r), 11, 250) })},
		{"vrrp-bad-text", "VRRP version 2 advertisements with a wrong text", flood(func(r *rand.Rand, _ int) []byte { return forgedVRRP(inside4(r)) })},
		{"vrrp-bad-hmac", "VRRP version 3 advertisements with a wrong HMAC", flood(func(r *rand.Rand, _ int) []byte { return forgedTrailer(inside4(r)) })},
		{"garbage", "random bytes to the groups of HSRP and VRRP", flood(garbage)},
		{"arp-questions", "ARP questions for the virtual address, each from another MAC", flood(func(r *rand.Rand, _ int) []byte { return arpFrame(r, garp.OpRequest, inside4(r), attackedIP) })},
		{"arp-claims", "ARP claims of the virtual address, each from another MAC", flood(func(r *rand.Rand, _ int) []byte { return arpFrame(r, garp.OpReply, attackedIP, attackedIP) })},
		{"agreement-forged", "agreements of two fhrpd of the kinds 3 to 6 from 80 addresses, half of them with a wrong key", flood(forgedAgreement)},
		{"agreement-replayed", "the same four of them over and over, in the standby router's name, in clear text", replayedAgreements},
		{"agreement-malformed", "such agreements cut, drawn out, and with other bytes", flood(malformedAgreement)},
		{"understudy", "packets to the virtual MAC that a switch floods, at the standby router (of which the figures are)", toStandby},
		{"metrics-unread", "400 connections to the metrics that ask 50 times and never read", connections(400, metricsOf, "/metrics")},
		{"control-unread", "2,000 such connections to the control socket", connections(2000, controlOf, "/v1/status")},
	} {
		b.Run(a.name, func(b *testing.B) {
			for b.Loop() {
				rows = append(rows, "| "+a.text+" "+attack(b, a.name == "understudy", a.wage).report(b))
			}
		})
	}
	writePage(b, rows)
}

var attackedIP = netip.MustParseAddr("192.168.1.1")

// outcome is what one attack did.
type outcome struct {
	sent, counted       float64       // a second
	p50, p99, most      time.Duration // late advertisements
	hello               time.Duration // latest hello
	stood               time.Duration // longest time that the machine itself stood still
	before, peak, after float64       // MiB
	lines, changes      int
}

// attack plays one attack from the start of the routers to their end. The figures are of
// the active router, or of the standby one.
func attack(b *testing.B, onStandby bool, wage func(*fhrptest.LAN, time.Time) int) outcome {
	b.StopTimer()
	l := fhrptest.NewLAN(b, fhrptest.Plan{})
	active, standby := l.Gateway("a"), l.Gateway("b")
	hsrp, vrrp := hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10), hello.VirtualMAC(hello.ProtocolVRRP, 3, hello.IPv4, 200)
	victim := active
	if onStandby {
		victim, hsrp = standby, standby.MAC
	}
	for _, g := range []struct {
		*fhrptest.Gateway
		priority int
		states   []string
	}{{active, 110, []string{"Active"}}, {standby, 100, []string{"Standby", "Backup", "Active"}}} {
		groups := attacked
		if g.Gateway == victim {
			groups += punctual
		}
		g.StartAs(groups, g.priority)
		g.WaitAll(g.states...)
	}
	standby.WaitState("hsrp:eth0:10", "Standby")
	wire, err := l.Switch.Capture(victim.Name, netlab.CaptureOptions{Arriving: true, Keep: func(f netlab.Frame) bool {
		return (f.Source() == hsrp || f.Source() == vrrp) && fhrptest.Message(f) != ""
	}})
	must(b, err)
	defer wire.Close()
	must(b, os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", victim.PID()), []byte("5"), 0)) // the peak begins now
	before, lines, heard, changes := memory(b, victim, "VmRSS"), logLines(victim), heardBy(victim), changesOf(active, standby)
	fhrptest.Pass(b, time.Second) // hellos before the first packet
	stood := fhrptest.Sleeper(b)
	b.StartTimer()
	began := time.Now()
	sent := wage(l, began.Add(attackTime))
	took := time.Since(began)
	fhrptest.Pass(b, time.Until(began.Add(attackTime)))
	b.StopTimer()
	peak := memory(b, victim, "VmHWM")
	fhrptest.Pass(b, time.Second)
	hellos, advers := lateness(wire.Frames(), hsrp, attackHello), lateness(wire.Frames(), vrrp, attackAdver)
	o := outcome{
		sent: float64(sent) / took.Seconds(), counted: float64(heardBy(victim)-heard) / took.Seconds(),
		p50: fhrptest.Quantile(advers, 0.5), p99: fhrptest.Quantile(advers, 0.99), most: fhrptest.Quantile(advers, 1), hello: fhrptest.Quantile(hellos, 1),
		stood:  stood(),
		before: before, peak: max(before, peak), after: memory(b, victim, "VmRSS"),
		lines: logLines(victim) - lines, changes: changesOf(active, standby) - changes,
	}
	active.Close()
	standby.Close()
	b.StartTimer()
	return o
}

// flood returns an attack that sends frames from the client as fast as it can.
func flood(frame func(r *rand.Rand, n int) []byte) func(*fhrptest.LAN, time.Time) int {
	return func(l *fhrptest.LAN, until time.Time) int {
		return floodFrom(l, l.Client, fhrptest.LANDev, until, frame)
	}
}

// floodFrom sends frames out of an interface as fast as it can.
func floodFrom(l *fhrptest.LAN, ns *netlab.NS, dev string, until time.Time, frame func(r *rand.Rand, n int) []byte) (sent int) {
	r := rand.New(rand.NewPCG(1, 2))
	pool := make([][]byte, attackPool)
	for n := range pool {
		pool[n] = frame(r, n)
	}
	s, err := ns.Sender(dev)
	must(l.T, err)
	defer s.Close()
	for sent < attackMost && time.Now().Before(until) {
		// A full queue of the kernel refuses a frame, which is not sent then.
		if s.Send(pool[sent%attackPool]) == nil {
			sent++
		}
	}
	return sent
}

// connections returns an attack by connections that ask and never read.
func connections(most int, dial func(context.Context, *fhrptest.Gateway) (net.Conn, error), path string) func(*fhrptest.LAN, time.Time) int {
	return func(l *fhrptest.LAN, until time.Time) (sent int) {
		ctx, cancel := context.WithDeadline(l.T.Context(), until)
		defer cancel()
		ask := strings.Repeat("GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n", 50)
		var open []net.Conn
		for range most {
			c, err := dial(ctx, l.Gateway("a"))
			if err != nil {
				continue
			}
			open = append(open, c)
			_ = c.SetWriteDeadline(until)
			if _, err := c.Write([]byte(ask)); err == nil {
				sent++
			}
		}
		<-ctx.Done()
		for _, c := range open {
			c.Close()
		}
		return sent
	}
}

func metricsOf(ctx context.Context, g *fhrptest.Gateway) (net.Conn, error) {
	return g.NS.Dial(ctx, "tcp", "127.0.0.1:9650")
}

func controlOf(ctx context.Context, g *fhrptest.Gateway) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "unix", g.Path("control.sock"))
}

// inside4 is any address of the LAN's subnet above those that are used, outside4 one of
// another.
func inside4(r *rand.Rand) netip.Addr {
	return netip.AddrFrom4([4]byte{192, 168, 1, byte(11 + r.IntN(80))})
}
func outside4(r *rand.Rand) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
}

func anyMAC(r *rand.Rand) hello.MAC {
	return hello.MAC{2, 0xaa, byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))}
}

// forgedHSRP is a hello of an active router.
func forgedHSRP(from netip.Addr, group uint16, priority uint8) []byte {
	last := from.As4()[3]
	mac := hello.MAC{2, 0xaa, 0, 0, 0, last}
	env := hello.GroupEnvelope(hello.ProtocolHSRP, 2, from, mac)
	m := hello.HSRP{Version: 2, Op: hello.OpHello, State: hello.Active, Family: hello.IPv4, Group: group, Identifier: mac,
		Priority: priority, HelloTime: attackHello, HoldTime: 254 * time.Second, VirtualIP: attackedIP}
	return hello.AppendFrame(nil, &env, hello.AppendHSRP(nil, &m, &hello.Auth{}, from))
}

// forgedVRRP is an advertisement that would win with the right text.
func forgedVRRP(from netip.Addr) []byte {
	env := hello.GroupEnvelope(hello.ProtocolVRRP, 2, from, hello.MAC{2, 0xaa, 0, 0, 0, from.As4()[3]})
	m := hello.VRRP{Version: 2, VRID: 52, Priority: 254, Family: hello.IPv4, AdverInterval: time.Second,
		VirtualIPs: []netip.Addr{netip.MustParseAddr("192.168.1.3")}}
	return hello.AppendFrame(nil, &env, hello.AppendVRRP(nil, &m, "wrong", hello.MessageOnly, env.Src, env.Dst))
}

// forgedTrailer is an advertisement that would win with the right key.
func forgedTrailer(from netip.Addr) []byte {
	env := hello.GroupEnvelope(hello.ProtocolVRRP, 3, from, hello.MAC{2, 0xaa, 0, 0, 0, from.As4()[3]})
	a := signer.Advert{Version: 3, VRID: 53, Priority: 254, Interval: 100, VirtualIPs: []netip.Addr{netip.MustParseAddr("192.168.1.5")},
		Src: from, Dst: env.Dst, Key: []byte("a passphrase that nobody here has"), KeyID: 1, Time: time.Now().Add(attackTime / 2), Type: 1}
	return hello.AppendFrame(nil, &env, a.Payload())
}

// garbage is anything to the groups of both protocols.
func garbage(r *rand.Rand, n int) []byte {
	p, version := hello.ProtocolHSRP, uint8(1+n/2%2)
	if n%2 == 1 {
		p, version = hello.ProtocolVRRP, 2
	}
	env := hello.GroupEnvelope(p, version, inside4(r), anyMAC(r))
	b := make([]byte, r.IntN(1200))
	for i := range b {
		b[i] = byte(r.IntN(256))
	}
	return hello.AppendFrame(nil, &env, b)
}

// arpFrame is broadcast.
func arpFrame(r *rand.Rand, op garp.Op, sender, target netip.Addr) []byte {
	mac := anyMAC(r)
	from, to := sender.As4(), target.As4()
	return slices.Concat(hello.Broadcast[:], mac[:], []byte{8, 6, 0, 1, 8, 0, 6, 4, 0, byte(op)}, mac[:], from[:], make([]byte, 6), to[:], make([]byte, 18))
}

// lateness returns by how much each frame of a router came later than the interval
// after the one before, least first. What is sent in answer comes early: it counts as 0.
func lateness(frames []netlab.Frame, from hello.MAC, interval time.Duration) (late []time.Duration) {
	var last time.Time
	for _, f := range frames {
		if f.Source() != from {
			continue
		}
		if !last.IsZero() {
			late = append(late, max(0, f.At.Sub(last)-interval))
		}
		last = f.At
	}
	slices.Sort(late)
	return late
}

// heardBy returns what the router has counted of packets, rejected ones included, and
// of questions for its addresses.
func heardBy(g *fhrptest.Gateway) (n uint64) {
	count := func(rejected map[string]uint64) {
		for _, one := range rejected {
			n += one
		}
	}
	st := g.Answer()
	for _, one := range st.Groups {
		n += one.Counters.Received + one.Counters.Answered + one.Counters.Conflicts
		count(one.Counters.Rejected)
	}
	for _, one := range st.Interfaces {
		count(one.Rejected)
	}
	return n
}

// memory returns a value of the daemon's memory in MiB.
func memory(t testing.TB, g *fhrptest.Gateway, name string) float64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", g.PID()))
	must(t, err)
	for line := range strings.Lines(string(b)) {
		var kib float64
		if n, _ := fmt.Sscanf(line, name+": %f kB", &kib); n == 1 {
			return kib / 1024
		}
	}
	t.Fatalf("no %s in /proc/%d/status", name, g.PID())
	return 0
}

func logLines(g *fhrptest.Gateway) int { return strings.Count(g.File("daemon.log"), "\n") }

func milli(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// changesOf returns how often the groups of both have changed their state.
func changesOf(list ...*fhrptest.Gateway) (n int) {
	for _, g := range list {
		for _, one := range g.Answer().Groups {
			n += int(one.Transitions)
		}
	}
	return n
}
