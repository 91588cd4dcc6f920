package whohas

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/vip"
)

func TestMain(m *testing.M) { netlab.Main(m) }

const patience = 15 * time.Second

func mac(last byte) hello.MAC { return hello.MAC{2, 0, 0, 0, 0, last} }

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// segment is an asker and two stations on a switch.
type segment struct{ asker, a, b *netlab.NS }

func newSegment(t *testing.T) segment {
	netlab.Need(t)
	s := segment{netlab.ForTest(t), netlab.ForTest(t), netlab.ForTest(t)}
	sw := netlab.ForTest(t)
	must(t, netlab.Veth(netlab.End{NS: s.asker, Name: "eth0", MAC: mac(1)}, netlab.End{NS: sw, Name: "p1"}))
	must(t, netlab.Veth(netlab.End{NS: s.a, Name: "eth0", MAC: mac(0xa)}, netlab.End{NS: sw, Name: "pa"}))
	must(t, netlab.Veth(netlab.End{NS: s.b, Name: "eth0", MAC: hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)}, netlab.End{NS: sw, Name: "pb"}))
	must(t, sw.Bridge("sw", "p1", "pa", "pb"))
	return s
}

func add(t *testing.T, ns *netlab.NS, prefix string) {
	t.Helper()
	must(t, ns.AddAddr("eth0", netip.MustParsePrefix(prefix)))
}

// ask repeats the question until the answer is of the wanted length: the switch
// may not forward yet.
func ask(t *testing.T, ns *netlab.NS, address string, want int) Report {
	t.Helper()
	var r Report
	err := netlab.Eventually(t.Context(), patience, func() bool {
		must(t, ns.Do(func() (err error) {
			r, err = Ask(t.Context(), Options{Interface: "eth0", Address: ip(address), Timeout: 200 * time.Millisecond})
			return err
		}))
		return len(r.Answers) == want
	})
	if err != nil {
		t.Fatalf("%d answers for %s, want %d: %+v", len(r.Answers), address, want, r)
	}
	return r
}

func TestEveryMACThatAnswersIsFound(t *testing.T) {
	for _, tt := range []struct{ name, own, address, prefix string }{
		{"IPv4", "192.0.2.1/24", "192.0.2.9", "192.0.2.9/24"},
		{"IPv6", "2001:db8::1/64", "2001:db8::9", "2001:db8::9/64"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSegment(t)
			add(t, s.asker, tt.own)
			add(t, s.a, tt.prefix)
			r := ask(t, s.asker, tt.address, 1)
			if r.Answers[0].MAC != mac(0xa) || r.Answers[0].Virtual != "" || r.Own || r.From == "" {
				t.Errorf("one station: %+v", r)
			}
			add(t, s.b, tt.prefix)
			r = ask(t, s.asker, tt.address, 2)
			text := r.String()
			for _, want := range []string{" is at 02:00:00:00:00:0a  ", "00:00:0c:9f:f0:0a", "virtual MAC of HSRP version 2 IPv4 group 10", "2 MACs answer"} {
				if !strings.Contains(text, want) {
					t.Errorf("text lacks %q:\n%s", want, text)
				}
			}
		})
	}
}

func TestAnInterfaceWithoutAddressProbesAndTeachesNobody(t *testing.T) {
	s := newSegment(t)
	must(t, s.asker.Sysctl("net/ipv6/conf/eth0/disable_ipv6", "1"))
	add(t, s.a, "192.0.2.9/24")
	add(t, s.a, "2001:db8::9/64")
	for _, address := range []string{"192.0.2.9", "2001:db8::9"} {
		if r := ask(t, s.asker, address, 1); r.From != "" || r.Answers[0].MAC != mac(0xa) {
			t.Errorf("%s: %+v", address, r)
		}
	}
	list, err := s.a.Neighbors(0, netlink.FAMILY_ALL)
	must(t, err)
	for _, e := range list {
		if hello.MACFrom(e.HardwareAddr) == mac(1) && e.Family != unix.AF_BRIDGE {
			t.Errorf("the station learned %s at %s", e.IP, e.HardwareAddr)
		}
	}
}

// A local route is how a virtual address is had.
func TestAnAddressOfThisHostIsSaidToBe(t *testing.T) {
	s := newSegment(t)
	add(t, s.asker, "192.0.2.1/24")
	lo, err := s.asker.Netlink().LinkByName("lo")
	must(t, err)
	must(t, s.asker.Netlink().RouteAdd(&netlink.Route{
		LinkIndex: lo.Attrs().Index, Dst: netlink.NewIPNet(ip("192.0.2.9").AsSlice()),
		Table: unix.RT_TABLE_LOCAL, Type: unix.RTN_LOCAL, Scope: netlink.SCOPE_HOST,
	}))
	for _, address := range []string{"192.0.2.1", "192.0.2.9"} {
		r := ask(t, s.asker, address, 0)
		if !r.Own || !strings.Contains(r.String(), "this host has "+address) {
			t.Errorf("%s: %+v", address, r)
		}
	}
	// Another one that has it too is still found.
	add(t, s.a, "192.0.2.9/24")
	if r := ask(t, s.asker, "192.0.2.9", 1); !r.Own {
		t.Errorf("conflict: %+v", r)
	}
}

