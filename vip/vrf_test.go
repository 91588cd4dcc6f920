package vip

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func TestRoutesOfAddressesAreInTheTableOfTheVRF(t *testing.T) {
	const parent, blue = 7, 1001
	for _, tt := range []struct {
		name  string
		addr  netip.Addr
		table uint32
		want  []string
	}{
		{"IPv4", vip4, 0, []string{"local table 255 dev 1"}},
		{"IPv6", vip6, 0, []string{"local table 255 dev 1"}},
		{"link-local", vipLocal, 0, []string{"local table 255 dev 7"}},
		{"IPv4 in a VRF, which the kernel answers from", vip4, blue, []string{"local table 1001 dev 7", "local table 255 dev 1"}},
		{"IPv6 in a VRF", vip6, blue, []string{"local table 1001 dev 7"}},
		{"link-local in a VRF", vipLocal, blue, []string{"local table 1001 dev 7"}},
	} {
		var got []string
		for _, p := range localRoutes(tt.addr, home{parent, tt.table}) {
			r := p.(route)
			if r.typ != unix.RTN_LOCAL || r.dst != single(tt.addr) {
				t.Errorf("%s: route %+v", tt.name, r)
			}
			got = append(got, fmt.Sprintf("local table %d dev %d", r.table, r.oif))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if r := blackholeRoute(vip4, home{parent, blue}); r.table != blue {
		t.Errorf("the route that drops is in table %d", r.table)
	}
	for _, p := range []netip.Prefix{netip.PrefixFrom(vip4, 24), netip.PrefixFrom(vip6, 64)} {
		for table, want := range map[uint32]uint32{blue: blue, 0: unix.RT_TABLE_MAIN} {
			if r := connectedRoute(p, home{parent, table}); r.table != want || r.oif != parent {
				t.Errorf("the connected route of %v with the table %d of a VRF: table %d, dev %d", p, table, r.table, r.oif)
			}
		}
	}
	if r := blackholeRoute(vip4, home{index: parent}); r.table != unix.RT_TABLE_MAIN {
		t.Errorf("without a VRF the route that drops is in table %d", r.table)
	}
}

// A table may have a number that does not fit into the byte of old messages.
func TestRoutesInLargeTablesAreMadeListedAndRemoved(t *testing.T) {
	newLab(t)
	c, err := (*Owner)(nil).dial(unix.NETLINK_ROUTE, 0)
	ok(t, err)
	t.Cleanup(func() { c.close() })
	h := home{link(t, "eth0").Attrs().Index, 1001}
	var want []place
	for _, a := range []netip.Addr{vip4, vip6, vipLocal} {
		want = append(want, localRoutes(a, h)...)
	}
	made, err := c.alter(want, func(b *batch, p place) { p.write(b, true, 0) })
	ok(t, err)
	found, err := markedRoutes()
	ok(t, err)
	for _, r := range want {
		same := func(p place) bool { // IPv6 has no scope
			f := p.(route)
			f.scope = r.(route).scope
			return f == r
		}
		if !slices.Contains(made, r) || !slices.ContainsFunc(found, same) {
			t.Errorf("%+v is not among %+v", r, found)
		}
	}
	ok(t, c.purge(&kept{}))
	if found, err := markedRoutes(); err != nil || len(found) > 0 {
		t.Errorf("left %+v, %v", found, err)
	}
}

func TestTableOfAnInterfaceIsThatOfItsVRF(t *testing.T) {
	masters := map[int]netlink.Link{
		3: &netlink.Vrf{LinkAttrs: netlink.LinkAttrs{Name: "blue"}, Table: 1001},
		4: &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}},
	}
	byIndex := func(i int) (netlink.Link, error) {
		if l := masters[i]; l != nil {
			return l, nil
		}
		return nil, unix.ENODEV
	}
	for master, want := range map[int]uint32{0: 0, 3: 1001, 4: 0} {
		if got, err := vrfTable(&netlink.LinkAttrs{MasterIndex: master}, byIndex); err != nil || got != want {
			t.Errorf("with master %d: table %d, %v, want %d", master, got, err, want)
		}
	}
	if _, err := vrfTable(&netlink.LinkAttrs{Name: "eth0", MasterIndex: 9}, byIndex); err == nil {
		t.Error("a master that has gone is no error")
	}
}
