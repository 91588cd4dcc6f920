package vip

import (
	"net"
	"os"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/dump"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// On a vxlan an entry for the virtual MAC says where to send frames for it. That is the
// control plane's, before a crash and after it.
func TestForwardingEntryOfAVXLANStays(t *testing.T) {
	for name, end := range map[string]func(state string, iface *Interface){
		"closed":    func(_ string, iface *Interface) { ok(t, iface.Close()) },
		"recovered": func(state string, iface *Interface) { ok(t, iface.Abandon()); ok(t, Recover(Options{StateDir: state})) },
		"recovered without a journal": func(state string, iface *Interface) {
			ok(t, iface.Abandon())
			ok(t, os.RemoveAll(state))
			ok(t, Recover(Options{StateDir: state}))
		},
		"opened again": func(state string, iface *Interface) {
			ok(t, iface.Abandon())
			next, err := Open("vx7", Options{StateDir: state})
			ok(t, err)
			ok(t, next.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			newNetns(t)
			vx := &netlink.Vxlan{LinkAttrs: netlink.LinkAttrs{Name: "vx7"}, VxlanId: 7, Port: 4789}
			if err := netlink.LinkAdd(vx); err != nil {
				skip.Regardless(t, "this kernel has no vxlan: "+err.Error())
			}
			ok(t, netlink.LinkSetUp(link(t, "vx7")))
			theirs := &netlink.Neigh{LinkIndex: link(t, "vx7").Attrs().Index, Family: unix.AF_BRIDGE, Flags: netlink.NTF_SELF,
				State: netlink.NUD_PERMANENT, HardwareAddr: vmac[:], IP: net.IPv4(192, 0, 2, 7)}
			ok(t, netlink.NeighAdd(theirs))
			state := t.TempDir()
			iface, err := Open("vx7", Options{StateDir: state})
			ok(t, err)
			ok(t, iface.Add(10, router10))
			mustGate(t, iface, []Claim{{ID: 10, Lease: time.Minute}}, nil)
			end(state, iface)
			fdb, err := dump.Whole(func() ([]netlink.Neigh, error) { return netlink.NeighList(theirs.LinkIndex, unix.AF_BRIDGE) })
			ok(t, err)
			for _, n := range fdb {
				if n.HardwareAddr.String() == theirs.HardwareAddr.String() && n.IP.Equal(theirs.IP) {
					return
				}
			}
			t.Errorf("of the entries only %v are left", fdb)
		})
	}
}
