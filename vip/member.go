package vip

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/hello/wire"
)

// joinsPerSocket stays below what the default option memory of a socket
// (net.core.optmem_max) has room for.
const joinsPerSocket = 2000

// memberships are the multicast groups that we joined on one interface. The
// sockets never receive: they make the kernel send MLD reports.
type memberships struct {
	index  int
	socks  []memberSocket
	groups map[netip.Addr]*membership
}

type memberSocket struct{ fd, joins int }

type membership struct{ sock, users int }

// join joins the solicited-node group of a, once for all addresses that share
// it. IPv4 addresses have none.
func (m *memberships) join(a netip.Addr) error {
	if a.Is4() {
		return nil
	}
	group := wire.SolicitedNode(a)
	if g := m.groups[group]; g != nil {
		g.users++
		return nil
	}
	sock, err := m.socket()
	if err == nil {
		err = m.set(sock, unix.IPV6_JOIN_GROUP, group)
	}
	if errors.Is(err, unix.ENOBUFS) || errors.Is(err, unix.ENOMEM) { // net.core.optmem_max is smaller here
		m.socks[sock].joins = joinsPerSocket
		if sock, err = m.socket(); err == nil {
			err = m.set(sock, unix.IPV6_JOIN_GROUP, group)
		}
	}
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.EADDRNOTAVAIL) {
		return fmt.Errorf("join %v for %v: %w (is IPv6 disabled on the interface?)", group, a, err)
	}
	if err != nil {
		return fmt.Errorf("join %v for %v: %w", group, a, err)
	}
	m.socks[sock].joins++
	m.groups[group] = &membership{sock: sock, users: 1}
	return nil
}

// leave undoes one join. The kernel may have left the group already, with the
// interface; that is no error.
func (m *memberships) leave(a netip.Addr) error {
	group := wire.SolicitedNode(a)
	g := m.groups[group]
	if g == nil || a.Is4() {
		return nil
	}
	if g.users--; g.users > 0 {
		return nil
	}
	delete(m.groups, group)
	m.socks[g.sock].joins--
	err := m.set(g.sock, unix.IPV6_LEAVE_GROUP, group)
	if err == nil || errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.ENODEV) {
		return nil
	}
	return fmt.Errorf("leave %v: %w", group, err)
}

// socket returns a socket with room for another membership.
func (m *memberships) socket() (int, error) {
	for i := range m.socks {
		if m.socks[i].joins < joinsPerSocket {
			return i, nil
		}
	}
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("open IPv6 socket: %w", err)
	}
	m.socks = append(m.socks, memberSocket{fd: fd})
	return len(m.socks) - 1, nil
}

func (m *memberships) set(sock, option int, group netip.Addr) error {
	mreq := &unix.IPv6Mreq{Multiaddr: group.As16(), Interface: uint32(m.index)}
	return unix.SetsockoptIPv6Mreq(m.socks[sock].fd, unix.IPPROTO_IPV6, option, mreq)
}

// close leaves all groups.
func (m *memberships) close() error {
	var errs []error
	for _, s := range m.socks {
		errs = append(errs, unix.Close(s.fd))
	}
	m.socks = nil
	clear(m.groups)
	return errors.Join(errs...)
}
