package interop

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// probePace is the time between two echo requests: the resolution of what is
// measured.
const probePace = 10 * time.Millisecond

// probe is a client that keeps talking to an address.
type probe struct {
	conn  net.PacketConn
	to    netip.Addr
	proto int
	ask   icmp.Type
	reply icmp.Type

	mu       sync.Mutex
	sent     []time.Time // by number
	answered []bool
}

// startProbe starts the client; it stops with the test.
func startProbe(t testing.TB, client *netlab.NS, to netip.Addr) *probe {
	t.Helper()
	p := &probe{to: to, proto: 1, ask: ipv4.ICMPTypeEcho, reply: ipv4.ICMPTypeEchoReply}
	network, any := "ip4:icmp", "0.0.0.0"
	if to.Is6() {
		p.proto, p.ask, p.reply = 58, ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply
		network, any = "ip6:ipv6-icmp", "::"
	}
	conn, err := client.ListenPacket(network, any)
	must(t, err)
	p.conn = conn
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { p.send(ctx) })
	work.Go(p.receive)
	t.Cleanup(func() { cancel(); conn.Close(); work.Wait() })
	return p
}

func (p *probe) send(ctx context.Context) {
	tick := time.NewTicker(probePace)
	defer tick.Stop()
	for ctx.Err() == nil {
		p.mu.Lock()
		n := len(p.sent)
		p.sent, p.answered = append(p.sent, time.Now()), append(p.answered, false)
		p.mu.Unlock()
		b, err := (&icmp.Message{Type: p.ask, Body: &icmp.Echo{ID: n >> 16, Seq: n & 0xffff}}).Marshal(nil)
		if err != nil {
			return
		}
		// A refused request, for want of a neighbour, is a lost one.
		_, _ = p.conn.WriteTo(b, &net.IPAddr{IP: p.to.AsSlice()})
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

func (p *probe) receive() {
	buf := make([]byte, 1500)
	for {
		n, from, err := p.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		m, err := icmp.ParseMessage(p.proto, buf[:n])
		ip, ok := from.(*net.IPAddr)
		if err != nil || !ok || m.Type != p.reply || !ip.IP.Equal(p.to.AsSlice()) {
			continue
		}
		if e, ok := m.Body.(*icmp.Echo); ok {
			p.note(e.ID<<16 | e.Seq)
		}
	}
}

func (p *probe) note(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n < len(p.answered) {
		p.answered[n] = true
	}
}

// mark returns the number of the next request.
func (p *probe) mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sent)
}

// at returns when request n was sent; now where that is still to come.
func (p *probe) at(n int) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n < len(p.sent) {
		return p.sent[n]
	}
	return time.Now()
}

// flows reports whether five requests in a row, from number n on, have been
// answered.
func (p *probe) flows(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	run := 0
	for _, ok := range p.answered[min(n, len(p.answered)):] {
		if run++; !ok {
			run = 0
		}
		if run >= 5 {
			return true
		}
	}
	return false
}

// gap returns the longest time from a lost request to the next answered one,
// of the requests from number n on. Requests since the last answer are still on
// their way.
func (p *probe) gap(n int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var longest time.Duration
	lost := -1
	for i := n; i < len(p.sent); i++ {
		switch {
		case !p.answered[i] && lost < 0:
			lost = i
		case p.answered[i] && lost >= 0:
			longest = max(longest, p.sent[i].Sub(p.sent[lost]))
			lost = -1
		}
	}
	return longest
}
