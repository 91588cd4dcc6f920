package chaos

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/sock"
)

// attacks are what a host of the segment sends as fast as it can. The frames of
// an attack differ in what it costs nothing to forge.
var attacks = []struct {
	name   string
	groups int // of the router
	frame  func(n int) []byte
}{
	{"hellos of a worse active router", 1, func(n int) []byte { return hostile(n%100, 1, hello.OpHello, "cisco") }},
	{"hellos of a worse active router of many groups", 70, func(n int) []byte { return hostile(n%100, uint16(1+n%70), hello.OpHello, "cisco") }},
	{"coups and resigns", 1, func(n int) []byte { return hostile(n%100, 1, hello.OpCoup+hello.Op(n%2), "cisco") }},
	{"hellos with a guessed secret", 1, func(n int) []byte { return hostile(n, 1, hello.OpHello, "guess") }},
	{"hellos of other groups", 1, func(n int) []byte { return hostile(n, uint16(2000+n%2000), hello.OpHello, "cisco") }},
	{"hellos from elsewhere", 1, func(n int) []byte { return hostile(100+n, 1, hello.OpHello, "cisco") }},
}

// hostile is a message of an active router of the lowest priority. The first
// hundred senders are of the segment.
func hostile(from int, group uint16, op hello.Op, text string) []byte {
	mac := hello.MAC{2, 0xee, byte(from >> 24), byte(from >> 16), byte(from >> 8), byte(from)}
	src := netip.AddrFrom4([4]byte{10, byte(from >> 16), byte(from >> 8), byte(from)})
	if from < 100 {
		src = netip.AddrFrom4([4]byte{192, 168, 1, byte(202 + from%50)})
	}
	env := hello.GroupEnvelope(hello.ProtocolHSRP, 2, src, mac)
	auth, _ := hello.TextAuth(text)
	m := &hello.HSRP{
		Version: 2, Op: op, State: hello.Active, Family: hello.IPv4, Group: group, Identifier: mac, Priority: 1,
		HelloTime: 3 * time.Second, HoldTime: 240 * time.Second, VirtualIP: netip.MustParseAddr("192.168.1.1"),
	}
	return hello.AppendFrame(nil, &env, hello.AppendHSRP(nil, m, &auth, src))
}

// Limits of what an attack may do. A machine that is busy with the attacker and
// with other tests is slow as well: what it was late by is added.
const (
	attackLasts  = 1500 * time.Millisecond
	attackFrames = 1_000_000 // at most
	attackHello  = 200 * time.Millisecond
	attackLate   = 150 * time.Millisecond // a hello, beyond its interval
	attackLines  = 40                     // of the log
)

// TestFloodDelaysNoHello measures how late the hellos of an active router are
// while somebody floods its segment.
func TestFloodDelaysNoHello(t *testing.T) {
	for _, attack := range attacks {
		t.Run(attack.name, func(t *testing.T) {
			fhrptest.Steady(t, fhrptest.Limits{Ordinary: 100 * time.Millisecond}, func(t testing.TB) {
				l := fhrptest.NewLAN(t, fhrptest.Plan{Gateways: []string{"a"}})
				a := l.Gateways[0]
				wire := hellosOf(t, a)
				a.Start(attacked(attack.groups))
				a.WaitAll("Active")
				lines := strings.Count(a.File("daemon.log"), "\n")
				began := time.Now()
				sent := flood(t, l, attack.frame)
				lasted := time.Since(began)
				worst := longestSilence(wire.Frames(), began)
				lines = strings.Count(a.File("daemon.log"), "\n") - lines
				t.Logf("%d packets in %v, %.0f a second; longest time between hellos %v, %d log lines", sent, lasted.Round(time.Millisecond),
					float64(sent)/lasted.Seconds(), worst.Round(time.Millisecond), lines)
				if worst > attackHello+attackLate {
					t.Errorf("no hello for %v at a hello time of %v; the capture lost %d frames", worst, attackHello, wire.Dropped())
				}
				if lines > attackLines {
					t.Errorf("%d log lines", lines)
				}
				if st := a.Group("hsrp:eth0:1").State; st != "Active" {
					t.Errorf("the router is in %s", st)
				}
			})
		})
	}
}

// hellosOf captures the hellos of a router's first group as they come out of it.
func hellosOf(t testing.TB, g *fhrptest.Gateway) *netlab.Capture {
	t.Helper()
	c, err := g.LAN.Switch.Capture(g.Name, netlab.CaptureOptions{Arriving: true, Keep: func(f netlab.Frame) bool {
		var env hello.Envelope
		var p hello.HSRPPacket
		payload, err := hello.ParseFrame(f.Data, &env, true)
		return err == nil && env.Src == g.IP && p.Parse(payload) == nil && p.HSRP.Op == hello.OpHello && p.HSRP.Group == 1
	}})
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// attacked is the configuration of a router with so many groups.
func attacked(groups int) string {
	var b strings.Builder
	for n := range groups {
		fmt.Fprintf(&b, "[[hsrp]]\ninterface = \"eth0\"\ngroup = %d\nvirtual_ips = [\"192.168.1.%d\"]\npriority = 200\npreempt = true\nhello = %q\nhold = %q\n",
			n+1, n+20, attackHello, 3*attackHello)
	}
	return b.String()
}

// flood sends the frames of an attack from the client as fast as the kernel takes
// them, and returns how many.
func flood(t testing.TB, l *fhrptest.LAN, frame func(int) []byte) (sent int) {
	t.Helper()
	var s *sock.Socket
	must(t, l.Client.Do(func() (err error) {
		ifi, err := net.InterfaceByName(fhrptest.LANDev)
		if err == nil {
			s, err = sock.Open(ifi, 0)
		}
		return err
	}))
	defer s.Close()
	var batches [32][][]byte
	for n := range batches {
		for i := range 512 {
			batches[n] = append(batches[n], frame(n*512+i))
		}
	}
	for end, n := time.Now().Add(attackLasts), 0; sent < attackFrames && time.Now().Before(end); n++ {
		unsent, _ := s.Send(batches[n%len(batches)])
		sent += len(batches[0]) - len(unsent)
	}
	return sent
}

// longestSilence is the longest time without a frame, from a moment on.
func longestSilence(frames []netlab.Frame, since time.Time) (longest time.Duration) {
	frames = slices.DeleteFunc(frames, func(f netlab.Frame) bool { return f.At.Before(since.Add(-attackHello)) })
	for n := 1; n < len(frames); n++ {
		longest = max(longest, frames[n].At.Sub(frames[n-1].At))
	}
	return longest
}
