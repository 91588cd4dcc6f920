package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/links"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/signer"
)

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

func prefixes(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// parse returns the configuration in text.
func parse(t testing.TB, text string) *configs.Config {
	t.Helper()
	c, err := configs.Parse("test.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	hsrpConfig = "[[hsrp]]\ninterface = \"eth1\"\ngroup = 10\nvirtual_ips = [\"192.0.2.1\"]\npriority = 110\nhello = \"1s\"\nhold = \"3s\"\n"
	vrrpConfig = "[[vrrp]]\ninterface = \"eth1\"\nvrid = 20\nversion = 2\nvirtual_ips = [\"192.0.2.1\"]\npriority = 110\n"
	vrrp6      = "[[vrrp]]\ninterface = \"eth1\"\nvrid = 20\nvirtual_ips = [\"fe80::1\", \"2001:db8::1\"]\n"
)

// healthy is a host on which nothing is wrong with any of the configurations
// above.
func healthy() *Host {
	h := &Host{
		NetAdmin: true, NetRaw: true, Realtime: true,
		Sysctls: map[string]string{
			"ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1", "ipv6/ip_nonlocal_bind": "0",
			"netfilter/nf_conntrack_tcp_loose": "1", "ipv6/conf/eth1/forwarding": "1",
		},
		Interfaces: []Interface{
			{Link: links.Link{Index: 1, Name: "lo", Loopback: true, Up: true, Carrier: true}, Addresses: prefixes("127.0.0.1/8")},
			{Link: links.Link{Index: 2, Name: "eth0", MAC: hello.MAC{2, 0, 0, 0, 0, 2}, Up: true, Carrier: true}, Addresses: prefixes("198.51.100.2/24")},
			{Link: links.Link{Index: 3, Name: "eth1", MAC: hello.MAC{2, 0, 0, 0, 0, 3}, Up: true, Carrier: true}, Driver: "igb",
				Addresses: prefixes("192.0.2.2/24", "fe80::2/64", "2001:db8::2/64")},
		},
		Listened: 3 * time.Second,
	}
	for _, dev := range []string{"all", "eth1"} {
		for name, value := range map[string]string{
			"forwarding": "1", "rp_filter": "1", "arp_ignore": "0", "arp_announce": "0", "arp_notify": "0",
			"send_redirects": "1", "proxy_arp": "0", "proxy_arp_pvlan": "0", "drop_gratuitous_arp": "0",
		} {
			h.Sysctls["ipv4/conf/"+dev+"/"+name] = value
		}
	}
	return h
}

func (h *Host) eth1() *Interface { return &h.Interfaces[2] }

// set changes a setting of the host.
func set(path, value string) func(*Host) {
	return func(h *Host) { h.Sysctls[path] = value }
}

// loose has no rp_filter keep questions away.
func loose(h *Host) {
	for _, dev := range []string{"all", "eth1"} {
		h.Sysctls["ipv4/conf/"+dev+"/rp_filter"] = "2"
	}
	for _, i := range h.Interfaces {
		h.Sysctls["ipv4/conf/"+i.Name+"/arp_ignore"] = "0"
	}
}

func chain(c Chain) func(*Host) { return func(h *Host) { h.Chains = append(h.Chains, c) } }

// above puts eth1 on eth0, as an interface of that kind.
func above(kind string) func(*Host) {
	return func(h *Host) { h.eth1().Kind, h.eth1().Parent, h.eth1().Driver = kind, 2, "" }
}

// onBridge makes eth1 a bridge.
func onBridge(b links.Bridge) func(*Host) {
	return func(h *Host) { h.eth1().Kind, h.eth1().Bridge, h.eth1().Driver = "bridge", &b, "" }
}

func driverOf(name string) func(*Host) { return func(h *Host) { h.eth1().Driver = name } }

// says adds a message of another router.
func says(m hello.Message, from string, auth string) func(*Host) {
	return func(h *Host) { h.Heard = append(h.Heard, message(m, from, auth)) }
}

func message(m hello.Message, from, auth string) Heard {
	src, mac := ip(from), hello.MAC{2, 0, 0, 0, 0, 0x99}
	switch m := m.(type) {
	case *hello.HSRP:
		a, _ := hello.TextAuth(auth)
		env := hello.GroupEnvelope(hello.ProtocolHSRP, m.Version, src, mac)
		return Heard{"eth1", env, hello.AppendHSRP(nil, m, &a, src), noon}
	case *hello.VRRP:
		env := hello.GroupEnvelope(hello.ProtocolVRRP, m.Version, src, mac)
		return Heard{"eth1", env, hello.AppendVRRP(nil, m, auth, hello.MessageOnly, src, env.Dst), noon}
	}
	panic("no such message")
}

// hsrp is a hello that agrees with hsrpConfig, changed.
func hsrp(change func(*hello.HSRP)) *hello.HSRP {
	m := &hello.HSRP{Version: 2, Op: hello.OpHello, State: hello.Standby, Family: hello.IPv4, Group: 10, Priority: 100,
		HelloTime: time.Second, HoldTime: 3 * time.Second, VirtualIP: ip("192.0.2.1")}
	change(m)
	return m
}

// vrrp is an advertisement that agrees with vrrpConfig, changed.
func vrrp(change func(*hello.VRRP)) *hello.VRRP {
	m := &hello.VRRP{Version: 2, VRID: 20, Priority: 100, Family: hello.IPv4, AdverInterval: time.Second, VirtualIPs: []netip.Addr{ip("192.0.2.1")}}
	change(m)
	return m
}

func asIs[M any](*M) {}

// noon is when messages were heard.
var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

const (
	secret = "a passphrase of at least 32 bytes"
	chain1 = "[[keychain]]\nname = \"k\"\nkeys = [{ id = 1, secret = \"" + secret + "\" }]\n"
	signed = "auth = { keychain = \"k\" }\n"
)

// saysSigned adds an advertisement that agrees with vrrpConfig, signed with a key
// at a time after noon.
func saysSigned(key string, after time.Duration) func(*Host) {
	a := signer.Advert{
		Version: 2, VRID: 20, Priority: 100, Interval: 1, VirtualIPs: []netip.Addr{ip("192.0.2.1")}, Src: ip("192.0.2.3"), Dst: ip("224.0.0.18"),
		Key: []byte(key), KeyID: 1, Type: 1, Time: noon.Add(after),
	}
	env := hello.GroupEnvelope(hello.ProtocolVRRP, 2, a.Src, hello.MAC{2, 0, 0, 0, 0, 0x99})
	return func(h *Host) { h.Heard = append(h.Heard, Heard{"eth1", env, a.Payload(), noon}) }
}

// saysMD5 adds a hello that agrees with hsrpConfig, signed with a key.
func saysMD5(key string, id uint32) func(*Host) {
	a, err := hello.MD5Auth(key, id)
	if err != nil {
		panic(err)
	}
	env := hello.GroupEnvelope(hello.ProtocolHSRP, 2, ip("192.0.2.3"), hello.MAC{2, 0, 0, 0, 0, 0x99})
	return func(h *Host) {
		h.Heard = append(h.Heard, Heard{"eth1", env, hello.AppendHSRP(nil, hsrp(asIs), &a, env.Src), noon})
	}
}

type examination struct {
	name   string
	config string // hsrpConfig when empty
	change []func(*Host)
	want   []string // rule and object of what is wrong
}

var examinations = []examination{
	{name: "nothing is wrong"},
	{name: "nothing is wrong with VRRP over IPv6", config: vrrp6},
	{name: "rights", change: []func(*Host){func(h *Host) { h.NetRaw = false }}, want: []string{"rights this user"}},
	{name: "no nf_tables", change: []func(*Host){func(h *Host) { h.Nftables = "operation not supported" }}, want: []string{"nftables nf_tables"}},
	{name: "tables that anybody may flush", change: []func(*Host){func(h *Host) { h.Flushable = true }}, want: []string{"flushable nf_tables"}},
	{name: "nf_tables not tried", change: []func(*Host){func(h *Host) { h.Nftables, h.Untried = "no namespace", true }}, want: []string{"nftables-untried nf_tables"}},
	{name: "a chain before ours", change: []func(*Host){chain(Chain{"netdev", "fw", "early", -300, []string{"eth0", "eth1"}})}, want: []string{"before-gate eth1"}},
	{name: "a chain of family inet before ours", change: []func(*Host){chain(Chain{"inet", "fw", "early", -500, []string{"eth*"}})}, want: []string{"before-gate eth1"}},
	{name: "a chain behind ours", change: []func(*Host){chain(Chain{"netdev", "fw", "late", -299, []string{"eth1"}})}},
	{name: "a chain of another interface", change: []func(*Host){chain(Chain{"netdev", "fw", "early", -500, []string{"eth0", "eth11", "w*"}})}},
	{name: "our own chain", change: []func(*Host){chain(Chain{"netdev", "fhrpd-eth1", "in", -300, []string{"eth1"}})}},
	{name: "a chain before ours, and no virtual MAC", config: hsrpConfig + "mac = \"interface\"\n", change: []func(*Host){chain(Chain{"netdev", "fw", "early", -500, []string{"eth1"}})}},
	{name: "a chain below a VLAN", change: []func(*Host){above("vlan"), chain(Chain{"netdev", "fw", "late", 0, []string{"eth0"}})}, want: []string{"below-gate eth1"}},
	{name: "a chain below a VLAN, and no virtual MAC", config: hsrpConfig + "mac = \"interface\"\n", change: []func(*Host){
		above("vlan"), func(h *Host) { h.eth1().MAC = h.Interfaces[1].MAC }, chain(Chain{"netdev", "fw", "late", 0, []string{"eth0"}}),
	}},
	{name: "a chain below a macvlan, whose own MAC is another", config: hsrpConfig + "mac = \"interface\"\n", change: []func(*Host){
		above("macvlan"), chain(Chain{"inet", "fw", "late", 0, []string{"eth0"}}),
	}, want: []string{"below-gate eth1"}},
	{name: "a chain on a port of a bond below a VLAN", change: []func(*Host){above("vlan"), func(h *Host) {
		h.Interfaces[1].Kind = "bond"
		h.Interfaces = append(h.Interfaces, Interface{Link: links.Link{Index: 8, Name: "eth8", Master: 2}}, Interface{Link: links.Link{Index: 9, Name: "eth9", Master: 2}})
	}, chain(Chain{"netdev", "fw", "late", 0, []string{"eth8", "eth9"}})}, want: []string{"below-gate eth1"}},
	{name: "a chain on the port of a bridge", change: []func(*Host){onBridge(links.Bridge{}), func(h *Host) { h.Interfaces[1].Master = 3 },
		chain(Chain{"netdev", "fw", "late", 0, []string{"eth0"}})}, want: []string{"below-gate eth1"}},
	{name: "a chain below a tunnel, which sees other frames", change: []func(*Host){above("vxlan"), chain(Chain{"netdev", "fw", "late", 0, []string{"eth0"}})}},
	{name: "a chain on a member of a VRF, which is the interface of no group", change: []func(*Host){
		func(h *Host) { h.eth1().Kind, h.Interfaces[1].Master = "vrf", 3 }, chain(Chain{"netdev", "fw", "late", 0, []string{"eth0"}}),
	}},
	{name: "a chain above", change: []func(*Host){func(h *Host) { h.Interfaces[1].Kind, h.Interfaces[1].Parent = "vlan", 3 },
		chain(Chain{"netdev", "fw", "late", 0, []string{"eth0"}})}},
	{name: "our own chain below", change: []func(*Host){above("vlan"), chain(Chain{"netdev", "fhrpd-eth0", "in", -300, []string{"eth0"}})}},
	{name: "a saved table", change: []func(*Host){func(h *Host) { h.Saved = []Ruleset{{"/etc/nftables.conf", []string{"fhrpd-eth1", "fhrpd-eth2"}}} }},
		want: []string{"saved-table /etc/nftables.conf"}},
	{name: "no realtime", change: []func(*Host){func(h *Host) { h.Realtime = false }}, want: []string{"realtime this user"}},
	{name: "realtime not asked for", config: "[daemon]\nrealtime = false\n" + hsrpConfig, change: []func(*Host){func(h *Host) { h.Realtime = false }}},

	{name: "forwarding off", change: []func(*Host){set("ipv4/ip_forward", "0")}, want: []string{"forwarding net/ipv4/ip_forward"}},
	{name: "forwarding off on the interface", change: []func(*Host){set("ipv4/conf/eth1/forwarding", "0")}, want: []string{"forwarding net/ipv4/conf/eth1/forwarding"}},
	{name: "IPv6 forwarding matters to IPv6", config: vrrp6, change: []func(*Host){set("ipv6/conf/all/forwarding", "0")}, want: []string{"forwarding net/ipv6/conf/all/forwarding"}},
	{name: "IPv6 forwarding off on the interface", config: vrrp6, change: []func(*Host){set("ipv6/conf/eth1/forwarding", "0")}, want: []string{"forwarding-host net/ipv6/conf/eth1/forwarding"}},
	{name: "IPv6 forwarding does not matter to IPv4", change: []func(*Host){set("ipv6/conf/all/forwarding", "0")}},

	{name: "arp_ignore 8 of all", change: []func(*Host){set("ipv4/conf/all/arp_ignore", "8")}, want: []string{"arp-ignore net/ipv4/conf/all/arp_ignore"}},
	{name: "arp_ignore 2 does no harm", change: []func(*Host){set("ipv4/conf/all/arp_ignore", "2")}},
	{name: "proxy_arp_pvlan", change: []func(*Host){set("ipv4/conf/eth1/proxy_arp_pvlan", "1")}, want: []string{"proxy-arp-pvlan net/ipv4/conf/eth1/proxy_arp_pvlan"}},
	{name: "proxy_arp with the virtual MAC", change: []func(*Host){set("ipv4/conf/all/proxy_arp", "1")}},
	{name: "proxy_arp, and nothing sees what leaves", change: []func(*Host){set("ipv4/conf/all/proxy_arp", "1"), func(h *Host) { h.NoEgress = true }}, want: []string{"proxy-arp net/ipv4/conf/all/proxy_arp"}},
	{name: "proxy_arp, and no virtual MAC", config: hsrpConfig + "mac = \"interface\"\n", change: []func(*Host){set("ipv4/conf/eth1/proxy_arp", "1")}, want: []string{"proxy-arp net/ipv4/conf/eth1/proxy_arp"}},
	{name: "proxy_arp, and a virtual MAC for IPv6 alone", config: hsrpConfig + "mac = \"interface\"\n" + vrrp6, change: []func(*Host){set("ipv4/conf/eth1/proxy_arp", "1")}, want: []string{"proxy-arp net/ipv4/conf/eth1/proxy_arp"}},
	{name: "proxy_arp does not matter to IPv6", config: vrrp6, change: []func(*Host){set("ipv4/conf/eth1/proxy_arp", "1")}},
	{name: "address of another host", change: []func(*Host){func(h *Host) { h.eth1().Proxied = []netip.Addr{ip("198.51.100.7"), ip("2001:db8::7")} }},
		want: []string{"proxy-neighbor eth1"}},
	{name: "put back a minute ago", change: []func(*Host){func(h *Host) { h.Restored = []Restored{{"eth1", 3, time.Minute}} }}, want: []string{"restored eth1"}},
	{name: "put back long ago", change: []func(*Host){func(h *Host) { h.Restored = []Restored{{"eth1", 3, time.Hour}} }}},
	{name: "gratuitous ARP dropped", change: []func(*Host){set("ipv4/conf/all/drop_gratuitous_arp", "1")}, want: []string{"drop-gratuitous-arp net/ipv4/conf/all/drop_gratuitous_arp"}},
	{name: "arp_notify announces real addresses only", change: []func(*Host){set("ipv4/conf/all/arp_notify", "1")}},
	{name: "arp_notify of an address owner", config: strings.Replace(vrrpConfig, "priority = 110", "priority = 255", 1), change: []func(*Host){
		set("ipv4/conf/all/arp_notify", "1"), func(h *Host) { h.eth1().Addresses = prefixes("192.0.2.1/24") },
	}, want: []string{"arp-notify net/ipv4/conf/all/arp_notify"}},

	{name: "strict rp_filter and two interfaces in the network", change: []func(*Host){func(h *Host) { h.Interfaces[1].Addresses = prefixes("192.0.2.3/24") }}, want: []string{"rp-filter eth1"}},
	{name: "two interfaces in the network that answer for all", change: []func(*Host){
		loose, func(h *Host) { h.Interfaces[1].Addresses = prefixes("192.0.2.3/24") },
	}, want: []string{"arp-beside eth0"}},
	{name: "two interfaces in the network that do not", change: []func(*Host){
		loose, set("ipv4/conf/eth0/arp_ignore", "1"), func(h *Host) { h.Interfaces[1].Addresses = prefixes("192.0.2.3/24") },
	}},
	{name: "two interfaces in the network and arp_filter", change: []func(*Host){
		loose, set("ipv4/conf/all/arp_filter", "1"), func(h *Host) { h.Interfaces[1].Addresses = prefixes("192.0.2.3/24") },
	}},
	{name: "two interfaces in the network, one of a VRF", change: []func(*Host){
		loose, func(h *Host) { h.Interfaces[1].Addresses, h.Interfaces[1].Master = prefixes("192.0.2.3/24"), 9 },
	}},
	{name: "two interfaces in the network of IPv6", config: vrrp6, change: []func(*Host){
		loose, func(h *Host) { h.Interfaces[1].Addresses = prefixes("2001:db8::3/64") },
	}},
	{name: "the interface below a macvlan", config: hsrpConfig + "mac = \"interface\"\n", change: []func(*Host){
		loose, func(h *Host) { h.eth1().Kind, h.eth1().Parent = "macvlan", 2 },
	}, want: []string{"arp-beside eth0"}},
	{name: "a macvlan beside the group's", config: hsrpConfig + "mac = \"interface\"\n", change: []func(*Host){
		loose, set("ipv4/conf/eth0/arp_ignore", "1"), func(h *Host) {
			h.eth1().Kind, h.eth1().Parent = "macvlan", 2
			h.Interfaces = append(h.Interfaces, Interface{Link: links.Link{Index: 9, Name: "mv1", Kind: "macvlan", Parent: 2, Up: true}})
		},
	}, want: []string{"arp-beside mv1"}},
	{name: "a macvlan above the group's interface", change: []func(*Host){
		loose, func(h *Host) {
			h.Interfaces[1] = Interface{Link: links.Link{Index: 2, Name: "eth0", Kind: "macvlan", Parent: 3, Up: true}, Addresses: prefixes("192.0.2.3/24")}
		},
	}},
	{name: "an answer of another interface of the host", change: []func(*Host){
		func(h *Host) { h.Interfaces[1].MAC = hello.MAC{2, 0, 0, 0, 0, 9} },
		func(h *Host) { h.Claims = []Claim{{"eth1", ip("192.0.2.1"), hello.MAC{2, 0, 0, 0, 0, 9}}} },
	}, want: []string{"arp-beside eth0"}},
	{name: "loose rp_filter and two interfaces in the network", change: []func(*Host){
		set("ipv4/conf/eth1/rp_filter", "2"), func(h *Host) { h.Interfaces[1].Addresses = prefixes("192.0.2.3/24") },
	}},
	{name: "the other interface of the network is off", change: []func(*Host){func(h *Host) { h.Interfaces[1].Addresses = prefixes("192.0.2.3/24"); h.Interfaces[1].Up = false }}},

	{name: "settings that cannot be made", change: []func(*Host){func(h *Host) { h.ReadOnly = true }, set("ipv4/conf/eth1/arp_announce", "2")},
		want: []string{"sysctls net/ipv4/conf/eth1/arp_ignore", "sysctls net/ipv4/conf/eth1/send_redirects"}},
	{name: "no connection is picked up", change: []func(*Host){set("netfilter/nf_conntrack_tcp_loose", "0")}, want: []string{"conntrack-loose net/netfilter/nf_conntrack_tcp_loose"}},

	{name: "interface missing", change: []func(*Host){func(h *Host) { h.Interfaces = h.Interfaces[:2] }}, want: []string{"interface-missing eth1"}},
	{name: "interface of a route missing", config: hsrpConfig + `routes = [{ to = "0.0.0.0/0", via = "203.0.113.1", interface = "wan" }]` + "\n", want: []string{"route-interface wan"}},
	{name: "interface of a route", config: hsrpConfig + `routes = [{ to = "10.0.0.0/8", interface = "eth1" }]` + "\n"},
	{name: "interface off", change: []func(*Host){func(h *Host) { h.eth1().Up, h.eth1().Carrier = false, false }}, want: []string{"interface-down eth1"}},
	{name: "no carrier", change: []func(*Host){func(h *Host) { h.eth1().Carrier = false }}, want: []string{"interface-down eth1"}},
	{name: "port of a bridge", change: []func(*Host){func(h *Host) {
		h.eth1().Master = 9
		h.Interfaces = append(h.Interfaces, Interface{Link: links.Link{Index: 9, Name: "br0", Kind: "bridge", Bridge: &links.Bridge{}}})
	}}, want: []string{"enslaved eth1"}},
	{name: "port of an HSR device", change: []func(*Host){portOf("hsr", "hsr0")}, want: []string{"enslaved eth1"}},
	{name: "port of Open vSwitch", change: []func(*Host){portOf("openvswitch", "ovs-system")}, want: []string{"openvswitch eth1"}},
	{name: "internal port of Open vSwitch", change: []func(*Host){func(h *Host) { h.eth1().Kind, h.eth1().Driver = "openvswitch", "" }}},
	{name: "port of something else", change: []func(*Host){portOf("batadv", "bat0")}},
	{name: "in a VRF", change: []func(*Host){func(h *Host) {
		h.eth1().Master = 9
		h.Interfaces = append(h.Interfaces, Interface{Link: links.Link{Index: 9, Name: "red", Kind: "vrf"}})
	}}},
	{name: "no address", change: []func(*Host){func(h *Host) { h.eth1().Addresses = prefixes("fe80::2/64") }}, want: []string{"no-address eth1", "other-network hsrp:eth1:10"}},
	{name: "no address but a virtual one", change: []func(*Host){func(h *Host) { h.eth1().Addresses = prefixes("192.0.2.1/24", "fe80::2/64") }}, want: []string{"no-address eth1", "leftover-address eth1"}},
	{name: "no link-local address", config: vrrp6, change: []func(*Host){func(h *Host) { h.eth1().Addresses = prefixes("2001:db8::2/64") }}, want: []string{"no-address eth1"}},
	{name: "no global address but a virtual one", config: bring6, change: []func(*Host){linkLocal}, want: []string{"no-global-address vrrp6:eth1:20"}},
	{name: "no global address but a virtual one that somebody has put there", config: bring6, change: []func(*Host){
		linkLocal, func(h *Host) { h.eth1().Addresses = prefixes("fe80::2/64", "2001:db8::1/64") },
	}, want: []string{"leftover-address eth1", "no-global-address vrrp6:eth1:20"}},
	{name: "a global address on another interface", config: bring6, change: []func(*Host){linkLocal, func(h *Host) { h.Interfaces[0].Addresses = prefixes("2001:db8:7::1/128") }}},
	{name: "a unique local address on another interface", config: bring6, change: []func(*Host){linkLocal, func(h *Host) { h.Interfaces[0].Addresses = prefixes("fd00::1/128") }}},
	{name: "a global address outside of the VRF", config: bring6, change: []func(*Host){linkLocal, inVRF, func(h *Host) { h.Interfaces[0].Addresses = prefixes("2001:db8:7::1/128") }},
		want: []string{"no-global-address vrrp6:eth1:20"}},
	{name: "a global address of the VRF", config: bring6, change: []func(*Host){linkLocal, inVRF, func(h *Host) { h.Interfaces[3].Addresses = prefixes("2001:db8:7::1/128") }}},
	{name: "a virtual address that is a route alone", config: bring6 + "install = \"route\"\n", change: []func(*Host){linkLocal}},
	{name: "a virtual address that is not accepted", config: bring6 + "accept = false\n", change: []func(*Host){linkLocal}},
	{name: "a kernel where all are routes alone", config: bring6, change: []func(*Host){linkLocal, func(h *Host) { h.NoEgress = true }}},
	{name: "an owner that has not got its addresses yet", config: vrrp6 + "priority = 255\n", change: []func(*Host){linkLocal},
		want: []string{"owner-address vrrp6:eth1:20", "owner-address vrrp6:eth1:20", "other-network vrrp6:eth1:20"}},
	{name: "an owner speaks from its address", config: vrrp6 + "priority = 255\n", change: []func(*Host){func(h *Host) { h.eth1().Addresses = prefixes("fe80::1/64", "2001:db8::1/64") }}},
	{name: "without Ethernet", change: []func(*Host){func(h *Host) { h.eth1().MAC = hello.MAC{} }}, want: []string{"misfit hsrp:eth1:10"}},
	{name: "brings its own network", config: strings.Replace(hsrpConfig, `"192.0.2.1"`, `"192.0.2.1/24"`, 1), change: []func(*Host){func(h *Host) { h.eth1().Addresses = prefixes("203.0.113.2/24") }}},
	{name: "in another network", change: []func(*Host){func(h *Host) { h.eth1().Addresses = prefixes("203.0.113.2/24") }}, want: []string{"other-network hsrp:eth1:10"}},
	{name: "the address of a network", config: strings.Replace(vrrpConfig, "192.0.2.1", "192.0.2.255", 1), want: []string{"misfit vrrp:eth1:20"}},
	{name: "messages larger than the MTU", change: []func(*Host){func(h *Host) { h.eth1().MTU = 68 }}, want: []string{"misfit hsrp:eth1:10"}},
	{name: "an ipvlan", config: hsrpConfig + "mac = \"interface\"\n", change: []func(*Host){func(h *Host) { h.eth1().Kind = "ipvlan" }}, want: []string{"misfit hsrp:eth1:10"}},
	{name: "a virtual MAC on a macvlan", change: []func(*Host){func(h *Host) { h.eth1().Kind = "macvlan" }}, want: []string{"misfit hsrp:eth1:10"}},
	{name: "a macvlan that may have other MACs", change: []func(*Host){func(h *Host) { h.eth1().Kind, h.eth1().Passthru = "macvlan", true }}},
	{name: "a macvlan with its own MAC", config: hsrpConfig + "mac = \"interface\"\n", change: []func(*Host){func(h *Host) { h.eth1().Kind = "macvlan" }}},
	{name: "leftover address", change: []func(*Host){func(h *Host) { h.Interfaces[0].Addresses = prefixes("192.0.2.1/32") }}, want: []string{"leftover-address lo"}},
	{name: "an owner without the address", config: strings.Replace(vrrpConfig, "priority = 110", "priority = 255", 1), want: []string{"owner-address vrrp:eth1:20"}},
	{name: "the owner's address is no leftover", config: strings.Replace(vrrpConfig, "priority = 110", "priority = 255", 1), change: []func(*Host){func(h *Host) { h.eth1().Addresses = prefixes("192.0.2.1/24") }}},

	{name: "a track that looks outside of the VRF", config: tracking("ping = \"203.0.113.1\""), change: []func(*Host){inVRF}, want: []string{"vrf-track hsrp:eth1:10"}},
	{name: "a track that looks in the VRF", config: tracking("command = [\"ping\", \"-I\", \"blue\", \"203.0.113.1\"]"), change: []func(*Host){inVRF}},
	{name: "a track of an interface", config: tracking("interface = \"eth1\""), change: []func(*Host){inVRF}},
	{name: "a track without a VRF", config: tracking("ping = \"203.0.113.1\"")},
	{name: "snooping without a querier", config: vrrp6, change: []func(*Host){onBridge(links.Bridge{Snooping: true, Ageing: 300e9})}, want: []string{"snooping eth1"}},
	{name: "snooping with a querier", config: vrrp6, change: []func(*Host){onBridge(links.Bridge{Snooping: true, Querier6: true, Ageing: 300e9})}},
	{name: "snooping and a bridge that is a querier", config: vrrp6, change: []func(*Host){onBridge(links.Bridge{Snooping: true, Querier: true, Ageing: 300e9})}},
	{name: "IPv4 hellos are not snooped", change: []func(*Host){onBridge(links.Bridge{Snooping: true, Ageing: 300e9})}},
	{name: "snooping below a VLAN", config: vrrp6, change: []func(*Host){func(h *Host) {
		h.eth1().Kind, h.eth1().Parent = "vlan", 9
		h.Interfaces = append(h.Interfaces, Interface{Link: links.Link{Index: 9, Name: "br0", Kind: "bridge", Bridge: &links.Bridge{Snooping: true}}})
	}}, want: []string{"snooping br0"}},
	{name: "refresh slower than the bridge's memory", change: []func(*Host){onBridge(links.Bridge{Ageing: time.Minute})}, want: []string{"refresh hsrp:eth1:10"}},
	{name: "refresh off", config: hsrpConfig + "announce = { refresh = \"off\" }\n", change: []func(*Host){onBridge(links.Bridge{Ageing: 300e9})}, want: []string{"refresh hsrp:eth1:10"}},
	{name: "a bridge that remembers nothing", config: hsrpConfig + "announce = { refresh = \"off\" }\n", change: []func(*Host){onBridge(links.Bridge{})}},

	{name: "virtio", change: []func(*Host){driverOf("virtio_net")}, want: []string{"virtio eth1"}},
	{name: "virtio, and it works", change: []func(*Host){driverOf("virtio_net"), func(h *Host) { h.Proven = []string{"eth1"} }}},
	{name: "virtio with the interface's MAC", config: hsrpConfig + "mac = \"interface\"\n", change: []func(*Host){driverOf("virtio_net")}},
	{name: "VMware", change: []func(*Host){driverOf("vmxnet3")}, want: []string{"vmware eth1"}},
	{name: "Hyper-V", change: []func(*Host){driverOf("hv_netvsc")}, want: []string{"hyper-v eth1"}},
	{name: "cloud", change: []func(*Host){driverOf("ena")}, want: []string{"cloud eth1"}},
	{name: "too many MACs for a card", config: manyGroups(17), want: []string{"filter-slots eth1"}},
	{name: "the card's own MAC needs no slot", config: strings.ReplaceAll(manyGroups(17), "group =", "mac = \"interface\"\ngroup =")},
	{name: "not too many", config: manyGroups(16)},
	{name: "managed by networkd", change: []func(*Host){func(h *Host) { h.eth1().Manager = "systemd-networkd" }}, want: []string{"networkd eth1"}},
	{name: "managed by NetworkManager", change: []func(*Host){func(h *Host) { h.eth1().Manager = "NetworkManager" }}, want: []string{"networkmanager eth1"}},
	{name: "another daemon", change: []func(*Host){func(h *Host) { h.Processes = []Process{{PID: 7, Name: "keepalived"}} }}, want: []string{"other-daemon keepalived"}},

	{name: "a peer that agrees", change: []func(*Host){says(hsrp(asIs), "192.0.2.3", "")}},
	{name: "another group's messages", change: []func(*Host){says(hsrp(func(m *hello.HSRP) { m.Group, m.VirtualIP = 11, ip("192.0.2.99") }), "192.0.2.3", "")}},
	{name: "another address in our group", change: []func(*Host){says(hsrp(func(m *hello.HSRP) { m.VirtualIP = ip("192.0.2.99") }), "192.0.2.3", "")}, want: []string{"heard-address hsrp:eth1:10"}},
	{name: "a speaker that has not learned the address", change: []func(*Host){says(hsrp(func(m *hello.HSRP) { m.VirtualIP = netip.IPv4Unspecified() }), "192.0.2.3", "")}},
	{name: "our address in another group", change: []func(*Host){says(hsrp(func(m *hello.HSRP) { m.Group, m.State = 11, hello.Active }), "192.0.2.3", "")}, want: []string{"heard-group hsrp:eth1:10"}},
	{name: "our address in another protocol", config: vrrpConfig, change: []func(*Host){says(hsrp(func(m *hello.HSRP) { m.State = hello.Active }), "192.0.2.3", "")}, want: []string{"heard-group vrrp:eth1:20"}},
	{name: "version 1 in our group", change: []func(*Host){says(hsrp(func(m *hello.HSRP) { m.Version = 1 }), "192.0.2.3", "")}, want: []string{"heard-version hsrp:eth1:10"}},
	{name: "a router of another subnet", change: []func(*Host){says(hsrp(asIs), "198.51.100.3", "")}, want: []string{"heard-subnet hsrp:eth1:10"}},
	{name: "a router of another subnet that is meant", config: hsrpConfig + "off_subnet = \"accept\"\n", change: []func(*Host){says(hsrp(asIs), "198.51.100.3", "")}},
	{name: "another text", change: []func(*Host){says(hsrp(asIs), "192.0.2.3", "secret")}, want: []string{"heard-auth hsrp:eth1:10"}},
	{name: "other timers", change: []func(*Host){says(hsrp(func(m *hello.HSRP) { m.HoldTime = 9 * time.Second }), "192.0.2.3", "")}, want: []string{"heard-timers hsrp:eth1:10"}},
	{name: "other timers where they are learned", config: strings.Replace(hsrpConfig, "hello = \"1s\"\nhold = \"3s\"\n", "", 1), change: []func(*Host){says(hsrp(asIs), "192.0.2.3", "")}},
	{name: "our own address speaks", change: []func(*Host){says(hsrp(asIs), "192.0.2.2", "")}, want: []string{"own-address eth1"}},
	{name: "our own address answers elsewhere", change: []func(*Host){func(h *Host) {
		h.Claims = []Claim{{"eth1", ip("192.0.2.2"), hello.MAC{2, 0, 0, 0, 0, 0x66}}, {"eth1", ip("192.0.2.77"), hello.MAC{2, 0, 0, 0, 0, 0x66}}}
	}}, want: []string{"own-address eth1"}},
	{name: "the highest priority of HSRP", change: []func(*Host){says(hsrp(func(m *hello.HSRP) { m.Priority = 255 }), "192.0.2.66", "")}, want: []string{"stranger hsrp:eth1:10"}},
	{name: "a resignation has no priority", change: []func(*Host){says(hsrp(func(m *hello.HSRP) { m.Op, m.Priority = hello.OpResign, 255 }), "192.0.2.66", "")}},
	{name: "the other router may have the higher priority", change: []func(*Host){says(hsrp(func(m *hello.HSRP) { m.Priority = 120 }), "192.0.2.3", "")}},
	{name: "one router too many", change: []func(*Host){
		says(hsrp(asIs), "192.0.2.3", ""), says(hsrp(func(m *hello.HSRP) { m.Priority = 120 }), "192.0.2.66", ""),
	}, want: []string{"stranger hsrp:eth1:10"}},
	{name: "a third router that is listed", config: hsrpConfig + "neighbors = [\"192.0.2.66\"]\n", change: []func(*Host){
		says(hsrp(asIs), "192.0.2.3", ""), says(hsrp(func(m *hello.HSRP) { m.Priority = 120 }), "192.0.2.66", ""),
	}},

	{name: "unicast peers on the link", config: vrrpConfig + "peers = [\"192.0.2.3\"]\n", want: []string{"min-ttl vrrp:eth1:20"}},
	{name: "unicast peers on the link that nobody else can be", config: vrrpConfig + "peers = [\"192.0.2.3\"]\nmin_ttl = 255\n"},
	{name: "unicast peers elsewhere", config: vrrpConfig + "peers = [\"198.51.100.3\", \"192.0.2.3\"]\n"},
	{name: "a unicast peer from further away than it may be", config: vrrpConfig + "peers = [\"192.0.2.3\"]\nmin_ttl = 255\n", change: []func(*Host){
		says(vrrp(asIs), "192.0.2.3", ""), func(h *Host) {
			env := &h.Heard[0].Envelope
			env.Dst, env.Unicast, env.TTL = ip("192.0.2.2"), true, 254
		},
	}, want: []string{"heard-ttl vrrp:eth1:20"}},
	{name: "VRRP agrees", config: vrrpConfig, change: []func(*Host){says(vrrp(asIs), "192.0.2.3", "")}},
	{name: "VRRP with more addresses", config: vrrpConfig, change: []func(*Host){says(vrrp(func(m *hello.VRRP) { m.VirtualIPs = append(m.VirtualIPs, ip("192.0.2.4")) }), "192.0.2.3", "")}, want: []string{"heard-address vrrp:eth1:20"}},
	{name: "VRRP version 3 where 2 is configured", config: vrrpConfig, change: []func(*Host){says(vrrp(func(m *hello.VRRP) { m.Version = 3 }), "192.0.2.3", "")}, want: []string{"heard-version vrrp:eth1:20"}},
	{name: "VRRP with a password", config: vrrpConfig, change: []func(*Host){says(vrrp(asIs), "192.0.2.3", "secret")}, want: []string{"heard-auth vrrp:eth1:20"}},
	{name: "VRRP that is signed", config: chain1 + vrrpConfig + signed, change: []func(*Host){saysSigned(secret, time.Second)}},
	{name: "VRRP that is signed, again", config: chain1 + vrrpConfig + signed, change: []func(*Host){saysSigned(secret, time.Second), saysSigned(secret, 0)}},
	{name: "VRRP that is signed with another key", config: chain1 + vrrpConfig + signed, change: []func(*Host){saysSigned(secret+"!", 0)}, want: []string{"heard-auth vrrp:eth1:20"}},
	{name: "VRRP that is signed by another clock", config: chain1 + vrrpConfig + signed, change: []func(*Host){saysSigned(secret, time.Minute)}, want: []string{"heard-auth vrrp:eth1:20"}},
	{name: "VRRP that is not signed", config: chain1 + vrrpConfig + signed, change: []func(*Host){says(vrrp(asIs), "192.0.2.3", "")}, want: []string{"heard-auth vrrp:eth1:20"}},
	{name: "VRRP that is not signed, while it may be so", config: chain1 + vrrpConfig + "auth = { keychain = \"k\", mode = \"permissive\" }\n", change: []func(*Host){says(vrrp(asIs), "192.0.2.3", "")}},
	{name: "VRRP that is signed for a router without a key", config: vrrpConfig, change: []func(*Host){saysSigned(secret, 0)}, want: []string{"heard-auth vrrp:eth1:20"}},
	{name: "a key of the chain", config: chain1 + hsrpConfig + signed, change: []func(*Host){saysMD5(secret, 1)}},
	{name: "a key that is not in the chain", config: chain1 + hsrpConfig + signed, change: []func(*Host){saysMD5(secret, 2)}, want: []string{"heard-auth hsrp:eth1:10"}},
	{name: "a clock that nothing synchronises", config: chain1 + vrrpConfig + signed, change: []func(*Host){func(h *Host) { h.Unsynced = true }}, want: []string{"clock this host"}},
	{name: "a clock that nobody looks at", config: chain1 + vrrpConfig + "auth = { keychain = \"k\", replay = \"monotonic\" }\n", change: []func(*Host){func(h *Host) { h.Unsynced = true }}},
	{name: "VRRP version 2 with another interval", config: vrrpConfig, change: []func(*Host){says(vrrp(func(m *hello.VRRP) { m.AdverInterval = 2 * time.Second }), "192.0.2.3", "")}, want: []string{"heard-interval vrrp:eth1:20"}},
	{name: "VRRP version 3 learns another interval", config: strings.Replace(vrrpConfig, "version = 2", "version = 3", 1), change: []func(*Host){
		says(vrrp(func(m *hello.VRRP) { m.Version, m.AdverInterval = 3, 2*time.Second }), "192.0.2.3", ""),
	}, want: []string{"heard-timers vrrp:eth1:20"}},

	{name: "the virtual MAC answers", change: []func(*Host){func(h *Host) {
		h.Claims = []Claim{{"eth1", ip("192.0.2.1"), hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)}}
	}}},
	{name: "a stranger answers", change: []func(*Host){func(h *Host) {
		h.Claims = []Claim{{"eth1", ip("192.0.2.1"), hello.MAC{2, 0, 0, 0, 0, 0x66}}}
	}}, want: []string{"claimed hsrp:eth1:10"}},
	{name: "the active router answers without its virtual MAC", config: vrrpConfig, change: []func(*Host){
		says(vrrp(asIs), "192.0.2.3", ""), func(h *Host) { h.Claims = []Claim{{"eth1", ip("192.0.2.1"), hello.MAC{2, 0, 0, 0, 0, 0x99}}} },
	}, want: []string{"peer-mac vrrp:eth1:20"}},
	{name: "the active router of HSRP does so", change: []func(*Host){
		says(hsrp(func(m *hello.HSRP) { m.State = hello.Active }), "192.0.2.3", ""), func(h *Host) { h.Claims = []Claim{{"eth1", ip("192.0.2.1"), hello.MAC{2, 0, 0, 0, 0, 0x99}}} },
	}, want: []string{"peer-mac hsrp:eth1:10"}},
	{name: "the active router of HSRP resigns and answers", change: []func(*Host){
		says(hsrp(func(m *hello.HSRP) { m.Op, m.State = hello.OpResign, hello.Active }), "192.0.2.3", ""), func(h *Host) { h.Claims = []Claim{{"eth1", ip("192.0.2.1"), hello.MAC{2, 0, 0, 0, 0, 0x99}}} },
	}, want: []string{"claimed hsrp:eth1:10"}},
	{name: "the standby router answers", change: []func(*Host){
		says(hsrp(func(m *hello.HSRP) { m.State = hello.Standby }), "192.0.2.3", ""), func(h *Host) { h.Claims = []Claim{{"eth1", ip("192.0.2.1"), hello.MAC{2, 0, 0, 0, 0, 0x99}}} },
	}, want: []string{"claimed hsrp:eth1:10"}},
	{name: "the active router gives up and answers", config: vrrpConfig, change: []func(*Host){
		says(vrrp(func(m *hello.VRRP) { m.Priority = 0 }), "192.0.2.3", ""), func(h *Host) { h.Claims = []Claim{{"eth1", ip("192.0.2.1"), hello.MAC{2, 0, 0, 0, 0, 0x99}}} },
	}, want: []string{"claimed vrrp:eth1:20"}},
	{name: "the active router does not answer for itself", change: []func(*Host){
		says(hsrp(func(m *hello.HSRP) { m.State = hello.Active }), "192.0.2.3", ""), func(h *Host) { h.Questions = []Question{{"eth1", ip("192.0.2.3"), false}} },
	}, want: []string{"understudy hsrp:eth1:10"}},
	{name: "it answers for the virtual address", change: []func(*Host){
		says(hsrp(func(m *hello.HSRP) { m.State = hello.Active }), "192.0.2.3", ""), func(h *Host) {
			h.Questions = []Question{{"eth1", ip("192.0.2.3"), false}}
			h.Claims = []Claim{{"eth1", ip("192.0.2.1"), hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)}}
		},
	}},
	{name: "it would be asked whether it lives", config: hsrpConfig + "confirm = true\n", change: []func(*Host){
		says(hsrp(func(m *hello.HSRP) { m.State = hello.Active }), "192.0.2.3", ""), func(h *Host) {
			h.Questions = []Question{{"eth1", ip("192.0.2.3"), false}}
			h.Claims = []Claim{{"eth1", ip("192.0.2.1"), hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)}}
		},
	}, want: []string{"confirm hsrp:eth1:10"}},
	{name: "it answers for itself when asked whether it lives", config: hsrpConfig + "confirm = true\n", change: []func(*Host){
		says(hsrp(func(m *hello.HSRP) { m.State = hello.Active }), "192.0.2.3", ""), func(h *Host) { h.Questions = []Question{{"eth1", ip("192.0.2.3"), true}} },
	}},
	{name: "the active router answers for itself", change: []func(*Host){
		says(hsrp(func(m *hello.HSRP) { m.State = hello.Active }), "192.0.2.3", ""), func(h *Host) { h.Questions = []Question{{"eth1", ip("192.0.2.3"), true}} },
	}},
	{name: "whoever does not answer is no matter to who does not stand in", config: hsrpConfig + "understudy = false\n", change: []func(*Host){
		says(hsrp(func(m *hello.HSRP) { m.State = hello.Active }), "192.0.2.3", ""), func(h *Host) { h.Questions = []Question{{"eth1", ip("192.0.2.3"), false}} },
	}},
	{name: "without a virtual MAC the other router may answer", config: hsrpConfig + "mac = \"interface\"\n", change: []func(*Host){
		says(hsrp(asIs), "192.0.2.3", ""), func(h *Host) { h.Claims = []Claim{{"eth1", ip("192.0.2.1"), hello.MAC{2, 0, 0, 0, 0, 0x99}}} },
	}},
	{name: "without a virtual MAC nobody else may", config: hsrpConfig + "mac = \"interface\"\n", change: []func(*Host){
		says(hsrp(asIs), "192.0.2.3", ""), func(h *Host) { h.Claims = []Claim{{"eth1", ip("192.0.2.1"), hello.MAC{2, 0, 0, 0, 0, 0x66}}} },
	}, want: []string{"claimed hsrp:eth1:10"}},
}

