package e2e

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// The files that docs/conntrackd.md tells people to copy.
const (
	conntrackFiles = "../../../docs/conntrackd"
	syncDev        = "eth2"
	tcpLoose       = "net/netfilter/nf_conntrack_tcp_loose"
)

// translatedIP is what the client's connections are translated to.
var translatedIP = netip.MustParseAddr("203.0.113.1")

// translated is a pair of gateways that translate what the client sends to the
// host, with a link of their own between them, and run what the documentation
// says. Only names of interfaces and files differ, and timers are shorter.
type translated struct {
	*fhrptest.LAN
	t          testing.TB
	a, b       *gateway
	conntrackd string
	sync       map[*gateway]*netlab.Process
}

// natScenario plays a test on a pair where conntrackd and nft are installed.
func natScenario(t *testing.T, play func(t testing.TB, p *translated)) {
	if testing.Short() {
		skip.Regardless(t, "minutes of connections are for the whole run")
	}
	t.Helper()
	conntrackd, nft := skip.Without(t, "conntrackd"), skip.Without(t, "nft")
	needConntrack(t)
	// Not beside others: its connections take a processor for themselves.
	fhrptest.Steady(t, fhrptest.Stall, func(t testing.TB) { play(t, newTranslated(t, conntrackd, nft)) })
}

// needConntrack skips the test where the kernel does not track connections or
// tells nobody of them.
func needConntrack(t testing.TB) {
	t.Helper()
	netlab.Need(t)
	ns := netlab.ForTest(t)
	// The question loads the modules, where there are any.
	if err := ns.Netlink().ConntrackTableFlush(netlink.ConntrackTable); err != nil {
		skip.Regardless(t, fmt.Sprintf("the kernel has no nf_conntrack_netlink: %v", err))
	}
	if _, err := ns.ReadSysctl(tcpLoose); err != nil {
		skip.Regardless(t, "the kernel has no nf_conntrack")
	}
}

func newTranslated(t testing.TB, conntrackd, nft string) *translated {
	t.Helper()
	l := fhrptest.NewLAN(t, fhrptest.Plan{Host: true, Routers: true})
	p := &translated{LAN: l, t: t, a: l.Gateways[0], b: l.Gateways[1], conntrackd: conntrackd, sync: map[*gateway]*netlab.Process{}}
	must(t, l.Client.AddRoute(netip.MustParsePrefix("0.0.0.0/0"), vip, lanDev))
	must(t, netlab.Veth(netlab.End{NS: p.a.NS, Name: syncDev}, netlab.End{NS: p.b.NS, Name: syncDev}))
	for i, g := range l.Gateways {
		must(t, g.NS.AddAddr(syncDev, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 255, 0, byte(i + 1)}), 30)))
		must(t, g.NS.Sysctl(tcpLoose, "0"))
		must(t, os.Mkdir(g.Path("run"), 0o755))
		must(t, fhrptest.WriteProgram(g.Path("fhrpd-conntrack"), []byte(p.file(g, "fhrpd-conntrack"))))
		must(t, os.WriteFile(g.Path("conntrackd.conf"), []byte(p.file(g, g.Name+"-conntrackd.conf")), 0o644))
		mustRun(g, p.file(g, "nftables.conf"), nft, "-f", "-")
	}
	return p
}

// file returns one of the documented files as it is on a gateway of the test:
// the client is behind eth0 there, and every path is in its directory.
func (p *translated) file(g *gateway, name string) string {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(conntrackFiles, name))
	must(p.t, err)
	return strings.NewReplacer(
		`eth0"`, `eth1"`, `eth1"`, `eth0"`,
		"/etc/conntrackd/conntrackd.conf", g.Path("conntrackd.conf"),
		"/usr/local/sbin/fhrpd-conntrack", g.Path("fhrpd-conntrack"),
		"/run/conntrackd.", g.Path("run/conntrackd."), "/run/fhrpd/", g.Path("run/"),
		"Syslog yes", "Syslog no",
		`hello         = "1s"`, `hello = "200ms"`, `hold          = "3s"`, `hold = "1s"`,
		`preempt_delay = "5s"`, `preempt_delay = "1s"`, "PurgeTimeout 60", "PurgeTimeout 2",
		// Still longer than the other conntrackd is silent, and a stall beside that.
		`interval = "2s"`, `interval = "1500ms"`, `timeout  = "2s"`, `timeout  = "1500ms"`,
	).Replace(string(text))
}

