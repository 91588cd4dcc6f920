package track

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	mdlayher "github.com/mdlayher/netlink"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/configs"
)

// typed is a route that leads nowhere.
func typed(prefix string, kind, metric int) *netlink.Route {
	p := netip.MustParsePrefix(prefix)
	return &netlink.Route{
		Dst:  &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())},
		Type: kind, Priority: metric,
	}
}

func route(prefix string) configs.Track {
	return configs.Track{Name: prefix, Kind: configs.TrackRoute, Prefix: netip.MustParsePrefix(prefix)}
}

func TestRoute(t *testing.T) {
	here, host := segment(t)
	add := func(prefix, via string) {
		must(t, here.AddRoute(netip.MustParsePrefix(prefix), netip.MustParseAddr(via), "eth0"))
	}
	saw(t, route("0.0.0.0/0"), `!no route to 0\.0\.0\.0/0 in the main table`)
	add("0.0.0.0/0", "192.0.2.2")
	add("::/0", "2001:db8::2")
	add("203.0.113.0/25", "192.0.2.2")
	add("2001:db8:1::/48", "2001:db8::2")
	for _, r := range []*netlink.Route{
		typed("198.51.100.0/24", unix.RTN_UNREACHABLE, 0), typed("203.0.113.128/25", unix.RTN_BLACKHOLE, 10),
	} {
		must(t, here.Netlink().RouteAdd(r))
		t.Cleanup(func() { must(t, here.Netlink().RouteDel(r)) })
	}
	add("203.0.113.128/25", "192.0.2.2")
	tests := []struct{ name, prefix, want string }{
		{"the default route", "0.0.0.0/0", `0\.0\.0\.0/0 via 192\.0\.2\.2 on eth0`},
		{"the default route of IPv6", "::/0", `::/0 via 2001:db8::2 on eth0`},
		{"a prefix", "203.0.113.0/25", `203\.0\.113\.0/25 via 192\.0\.2\.2 on eth0`},
		{"a prefix of IPv6", "2001:db8:1::/48", `2001:db8:1::/48 via 2001:db8::2 on eth0`},
		{"a connected network", "192.0.2.0/24", `192\.0\.2\.0/24 on eth0`},
		{"neither a longer nor a shorter prefix will do", "203.0.113.0/24", `!no route to 203\.0\.113\.0/24 in the main table`},
		{"nor a route of the local table", "192.0.2.1/32", `!no route to 192\.0\.2\.1/32 in the main table`},
		{"a route that refuses is none", "198.51.100.0/24", `!198\.51\.100\.0/24: the route leads nowhere \(unreachable\)`},
		{"one good route among several is enough", "203.0.113.128/25", `203\.0\.113\.128/25 via 192\.0\.2\.2 on eth0`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { saw(t, route(tt.prefix), tt.want) })
	}
	t.Run("a next hop without a carrier is of no use", func(t *testing.T) {
		must(t, host.LinkDown("eth0"))
		down := func() bool { up, err := here.Carrier("eth0"); return err == nil && !up }
		must(t, netlab.Eventually(t.Context(), patience, down))
		saw(t, route("0.0.0.0/0"), `!0\.0\.0\.0/0 via 192\.0\.2\.2 on eth0: no carrier`)
	})
}

func TestRouteOverSeveralHops(t *testing.T) {
	here, _ := segment(t)
	link, err := here.Netlink().LinkByName("eth0")
	must(t, err)
	r := typed("203.0.113.0/24", unix.RTN_UNICAST, 0)
	for _, via := range []string{"192.0.2.2", "192.0.2.3"} {
		r.MultiPath = append(r.MultiPath, &netlink.NexthopInfo{LinkIndex: link.Attrs().Index, Gw: net.ParseIP(via)})
	}
	must(t, here.Netlink().RouteAdd(r))
	saw(t, route("203.0.113.0/24"), `203\.0\.113\.0/24 via 192\.0\.2\.2 on eth0`)
}

// last keeps the last report of every object.
type last struct {
	mu    sync.Mutex
	state map[string]string
}

func (l *last) report(name string, up bool, detail string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state[name] = map[bool]string{true: "up: ", false: "down: "}[up] + detail
}

func (l *last) wait(t *testing.T, name, pattern string) {
	t.Helper()
	var got string
	err := netlab.Eventually(t.Context(), patience, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		got = l.state[name]
		return regexp.MustCompile("^" + pattern + "$").MatchString(got)
	})
	if err != nil {
		t.Fatalf("%s is %q, want %q: %v", name, got, pattern, err)
	}
}

