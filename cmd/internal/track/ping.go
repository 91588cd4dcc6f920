package track

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// echo is what differs between the families.
type echo struct {
	ask, answer      icmp.Type
	datagram, raw    string
	unspecified      string
	acceptOnlyAnswer func(*icmp.PacketConn) error
}

var (
	echo4 = echo{
		ipv4.ICMPTypeEcho, ipv4.ICMPTypeEchoReply, "udp4", "ip4:icmp", "0.0.0.0",
		func(c *icmp.PacketConn) error {
			var f ipv4.ICMPFilter
			f.SetAll(true)
			f.Accept(ipv4.ICMPTypeEchoReply)
			return c.IPv4PacketConn().SetICMPFilter(&f)
		},
	}
	echo6 = echo{
		ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply, "udp6", "ip6:ipv6-icmp", "::",
		func(c *icmp.PacketConn) error {
			var f ipv6.ICMPFilter
			f.SetAll(true)
			f.Accept(ipv6.ICMPTypeEchoReply)
			return c.IPv6PacketConn().SetICMPFilter(&f)
		},
	}
)

// pingCheck is up while addr answers echo requests (RFC 792, RFC 4443
// section 4). Each check has a socket of its own, so that changed routes, rights
// or namespaces need no care.
func pingCheck(addr netip.Addr, timeout time.Duration) check {
	e := echo4
	if addr.Is6() {
		e = echo6
	}
	seq := 0
	return answered("ping", addr.String(), timeout, func(ctx context.Context) (string, error) {
		seq++
		return addr.String() + " answered", e.ping(ctx, addr, seq)
	})
}

func (e *echo) ping(ctx context.Context, addr netip.Addr, seq int) error {
	conn, datagram, err := e.listen()
	if err != nil {
		return err
	}
	defer conn.Close()
	defer endWith(ctx, conn)()
	// The payload identifies the answer: the kernel chooses the identifier of a
	// datagram socket, and other programs may use ours.
	nonce := make([]byte, 16)
	rand.Read(nonce)
	m := icmp.Message{Type: e.ask, Body: &icmp.Echo{ID: os.Getpid() & 0xffff, Seq: seq, Data: nonce}}
	b, err := m.Marshal(nil) // the kernel fills in the ICMPv6 checksum
	if err != nil {
		return err
	}
	to, err := endpoint(addr, datagram)
	if err != nil {
		return err
	}
	if _, err := conn.WriteTo(b, to); err != nil {
		return bare(err)
	}
	return e.await(conn, addr, nonce)
}

// listen opens a datagram socket, which needs no capability where the sysctl
// allows it and hears nothing but its own answers, or else a raw one.
func (e *echo) listen() (conn *icmp.PacketConn, datagram bool, err error) {
	if conn, err = icmp.ListenPacket(e.datagram, e.unspecified); err == nil {
		return conn, true, nil
	}
	conn, err = icmp.ListenPacket(e.raw, e.unspecified)
	if errors.Is(err, os.ErrPermission) {
		return nil, false, fmt.Errorf("open a socket: %w (needs CAP_NET_RAW, or the group in sysctl net.ipv4.ping_group_range)", bare(err))
	}
	if err != nil {
		return nil, false, fmt.Errorf("open a socket: %w", bare(err))
	}
	if err := e.acceptOnlyAnswer(conn); err != nil {
		conn.Close()
		return nil, false, fmt.Errorf("filter echo replies: %w", bare(err))
	}
	return conn, false, nil
}

func (e *echo) await(conn *icmp.PacketConn, addr netip.Addr, nonce []byte) error {
	buf := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return err
		}
		m, err := icmp.ParseMessage(e.answer.Protocol(), buf[:n])
		if err != nil || m.Type != e.answer || sender(from) != addr.WithZone("") {
			continue
		}
		if body, ok := m.Body.(*icmp.Echo); ok && bytes.Equal(body.Data, nonce) {
			return nil
		}
	}
}

// endpoint is addr as the socket wants it. The zone becomes a number here,
// because package net remembers for a minute which interface had a name.
func endpoint(addr netip.Addr, datagram bool) (net.Addr, error) {
	zone := addr.Zone()
	if zone != "" {
		ifi, err := net.InterfaceByName(zone)
		if err != nil {
			return nil, fmt.Errorf("find interface %s: %w", zone, bare(err))
		}
		zone = strconv.Itoa(ifi.Index)
	}
	if datagram {
		return &net.UDPAddr{IP: addr.AsSlice(), Zone: zone}, nil
	}
	return &net.IPAddr{IP: addr.AsSlice(), Zone: zone}, nil
}

// sender is the address that an answer came from, without its zone.
func sender(from net.Addr) netip.Addr {
	var ip net.IP
	switch a := from.(type) {
	case *net.UDPAddr:
		ip = a.IP
	case *net.IPAddr:
		ip = a.IP
	}
	addr, _ := netip.AddrFromSlice(ip)
	return addr.Unmap()
}
