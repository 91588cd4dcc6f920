package e2e

import (
	"encoding/binary"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// match is a condition on frames.
type match = func(netlab.Frame) bool

func from(mac hello.MAC) match { return func(f netlab.Frame) bool { return f.Source() == mac } }

// count returns how many frames match.
func count(frames []netlab.Frame, m match) (n int) {
	for _, f := range frames {
		if m(f) {
			n++
		}
	}
	return n
}

// anything is a condition that every frame meets.
func anything(netlab.Frame) bool { return true }

// arp returns a condition on ARP packets.
func arp(m func(garp.ARP) bool) match {
	return func(f netlab.Frame) bool {
		_, a, err := garp.ParseARP(f.Data)
		return err == nil && m(a)
	}
}

// claims reports whether somebody says in a frame that it is active.
func claims(f netlab.Frame) bool {
	m := fhrptest.Message(f)
	return m == "hello Active" || strings.HasPrefix(m, "vrrp")
}

// inject puts a frame on the cable behind a port of the switch, so that only
// the node at its end gets it.
func (l *lan) inject(port string, frame []byte) { l.t.Helper(); must(l.t, l.Switch.Send(port, frame)) }

const probePort = 7777

// probe is a numbered datagram from the client to the host beyond the
// gateways, addressed to dst on the client's side.
func probe(dst hello.MAC, number uint32) []byte {
	ip := make([]byte, 20, 32)
	ip[0], ip[8], ip[9] = 0x45, 64, unix.IPPROTO_UDP
	binary.BigEndian.PutUint16(ip[2:], 32)
	copy(ip[12:], fhrptest.ClientIP.AsSlice())
	copy(ip[16:], fhrptest.HostIP.AsSlice())
	binary.BigEndian.PutUint16(ip[10:], internetSum(ip))
	udp := binary.BigEndian.AppendUint16(nil, probePort)
	udp = binary.BigEndian.AppendUint16(udp, probePort)
	udp = binary.BigEndian.AppendUint16(udp, 12)
	udp = binary.BigEndian.AppendUint16(udp, 0) // no checksum, RFC 768
	udp = binary.BigEndian.AppendUint32(udp, number)
	return slices.Concat(dst[:], fhrptest.ClientMAC[:], []byte{8, 0}, ip, udp)
}

// internetSum is the checksum of RFC 1071 over an even number of bytes.
func internetSum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 0; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// probeNumber returns the number of a probe.
func probeNumber(frame []byte) (uint32, bool) {
	const head = 14 + 20
	if len(frame) < head+12 || frame[12] != 8 || frame[13] != 0 || frame[14+9] != unix.IPPROTO_UDP ||
		binary.BigEndian.Uint16(frame[head+2:]) != probePort {
		return 0, false
	}
	return binary.BigEndian.Uint32(frame[head+8:]), true
}

// forwarded counts how often each probe has arrived at the host.
func (l *lan) forwarded() map[uint32]int {
	count := map[uint32]int{}
	for _, f := range l.hostSide.Frames() {
		n, _ := probeNumber(f.Data)
		count[n]++
	}
	return count
}

// forwards reports whether a gateway passes on a frame for vmac that only it
// gets. Silence is proven by a probe to its real MAC that arrives after it.
func (l *lan) forwards(g *gateway, vmac hello.MAC) bool {
	l.t.Helper()
	l.number32 += 2
	asked, after := l.number32-1, l.number32
	l.inject(g.Name, probe(vmac, asked))
	l.inject(g.Name, probe(g.MAC, after))
	l.Eventually("a probe through "+g.Name+"'s real MAC", func() bool { return l.forwarded()[after] > 0 })
	return l.forwarded()[asked] > 0
}
