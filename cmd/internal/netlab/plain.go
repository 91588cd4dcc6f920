package netlab

import "errors"

// plainIPv4 and plainIPv6 are the kernel's own values of what administrators
// change on routers and servers. A new namespace has the host's values of IPv4,
// and with net.core.devconf_inherit_init_net those of IPv6 too.
var (
	plainIPv4 = []setting{
		{"forwarding", "0"}, {"accept_local", "0"}, {"accept_source_route", "1"}, {"arp_accept", "0"}, {"arp_announce", "0"}, {"arp_filter", "0"},
		{"arp_ignore", "0"}, {"arp_notify", "0"}, {"drop_gratuitous_arp", "0"}, {"proxy_arp", "0"}, {"proxy_arp_pvlan", "0"},
		{"rp_filter", "0"}, {"secure_redirects", "1"}, {"send_redirects", "1"}, {"accept_redirects", "1"},
	}
	plainIPv6 = []setting{
		{"forwarding", "0"}, {"accept_ra", "1"}, {"accept_redirects", "1"}, {"autoconf", "1"}, {"disable_ipv6", "0"}, {"addr_gen_mode", "0"}, {"use_tempaddr", "0"},
	}
)

type setting struct{ name, value string }

// plain takes back what the namespace has from the host, before it has any
// interface but lo. Forwarding comes first, as it changes other settings.
func (n *NS) plain() error {
	var errs []error
	for _, conf := range []string{"all/", "default/"} {
		for _, s := range plainIPv4 {
			errs = append(errs, n.Sysctl("net/ipv4/conf/"+conf+s.name, s.value))
		}
		for _, s := range plainIPv6 {
			errs = append(errs, n.sysctlIPv6(conf+s.name, s.value))
		}
	}
	return errors.Join(errs...)
}
