package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

const (
	streamPort  = 9          // the discard service
	streamMagic = 0x66687270 // "fhrp"
	streamSize  = 4 + 8
)

// startSender starts to send numbered datagrams from the client to the host at a
// fixed pace. stop ends that and returns when each was sent, by number.
func startSender(ctx context.Context, client *netlab.NS, to netip.Addr, rate time.Duration) (stop func() []time.Time, err error) {
	conn, err := client.Dial(ctx, "udp", netip.AddrPortFrom(to, streamPort).String())
	if err != nil {
		return nil, fmt.Errorf("open the client's socket: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	sent := make(chan []time.Time, 1)
	go func() {
		defer conn.Close()
		sent <- send(ctx, conn, rate)
	}()
	return func() []time.Time {
		cancel()
		return <-sent
	}, nil
}

// send keeps to the schedule. A sender that was held up catches up, so that the
// number of a datagram tells its time.
func send(ctx context.Context, conn net.Conn, rate time.Duration) (sent []time.Time) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	buf := make([]byte, streamSize)
	binary.BigEndian.PutUint32(buf, streamMagic)
	next := time.Now()
	for seq := uint64(0); ctx.Err() == nil; seq++ {
		time.Sleep(time.Until(next))
		next = next.Add(rate)
		binary.BigEndian.PutUint64(buf[4:], seq)
		sent = append(sent, time.Now())
		// A datagram that is refused, as without a link or a neighbour, is lost.
		_, _ = conn.Write(buf)
	}
	return sent
}

// receiver captures the datagrams on the host's interface, where the MAC shows
// which router forwarded each.
type receiver struct {
	capture *netlab.Capture
	sink    net.PacketConn // keeps the kernel from answering "port unreachable"
}

func startReceiver(host *netlab.NS, limit int) (*receiver, error) {
	sink, err := host.ListenPacket("udp", fmt.Sprintf(":%d", streamPort))
	if err != nil {
		return nil, fmt.Errorf("open the host's socket: %w", err)
	}
	c, err := host.Capture(lanDev, netlab.CaptureOptions{Limit: limit, Keep: func(f netlab.Frame) bool {
		_, ok := streamSeq(f.Data)
		return ok && !f.Sent
	}})
	if err != nil {
		return nil, errors.Join(err, sink.Close())
	}
	return &receiver{c, sink}, nil
}

func (r *receiver) close() { _, _ = r.capture.Close(), r.sink.Close() }

// arrivals returns what arrived so far, in order.
func (r *receiver) arrivals() []arrival {
	frames := r.capture.Frames()
	list := make([]arrival, 0, len(frames))
	for _, f := range frames {
		seq, _ := streamSeq(f.Data)
		list = append(list, arrival{seq: seq, at: f.At, via: forwarder(f.Data)})
	}
	return list
}

// streamSeq returns the number of a datagram of the stream in an Ethernet frame.
func streamSeq(frame []byte) (uint64, bool) {
	var p wire.Packet
	if !p.Parse(frame) || p.Proto != wire.ProtoUDP || len(p.Payload) < wire.UDPHeader+streamSize {
		return 0, false
	}
	b := p.Payload[wire.UDPHeader:]
	if binary.BigEndian.Uint32(b) != streamMagic {
		return 0, false
	}
	return binary.BigEndian.Uint64(b[4:]), true
}

// forwarder returns the router whose far interface sent a frame.
func forwarder(b []byte) string {
	for name, a := range coreAt {
		if hello.MAC(b[6:12]) == a.mac {
			return name
		}
	}
	return ""
}

// arrival is a datagram that reached the host.
type arrival struct {
	seq uint64
	at  time.Time
	via string // gw1 or gw2
}

// account is what became of the datagrams.
type account struct {
	Sent       int
	Lost       int
	Duplicated int           // copies beyond the first
	Outage     time.Duration // longest run of lost datagrams, from the first lost to the first that arrived again
	From, To   time.Time     // of that run; zero when none was lost
	Open       bool          // nothing arrived after it: the outage is at least that long
	WorstDelay time.Duration // longest time on the way
	Stall      time.Duration // longest time by which sending fell behind its pace
	Healthy    bool          // the last twentieth of the stream arrived whole
}

// account returns what became of the datagrams of a run.
func (r record) account() account { return newAccount(r.sent, r.arrivals, r.plan.rate) }

// newAccount compares what was sent, by number, with what arrived.
func newAccount(sent []time.Time, arrivals []arrival, pace time.Duration) account {
	a := account{Sent: len(sent)}
	copies := make([]int, len(sent))
	for _, r := range arrivals {
		if r.seq >= uint64(len(sent)) {
			continue
		}
		copies[r.seq]++
		a.WorstDelay = max(a.WorstDelay, r.at.Sub(sent[r.seq]))
	}
	for _, n := range copies {
		a.Duplicated += max(0, n-1)
	}
	a.findOutage(sent, copies, pace)
	for i := 1; i < len(sent); i++ {
		a.Stall = max(a.Stall, sent[i].Sub(sent[i-1])-pace)
	}
	end := copies[len(copies)-len(copies)/20:]
	a.Healthy = len(end) > 0 && !slices.Contains(end, 0)
	return a
}

func (a *account) findOutage(sent []time.Time, copies []int, pace time.Duration) {
	first := 0 // of a run of lost ones
	for i, n := range copies {
		if n > 0 {
			first = i + 1
			continue
		}
		a.Lost++
		to := sent[i].Add(pace) // when no other follows
		if i+1 < len(sent) {
			to = sent[i+1]
		}
		if d := to.Sub(sent[first]); d > a.Outage {
			a.Outage, a.From, a.To, a.Open = d, sent[first], to, i+1 == len(sent)
		}
	}
}