// tracking is hsrpConfig with a tracked object.
func tracking(what string) string {
	return hsrpConfig + "track = [{ object = \"out\" }]\n[[track]]\nname = \"out\"\n" + what + "\n"
}

// portOf gives eth1 a master of that kind.
func portOf(kind, name string) func(*Host) {
	return func(h *Host) {
		h.eth1().Master = 9
		h.Interfaces = append(h.Interfaces, Interface{Link: links.Link{Index: 9, Name: name, Kind: kind}})
	}
}

// bring6 is a router that brings the network, so that the host needs no address there.
const bring6 = "[[vrrp]]\ninterface = \"eth1\"\nvrid = 20\nvirtual_ips = [\"fe80::1\", \"2001:db8::1/64\"]\n"

// linkLocal leaves the host no other IPv6 addresses.
func linkLocal(h *Host) { h.eth1().Addresses = prefixes("192.0.2.2/24", "fe80::2/64") }

// inVRF makes eth1 a member of a VRF.
func inVRF(h *Host) {
	h.eth1().Master = 77
	h.Interfaces = append(h.Interfaces, Interface{Link: links.Link{Index: 77, Name: "blue", Kind: "vrf", Up: true, Carrier: true}})
}

func manyGroups(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "[[hsrp]]\ninterface = \"eth1\"\ngroup = %d\nvirtual_ips = [\"192.0.2.%d\"]\n", i+1, i+100)
	}
	return b.String()
}

