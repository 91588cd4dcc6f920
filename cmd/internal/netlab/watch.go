package netlab

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/dump"
)

// NeighborChange is a change of a neighbour table or of a bridge's forwarding table.
type NeighborChange struct {
	At   time.Time  // when the kernel reported it, some microseconds after the fact
	Dev  string     // interface, or the bridge port
	IP   netip.Addr // invalid for a forwarding entry
	MAC  hello.MAC  // zero when the entry was deleted or is not resolved
	Gone bool       // deleted
}

// WatchNeighbors sends every change of the neighbour and forwarding tables of the
// namespace until ctx is done. Then the channel closes. Changes are lost when it
// is not read for long.
func (n *NS) WatchNeighbors(ctx context.Context) (<-chan NeighborChange, error) {
	names, err := n.names()
	if err != nil {
		return nil, err
	}
	updates := make(chan netlink.NeighUpdate, 256)
	handle := netns.NsHandle(n.file.Fd())
	opts := netlink.NeighSubscribeOptions{Namespace: &handle, ErrorCallback: func(error) {}}
	if err := netlink.NeighSubscribeWithOptions(updates, ctx.Done(), opts); err != nil {
		return nil, fmt.Errorf("watch neighbours: %w", err)
	}
	out := make(chan NeighborChange, 256)
	go func() {
		defer close(out)
		for u := range updates {
			select {
			case out <- neighborChange(u, names):
			case <-ctx.Done():
				// The subscription ends by closing updates. Until then updates
				// must be read.
			}
		}
	}()
	return out, nil
}

func (n *NS) names() (map[int]string, error) {
	links, err := dump.Whole(n.handle.LinkList)
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	names := make(map[int]string, len(links))
	for _, l := range links {
		names[l.Attrs().Index] = l.Attrs().Name
	}
	return names, nil
}

func neighborChange(u netlink.NeighUpdate, names map[int]string) NeighborChange {
	c := NeighborChange{At: time.Now(), Dev: names[u.LinkIndex], Gone: u.Type == unix.RTM_DELNEIGH}
	if ip, ok := netip.AddrFromSlice(u.IP); ok {
		c.IP = ip.Unmap()
	}
	if !c.Gone && u.State&(unix.NUD_FAILED|unix.NUD_INCOMPLETE) == 0 {
		c.MAC = hello.MACFrom(u.HardwareAddr)
	}
	return c
}
