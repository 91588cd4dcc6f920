package vip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/dump"
)

// lister reads the kernel's lists in the namespace of the thread that made it. The
// kernel itself picks the addresses of one interface and the routes of one protocol
// for it; old kernels list all.
type lister struct {
	*netlink.Handle
	sock *nl.SocketHandle // for the addresses, of which the library leaves out who made them
}

func newLister() (*lister, error) {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	h.SetStrictCheck(true)
	s, err := nl.GetNetlinkSocketAt(netns.None(), netns.None(), unix.NETLINK_ROUTE)
	if err != nil {
		h.Close()
		return nil, err
	}
	unix.SetsockoptInt(s.GetFd(), unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1)
	return &lister{h, &nl.SocketHandle{Socket: s}}, nil
}

func (l *lister) close() {
	l.Handle.Close()
	l.sock.Close()
}

// foundAddr is an address of an interface, as the kernel lists it.
type foundAddr struct {
	netip.Prefix
	index int    // of the interface
	flags uint32 // IFA_F_*
	ours  bool
}

// addrs lists the addresses of one family, netlink.FAMILY_V4 or V6: those of the
// interface with the index, or all when it is 0.
func (l *lister) addrs(family, index int) ([]foundAddr, error) {
	return dump.Whole(func() (list []foundAddr, err error) {
		req := nl.NewNetlinkRequest(unix.RTM_GETADDR, unix.NLM_F_DUMP)
		req.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: l.sock}
		msg := nl.NewIfAddrmsg(family)
		msg.Index = uint32(index)
		req.AddData(msg)
		err = req.ExecuteIter(unix.NETLINK_ROUTE, unix.RTM_NEWADDR, func(m []byte) bool {
			if a, ok := parseAddr(m); ok && (index == 0 || a.index == index) {
				list = append(list, a)
			}
			return true
		})
		return list, err
	})
}

// parseAddr reads the body of an RTM_NEWADDR or RTM_DELADDR.
func parseAddr(m []byte) (a foundAddr, ok bool) {
	if len(m) < unix.SizeofIfAddrmsg {
		return a, false
	}
	a.index, a.flags = indexIn(m), uint32(m[2])
	var local, peer []byte
	attrs(m[unix.SizeofIfAddrmsg:], func(typ uint16, v []byte) {
		switch {
		case typ == unix.IFA_LOCAL:
			local = v
		case typ == unix.IFA_ADDRESS:
			peer = v
		case typ == unix.IFA_FLAGS && len(v) == 4:
			a.flags = binary.NativeEndian.Uint32(v)
		case typ == unix.IFA_RT_PRIORITY && len(v) == 4:
			a.ours = binary.NativeEndian.Uint32(v) == addressMetric
		}
	})
	bits := int(m[1])
	if local == nil { // IPv6, unless it is a point-to-point address
		local = peer
	} else if string(local) != string(peer) {
		bits = 8 * len(local)
	}
	ip, ok := netip.AddrFromSlice(local)
	a.Prefix = netip.PrefixFrom(ip, bits)
	a.ours = a.ours && a.flags&unix.IFA_F_NOPREFIXROUTE != 0 && a.IsSingleIP()
	return a, ok && a.IsValid()
}

// HostAddrs returns the addresses of the host itself, by the index of their
// interface: those in the calling thread's namespace that this package has not put
// there. After an error it returns those that were found.
func HostAddrs() (map[int][]netip.Prefix, error) {
	l, err := newLister()
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	defer l.close()
	out := map[int][]netip.Prefix{}
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		list, listErr := l.addrs(family, 0)
		for _, a := range list {
			if !a.ours {
				out[a.index] = append(out[a.index], a.Prefix)
			}
		}
		if listErr != nil {
			err = errors.Join(err, fmt.Errorf("list addresses: %w", listErr))
		}
	}
	return out, err
}
