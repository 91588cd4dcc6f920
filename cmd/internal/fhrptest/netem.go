package fhrptest

import (
	"errors"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Impair loses so many percent of the frames from the switch to the gateway and
// delays the others, until end; ok is false where the kernel has no netem.
func (g *Gateway) Impair(percent float32, delay time.Duration) (end func(), ok bool) {
	g.T.Helper()
	h := g.LAN.Switch.Netlink()
	link, err := h.LinkByName(g.Name)
	Must(g.T, err)
	q := netlink.NewNetem(
		netlink.QdiscAttrs{LinkIndex: link.Attrs().Index, Handle: netlink.MakeHandle(1, 0), Parent: netlink.HANDLE_ROOT},
		netlink.NetemQdiscAttrs{Loss: percent, Latency: uint32(delay.Microseconds())})
	err = h.QdiscAdd(q)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EOPNOTSUPP) {
		return func() {}, false
	}
	Must(g.T, err)
	return func() { g.T.Helper(); Must(g.T, h.QdiscDel(q)) }, true
}
