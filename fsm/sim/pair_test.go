package sim

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// vrrp is a VRRP router on an interface.
func vrrp(nic string, vrid uint16, addrs ...string) engine.Group {
	g := protocols["vrrp3"]
	g.Interface, g.Number, g.Priority, g.Preempt, g.HelloTime, g.Accept = nic, vrid, 100, true, time.Second, true
	for _, a := range addrs {
		g.VirtualIPs = append(g.VirtualIPs, netip.MustParseAddr(a))
	}
	if g.VirtualIPs != nil && g.VirtualIPs[0].Is6() {
		g.Family = hello.IPv6
	}
	return g
}

func config(groups ...engine.Group) engine.Config { return engine.Config{Groups: groups} }

// cabling is "HOST NIC SEGMENT ADDRESSES" of each interface.
func cabling(s Scene) (list []string) {
	for _, h := range s.Hosts {
		for _, n := range h.NICs {
			where := "elsewhere"
			if n.Segment != Elsewhere {
				where = string(rune('0' + n.Segment))
			}
			list = append(list, strings.TrimSpace(h.Name+" "+n.Name+" "+where+" "+prefixes(n.Addrs)))
		}
	}
	return list
}

func TestPairCablesWhatBelongsTogether(t *testing.T) {
	brings := vrrp("eth1", 1, "10.77.3.1")
	brings.Prefixes = []netip.Prefix{netip.MustParsePrefix("10.77.3.1/16")}
	routes := vrrp("eth1", 1, "192.0.2.1")
	routes.Routes = []engine.Route{{To: netip.MustParsePrefix("0.0.0.0/0"), Interface: "wan"}}
	for name, tt := range map[string]struct {
		a, b engine.Config
		want []string
	}{
		"one name": {config(vrrp("eth1", 1, "192.0.2.1")), config(vrrp("eth1", 1, "192.0.2.1")),
			[]string{"a eth1 0 192.0.2.254/24", "b eth1 0 192.0.2.253/24"}},
		"one address before one name": {
			config(vrrp("eth1", 1, "192.0.2.1"), vrrp("eth2", 1, "198.51.100.1")), config(vrrp("eth1", 1, "198.51.100.1"), vrrp("eth2", 1, "192.0.2.1")),
			[]string{"a eth1 0 192.0.2.254/24", "a eth2 1 198.51.100.254/24", "b eth2 0 192.0.2.253/24", "b eth1 1 198.51.100.253/24"}},
		"one subnet": {config(vrrp("eth1", 1, "192.0.2.1")), config(vrrp("ens5", 1, "192.0.2.7")),
			[]string{"a eth1 0 192.0.2.254/24", "b ens5 0 192.0.2.253/24"}},
		"nothing in common": {config(vrrp("eth1", 1, "192.0.2.1")), config(vrrp("ens5", 1, "198.51.100.1")),
			[]string{"a eth1 0 192.0.2.254/24", "b ens5 1 198.51.100.254/24"}},
		"a link-local address is no sign": {config(vrrp("eth1", 1, "fe80::1")), config(vrrp("ens5", 1, "fe80::1")),
			[]string{"a eth1 0 fe80::fffe/64", "b ens5 1 fe80::fffe/64"}},
		"taken addresses": {config(vrrp("eth1", 1, "192.0.2.254")), config(vrrp("eth1", 2, "192.0.2.253")),
			[]string{"a eth1 0 192.0.2.252/24", "b eth1 0 192.0.2.251/24"}},
		"an address that ends a small network": {config(vrrp("eth1", 1, "192.0.2.255")), config(),
			[]string{"a eth1 0 192.0.3.254/22"}},
		"the subnet that an address brings": {config(brings), config(),
			[]string{"a eth1 0 10.77.255.254/16"}},
		"two subnets": {config(vrrp("eth1", 1, "192.0.2.1", "198.51.100.1")), config(),
			[]string{"a eth1 0 192.0.2.254/24, 198.51.100.254/24"}},
		"both families": {config(vrrp("eth1", 1, "192.0.2.1"), vrrp("eth1", 1, "fe80::1", "2001:db8::1")), config(),
			[]string{"a eth1 0 192.0.2.254/24, fe80::fffe/64, 2001:db8::fffe/64"}},
		"an address that is learned": {config(vrrp("eth1", 1)), config(),
			[]string{"a eth1 0 192.0.2.254/24"}},
		"an interface of a route": {config(routes), config(),
			[]string{"a eth1 0 192.0.2.254/24", "a wan elsewhere"}},
	} {
		s, _ := Pair(tt.a, tt.b)
		if diff := cmp.Diff(tt.want, cabling(s)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Unicast peers are the addresses of the other router, where a file says them.
func TestPeersReachEachOther(t *testing.T) {
	with := func(peers ...string) engine.Config {
		g := vrrp("eth1", 1, "192.0.2.1")
		for _, p := range peers {
			g.Peers = append(g.Peers, netip.MustParseAddr(p))
		}
		return config(g)
	}
	for name, tt := range map[string]struct {
		a, b engine.Config
		want []string
	}{
		"each names the other":     {with("192.0.2.3"), with("192.0.2.2"), []string{"a eth1 0 192.0.2.2/24", "b eth1 0 192.0.2.3/24"}},
		"one of several":           {with("192.0.2.3", "192.0.2.4"), with("192.0.2.2"), []string{"a eth1 0 192.0.2.2/24", "b eth1 0 192.0.2.3/24"}},
		"the other one is made up": {with("192.0.2.3"), with("192.0.2.3"), []string{"a eth1 0 192.0.2.254/24", "b eth1 0 192.0.2.3/24"}},
		"peers in another subnet":  {with("198.51.100.3"), with("198.51.100.2"), []string{"a eth1 0 198.51.100.2/24, 192.0.2.254/24", "b eth1 0 198.51.100.3/24, 192.0.2.253/24"}},
	} {
		s, _ := Pair(tt.a, tt.b)
		if diff := cmp.Diff(tt.want, cabling(s)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		s.Length = time.Second
		if r, err := Play(s); err != nil || !r.Settled { // one owner: they hear each other
			t.Errorf("%s: %v, or they do not hear each other", name, err)
		}
	}
}

func TestBesideIsAStandby(t *testing.T) {
	owner := vrrp("eth1", 1, "192.0.2.1")
	owner.Priority = hello.OwnerPriority
	for name, a := range map[string]engine.Config{
		"equal priorities": config(vrrp("eth1", 1, "192.0.2.1")),
		"an owner":         config(owner),
		"IPv6":             config(vrrp("eth1", 1, "fe80::1")),
	} {
		b, _ := Beside(a)
		s, _ := Pair(a, b)
		s.Length = time.Second
		r := played(t, s)
		if got := r.Groups[0].Owned[0].Hosts; got != onA {
			t.Errorf("%s: %b own the address, want a", name, got)
		}
	}
	if owner.Priority != hello.OwnerPriority {
		t.Error("the configuration of a was changed")
	}
}

func TestPairSaysWhatItMadeUp(t *testing.T) {
	_, remarks := Pair(config(vrrp("eth1", 1, "192.0.2.1"), vrrp("eth1", 2, "192.0.2.2"), vrrp("eth3", 3, "203.0.113.1")), config(vrrp("ens5", 1, "192.0.2.1")))
	want := []string{
		"a eth1 has 192.0.2.254/24, b ens5 has 192.0.2.253/24",
		"a eth3 has 203.0.113.254/24 and is alone there",
		"a alone has vrrp:eth1:2, vrrp:eth3:3",
	}
	if diff := cmp.Diff(want, remarks); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