// startSync starts a gateway's conntrackd as its unit does with the documented
// addition, and waits until it answers.
func (p *translated) startSync(g *gateway) {
	p.t.Helper()
	must(p.t, os.RemoveAll(g.Path("run/conntrackd.lock")))
	p.sync[g] = g.Launch("conntrackd.log", p.conntrackd, "-C", g.Path("conntrackd.conf"))
	g.Eventually("an answer of conntrackd of "+g.Name, func() bool {
		_, err := p.ask(g, "-B")
		return err == nil
	})
}

// stopSync kills it.
func (p *translated) stopSync(g *gateway) {
	p.t.Helper()
	must(p.t, p.sync[g].Process.Kill())
	g.Await(p.sync[g])
}

// ask runs conntrackd as a client of a gateway's own.
func (p *translated) ask(g *gateway, option string) (out string, err error) {
	p.t.Helper()
	return run(g, "", p.conntrackd, "-C", g.Path("conntrackd.conf"), option)
}

// learned returns how many connections a gateway's conntrackd has of the other's.
func (p *translated) learned(g *gateway) int {
	p.t.Helper()
	out, _ := p.ask(g, "-s")
	_, external, _ := strings.Cut(out, "cache external:")
	fields := strings.Fields(external)
	if len(fields) < 4 {
		return -1
	}
	n, err := strconv.Atoi(fields[3])
	must(p.t, err)
	return n
}

// start boots both gateways and waits until a is active and b has its table.
func (p *translated) start() {
	p.t.Helper()
	for _, g := range p.Gateways {
		p.startSync(g)
		g.Start(p.file(g, g.Name+"-fhrpd.toml"))
	}
	p.settled(p.a, p.b)
}

// settled waits for roles, and until both have what they need to change them.
func (p *translated) settled(active, standby *gateway) {
	p.t.Helper()
	p.Settled(active, standby)
	for _, g := range p.Gateways {
		g.Eventually(g.Name+" synchronised", func() bool { return synced(g) })
	}
}

// synced reports what the tracked object of a gateway says, if it says anything.
func synced(g *gateway) bool {
	for _, o := range g.Report().Tracks {
		if o.Name == "synced" {
			return o.Up && o.Known
		}
	}
	return false
}

// serves waits until both switches send what is for the virtual MACs to a gateway.
func (p *translated) serves(g *gateway) {
	p.t.Helper()
	wan := mac2
	wan[5]++ // of the next group
	p.Eventually("the switches' way to "+g.Name, func() bool {
		port, _, err := p.Core.FDBPort("core", wan)
		return err == nil && port == g.Name && p.FDB(mac2) == g.Name
	})
}

// cut takes all power from a gateway: nothing that it knew is left.
func (p *translated) cut(g *gateway) {
	p.t.Helper()
	for _, dev := range []string{lanDev, coreDev, syncDev} {
		must(p.t, g.NS.LinkDown(dev))
	}
	g.Kill()
	p.stopSync(g)
	must(p.t, g.NS.Netlink().ConntrackTableFlush(netlink.ConntrackTable))
	p.forgetAddresses(g)
	must(p.t, os.RemoveAll(g.Path("run")))
	must(p.t, os.Mkdir(g.Path("run"), 0o755))
}

// forgetAddresses removes the virtual addresses, which a kernel that boots does not have.
func (p *translated) forgetAddresses(g *gateway) {
	p.t.Helper()
	h := g.NS.Netlink()
	list, err := h.AddrList(nil, netlink.FAMILY_V4)
	must(p.t, err)
	for _, a := range list {
		if bits, _ := a.Mask.Size(); bits == 32 {
			must(p.t, h.AddrDel(&netlink.GenericLink{LinkAttrs: netlink.LinkAttrs{Index: a.LinkIndex}}, &a))
		}
	}
}

// boot gives it back, with the links that are named.
func (p *translated) boot(g *gateway, links ...string) {
	p.t.Helper()
	for _, dev := range links {
		must(p.t, g.NS.LinkUp(dev))
	}
	p.startSync(g)
	g.Restart()
}

// flows opens connections that the other gateway knows of.
func (p *translated) flows() *flows {
	p.t.Helper()
	f := newFlows(p)
	f.open(flowsPerEvent)
	p.b.Eventually("the connections of a", func() bool { return p.learned(p.b) >= len(f.list) })
	return f
}
