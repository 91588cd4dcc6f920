package fhrptest

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// Datagrams is what became of numbered datagrams that the client has sent to the host,
// one each millisecond.
type Datagrams struct {
	Sent          int
	Lost, Doubled []uint64      // by number
	Outage        time.Duration // the longest time from a lost one to the next that came
}

// datagramPort is that of the discard service.
const datagramPort = 9

// Datagrams has the client send to an address of the host until stop is called.
func (l *LAN) Datagrams(host netip.Addr) (stop func() Datagrams) {
	l.T.Helper()
	var sink net.PacketConn
	var err error
	l.Eventually("a port that a program being started still has", func() bool {
		sink, err = l.Host.ListenPacket("udp", fmt.Sprintf(":%d", datagramPort))
		return err == nil
	})
	number := func(f netlab.Frame) (n uint64, ok bool) {
		var p wire.Packet
		if !p.Parse(f.Data) || p.Proto != wire.ProtoUDP || p.Dst != host || len(p.Payload) != wire.UDPHeader+8 {
			return 0, false
		}
		return binary.BigEndian.Uint64(p.Payload[wire.UDPHeader:]), true
	}
	seen := l.Capture(l.Host, LANDev, func(f netlab.Frame) bool { _, ok := number(f); return ok && !f.Sent })
	conn, err := l.Client.Dial(l.T.Context(), "udp", netip.AddrPortFrom(host, datagramPort).String())
	Must(l.T, err)
	end, ended := make(chan struct{}), make(chan []time.Time)
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		var sent []time.Time
		for {
			select {
			case <-end:
				ended <- sent
				return
			case <-tick.C:
			}
			_, _ = conn.Write(binary.BigEndian.AppendUint64(nil, uint64(len(sent)))) // one that is refused is lost
			sent = append(sent, time.Now())
		}
	}()
	return func() Datagrams {
		close(end)
		sent := <-ended
		_, _ = seen.WaitFor(func(f netlab.Frame) bool { n, _ := number(f); return n+1 == uint64(len(sent)) }, time.Second)
		copies := make([]int, len(sent))
		for _, f := range seen.Frames() {
			if n, _ := number(f); n < uint64(len(copies)) {
				copies[n]++
			}
		}
		seen.Close()
		conn.Close()
		sink.Close()
		return account(sent, copies)
	}
}

// account sorts datagrams by how many copies of each came.
func account(sent []time.Time, copies []int) Datagrams {
	d, first := Datagrams{Sent: len(sent)}, 0 // of a run of lost ones
	for n, c := range copies {
		switch {
		case c == 0:
			d.Lost = append(d.Lost, uint64(n))
			continue
		case c > 1:
			d.Doubled = append(d.Doubled, uint64(n))
		}
		if first < n {
			d.Outage = max(d.Outage, sent[n].Sub(sent[first]))
		}
		first = n + 1
	}
	if last := len(sent) - 1; first <= last {
		d.Outage = max(d.Outage, sent[last].Sub(sent[first]))
	}
	return d
}
