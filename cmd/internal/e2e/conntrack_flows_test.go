package e2e

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// flows are TCP connections of the client with a server on the host, which sends
// back what it gets. Each asks again and again until it breaks.
type flows struct {
	p    *translated
	at   string
	mu   sync.Mutex
	list []*flow
	from map[netip.Addr]bool // whom the server has seen
}

// flow is one of them.
type flow struct {
	conn net.Conn
	size int // of a question

	mu      sync.Mutex
	asked   time.Time     // the last question that was answered
	last    time.Time     // its answer
	longest time.Duration // between two answers, since the last event
	err     error
}

const (
	flowPace = 40 * time.Millisecond
	// Those who move much leave the window behind that the other router knows.
	flowSmall, flowLarge, flowLargeEach = 64, 16 << 10, 10
)

// newFlows starts the server.
func newFlows(p *translated) *flows {
	p.t.Helper()
	server, err := p.Host.Listen("tcp", netip.AddrPortFrom(fhrptest.HostIP, 0).String())
	must(p.t, err)
	f := &flows{p: p, at: server.Addr().String(), from: map[netip.Addr]bool{}}
	p.t.Cleanup(func() { server.Close() })
	go func() {
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.from[conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr()] = true
			f.mu.Unlock()
			p.t.Cleanup(func() { conn.Close() })
			go io.Copy(conn, conn)
		}
	}()
	return f
}

// dial opens a connection that asks for nothing yet.
func (f *flows) dial() (net.Conn, error) {
	ctx, cancel := context.WithTimeout(f.p.t.Context(), time.Second)
	defer cancel()
	return f.p.Client.Dial(ctx, "tcp", f.at)
}

// open adds n connections and waits until each has an answer.
func (f *flows) open(n int) {
	f.p.t.Helper()
	for i := range n {
		var conn net.Conn
		f.p.Eventually("a new connection", func() (ok bool) {
			var err error
			conn, err = f.dial()
			return err == nil
		})
		f.p.t.Cleanup(func() { conn.Close() })
		one := &flow{conn: conn, size: flowSmall}
		if i%flowLargeEach == 0 {
			one.size = flowLarge
		}
		f.list = append(f.list, one)
		go one.run(f.p.t.Context())
	}
	f.p.Eventually("an answer on every connection", func() bool { return f.answered(time.Time{}) == len(f.list) })
}

