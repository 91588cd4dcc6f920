package e2e

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

func source(f netlab.Frame) hello.MAC { return hello.MAC(f.Data[6:12]) }

// since returns the frames that the gateway sent at or after a time.
func (g *gateway) since(at time.Time) []netlab.Frame {
	return slices.DeleteFunc(g.wire.Frames(), func(f netlab.Frame) bool { return f.At.Before(at) })
}

// from counts the frames with this source MAC.
func from(mac hello.MAC, frames []netlab.Frame) int {
	n := 0
	for _, f := range frames {
		if source(f) == mac {
			n++
		}
	}
	return n
}

// said puts frames into words, leaving out what is neither of the protocols
// nor a gratuitous ARP. vmac is called "virtual"; other MACs are "real".
func said(vmac hello.MAC, frames []netlab.Frame) []string {
	var list []string
	for _, f := range frames {
		if s := words(vmac, f); s != "" {
			list = append(list, s)
		}
	}
	return list
}

func words(vmac hello.MAC, f netlab.Frame) string {
	name := func(m hello.MAC) string {
		switch m {
		case vmac:
			return "virtual"
		case hello.Broadcast:
			return "everybody"
		case garp.CiscoMulticast:
			return "01:00:0c:cd:cd:cd"
		}
		return "real"
	}
	if s := message(f.Data); s != "" {
		return name(source(f)) + ": " + s
	}
	h, a, err := garp.ParseARP(f.Data)
	if err != nil || !a.IsGratuitous() {
		return ""
	}
	return fmt.Sprintf("%s: arp %s %s is-at %s to %s", name(h.Src), a.Op, a.SenderIP, name(a.SenderMAC), name(h.Dst))
}

// message names an HSRP or VRRP message, "" for anything else.
func message(frame []byte) string {
	var e hello.Envelope
	payload, err := hello.ParseFrame(frame, &e, true)
	if err != nil {
		return ""
	}
	if e.Protocol == hello.ProtocolVRRP {
		var p hello.VRRPPacket
		if p.Parse(payload, e.Src, e.Dst) != nil {
			return ""
		}
		return fmt.Sprintf("vrrp priority %d", p.VRRP.Priority)
	}
	var p hello.HSRPPacket
	if p.Parse(payload) != nil {
		return ""
	}
	if p.IsAdvertise {
		return "interface state"
	}
	return fmt.Sprintf("%s %s", strings.ToLower(p.HSRP.Op.String()), p.HSRP.State)
}

// waitFor waits until the gateway has said something and returns that frame.
func (g *gateway) waitFor(at time.Time, vmac hello.MAC, text string) netlab.Frame {
	g.l.t.Helper()
	f, err := g.wire.WaitFor(func(f netlab.Frame) bool { return !f.At.Before(at) && words(vmac, f) == text }, patience)
	if err != nil {
		heard := said(vmac, g.since(at))
		g.l.t.Fatalf("%s did not say %q: %v\nit said %q\n%s", g.Name, text, err, heard[:min(len(heard), 30)], g.Tail())
	}
	return f
}

// inject puts a frame on the cable behind a port of the switch, so that only
// the node at its end gets it.
func (l *lan) inject(port string, frame []byte) {
	l.t.Helper()
	l.Send(l.Switch, port, frame)
}

const probePort = 7777

// probe is a numbered datagram from the client to the host beyond the
// gateways, addressed to dst on the client's side.
func probe(dst hello.MAC, number uint32) []byte {
	ip := make([]byte, 20, 32)
	ip[0], ip[8], ip[9] = 0x45, 64, unix.IPPROTO_UDP
	binary.BigEndian.PutUint16(ip[2:], 32)
	copy(ip[12:], clientIP.AsSlice())
	copy(ip[16:], hostIP.AsSlice())
	var sum uint32
	for i := 0; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(ip[10:], ^uint16(sum))
	udp := binary.BigEndian.AppendUint16(nil, probePort)
	udp = binary.BigEndian.AppendUint16(udp, probePort)
	udp = binary.BigEndian.AppendUint16(udp, 12)
	udp = binary.BigEndian.AppendUint16(udp, 0) // no checksum, RFC 768
	udp = binary.BigEndian.AppendUint32(udp, number)
	return slices.Concat(dst[:], fhrptest.ClientMAC[:], []byte{8, 0}, ip, udp)
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
