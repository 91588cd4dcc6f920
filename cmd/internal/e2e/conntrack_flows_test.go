package e2e

import (
	"context"
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

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
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

// stuck tells of the connections whose last question has no answer, and how the
// kernel of a gateway tracks them.
func (f *flows) stuck(g *gateway) string {
	entries, err := g.NS.Netlink().ConntrackTableList(netlink.ConntrackTable, netlink.FAMILY_V4)
	var out strings.Builder
	for _, one := range f.list {
		one.mu.Lock()
		if time.Since(one.asked) > patience/2 || one.err != nil {
			port := one.conn.LocalAddr().(*net.TCPAddr).Port
			fmt.Fprintf(&out, "port %d, asked %v ago, error %v:", port, time.Since(one.asked).Round(time.Millisecond), one.err)
			for _, e := range entries {
				if int(e.Forward.SrcPort) == port || int(e.Reverse.DstPort) == port {
					fmt.Fprintf(&out, " %v %v %v;", e, e.ProtoInfo, e.Mark)
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