func (f *flow) run(ctx context.Context) {
	question, answer := make([]byte, f.size), make([]byte, f.size)
	tick := time.NewTicker(flowPace)
	defer tick.Stop()
	for {
		asked := time.Now()
		_, err := f.conn.Write(question)
		if err == nil {
			_, err = io.ReadFull(f.conn, answer)
		}
		f.note(asked, time.Now(), err)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func (f *flow) note(asked, now time.Time, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err = err; err != nil {
		return
	}
	if !f.last.IsZero() {
		f.longest = max(f.longest, now.Sub(f.last))
	}
	f.asked, f.last = asked, now
}

// answered counts the connections with an answer to what they asked after a time.
func (f *flows) answered(since time.Time) (n int) {
	for _, one := range f.list {
		one.mu.Lock()
		if one.err == nil && one.asked.After(since) {
			n++
		}
		one.mu.Unlock()
	}
	return n
}

// event plays one, at whose end a gateway serves, and returns how many of the
// connections have answers through it within a time, and the longest time that one
// of those had none.
func (f *flows) event(active *gateway, within time.Duration, play func()) (went int, longest time.Duration) {
	f.p.t.Helper()
	for _, one := range f.list {
		one.mu.Lock()
		one.longest = 0
		one.mu.Unlock()
	}
	play()
	f.p.serves(active)
	end := time.Now()
	for deadline := end.Add(within); f.answered(end) < len(f.list) && time.Now().Before(deadline); {
		fhrptest.Pass(f.p.t, flowPace)
	}
	gaps := []time.Duration{0}
	for _, one := range f.list {
		one.mu.Lock()
		if one.err == nil && one.asked.After(end) {
			went++
			gaps = append(gaps, one.longest)
		}
		one.mu.Unlock()
	}
	return went, slices.Max(gaps)
}

// goOn plays an event that no connection may notice but by a pause.
func (f *flows) goOn(t testing.TB, what string, active *gateway, play func()) {
	t.Helper()
	went, longest := f.event(active, patience, play)
	t.Logf("%-58s %3d of %3d connections went on, longest pause %4d ms", what, went, len(f.list), longest.Milliseconds())
	if went != len(f.list) {
		t.Errorf("%s: %d of %d connections went on: not %s\n%s", what, went, len(f.list), f.stuck(active), f.p.a.Tails())
	}
}

// stuck tells of the connections whose last question has no answer, and how a gateway's
// kernel tracks them.
func (f *flows) stuck(g *gateway) string {
	var entries []*netlink.ConntrackFlow
	err := g.NS.Do(func() (err error) {
		entries, err = netlink.ConntrackTableList(netlink.ConntrackTable, netlink.FAMILY_V4)
		return err
	})
	var out strings.Builder
	for _, one := range f.list {
		one.mu.Lock()
		if time.Since(one.asked) > patience/2 || one.err != nil {
			port := one.conn.LocalAddr().(*net.TCPAddr).Port
			fmt.Fprintf(&out, "port %d, asked %v ago, error %v:", port, time.Since(one.asked).Round(time.Millisecond), one.err)
			for _, e := range entries {
				if int(e.Forward.SrcPort) == port || int(e.Reverse.DstPort) == port {
					fmt.Fprintf(&out, " %v;", e)
				}
			}
		}
		one.mu.Unlock()
	}
	return fmt.Sprintf("%s (%d entries of %s, error %v)", out.String(), len(entries), g.Name, err)
}

// opens waits until a new connection is possible.
func (f *flows) opens() {
	f.p.t.Helper()
	f.p.Eventually("a new connection", func() bool {
		conn, err := f.dial()
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// checkTranslated wants the server to have seen connections from one address alone.
func (f *flows) checkTranslated(want netip.Addr) {
	f.p.t.Helper()
	f.p.Eventually("a connection at the server", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.from) > 0
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.from) != 1 || !f.from[want] {
		f.p.t.Errorf("the server has seen %v, want %s alone", f.from, want)
	}
}

// Flags of a TCP segment, RFC 9293 section 3.1.
const (
	tcpSYN = 1 << 1
	tcpRST = 1 << 2
	tcpACK = 1 << 4
)

// strays sends a TCP segment from the host that is of no connection.
func (p *translated) strays(from, to netip.AddrPort, flags byte) {
	p.t.Helper()
	segment := binary.BigEndian.AppendUint16(nil, from.Port())
	segment = binary.BigEndian.AppendUint16(segment, to.Port())
	segment = binary.BigEndian.AppendUint32(segment, 1<<30) // sequence number
	segment = binary.BigEndian.AppendUint32(segment, 1<<29) // acknowledged
	segment = append(segment, 5<<4, flags, 0xff, 0, 0, 0, 0, 0)
	sum := wire.PseudoHeader(from.Addr(), to.Addr(), unix.IPPROTO_TCP, len(segment)).Add(segment)
	binary.BigEndian.PutUint16(segment[16:], sum.Checksum())
	must(p.t, p.Host.Do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_TCP)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Sendto(fd, segment, 0, &unix.SockaddrInet4{Addr: to.Addr().As4()})
	}))
}

// resetFrom returns the port that a TCP reset from an address is of, 0 for other frames.
func resetFrom(frame []byte, a netip.Addr) uint16 {
	const ip, tcp = 14, 34 // without IP options, which a reset has not
	src := a.As4()
	if len(frame) < tcp+20 || binary.BigEndian.Uint16(frame[12:]) != unix.ETH_P_IP || frame[ip+9] != unix.IPPROTO_TCP ||
		!slices.Equal(frame[ip+12:ip+16], src[:]) || frame[tcp+13]&tcpRST == 0 {
		return 0
	}
	return binary.BigEndian.Uint16(frame[tcp:])
}