// What a cure says to write into the configuration must be accepted there.
func TestCureOfTooManyMACsIsAccepted(t *testing.T) {
	for _, r := range rules {
		if r.ID != "filter-slots" {
			continue
		}
		for advice, mac := range map[string]string{`mac = "interface"`: "interface", `mac = "…"`: "02:00:00:00:00:77"} {
			config := strings.ReplaceAll(manyGroups(2), "group =", "mac = \""+mac+"\"\ngroup =")
			if _, err := configs.Parse("test.toml", []byte(config)); err != nil && strings.Contains(r.Cure, advice) {
				t.Errorf("%s is advised, and refused: %v", advice, err)
			}
		}
	}
}

func TestExamine(t *testing.T) {
	for _, tt := range examinations {
		t.Run(tt.name, func(t *testing.T) {
			h := healthy()
			for _, change := range tt.change {
				change(h)
			}
			text := tt.config
			if text == "" {
				text = hsrpConfig
			}
			findings := Examine(h, parse(t, text))
			var got []string
			for _, f := range findings {
				if f.Severity == OK {
					continue
				}
				got = append(got, f.Rule+" "+f.Object)
				if f.Found == "" || f.Effect == "" || f.Cure == "" {
					t.Errorf("%+v does not say what is found, breaks and cures", f)
				}
				for _, word := range words {
					if strings.Contains(f.Effect+f.Cure, word) {
						t.Errorf("%s stands in %q, %q", word, f.Effect, f.Cure)
					}
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s\n%s", diff, Text(findings))
			}
			if Clean(findings) != (len(tt.want) == 0) {
				t.Errorf("clean is %v", Clean(findings))
			}
		})
	}
}

// words are those that a finding has to replace.
var words = []string{"INTERFACE", "SETTING", "GROUP", "ADDRESS", "BRIDGE", "OTHER", "PROCESS", "VALUE", "CHAIN", "VMACS", "FILE", "OBJECT", "VRF"}

func TestEveryRuleHasAnExamination(t *testing.T) {
	for _, r := range rules {
		broken := func(x examination) bool {
			return slices.ContainsFunc(x.want, func(w string) bool { return strings.HasPrefix(w, r.ID+" ") })
		}
		if r.Severity != OK && !slices.ContainsFunc(examinations, broken) {
			t.Errorf("no examination breaks rule %s", r.ID)
		}
	}
}

func TestRuleIDsAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rules {
		if seen[r.ID] {
			t.Errorf("rule %s is listed twice", r.ID)
		}
		seen[r.ID] = true
	}
}

