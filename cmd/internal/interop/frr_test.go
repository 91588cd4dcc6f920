package interop

import (
	"fmt"
	"net/netip"
	"os"
	"os/user"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// Programs of FRR, where Debian puts them.
const (
	frrZebra = "/usr/lib/frr/zebra"
	frrVRRPd = "/usr/lib/frr/vrrpd"
)

// frr runs zebra and vrrpd. zebra stays when vrrpd ends, as it does on a host.
type frr struct {
	*fhrptest.Gateway
	p    pairing
	proc *netlab.Process
}

func newFRR(g *fhrptest.Gateway, p pairing) *frr {
	g.T.Helper()
	f := &frr{Gateway: g, p: p}
	f.macvlan()
	must(g.T, ownedByFRR(g.Path("")))
	f.run(frrZebra, "hostname peer\n")
	g.Eventually("zebra's socket", func() bool { _, err := os.Stat(g.Path("zserv.api")); return err == nil })
	return f
}

// ownedByFRR gives a directory to FRR's user, to whom the daemons change.
func ownedByFRR(dir string) error {
	u, err := user.Lookup("frr")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	return os.Chown(dir, uid, -1)
}

// macvlan makes what vrrpd wants to find: an interface in bridge mode with the
// virtual MAC and the virtual addresses.
func (f *frr) macvlan() {
	f.T.Helper()
	macvlan(f.Gateway, "vrrp"+strconv.Itoa(vrid), hello.VirtualMAC(hello.ProtocolVRRP, f.p.version, f.p.family, vrid), f.p.vips()...)
}

// macvlan gives a router a device in bridge mode with a virtual MAC and virtual
// addresses, for which its kernel answers there and nowhere else.
func macvlan(g *fhrptest.Gateway, name string, mac hello.MAC, vips ...netip.Addr) {
	g.T.Helper()
	ns := g.NS
	parent, err := ns.Netlink().LinkByName(dev)
	must(g.T, err)
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.ParentIndex, attrs.HardwareAddr = name, parent.Attrs().Index, mac.HardwareAddr()
	must(g.T, ns.Netlink().LinkAdd(&netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_BRIDGE}))
	link, err := ns.Netlink().LinkByName(name)
	must(g.T, err)
	// Random: two routers with the address made from the virtual MAC would
	// speak from the same source.
	must(g.T, ns.Sysctl("net/ipv6/conf/"+name+"/addr_gen_mode", "3"))
	// Without these the host answers for the virtual address with every MAC.
	for _, d := range []string{dev, name} {
		must(g.T, ns.Sysctl("net/ipv4/conf/"+d+"/arp_ignore", "1"))
		must(g.T, ns.Sysctl("net/ipv4/conf/"+d+"/arp_announce", "2"))
	}
	must(g.T, ns.Netlink().LinkSetUp(link))
	g.LAN.Address(ns, name, vips...)
}

func (f *frr) config(priority int) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, " vrrp %d %s\n", vrid, fmt.Sprintf(format, args...)) }
	fmt.Fprintf(&b, "debug vrrp\ninterface %s\n", dev)
	line("version %d", f.p.version)
	line("priority %d", priority)
	line("advertisement-interval %d", f.p.every.Milliseconds())
	for _, v := range f.p.vips() {
		word := "ip"
		if v.Is6() {
			word = "ipv6"
		}
		line("%s %s", word, v)
	}
	return b.String()
}

func (f *frr) start(priority int) {
	f.T.Helper()
	f.proc = f.run(frrVRRPd, f.config(priority))
}

func (f *frr) run(program, config string) *netlab.Process {
	f.T.Helper()
	name := program[strings.LastIndex(program, "/")+1:]
	must(f.T, os.WriteFile(f.Path(name+".conf"), []byte(config), 0o644))
	command := realtime(program, "-f", f.Path(name+".conf"), "-z", f.Path("zserv.api"), "-i", f.Path(name+".pid"),
		"--vty_socket", f.Path(""), "-P", "0", "--log", "stdout", "--log-level", "debug")
	return f.Launch(name+".log", command[0], command[1:]...)
}

func (f *frr) Kill() { f.T.Helper(); f.end(unix.SIGKILL) }
func (f *frr) Stop() { f.T.Helper(); f.end(unix.SIGTERM) }

func (f *frr) end(s unix.Signal) {
	f.T.Helper()
	must(f.T, f.proc.Process.Signal(s))
	f.Await(f.proc)
}

func (f *frr) Running() bool { return f.proc.Running() }
