package vip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// addressMetric marks the addresses of this package, as `ip addr` shows it. They
// carry RouteProtocol as well, which the kernel keeps since Linux 5.18. The metric
// has no other effect on an address without a prefix route.
const addressMetric = RouteProtocol

// ifAddr is a virtual address on the interface. It is a single address without a
// prefix route and without duplicate address detection. The kernel picks it for no
// traffic of its own: an IPv4 address comes after the host's (see SpeakAs), an IPv6
// one is deprecated.
type ifAddr struct {
	addr  netip.Addr
	index int
}

func (a ifAddr) address() netip.Addr { return a.addr }

func (a ifAddr) needsUp() bool { return a.addr.Is6() }

func (a ifAddr) write(b *batch, add bool, lifetime uint32) {
	if add {
		a.request(b, unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL)
		a.lives(b, lifetime)
		return
	}
	a.request(b, unix.RTM_DELADDR, 0)
}

// extend appends the request to let the address live for lifetime from now on.
func (a ifAddr) extend(b *batch, lifetime uint32) {
	a.request(b, unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_REPLACE)
	a.lives(b, lifetime)
}

func (a ifAddr) request(b *batch, typ, flags uint16) {
	b.begin(typ, flags)
	family := byte(unix.AF_INET)
	if a.addr.Is6() {
		family = unix.AF_INET6
	}
	b.raw(family, byte(a.addr.BitLen()), 0, unix.RT_SCOPE_UNIVERSE) // of an IPv6 address the kernel knows
	b.raw(binary.NativeEndian.AppendUint32(nil, uint32(a.index))...)
	b.attr(unix.IFA_LOCAL, a.addr.AsSlice())
	b.attr(unix.IFA_ADDRESS, a.addr.AsSlice())
}

// lives appends what is said of an address that is made or extended. The kernel
// removes it when its lifetime ends, whatever became of this process.
func (a ifAddr) lives(b *batch, lifetime uint32) {
	const ifaProto = 11 // golang.org/x/sys does not have it yet
	preferred := lifetime
	if a.addr.Is6() {
		preferred = 0
	}
	b.u32(unix.IFA_FLAGS, unix.IFA_F_NODAD|unix.IFA_F_NOPREFIXROUTE)
	b.u32(unix.IFA_RT_PRIORITY, addressMetric)
	b.attr(ifaProto, []byte{RouteProtocol})
	info := binary.NativeEndian.AppendUint32(nil, preferred)
	info = binary.NativeEndian.AppendUint32(info, lifetime)
	b.attr(unix.IFA_CACHEINFO, append(info, make([]byte, 8)...))
}

func (a ifAddr) explain(err error) error {
	switch {
	case errors.Is(err, unix.EEXIST), errors.Is(err, unix.EADDRNOTAVAIL), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return nil // as it should be, or gone with the interface
	case a.addr.Is6() && (errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EACCES)):
		return nil // IPv6 is away from the interface: an MTU below 1280, disable_ipv6
	}
	return fmt.Errorf("address %v: %w", a.addr, err)
}

// endless is the lifetime of an address that stays.
const endless = ^uint32(0)

// spare is how much longer than the lease an address lives at least, and so how old
// its last extension may be when the lease is renewed: the lease never outlives it.
// To extend wakes another thread, which with one group costs as much as the hello.
const spare = 2 * time.Second

// lifetime returns for how many seconds an address is to live under a lease. The
// kernel counts whole seconds, and takes an address away some time later.
func lifetime(lease time.Duration) uint32 {
	if lease == 0 {
		return endless
	}
	return uint32((lease + spare + time.Second - 1) / time.Second)
}

// keeper knows when lifetimes have to be extended: with a renewal of the lease, but
// once in a while only. Every extension is news to all who watch addresses.
type keeper struct {
	at atomic.Int64 // boot time in nanoseconds, 0 = never
}

func (k *keeper) due() bool {
	at := k.at.Load()
	return at != 0 && int64(bootTime()) >= at
}

// within makes an extension due in time for a lifetime that begins now, unless it is
// due before.
func (k *keeper) within(lifetime uint32) {
	if lifetime == endless {
		return
	}
	next := int64(bootTime() + spare)
	if at := k.at.Load(); at == 0 || next < at {
		k.at.Store(next)
	}
}

// localWithin bounds the wait for IPv6 addresses; it is only ever used up on a host
// that is in trouble anyway.
const localWithin = 500 * time.Millisecond

// awaitLocal waits until packets to the IPv6 addresses among the places are taken.
// The kernel says that it has such an address some moments before it does take them.
func (c *conn) awaitLocal(made []place) {
	end := bootTime() + localWithin
	for _, p := range made {
		a, ok := p.(ifAddr)
		for ok && a.addr.Is6() && !c.isLocal(a) && bootTime() < end {
			time.Sleep(100 * time.Microsecond)
		}
	}
}

// isLocal reports whether the kernel takes packets to an address.
func (c *conn) isLocal(a ifAddr) (local bool) {
	var b batch
	b.begin(unix.RTM_GETROUTE, 0)
	b.raw(unix.AF_INET6, byte(a.addr.BitLen()), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b.attr(unix.RTA_DST, a.addr.AsSlice())
	b.u32(unix.RTA_OIF, uint32(a.index))
	b.ack()
	err := c.query(&b, func(typ uint16, body []byte) {
		local = typ == unix.RTM_NEWROUTE && len(body) >= unix.SizeofRtMsg && body[7] == unix.RTN_LOCAL
	})
	return err == nil && local
}
