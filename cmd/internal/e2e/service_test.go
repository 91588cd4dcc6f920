package e2e

import (
	"bytes"
	"net/netip"
	"os/exec"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// Programs of the gateways that serve hosts at the virtual addresses.

// The addresses of the groups served: those of the interface, and, to compare,
// those that are local routes alone.
var (
	routed4 = netip.MustParseAddr("192.168.1.2")
	routed6 = netip.MustParseAddr("2001:db8:1::2")

	servedAt = []netip.Addr{vip, global, vrrp6.local}
)

// served are groups of both families, and a pair of them that has routes alone.
var served = hsrpTable(2, address4, subSecond, `name = "v4"`) + vrrp6.config() +
	table("vrrp", "vrid = 31", common, `advertise = "300ms"`, `virtual_ips = ["192.168.1.2"]`, `install = "route"`) +
	table("vrrp", "vrid = 31", common, `advertise = "300ms"`, `virtual_ips = ["fe80::2", "2001:db8:1::2"]`, `install = "route"`)

// servedMACs are the MACs of the addresses.
var servedMACs = map[netip.Addr]hello.MAC{
	vip: mac2, global: vrrp6.mac, vrrp6.local: vrrp6.mac,
	routed4: {0, 0, 0x5e, 0, 1, 31}, routed6: {0, 0, 0x5e, 0, 2, 31}, netip.MustParseAddr("fe80::2"): {0, 0, 0x5e, 0, 2, 31},
}

// run runs a program in a gateway's namespace and returns what it printed.
func run(g *gateway, stdin, program string, args ...string) (out string, err error) {
	g.T.Helper()
	var b bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewBufferString(stdin), &b, &b
	must(g.T, g.NS.Start(cmd))
	err = cmd.Wait()
	return b.String(), err
}

// mustRun is run for a program that must not fail.
func mustRun(g *gateway, stdin, program string, args ...string) (out string) {
	g.T.Helper()
	out, err := run(g, stdin, program, args...)
	if err != nil {
		g.T.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	return out
}

// strangers has a gateway forget its neighbours, so that it has to ask for those
// whom it answers.
func (l *lan) strangers(g *gateway) {
	l.t.Helper()
	must(l.t, g.NS.FlushNeighbors(lanDev))
}

// checkOneMAC wants every gateway to have shown no other MAC for a virtual address
// than the virtual one, whoever of it sent the frame.
func (l *lan) checkOneMAC(since time.Time, macs map[netip.Addr]hello.MAC) {
	l.t.Helper()
	for _, g := range l.Gateways {
		for _, f := range g.Sent(since) {
			for a, mac := range shown(f) {
				if want, virtual := macs[a]; virtual && mac != want {
					l.t.Errorf("%s shows %s at %s, want %s: % x", g.Name, a, mac, want, f.Data)
				}
			}
		}
	}
}

// shown returns what hosts learn of addresses from a frame: by ARP of the sender, by
// neighbour discovery of whoever has the link-layer address in it.
func shown(f netlab.Frame) map[netip.Addr]hello.MAC {
	if _, a, err := garp.ParseARP(f.Data); err == nil {
		return map[netip.Addr]hello.MAC{a.SenderIP: a.SenderMAC}
	}
	_, n, err := garp.ParseND(f.Data)
	switch {
	case err != nil || n.LinkAddr.IsZero():
		return nil
	case n.Type == garp.NeighborAdvertisement:
		return map[netip.Addr]hello.MAC{n.Target: n.LinkAddr}
	}
	return map[netip.Addr]hello.MAC{n.Src: n.LinkAddr}
}

// looksFor returns a condition: somebody asks for the MAC of the client.
func looksForClient(f netlab.Frame) bool {
	if _, a, err := garp.ParseARP(f.Data); err == nil {
		return a.Op == garp.OpRequest && a.TargetIP == fhrptest.ClientIP
	}
	_, n, err := garp.ParseND(f.Data)
	return err == nil && n.Type == garp.NeighborSolicitation && n.Target == fhrptest.ClientIP6
}

// checkMute wants a gateway to have sent nothing from a virtual address.
func (l *lan) checkMute(g *gateway, since time.Time) {
	l.t.Helper()
	for _, f := range g.Sent(since) {
		var p wire.Packet
		if _, virtual := servedMACs[p.Src]; p.Parse(f.Data) && virtual {
			l.t.Errorf("the standby %s speaks from %s: % x", g.Name, p.Src, f.Data)
		}
	}
}

// misled has the client send what is for the virtual addresses to a gateway's own
// MAC, and returns what ends that.
func (l *lan) misled(g *gateway) (undo func()) {
	l.t.Helper()
	for _, a := range servedAt {
		l.keep(l.Client, a, g.MAC, unix.NUD_PERMANENT)
	}
	return func() { l.t.Helper(); must(l.t, l.Client.FlushNeighbors(lanDev)) }
}

// hasAddresses reports whether a gateway's interface has all of the addresses.
func hasAddresses(g *gateway, list ...netip.Addr) bool {
	g.T.Helper()
	have := interfaceAddrs(g)
	return !slices.ContainsFunc(list, func(a netip.Addr) bool { return !slices.Contains(have, a) })
}

// hasNone reports whether it has none of them.
func hasNone(g *gateway, list ...netip.Addr) bool {
	g.T.Helper()
	have := interfaceAddrs(g)
	return !slices.ContainsFunc(list, func(a netip.Addr) bool { return slices.Contains(have, a) })
}

func interfaceAddrs(g *gateway) (list []netip.Addr) {
	g.T.Helper()
	addrs, err := g.NS.Addresses(lanDev, unix.AF_UNSPEC)
	must(g.T, err)
	for _, a := range addrs {
		ip, _ := netip.AddrFromSlice(a.IP)
		list = append(list, ip.Unmap())
	}
	return list
}
