package interop

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

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
	s     *segment
	p     pairing
	zebra *netlab.Process
	proc  *netlab.Process
}

func newFRR(s *segment, p pairing) *frr {
	f := &frr{s: s, p: p}
	f.macvlan()
	must(s.t, ownedByFRR(s.dir))
	s.t.Cleanup(func() {
		for _, proc := range []*netlab.Process{f.proc, f.zebra} {
			if running(proc) {
				_ = proc.Process.Kill()
				<-proc.Done()
			}
		}
	})
	f.zebra = f.run(frrZebra, "hostname peer\n")
	s.eventually("zebra's socket", func() bool { _, err := os.Stat(s.path("zserv.api")); return err == nil })
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
	s, ns := f.s, f.s.nodes[them].ns
	s.t.Helper()
	parent, err := ns.Netlink().LinkByName(dev)
	must(s.t, err)
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.ParentIndex = "vrrp"+strconv.Itoa(vrid), parent.Attrs().Index
	attrs.HardwareAddr = hello.VirtualMAC(hello.ProtocolVRRP, f.p.version, f.p.family, vrid).HardwareAddr()
	must(s.t, ns.Netlink().LinkAdd(&netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_BRIDGE}))
	link, err := ns.Netlink().LinkByName(attrs.Name)
	must(s.t, err)
	// Random: two routers with the address made from the virtual MAC would
	// speak from the same source.
	must(s.t, ns.Sysctl("net/ipv6/conf/"+attrs.Name+"/addr_gen_mode", "3"))
	// Without these the host answers for the virtual address with every MAC.
	for _, d := range []string{dev, attrs.Name} {
		must(s.t, ns.Sysctl("net/ipv4/conf/"+d+"/arp_ignore", "1"))
		must(s.t, ns.Sysctl("net/ipv4/conf/"+d+"/arp_announce", "2"))
	}
	must(s.t, ns.Netlink().LinkSetUp(link))
	for _, v := range f.p.vips() {
		bits := 24
		if v.Is6() {
			bits = 64
		}
		must(s.t, ns.AddAddr(attrs.Name, prefix(v, bits)))
	}
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
	f.s.t.Helper()
	f.proc = f.run(frrVRRPd, f.config(priority))
}

func (f *frr) run(program, config string) *netlab.Process {
	f.s.t.Helper()
	name := program[strings.LastIndex(program, "/")+1:]
	file := f.s.path(name + ".conf")
	must(f.s.t, os.WriteFile(file, []byte(config), 0o644))
	return f.s.startLogged(name+".log", program, "-f", file, "-z", f.s.path("zserv.api"), "-i", f.s.path(name+".pid"),
		"--vty_socket", f.s.dir, "-P", "0", "--log", "stdout", "--log-level", "debug")
}

func (f *frr) kill() {
	f.s.t.Helper()
	must(f.s.t, f.proc.Process.Signal(unix.SIGKILL))
	f.s.ended(f.proc)
}

func (f *frr) stop() {
	f.s.t.Helper()
	must(f.s.t, f.proc.Process.Signal(unix.SIGTERM))
	f.s.ended(f.proc)
}

func (f *frr) alive() bool { return running(f.proc) }
