package netlab

import (
	"errors"
	"io/fs"
	"testing"
)

// What a router or a server has set comes into every namespace that is made there.
func TestNamespaceDoesNotTakeAfterARouter(t *testing.T) {
	ns := newNS(t)
	router := map[string]string{
		"net/ipv4/ip_forward": "1", "net/ipv4/conf/default/forwarding": "1", "net/ipv4/conf/all/rp_filter": "1", "net/ipv4/conf/default/rp_filter": "2",
		"net/ipv4/conf/all/arp_ignore": "1", "net/ipv4/conf/all/arp_announce": "2", "net/ipv4/conf/default/proxy_arp": "1",
		"net/ipv4/conf/all/send_redirects": "0", "net/ipv4/conf/default/accept_redirects": "0",
		"net/ipv6/conf/all/forwarding": "1", "net/ipv6/conf/default/forwarding": "1", "net/ipv6/conf/default/accept_ra": "0", "net/ipv6/conf/default/disable_ipv6": "1",
	}
	want := map[string]string{}
	for path, value := range router {
		got, err := ns.ReadSysctl(path)
		if errors.Is(err, fs.ErrNotExist) {
			delete(router, path) // a kernel without IPv6
			continue
		}
		must(t, err)
		if want[path] = got; got == value {
			t.Errorf("%s = %s in a new namespace", path, got)
		}
	}
	for path, value := range router {
		must(t, ns.Sysctl(path, value))
	}
	must(t, ns.plain())
	for path, value := range want {
		if got, err := ns.ReadSysctl(path); err != nil || got != value {
			t.Errorf("%s = %s, %v, want %s", path, got, err, value)
		}
	}
}
