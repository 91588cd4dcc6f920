package engine_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// linked gives eth0 the usual link with a change.
func (h *host) linked(change func(*engine.Link)) {
	l := newTestLink("eth0")
	change(&l)
	h.e.LinkChanged(h.now, "eth0", l)
}

func TestGroupThatCannotStartSaysWhyOnceForEachReason(t *testing.T) {
	h := newHost(t, trackConfig).up("eth1")
	const ref = "hsrp:eth0:10 waits in Init: "
	for _, step := range []struct {
		name string
		do   func()
		told []string // of this step
		why  string   // in the status
	}{
		{"missing", func() { h.linked(func(l *engine.Link) { *l = engine.Link{Name: "eth0"} }) }, []string{ref + "eth0 does not exist"}, "eth0 does not exist"},
		{"still missing", func() { h.linked(func(l *engine.Link) { *l = engine.Link{Name: "eth0"} }) }, nil, "eth0 does not exist"},
		{"closed for a moment", func() { h.linked(func(l *engine.Link) { l.Closed = true }) }, nil, "eth0 is not open yet"},
		{"closed for good", func() { h.linked(func(l *engine.Link) { l.Closed, l.Trouble = true, "in use" }) }, nil, "eth0 cannot be used: in use"},
		{"down", func() { h.down("eth0") }, []string{ref + "eth0 is down"}, "eth0 is down"},
		{"without an address of the family", func() { h.linked(func(l *engine.Link) { l.Addr4, l.Addrs = netip.Addr{}, l.Addrs[1:] }) },
			[]string{ref + "eth0 has no usable IPv4 address"}, "eth0 has no usable IPv4 address"},
		{"shut down by an object", func() { h.e.TrackChanged(h.now, "power", false, "on battery"); h.up("eth0") },
			[]string{ref + "tracked object power is down: on battery"}, "tracked object power is down: on battery"},
		{"the object's news are no other reason", func() { h.e.TrackChanged(h.now, "power", false, "still on battery"); h.up("eth0") },
			[]string{ref + "tracked object power is down: still on battery"}, "tracked object power is down: still on battery"},
		{"nothing in the way", func() { h.e.TrackChanged(h.now, "power", true, "on mains") }, nil, ""},
		{"down again: the transition tells", func() { h.down("eth0") }, nil, "eth0 is down"},
	} {
		before := len(h.told(engine.KindWarning)) + len(h.told(engine.KindNotice))
		step.do()
		all := append(h.told(engine.KindWarning), h.told(engine.KindNotice)...)
		if diff := cmp.Diff(step.told, append([]string(nil), all[before:]...)); diff != "" {
			t.Errorf("%s: told (-want +got):\n%s", step.name, diff)
		}
		if got := h.group("eth0:10").Obstacle; got != step.why {
			t.Errorf("%s: obstacle %q, want %q", step.name, got, step.why)
		}
	}
	if last := h.group("eth0:10").Last; last.To != "Init" || last.Detail != "eth0 is down" {
		t.Errorf("last transition to %s: %s", last.To, last.Detail)
	}
}

func TestObstacleNamesWhatIsWrongWithAnInterface(t *testing.T) {
	for want, change := range map[string]func(*engine.Link){
		"eth0 does not exist":             func(l *engine.Link) { *l = engine.Link{Name: "eth0"} },
		"eth0 is down":                    func(l *engine.Link) { l.Up = false },
		"eth0 has no usable IPv4 address": func(l *engine.Link) { l.Addr4, l.Addrs = netip.Addr{}, nil },
		"eth0 has no usable IPv4 address: 192.0.2.1 is the group's virtual address": func(l *engine.Link) {
			l.Addr4, l.Addrs = netip.Addr{}, []netip.Prefix{netip.PrefixFrom(vip4, 24)}
		},
	} {
		h := newHost(t, hsrpConfig)
		h.linked(change)
		if g := h.group("eth0:10"); g.Obstacle != want || g.Last != nil || g.Machine.State != "Init" {
			t.Errorf("%s in %s after %v, want %s", g.Obstacle, g.Machine.State, g.Last, want)
		}
	}
}