// start runs objects until the test ends.
func start(t *testing.T, tracks ...configs.Track) *last {
	t.Helper()
	l := &last{state: map[string]string{}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		Run(ctx, tracks, slog.New(slog.DiscardHandler), l.report)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return l
}

func TestRouteChangesAreHeardOf(t *testing.T) {
	here, host := segment(t)
	dst, via := netip.MustParsePrefix("203.0.113.0/24"), netip.MustParseAddr("192.0.2.2")
	c := route(dst.String())
	c.Interval, c.Timeout, c.Rise, c.Fall = time.Hour, time.Minute, 2, 3 // only changes are looked at
	reports := start(t, c)
	reports.wait(t, c.Name, "down: no route .*")
	// More often than there can be changes of links that would be heard of as well.
	for range 5 {
		must(t, here.AddRoute(dst, via, ""))
		reports.wait(t, c.Name, `up: .* via 192\.0\.2\.2 on eth0`)
		must(t, here.Netlink().RouteDel(typed(dst.String(), unix.RTN_UNICAST, 0)))
		reports.wait(t, c.Name, "down: no route .*")
	}
	must(t, here.AddRoute(dst, via, ""))
	reports.wait(t, c.Name, "up: .*")
	must(t, host.LinkDown("eth0"))
	reports.wait(t, c.Name, "down: .* no carrier")
	must(t, host.LinkUp("eth0"))
	reports.wait(t, c.Name, "up: .*")
	must(t, here.LinkDown("eth0")) // the kernel says nothing of the route that goes along
	reports.wait(t, c.Name, "down: no route .*")
}

func TestHungObjectDelaysNobody(t *testing.T) {
	segment(t)
	bounds := func(c configs.Track, timeout time.Duration) configs.Track {
		c.Interval, c.Timeout, c.Rise, c.Fall = 100*time.Millisecond, timeout, 2, 2
		return c
	}
	reports := start(t,
		bounds(configs.Track{Name: "hung", Kind: configs.TrackCommand, Command: []string{"/bin/sleep", "300"}}, short),
		bounds(configs.Track{Name: "silent", Kind: configs.TrackPing, Addr: netip.MustParseAddr("192.0.2.99")}, short),
		bounds(configs.Track{Name: "host", Kind: configs.TrackARP, Addr: netip.MustParseAddr("192.0.2.2")}, patience),
		bounds(configs.Track{Name: "link", Kind: configs.TrackInterface, Target: "eth0"}, short),
	)
	// What is judged late, as on a busy machine, counts as hung.
	const orHung = `|no result for .*; the check hangs`
	reports.wait(t, "host", `up: 192\.0\.2\.2 is at .*`)
	reports.wait(t, "silent", `down: (no answer from 192\.0\.2\.99 within 100ms`+orHung+`) \(2 of 2\)`)
	reports.wait(t, "hung", `down: (/bin/sleep did not end within 100ms`+orHung+`) \(2 of 2\)`)
	reports.mu.Lock()
	defer reports.mu.Unlock()
	if s, ok := reports.state["link"]; ok {
		t.Errorf("the interface object was reported: %s", s)
	}
}

// message is a route message as the kernel sends it.
func message(t *testing.T, kind mdlayher.HeaderType, family, bits byte, dst netip.Addr) mdlayher.Message {
	t.Helper()
	data := make([]byte, unix.SizeofRtMsg)
	data[0], data[1] = family, bits
	if dst.IsValid() {
		attr, err := mdlayher.MarshalAttributes([]mdlayher.Attribute{{Type: unix.RTA_DST, Data: dst.AsSlice()}})
		must(t, err)
		data = append(data, attr...)
	}
	return mdlayher.Message{Header: mdlayher.Header{Type: kind}, Data: data}
}

func TestWhomAMessageConcerns(t *testing.T) {
	v4, v6 := netip.MustParseAddr("203.0.113.0"), netip.MustParseAddr("2001:db8::")
	all := []string{"0.0.0.0/0", "203.0.113.0/24", "2001:db8::/32", "::/0"}
	tests := []struct {
		name string
		msg  mdlayher.Message
		want []string
	}{
		{"a default route has no destination", message(t, unix.RTM_DELROUTE, unix.AF_INET, 0, netip.Addr{}), all[:1]},
		{"nor one of IPv6", message(t, unix.RTM_NEWROUTE, unix.AF_INET6, 0, netip.Addr{}), all[3:]},
		{"a prefix", message(t, unix.RTM_NEWROUTE, unix.AF_INET, 24, v4), all[1:2]},
		{"a prefix of IPv6", message(t, unix.RTM_DELROUTE, unix.AF_INET6, 32, v6), all[2:3]},
		{"another length is another prefix", message(t, unix.RTM_NEWROUTE, unix.AF_INET, 25, v4), nil},
		{"links concern all", message(t, unix.RTM_NEWLINK, 0, 0, netip.Addr{}), all},
		{"what is too short concerns none", mdlayher.Message{Header: mdlayher.Header{Type: unix.RTM_NEWROUTE}, Data: []byte{2, 0}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			objects := map[netip.Prefix][]*object{}
			for _, p := range all {
				o := newObject(route(p), nil, nil)
				objects[o.cfg.Prefix] = append(objects[o.cfg.Prefix], o)
			}
			nudgeFor([]mdlayher.Message{tt.msg}, objects)
			var got []string
			for p, list := range objects {
				if len(list[0].wake) > 0 {
					got = append(got, p.String())
				}
			}
			less := cmpopts.SortSlices(func(a, b string) bool { return a < b })
			if diff := cmp.Diff(tt.want, got, less, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("nudged (-want +got):\n%s", diff)
			}
		})
	}
}
