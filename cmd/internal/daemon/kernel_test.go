package daemon

import (
	"context"
	"log/slog"
	"net/netip"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/vip"
)

// The lease outlives a machine that stands still.
const kernelConfig = `
[daemon]
lease = "5s"
[[hsrp]]
interface = "lan0"
group = 10
virtual_ips = ["192.0.2.1"]
hello = "200ms"
hold = "600ms"
`

// kernel is a daemon on a real interface, in the namespace that this process has for
// itself.
type kernel struct {
	*Daemon
	t    *testing.T
	ns   *netlab.NS
	vmac hello.MAC
}

// newKernel runs the daemon on lan0, which is there already, until it is active.
func newKernel(t *testing.T, ns *netlab.NS) *kernel {
	t.Helper()
	must(ns.AddAddr("lan0", netip.MustParsePrefix("192.0.2.10/24")))
	must(ns.LinkUp("lan0"))
	log := slog.New(slog.DiscardHandler)
	owner := sure(vip.NewOwner("a test", log))
	d := sure(newDaemon(Options{
		Config: sure(configs.Parse("test", []byte(kernelConfig))), ControlPath: filepath.Join(t.TempDir(), "control.sock"), Log: log, Form: new(LogForm),
	}, owner, engine.New))
	d.fail = func(err error) { t.Error(err) }
	must(d.engine.Prepare())
	must(owner.Hold(0, "lan0"))
	ctx, cancel := context.WithCancel(context.Background())
	d.watcher = sure(owner.Watch(ctx, d.interfaces()...))
	go d.followLinks(d.watcher)
	ended := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		ended <- d.loop.run(d, func() bool { return d.stopped })
	}()
	t.Cleanup(func() {
		d.loop.Post(d.stop)
		must(<-ended)
		cancel()
		must(owner.Close())
	})
	k := &kernel{d, t, ns, hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)}
	k.eventually("the role", func(st *status.Status) bool { return st.Groups[0].State == "Active" })
	return k
}

func (k *kernel) eventually(what string, cond func(*status.Status) bool) {
	k.t.Helper()
	var last *status.Status
	err := netlab.Eventually(k.t.Context(), 20*time.Second, func() bool {
		last = sure(k.Status(k.t.Context()))
		return cond(last)
	})
	if err != nil {
		k.t.Fatalf("%s: %v; restored %+v", what, err, last.Interfaces[0].Restored)
	}
}

func (k *kernel) link() netlink.Link { return sure(k.ns.Netlink().LinkByName("lan0")) }

// ownNamespace is that of this process.
func ownNamespace(t *testing.T) *netlab.NS {
	t.Helper()
	netlab.Need(t)
	ns := sure(netlab.Current())
	t.Cleanup(func() { must(ns.Close()) })
	return ns
}

// cable lays one from an interface of ns to eth0 of a host.
func cable(t *testing.T, ns *netlab.NS, dev string) (host *netlab.NS) {
	t.Helper()
	host = netlab.ForTest(t)
	must(netlab.Veth(netlab.End{NS: ns, Name: dev}, netlab.End{NS: host, Name: "eth0"}))
	t.Cleanup(func() { must(ns.Netlink().LinkDel(sure(ns.Netlink().LinkByName(dev)))) })
	return host
}

// What the kernel says, and what it does not say, reaches the data plane.
func TestWhatTheKernelHasIsTended(t *testing.T) {
	ns := ownNamespace(t)
	host := cable(t, ns, "lan0")
	must(host.AddAddr("eth0", netip.MustParsePrefix("192.0.2.77/24")))
	k := newKernel(t, ns)

	t.Run("addresses outlive their lifetime", func(t *testing.T) {
		left := func() int {
			for _, a := range sure(ns.Addresses("lan0", unix.AF_INET)) {
				if a.IP.String() == "192.0.2.1" {
					return a.ValidLft
				}
			}
			return 0
		}
		least := left()
		if least <= 0 {
			t.Fatal("the virtual address has no lifetime on the interface")
		}
		k.eventually("a longer lifetime", func(*status.Status) bool {
			now := left()
			least = min(least, now)
			return now > least
		})
		if n := sure(k.Status(t.Context())).Interfaces[0].Restored.Addresses; n > 0 || least == 0 {
			t.Errorf("the address went, and was put back %d times", n)
		}
	})

	t.Run("a filter entry is put back", func(t *testing.T) {
		must(ns.Netlink().NeighDel(&netlink.Neigh{
			LinkIndex: k.link().Attrs().Index, Family: unix.AF_BRIDGE, Flags: netlink.NTF_SELF, State: netlink.NUD_PERMANENT, HardwareAddr: k.vmac.HardwareAddr(),
		}))
		k.eventually("the virtual MAC in the filter", func(st *status.Status) bool { return st.Interfaces[0].Restored.Filter == 1 })
	})

	t.Run("a setting is put back", func(t *testing.T) {
		const setting = "net/ipv4/conf/lan0/arp_ignore"
		was := sure(ns.ReadSysctl(setting))
		must(ns.Sysctl(setting, "0"))
		k.eventually("the setting", func(st *status.Status) bool {
			return st.Interfaces[0].Restored.Settings == 1 && sure(ns.ReadSysctl(setting)) == was
		})
	})

	t.Run("answers for others have the virtual MAC", func(t *testing.T) {
		beyond := netip.MustParseAddr("198.51.100.1")
		cable(t, ns, "core0")
		must(ns.AddAddr("core0", netip.MustParsePrefix("198.51.100.10/24")))
		for path, value := range map[string]string{"ip_forward": "1", "neigh/lan0/proxy_delay": "0", "conf/lan0/proxy_arp": "1"} {
			must(ns.Sysctl("net/ipv4/"+path, value))
		}
		must(host.AddRoute(netip.PrefixFrom(beyond, 32), netip.Addr{}, "eth0"))
		k.eventually("an answer with the virtual MAC", func(*status.Status) bool {
			must(host.FlushNeighbors("eth0"))
			_, _ = host.Ping(beyond, netlab.Echo{Tries: 1, Wait: 50 * time.Millisecond}) // which asks for the MAC
			mac, known, err := host.ARPEntry("eth0", beyond)
			return err == nil && known && mac == k.vmac
		})
	})
}

// A bridge has no entry for the virtual MAC: it hears all, or it does not hear.
func TestBridgeThatIsMadeDeafHearsAgain(t *testing.T) {
	ns := ownNamespace(t)
	cable(t, ns, "port0")
	must(ns.Bridge("lan0", "port0"))
	t.Cleanup(func() { must(ns.Netlink().LinkDel(sure(ns.Netlink().LinkByName("lan0")))) })
	k := newKernel(t, ns)
	hears := func() bool { return k.link().Attrs().RawFlags&unix.IFF_PROMISC != 0 }
	for n := range uint64(2) {
		k.eventually("a bridge that hears all", func(st *status.Status) bool { return hears() && st.Interfaces[0].Restored.Filter == n })
		must(ns.Netlink().SetPromiscOff(k.link()))
	}
	k.eventually("a bridge that hears again", func(st *status.Status) bool { return hears() && st.Interfaces[0].Restored.Filter == 2 })
}