// A group that a reload puts on another interface is there before the news of that.
func TestNothingIsSaidOfAnInterfaceBeforeTheFirstNews(t *testing.T) {
	h := newHost(t, hsrpConfig).up("eth0")
	h.reload(hsrpConfig + "[[hsrp]]\ninterface = \"eth1\"\ngroup = 7\nvirtual_ips = [\"198.51.100.1\"]\n")
	if got := h.group("eth1:7").Obstacle; got != "eth1 is not looked at yet" {
		t.Errorf("obstacle %q", got)
	}
	if got := h.told(engine.KindWarning); got != nil {
		t.Errorf("told %q", got)
	}
	h.e.LinkChanged(h.now, "eth1", engine.Link{Name: "eth1"})
	h.e.Flush(h.now)
	if diff := cmp.Diff([]string{"hsrp:eth1:7 waits in Init: eth1 does not exist"}, h.told(engine.KindWarning)); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// An interface's only address may be the virtual one of another group.
func TestVirtualAddressOfAnotherGroupIsNoAddressToSpeakFrom(t *testing.T) {
	h := newHost(t, hsrpConfig+`
[[vrrp]]
interface = "eth0"
vrid = 20
virtual_ips = ["fe80::1"]
[[vrrp]]
interface = "eth0"
vrid = 21
virtual_ips = ["fe80::2", "2001:db8::1"]
`)
	h.linked(func(l *engine.Link) {
		l.Addr4, l.LinkLocal = netip.Addr{}, netip.Addr{}
		l.Addrs = nil
		for _, p := range []string{"2001:db8::1/64", "fe80::1/64", vip4.String() + "/24"} {
			l.Addrs = append(l.Addrs, netip.MustParsePrefix(p))
		}
	})
	for ref, want := range map[string]string{
		"eth0:10":       "eth0 has no usable IPv4 address: 192.0.2.1 is the group's virtual address",
		"vrrp6:eth0:20": "eth0 has no usable link-local IPv6 address: fe80::1 is the group's virtual address",
		"vrrp6:eth0:21": "eth0 has no usable link-local IPv6 address: fe80::1 is a virtual address of vrrp6:eth0:20",
	} {
		if got := h.group(ref).Obstacle; got != want {
			t.Errorf("%s: %q, want %q", ref, got, want)
		}
	}
}

func TestGroupsThatWaitForTheSameAreOneLine(t *testing.T) {
	var config strings.Builder
	for i := range 100 {
		fmt.Fprintf(&config, "[[hsrp]]\ninterface = \"eth0\"\ngroup = %d\nvirtual_ips = [\"192.0.2.%d\"]\n", i, 100+i)
	}
	config.WriteString("[[vrrp]]\ninterface = \"eth0\"\nvrid = 1\nvirtual_ips = [\"fe80::1\"]\n")
	h := newHost(t, config.String())
	h.linked(func(l *engine.Link) { l.Addr4, l.LinkLocal, l.Addrs = netip.Addr{}, netip.Addr{}, nil })
	want := []string{"hsrp:eth0:0, hsrp:eth0:1, hsrp:eth0:2, hsrp:eth0:3, hsrp:eth0:4, hsrp:eth0:5, hsrp:eth0:6, hsrp:eth0:7 and 92 more " +
		"wait in Init: eth0 has no usable IPv4 address"}
	if diff := cmp.Diff(want, h.told(engine.KindWarning)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	// Duplicate address detection is no fault.
	want = []string{"vrrp6:eth0:1 waits in Initialize: eth0 has no usable link-local IPv6 address"}
	if diff := cmp.Diff(want, h.told(engine.KindNotice)); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
}

func TestFollowerThatCannotRunIsItsLeadersReason(t *testing.T) {
	h := newHost(t, followConfig).up("eth0")
	if got := h.group("hsrp:eth0:10").Obstacle; !strings.HasPrefix(got, "follower ") {
		t.Errorf("the leader waits for %q", got)
	}
}

func TestGroupThatStopsWithTheDaemonComplainsOfNothing(t *testing.T) {
	h := newHost(t, hsrpConfig)
	h.e.Stop(h.now)
	h.e.Flush(h.now)
	if got := h.told(engine.KindWarning); len(got) > 0 {
		t.Errorf("told %q", got)
	}
}

func TestVirtualAddressOutsideThePrefixesIsToldOnceForEachSetOfThem(t *testing.T) {
	h := newHost(t, `
[[hsrp]]
interface = "eth0"
group = 10
virtual_ips = ["192.0.2.1", "198.51.100.1", "10.77.0.1/24"]
[[vrrp]]
interface = "eth0"
vrid = 20
virtual_ips = ["fe80::1", "2001:db8::1"]
`)
	prefix := netip.MustParsePrefix
	const (
		head     = "eth0: outside every prefix of the interface "
		cure     = "; unless that is meant, give the interface an address of its subnet, or virtual_ips the subnet's length, as in "
		cure4    = cure + `"10.77.0.1/24"`
		outside4 = head + "(192.0.2.0/24): virtual address 198.51.100.1 of hsrp:eth0:10" + cure4
		outside6 = head + "(fe80::/64): virtual address 2001:db8::1 of vrrp6:eth0:20" + cure + `"2001:db8::1/64"`
	)
	for _, step := range []struct {
		name   string
		change func(*engine.Link)
		want   []string // told by this step
	}{
		{"down", func(l *engine.Link) { l.Up = false }, nil},
		{"two of four", func(*engine.Link) {}, []string{outside4, outside6}},
		{"the same again", func(l *engine.Link) { l.Index++ }, nil},
		{"down between", func(l *engine.Link) { l.Up = false }, nil},
		{"the same after a flap", func(*engine.Link) {}, nil},
		{"one is left", func(l *engine.Link) { l.Addrs = append(l.Addrs, prefix("2001:db8::10/64")) }, nil},
		{"none", func(l *engine.Link) { l.Addrs = append(l.Addrs, prefix("2001:db8::10/64"), prefix("198.51.100.2/24")) }, nil},
		{"two again", func(*engine.Link) {}, []string{outside4, outside6}},
		{"another prefix that does not help", func(l *engine.Link) { l.Addrs = append(l.Addrs, prefix("203.0.113.1/30"), prefix("203.0.113.2/30")) },
			[]string{head + "(192.0.2.0/24, 203.0.113.0/30): virtual address 198.51.100.1 of hsrp:eth0:10" + cure4}},
		{"a family without an address has other troubles", func(l *engine.Link) { l.LinkLocal, l.Addrs = netip.Addr{}, l.Addrs[:1] },
			[]string{outside4}},
	} {
		h.events = nil
		h.linked(step.change)
		var got []string
		for _, m := range h.told(engine.KindWarning) {
			if strings.Contains(m, "prefix") {
				got = append(got, m)
			}
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s: told (-want +got):\n%s", step.name, diff)
		}
	}
	if diff := cmp.Diff([]netip.Addr{netip.MustParseAddr("198.51.100.1")}, h.group("hsrp:eth0:10").Outside, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}
