package track

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/mdlayher/packet"
	"github.com/vishvananda/netlink"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
	"github.com/fhrpd/fhrpd/hello/wire/filter"
)

// arpCheck is up while addr answers ARP requests. Unlike a ping it does not
// depend on routes, and hosts answer it whatever their firewall says.
func arpCheck(addr netip.Addr, timeout time.Duration) check {
	return answered("ask for", addr.String(), timeout, func(ctx context.Context) (string, error) {
		mac, err := askARP(ctx, addr)
		return fmt.Sprintf("%s is at %s, answered", addr, mac), err
	})
}

func askARP(ctx context.Context, addr netip.Addr) (hello.MAC, error) {
	from, err := sourceFor(addr)
	if err != nil {
		return hello.MAC{}, err
	}
	question, err := garp.Request(from.ip, from.mac, addr)
	if err != nil {
		return hello.MAC{}, err
	}
	conn, err := packet.Listen(from.iface, packet.Raw, wire.EtherTypeARP, &packet.Config{Filter: repliesOf(addr)})
	if err != nil {
		return hello.MAC{}, fmt.Errorf("open a packet socket on %s: %w", from.iface.Name, bare(err))
	}
	defer conn.Close()
	defer endWith(ctx, conn)()
	if _, err := conn.WriteTo(question, &packet.Addr{HardwareAddr: hello.Broadcast.HardwareAddr()}); err != nil {
		return hello.MAC{}, fmt.Errorf("send on %s: %w", from.iface.Name, bare(err))
	}
	return awaitARP(conn, addr, from)
}

func awaitARP(conn *packet.Conn, addr netip.Addr, from source) (hello.MAC, error) {
	buf := make([]byte, 128)
	for {
		n, _, err := conn.ReadFrom(buf)
		if err != nil {
			return hello.MAC{}, fmt.Errorf("listen on %s: %w", from.iface.Name, bare(err))
		}
		_, a, err := garp.ParseARP(buf[:n])
		if err == nil && a.Op == garp.OpReply && a.SenderIP == addr && a.TargetIP == from.ip && a.TargetMAC == from.mac {
			return a.SenderMAC, nil
		}
	}
}

// source is where a question comes from.
type source struct {
	iface *net.Interface
	ip    netip.Addr
	mac   hello.MAC
}

// sourceFor asks the kernel through which interface and from which address it
// would reach addr, which has to be on a network of that interface.
func sourceFor(addr netip.Addr) (source, error) {
	routes, err := netlink.RouteGet(addr.AsSlice())
	if err != nil {
		return source{}, fmt.Errorf("find the way: %w", bare(err))
	}
	if len(routes) == 0 {
		return source{}, errors.New("no route")
	}
	r := routes[0]
	if r.Type == unix.RTN_LOCAL {
		return source{}, errors.New("it is an address of this router")
	}
	iface, err := net.InterfaceByIndex(r.LinkIndex)
	if err != nil {
		return source{}, fmt.Errorf("find its interface: %w", bare(err))
	}
	if gw, ok := netip.AddrFromSlice(r.Gw); ok {
		return source{}, fmt.Errorf("it is not on a connected network but behind %s on %s", gw.Unmap(), iface.Name)
	}
	ip, _ := netip.AddrFromSlice(r.Src)
	mac := hello.MACFrom(iface.HardwareAddr)
	if mac.IsZero() {
		return source{}, fmt.Errorf("interface %s has no MAC", iface.Name)
	}
	return source{iface: iface, ip: ip.Unmap(), mac: mac}, nil
}

// repliesOf lets through the ARP replies of addr. On a busy segment nothing else
// should wake the process.
func repliesOf(addr netip.Addr) []bpf.RawInstruction {
	const opAt, senderAt = wire.EthernetHeader + 6, wire.EthernetHeader + 14 // RFC 826
	ip := addr.As4()
	var p filter.Program
	p.Load(opAt, 2)
	p.Unless(uint32(garp.OpReply), filter.Refuse)
	p.Load(senderAt, 4)
	p.Only(binary.BigEndian.Uint32(ip[:]))
	return p.Assemble(128)
}