func TestWithoutConfigurationOnlyTheHostIsLookedAt(t *testing.T) {
	h := healthy()
	h.Sysctls["ipv4/ip_forward"] = "0"
	var got []string
	for _, f := range Examine(h, nil) {
		got = append(got, string(f.Severity)+" "+f.Rule)
	}
	if diff := cmp.Diff([]string{"fail forwarding", "ok rights", "ok nftables", "ok flushable", "ok conntrack-loose"}, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// A message that ends early is none, unless what is missing is the
// authentication at its end.
func TestGarbageIsNoMessage(t *testing.T) {
	h := healthy()
	m := message(hsrp(asIs), "192.0.2.3", "")
	if len(m.Payload) < 40 {
		t.Fatalf("a message of %d bytes", len(m.Payload))
	}
	for n := range m.Payload {
		cut := m
		cut.Payload = m.Payload[:n]
		h.Heard = append(h.Heard, cut)
	}
	for _, f := range Examine(h, parse(t, hsrpConfig)) {
		if f.Severity != OK && f.Rule != "heard-auth" {
			t.Errorf("%+v", f)
		}
	}
}

// Advertisements that differ in their trailers alone say the same: else a list of
// what was heard would fill up with one router.
func TestSignedMessagesAreKeptOnce(t *testing.T) {
	h := &Host{}
	for _, says := range []func(*Host){saysSigned(secret, 0), saysSigned(secret, time.Second), says(vrrp(func(m *hello.VRRP) { m.Priority = 99 }), "192.0.2.3", "")} {
		says(h)
	}
	if a, b, other := h.Heard[0], h.Heard[1], h.Heard[2]; !a.same(b) || a.same(other) {
		t.Errorf("signed twice: the same %t; another message: the same %t", a.same(b), a.same(other))
	}
}

// What is missing is said once, and nothing else of it is in order.
func TestNothingIsInOrderOfAnInterfaceThatIsMissing(t *testing.T) {
	h := healthy()
	h.Interfaces = h.Interfaces[:2]
	for _, f := range Examine(h, parse(t, hsrpConfig)) {
		if f.Severity == OK && f.Object == "eth1" {
			t.Errorf("%s: %s: %s", f.Rule, f.Object, f.Found)
		}
	}
}
