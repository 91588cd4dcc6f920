package census

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

func mac(last byte) hello.MAC { return hello.MAC{2, 0, 0, 0, 0, last} }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// world is a segment whose clock the test moves.
type world struct {
	*Census
	at      time.Time
	segment Segment
}

func newWorld() *world { return &world{Census: New(), at: time.Unix(1e9, 0)} }

func (w *world) hear(frame []byte) {
	w.Add(Frame{Segment: w.segment, At: w.at, Data: frame, ChecksumReady: true})
}

func (w *world) pass(d time.Duration) { w.at = w.at.Add(d) }

// router is one that says the same whenever it is asked to.
type router struct {
	addr   string
	mac    hello.MAC
	h      hello.HSRP
	v      hello.VRRP
	auth   *hello.Auth
	text   string
	ttl    uint8 // 0 = the right one
	change func(payload []byte)
}

func (r router) frame() []byte {
	src := ip(r.addr)
	protocol, version, payload := hello.ProtocolVRRP, r.v.Version, []byte(nil)
	if r.h.Version != 0 {
		protocol, version = hello.ProtocolHSRP, r.h.Version
		payload = hello.AppendHSRP(nil, &r.h, r.auth, src)
	}
	e := hello.GroupEnvelope(protocol, version, src, r.mac)
	if protocol == hello.ProtocolVRRP {
		payload = hello.AppendVRRP(nil, &r.v, r.text, hello.ChecksumUnknown, src, e.Dst)
	}
	if r.ttl != 0 {
		e.TTL = r.ttl
	}
	if r.change != nil {
		r.change(payload)
	}
	return hello.AppendFrame(nil, &e, payload)
}

// hsrpRouter is one of group 10 with the virtual address 192.0.2.1.
func hsrpRouter(host byte, state hello.HSRPState, priority uint8) router {
	r := router{addr: netip.AddrFrom4([4]byte{192, 0, 2, host}).String(), mac: mac(host)}
	r.h = hello.HSRP{Version: 2, State: state, Family: hello.IPv4, Group: 10, Identifier: mac(host), Priority: priority,
		HelloTime: 3 * time.Second, HoldTime: 10 * time.Second, VirtualIP: ip("192.0.2.1")}
	if state == hello.Active {
		r.mac = hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)
	}
	return r
}

// vrrpRouter is one of number 20 with the virtual address 192.0.2.20.
func vrrpRouter(host, priority byte) router {
	r := router{addr: netip.AddrFrom4([4]byte{192, 0, 2, host}).String(), mac: mac(host)}
	r.v = hello.VRRP{Version: 3, VRID: 20, Priority: priority, Family: hello.IPv4, AdverInterval: time.Second, VirtualIPs: []netip.Addr{ip("192.0.2.20")}}
	return r
}

// carpFrame is an advertisement as OpenBSD sends it.
func carpFrame(host, vhid, skew byte) []byte {
	m := make([]byte, 36)
	copy(m, []byte{0x21, vhid, skew, 7, 0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8})
	binary.BigEndian.PutUint16(m[6:], wire.Sum(0).Add(m).Checksum())
	h := wire.Headers{Src: netip.AddrFrom4([4]byte{192, 0, 2, host}), Dst: ip("224.0.0.18"), TTL: 255, TOS: 0x10, Proto: 112,
		SrcMAC: [6]byte{0, 0, 0x5e, 0, 1, vhid}, DstMAC: wire.MulticastMAC(ip("224.0.0.18"))}
	return h.Append(nil, m)
}

// glbpFrame is a Hello in the layout that Wireshark's dissector knows.
func glbpFrame(host byte, group uint16, state, priority byte, auth []byte) []byte {
	m := []byte{1, 0, byte(group >> 8), byte(group), 0, 0, 2, 0, 0, 0, 0, host}
	m = append(m, 1, 28, 0, state, 0, priority, 0, 0)
	m = binary.BigEndian.AppendUint32(m, 3000)
	m = binary.BigEndian.AppendUint32(m, 10000)
	m = append(m, 0x02, 0x58, 0x38, 0x40, 0, 0, 1, 4, 192, 0, 2, 30)
	m = append(m, auth...)
	h := wire.Headers{Src: netip.AddrFrom4([4]byte{192, 0, 2, host}), Dst: ip("224.0.0.102"), TTL: 255, TOS: 0xc0, Proto: wire.ProtoUDP,
		SrcMAC: [6]byte{0, 7, 0xb4, byte(group >> 8), byte(group), 1}, DstMAC: wire.MulticastMAC(ip("224.0.0.102"))}
	return h.AppendUDP(nil, 3222, 3222, m)
}

func claimFrame(t *testing.T, addr string, m hello.MAC) []byte {
	t.Helper()
	return must(garp.Request(ip(addr), m, ip("192.0.2.77")))
}

func addrs(list ...string) []netip.Addr {
	out := []netip.Addr{}
	for _, s := range list {
		out = append(out, ip(s))
	}
	return out
}

func sameAddr(a, b netip.Addr) bool { return a == b }
