package doctor

import (
	"fmt"
	"slices"
)

// rule is something that can be wrong. Words in capitals in Effect and Cure
// stand for what a finding is about: INTERFACE, SETTING, GROUP, ADDRESS.
type rule struct {
	ID       string
	Severity Severity // of a violation
	Looks    string   // what is looked at
	Effect   string   // what a violation breaks
	Cure     string   // what to do, with the file, setting or command
}

const sysctlFile = "in a file below /etc/sysctl.d, then sysctl --system"

// rules is everything that is looked at, in the order of the output.
var rules = []rule{
	{"rights", Fail, "CAP_NET_ADMIN and CAP_NET_RAW of this user",
		"the daemon can neither open packet sockets nor change rules and routes, and what needs them is not checked here",
		"run as root, or start the daemon by its systemd unit, which has AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW"},
	{"nftables", Fail, "nf_tables with a netdev ingress hook, tried in a namespace of its own",
		"the virtual MAC cannot be opened and closed: the router never becomes active",
		"modprobe nf_tables, or a kernel with CONFIG_NF_TABLES_NETDEV and CONFIG_NETFILTER_INGRESS"},
	{"nftables-untried", Warn, "whether nf_tables could be tried",
		"it is not known if the virtual MAC can be opened",
		"run fhrpd doctor as root"},
	{"flushable", Warn, "whether nftables tables can be made to persist (Linux 6.9)",
		"anybody may flush the table that the virtual MAC hangs on (nft flush ruleset, a firewall that reloads): while the daemon runs it puts the table back within milliseconds; while it is dead or frozen, forwarding ends at once, and not with the lease when the peer has taken over",
		"Linux 6.9 or newer (Debian 12: linux-image-amd64 of bookworm-backports), or a firewall that flushes its own tables only"},
	{"realtime", Warn, "whether SCHED_FIFO is allowed to this user, when [daemon] realtime is true",
		"on a busy machine hellos are late by milliseconds, which matters when the hold time is below about 300 ms",
		"LimitRTPRIO=50 in the systemd unit, or realtime = false in the configuration"},
	{"forwarding", Fail, "forwarding of IPv4 and IPv6, for all and for the interfaces of the groups",
		"what hosts send to the virtual router goes no further",
		"SETTING = 1 " + sysctlFile},
	{"arp-ignore", Warn, "arp_ignore of all and of the interface",
		"the kernel answers ARP for none of its own addresses: peers and hosts cannot reach the router itself",
		"SETTING = 1 or 2 " + sysctlFile},
	{"proxy-arp-pvlan", Fail, "proxy_arp_pvlan of the interface",
		"the kernel answers ARP for every address of the network, also on the standby and for the virtual ones, with the interface's own MAC",
		"SETTING = 0 " + sysctlFile},
	{"arp-notify", Warn, "arp_notify where the interface itself has a virtual address",
		"when the interface comes up the kernel announces the virtual address at the interface's own MAC",
		"SETTING = 0 " + sysctlFile},
	{"drop-gratuitous-arp", Warn, "drop_gratuitous_arp of all and of the interface",
		"this router goes on sending to the old MAC when a neighbour's address moves",
		"SETTING = 0 " + sysctlFile},
	{"rp-filter", Warn, "strict rp_filter where two interfaces are in the network of a virtual address",
		"where the way to the hosts leads through OTHER, what they send to INTERFACE fails the check of its source and is dropped; a strict rp_filter is otherwise fine, virtual MACs included",
		"SETTING = 2 (loose) " + sysctlFile + ", or one interface only in each network"},
	{"sysctls", Fail, "arp_ignore, arp_announce and send_redirects of the interface, which the daemon sets while it runs, where it cannot",
		"the interface's own MAC answers for virtual addresses, or hosts are redirected past the virtual router",
		"SETTING = VALUE " + sysctlFile + ", or make /proc/sys/net writable (systemd: ProtectKernelTunables=no)"},
	{"conntrack-loose", Warn, "nf_conntrack_tcp_loose where connections are tracked",
		"after a takeover a stateful firewall drops every TCP connection that began on the other router",
		"net/netfilter/nf_conntrack_tcp_loose = 1 " + sysctlFile + ", or synchronise states with conntrackd"},
	{"interface-missing", Fail, "whether the interface of each group exists",
		"its groups wait in Init until it does",
		"create INTERFACE, or correct interface = \"INTERFACE\" in the configuration"},
	{"interface-down", Fail, "whether it is switched on and has a carrier",
		"its groups wait in Init",
		"ip link set INTERFACE up; then look at the cable and the port of the switch"},
	{"enslaved", Fail, "whether it is the port of a bridge or bond",
		"frames go to OTHER before a router on INTERFACE could see them: it never hears a hello",
		"interface = \"OTHER\" in the configuration"},
	{"no-address", Fail, "whether it has an address of its own in the family of each group",
		"hellos have no source address: the group stays in Init",
		"ip addr add … dev INTERFACE (IPv6: a link-local address, which disable_ipv6 = 0 and addrgenmode eui64 give)"},
	{"other-network", Warn, "whether each virtual address is in a network of the interface",
		"hosts that use ADDRESS as gateway are in a network that this router has no route to",
		"ip addr add … dev INTERFACE in the network of ADDRESS, or correct virtual_ips of GROUP"},
	{"misfit", Fail, "whether each group goes with its interface: the virtual MAC with the kind (macvlan, ipvlan), the virtual addresses with the networks, the messages with the MTU",
		"GROUP waits in Init",
		"interface, mac or virtual_ips of GROUP, as the finding says, or ip link set INTERFACE mtu with enough for a message"},
	{"leftover-address", Fail, "virtual addresses that an interface has as its own",
		"INTERFACE answers for ADDRESS with its own MAC whatever the role: a leftover of another daemon or of a static configuration",
		"ip addr del ADDRESS dev INTERFACE, and remove it from where it came from (keepalived.conf, a .network file, netplan, /etc/network/interfaces)"},
	{"vrf-track", Warn, "whether groups in a VRF depend on objects that are looked for in the main table",
		"OBJECT says nothing of the way through VRF: the group may keep a role without a way out, or lose it for nothing",
		"command = [\"ping\", \"-c\", \"1\", \"-W\", \"1\", \"-I\", \"VRF\", …] in OBJECT, or curl --interface VRF, or ip route show vrf VRF"},
	{"snooping", Warn, "multicast snooping without a querier on the bridge of a group of IPv6",
		"nobody asks for memberships: snooping switches behind BRIDGE forget them after about 260 s and drop IPv6 hellos and solicitations, while BRIDGE itself floods",
		"ip link set BRIDGE type bridge mcast_querier 1, or mcast_snooping 0"},
	{"refresh", Warn, "announce.refresh against the ageing time of the bridge of a group",
		"BRIDGE forgets the virtual MAC between two announcements where hellos do not carry it, and floods or drops what is sent to it",
		"announce.refresh of GROUP to less than half of the ageing time, or ip link set BRIDGE type bridge ageing_time with hundredths of seconds"},
	{"virtio", Warn, "the driver virtio_net",
		"the host drops frames for the virtual MAC if it filters by the guest's MAC",
		"libvirt: trustGuestRxFilters='yes' in <interface>; Proxmox: MAC filter off in the firewall of the guest; then fhrpd verify GROUP"},
	{"vmware", Warn, "the driver vmxnet3",
		"the virtual switch drops frames to and from the virtual MAC",
		"accept promiscuous mode, MAC address changes and forged transmits in the port group's security policy (or MAC learning on a distributed switch); then fhrpd verify GROUP"},
	{"hyper-v", Warn, "the driver hv_netvsc",
		"the virtual switch drops frames to and from the virtual MAC",
		"Set-VMNetworkAdapter -VMName … -MacAddressSpoofing On on the host; then fhrpd verify GROUP"},
	{"cloud", Warn, "drivers of clouds: ena, gve",
		"the provider's network carries neither multicast nor foreign MACs: no hello arrives",
		"vrrp with peers = […] and mac = \"interface\" in the configuration, and a hook that moves the address by the provider's interface"},
	{"filter-slots", Warn, "the number of virtual MACs on hardware",
		"network cards filter by a few further addresses only and go promiscuous beyond: the processor sees every frame of the segment",
		"nothing on a switched network; otherwise fewer groups on INTERFACE, or groups that share a MAC (mac = \"…\")"},
	{"networkd", Warn, "whether systemd-networkd manages the interface",
		"when it restarts or loses the carrier it removes routes that it does not know, virtual addresses among them",
		"[Network] ManageForeignRoutes=no in /etc/systemd/networkd.conf.d/fhrpd.conf"},
	{"networkmanager", Warn, "whether NetworkManager manages the interface",
		"some seconds after the carrier is lost it takes the address from INTERFACE, and the groups stay in Init until it is back",
		"[device-fhrpd] match-device=interface-name:INTERFACE ignore-carrier=yes in /etc/NetworkManager/conf.d/fhrpd.conf"},
	{"other-daemon", Warn, "other programs that speak a redundancy protocol, by name or by their sockets",
		"two daemons that serve the same addresses fight for them",
		"systemctl disable --now PROCESS, or make sure that it serves other groups and addresses"},
	{"nonlocal-bind", OK, "net/ipv6/ip_nonlocal_bind",
		"a program that binds to a virtual IPv6 address gets \"cannot assign requested address\" (fhrpd needs it not)",
		"net/ipv6/ip_nonlocal_bind = 1 " + sysctlFile + ", or IP_FREEBIND in the program"},
	{"heard-address", Fail, "virtual addresses in messages of each group",
		"another router uses the number of GROUP for other addresses: two virtual routers have one MAC",
		"the same virtual_ips on both, or another group number for one of them"},
	{"heard-version", Fail, "versions of the protocol in messages of each group",
		"the routers do not understand each other, and both become active",
		"the same version of GROUP on both"},
	{"heard-auth", Fail, "authentication in messages of each group",
		"messages are rejected, and both routers become active",
		"the same auth of GROUP on both"},
	{"heard-interval", Fail, "the advertisement interval of VRRP version 2",
		"advertisements with another interval are dropped (RFC 3768 section 7.1), and both routers become active",
		"the same advertise of GROUP on both"},
	{"heard-timers", Warn, "hello and hold times, and the interval of VRRP version 3",
		"the failover takes as long as the timers of whoever is active say, not as configured here",
		"the same times of GROUP on both"},
	{"own-address", Fail, "messages from this router's own address",
		"two routers have one address: elections that depend on it never end",
		"another address on one of the two"},
	{"stranger", Warn, "speakers with a higher priority that no configuration explains",
		"somebody may take GROUP over who is not meant to be a gateway",
		"find the port of the switch where its MAC is; list the real routers under neighbors or peers of GROUP; use auth = { md5 = … } in HSRP"},
	{"claimed", Fail, "who answers for each virtual address",
		"hosts learn a MAC for ADDRESS that is not the virtual router's",
		"fhrpd whohas ADDRESS -i INTERFACE; then remove the address from the station that answers"},
	{"peer-mac", Warn, "whether the active router answers with the virtual MAC",
		"the MAC of ADDRESS changes with each failover, and a host that ignores announcements keeps the old one",
		"the virtual MAC on both: use_vmac in keepalived, no use-bia on IOS"},
}

// indexOf returns where the rule with that ID is in the list.
func indexOf(id string) int {
	i := slices.IndexFunc(rules, func(r rule) bool { return r.ID == id })
	if i < 0 {
		panic(fmt.Sprintf("doctor: no rule %q", id))
	}
	return i
}