func TestAskEndsWithItsContext(t *testing.T) {
	s := newSegment(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	err := s.asker.Do(func() error {
		_, err := Ask(ctx, Options{Interface: "eth0", Address: ip("192.0.2.9"), Timeout: time.Hour})
		return err
	})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > patience {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}

func TestAskNamesWhatIsMissing(t *testing.T) {
	_, err := Ask(t.Context(), Options{Interface: "eth77", Address: ip("192.0.2.9")})
	if err == nil || err.Error() != "ask on eth77: no such interface" {
		t.Errorf("error %v", err)
	}
}

func TestTally(t *testing.T) {
	reply := func(from hello.MAC, address, target string, to hello.MAC) []byte {
		b, ok := garp.ARPReply(garp.ARP{Op: garp.OpRequest, SenderMAC: to, SenderIP: ip(target), TargetIP: ip(address)}, from)
		if !ok {
			t.Fatal("no reply")
		}
		return b
	}
	announce, err := garp.NewAnnouncement(ip("192.0.2.9"), mac(0xb))
	must(t, err)
	proxied := reply(mac(0xc), "192.0.2.9", "192.0.2.1", mac(1))
	copy(proxied[6:12], mac(0xd).HardwareAddr())

	c := tally{address: ip("192.0.2.9"), own: mac(1)}
	c.add(time.Millisecond, reply(mac(0xa), "192.0.2.9", "192.0.2.1", mac(1)))
	c.add(2*time.Millisecond, announce.Request()) // a claim that nobody asked for
	c.add(3*time.Millisecond, reply(mac(0xa), "192.0.2.9", "192.0.2.1", mac(1)))
	c.add(4*time.Millisecond, reply(mac(0xe), "192.0.2.8", "192.0.2.1", mac(1))) // of another address
	c.add(5*time.Millisecond, reply(mac(1), "192.0.2.9", "192.0.2.7", mac(0xa))) // our own
	c.add(6*time.Millisecond, proxied)
	c.add(7*time.Millisecond, []byte("short"))
	want := []Answer{
		{MAC: mac(0xa), MS: 1, Count: 2},
		{MAC: mac(0xb), MS: 2, Count: 1},
		{MAC: mac(0xc), MS: 6, Count: 1, Via: "02:00:00:00:00:0d"},
	}
	if diff := cmp.Diff(want, c.result()); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

func TestPickPrefersTheSameNetwork(t *testing.T) {
	own := []netip.Prefix{
		netip.MustParsePrefix("198.51.100.1/24"), netip.MustParsePrefix("192.0.2.1/24"),
		netip.MustParsePrefix("2001:db8::1/64"), netip.MustParsePrefix("fe80::1/64"),
	}
	for address, want := range map[string]string{
		"192.0.2.9": "192.0.2.1", "203.0.113.9": "198.51.100.1", "fe80::9": "fe80::1", "2001:db8:1::9": "2001:db8::1",
	} {
		if got := pick(own, ip(address)); got != ip(want) {
			t.Errorf("for %s: %s, want %s", address, got, want)
		}
	}
	if got := pick(own[2:], ip("192.0.2.9")); got.IsValid() {
		t.Errorf("without IPv4: %s", got)
	}
}

// A virtual address that the daemon has put on the interface is not for questions:
// hosts would learn the interface's MAC for it.
func TestNobodyIsAskedFromAVirtualAddress(t *testing.T) {
	s := newSegment(t)
	add(t, s.asker, "2001:db8::1/64")
	add(t, s.a, "2001:db8:9::9/64")
	virtual := ip("2001:db8::100") // the kernel lists the youngest address first
	var v *vip.Interface
	must(t, s.asker.Do(func() (err error) { v, err = vip.Open("eth0", vip.Options{StateDir: t.TempDir()}); return err }))
	t.Cleanup(func() { must(t, s.asker.Do(v.Close)) })
	must(t, s.asker.Do(func() error {
		return v.Add(1, vip.Router{MAC: [6]byte{0, 0, 0x5e, 0, 2, 1}, Addrs: []netip.Addr{virtual}, Accept: true})
	}))
	_, err := v.Gate([]vip.Claim{{ID: 1, Lease: time.Hour}}, nil)
	must(t, err)
	must(t, v.Address([]vip.ID{1}, nil))
	must(t, s.asker.Do(func() error {
		ifi, err := net.InterfaceByName("eth0")
		must(t, err)
		q, err := newQuestion(ifi, ip("2001:db8:9::9"))
		if q.from == virtual {
			t.Errorf("the question comes from %s", q.from)
		}
		return err
	}))
}
