package census

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/hello"
)

// rounds lets routers speak by turns, a tenth of a second apart.
func (w *world) rounds(n int, every time.Duration, routers ...router) {
	for range n {
		for _, r := range routers {
			w.hear(r.frame())
			w.pass(100 * time.Millisecond)
		}
		w.pass(every)
	}
}

func with(r router, change func(*router)) router { change(&r); return r }

func TestFaults(t *testing.T) {
	act, standby := hsrpRouter(2, hello.Active, 110), hsrpRouter(3, hello.Standby, 100)
	owner := vrrpRouter(2, 110)
	key := must(hello.MD5Auth("secret", 0))
	text := must(hello.TextAuth("geheim"))
	three := 3 * time.Second
	for _, tt := range []struct {
		name string
		play func(*testing.T, *world)
		want []string // beginnings or parts of faults, in their order; nothing else may be wrong
		note string
	}{
		{name: "a healthy HSRP pair", play: func(_ *testing.T, w *world) { w.rounds(5, three, act, standby) }, note: `the default, "cisco"`},
		{name: "a healthy pair with MD5", play: func(_ *testing.T, w *world) {
			w.rounds(5, three, with(act, func(r *router) { r.auth = &key }), with(standby, func(r *router) { r.auth = &key }))
		}},
		{name: "a healthy VRRP router", play: func(_ *testing.T, w *world) { w.rounds(5, time.Second, owner) }},
		{name: "a takeover after silence", play: func(_ *testing.T, w *world) {
			w.rounds(3, three, act, standby)
			w.pass(8 * time.Second)
			w.rounds(3, three, hsrpRouter(3, hello.Active, 100))
		}, note: "192.0.2.3 took over from 192.0.2.2, 17.6 s after the first frame"},
		{name: "a takeover with one message still on its way", play: func(_ *testing.T, w *world) {
			w.rounds(2, three, owner)
			w.rounds(1, 0, vrrpRouter(3, 200), owner)
			w.rounds(5, time.Second, vrrpRouter(3, 200))
		}, note: "took over"},
		{name: "two HSRP routers active", play: func(_ *testing.T, w *world) { w.rounds(4, three, act, hsrpRouter(3, hello.Active, 100)) },
			want: []string{"two routers are active at once: 192.0.2.2 (priority 110), 192.0.2.3 (priority 100)"}},
		{name: "two VRRP routers active", play: func(_ *testing.T, w *world) { w.rounds(4, time.Second, owner, vrrpRouter(3, 100)) },
			want: []string{"two routers are active at once"}},
		{name: "version mismatch", play: func(_ *testing.T, w *world) {
			w.rounds(1, three, act, with(standby, func(r *router) { r.h.Version = 1 }))
		}, want: []string{"version mismatch: 192.0.2.3 speaks version 1, 192.0.2.2 speaks version 2"}},
		{name: "timer mismatch", play: func(_ *testing.T, w *world) {
			w.rounds(1, three, act, with(standby, func(r *router) { r.h.HelloTime = time.Second }))
		}, want: []string{"timer mismatch: 192.0.2.2 has hello 3s and hold 10s, 192.0.2.3 has hello 1s and hold 10s"}},
		{name: "hold time not above hello time", play: func(_ *testing.T, w *world) {
			w.rounds(1, three, with(act, func(r *router) { r.h.HoldTime = three }))
		}, want: []string{"192.0.2.2 has a hold time of 3s, which must exceed its hello time of 3s"}},
		{name: "two virtual routers under one number", play: func(_ *testing.T, w *world) {
			w.rounds(1, three, act, with(standby, func(r *router) { r.h.VirtualIP = ip("192.0.2.99") }))
		}, want: []string{"group clash: different virtual addresses under one number"}},
		{name: "lists that differ in part", play: func(_ *testing.T, w *world) {
			w.rounds(1, time.Second, owner, with(vrrpRouter(3, 100), func(r *router) { r.v.VirtualIPs = append(r.v.VirtualIPs, ip("192.0.2.21")) }))
		}, want: []string{"virtual addresses differ: 192.0.2.2 has 192.0.2.20, 192.0.2.3 has 192.0.2.20 192.0.2.21"}},
		{name: "one address in two groups", play: func(_ *testing.T, w *world) {
			w.rounds(1, three, act, with(standby, func(r *router) { r.h.Group = 11 }))
		}, want: []string{"address clash: 192.0.2.1 is a virtual address of hsrp group 10 as well"}, note: "nobody was active"},
		{name: "CARP under a number of VRRP", play: func(_ *testing.T, w *world) { w.rounds(1, 0, owner); w.hear(carpFrame(9, 20, 0)) },
			want: []string{"group clash: VRRP uses the number as well, and both have the virtual MAC 00:00:5e:00:01:14"}},
		{name: "a key in plain text", play: func(_ *testing.T, w *world) { w.rounds(1, three, with(act, func(r *router) { r.auth = &text })) },
			want: []string{"the key travels in plain text: 192.0.2.2;"}},
		{name: "a key in plain text, version 1", play: func(_ *testing.T, w *world) {
			w.rounds(1, three, with(act, func(r *router) { r.h.Version, r.auth = 1, &text }))
		}, want: []string{"the key travels in plain text"}},
		{name: "a password of VRRP version 2", play: func(_ *testing.T, w *world) {
			w.rounds(1, three, with(owner, func(r *router) { r.v.Version, r.text = 2, "geheim" }))
		}, want: []string{"the key travels in plain text"}},
		{name: "two keys", play: func(_ *testing.T, w *world) {
			w.rounds(1, three, with(act, func(r *router) { r.auth = &text }), standby)
		}, want: []string{"the plain-text keys differ: 192.0.2.2, 192.0.2.3", "the key travels in plain text: 192.0.2.2;"}},
		{name: "two kinds of authentication", play: func(_ *testing.T, w *world) {
			w.rounds(1, three, with(act, func(r *router) { r.auth = &key }), standby)
		}, want: []string{"authentication differs: 192.0.2.2 has md5, 192.0.2.3 has text"}},
		{name: "a stranger with a higher priority", play: func(_ *testing.T, w *world) {
			w.rounds(2, three, act, standby, hsrpRouter(66, hello.Speak, 255))
		}, want: []string{"192.0.2.66 has priority 255, above the 110 of 192.0.2.2, who is active"}},
		{name: "a TTL that HSRP does not have", play: func(_ *testing.T, w *world) { w.rounds(1, 0, with(act, func(r *router) { r.ttl = 64 })) },
			want: []string{"192.0.2.2 sends with TTL 64"}},
		{name: "a TTL that VRRP does not accept", play: func(_ *testing.T, w *world) { w.rounds(2, 0, with(owner, func(r *router) { r.ttl = 254 })) },
			want: []string{"2 packets of 192.0.2.2 that no router accepts: TTL 254, want 255"}},
		{name: "a wrong checksum", play: func(_ *testing.T, w *world) {
			w.rounds(1, 0, with(owner, func(r *router) { r.change = func(b []byte) { b[6] ^= 0xff } }))
		}, want: []string{"1 packet of 192.0.2.2 that no router accepts: wrong checksum"}},
		{name: "a real address used twice, told by ARP", play: func(t *testing.T, w *world) {
			w.rounds(1, three, act, standby)
			w.hear(claimFrame(t, "192.0.2.3", mac(0x99)))
		}, want: []string{"the real address 192.0.2.3 is used twice: by 02:00:00:00:00:03 and 02:00:00:00:00:99"}},
		{name: "a real address used twice, told by HSRP", play: func(_ *testing.T, w *world) {
			w.rounds(1, three, act, standby, with(standby, func(r *router) { r.mac, r.h.Identifier = mac(0x99), mac(0x99) }))
		}, want: []string{"the real address 192.0.2.3 is used twice"}},
		{name: "a host with the virtual address", play: func(t *testing.T, w *world) {
			w.rounds(1, three, act, standby)
			w.hear(claimFrame(t, "192.0.2.1", mac(0x99)))
		}, want: []string{"the virtual address 192.0.2.1 is claimed by 02:00:00:00:00:99"}},
		{name: "the active's own claim", play: func(t *testing.T, w *world) {
			w.rounds(1, three, act, standby)
			w.hear(claimFrame(t, "192.0.2.1", hello.VirtualMAC(hello.ProtocolHSRP, 2, hello.IPv4, 10)))
			w.hear(claimFrame(t, "192.0.2.2", mac(2)))
		}},
		{name: "a MAC of the group's own", play: func(t *testing.T, w *world) {
			w.rounds(1, three, act, with(standby, func(r *router) { r.h.Version = 2 }), with(act, func(r *router) { r.mac = mac(0x55) }))
			w.hear(claimFrame(t, "192.0.2.1", mac(0x55)))
			w.hear(claimFrame(t, "192.0.2.2", mac(2)))
		}},
		{name: "a MAC of the group's own, version 1", play: func(t *testing.T, w *world) {
			one := with(act, func(r *router) { r.h.Version, r.mac = 1, mac(0x55) })
			w.rounds(2, three, one)
			w.hear(claimFrame(t, "192.0.2.1", mac(0x55)))
			w.hear(claimFrame(t, "192.0.2.2", mac(2)))
		}},
		{name: "two lists in two groups", play: func(_ *testing.T, w *world) {
			two := with(owner, func(r *router) { r.v.VirtualIPs = addrs("192.0.2.20", "192.0.2.21") })
			w.rounds(1, time.Second, two, with(two, func(r *router) { r.v.VRID = 21 }))
		}, want: []string{"address clash: 192.0.2.20 is a virtual address of vrrp group 20 as well"}},
		{name: "roles that move by turns, one with a hold time of a second", play: func(_ *testing.T, w *world) {
			w.rounds(5, three, act, with(hsrpRouter(3, hello.Active, 100), func(r *router) { r.h.HelloTime, r.h.HoldTime = time.Second/2, time.Second }))
		}, want: []string{"timer mismatch"}, note: "takeovers in all"},
		{name: "a real address that is virtual elsewhere", play: func(_ *testing.T, w *world) {
			w.rounds(1, time.Second, with(owner, func(r *router) { r.v.VirtualIPs = []netip.Addr{ip("192.0.2.2")} }))
		}, want: []string{"address clash: 192.0.2.2 is a virtual address here and the real one of a router of vrrp group 20"}},
		{name: "the address owner of VRRP", play: func(_ *testing.T, w *world) {
			w.rounds(1, time.Second, with(owner, func(r *router) { r.v.Priority, r.v.VirtualIPs = 255, []netip.Addr{ip("192.0.2.2")} }))
		}},
		{name: "the same numbers in two VLANs", play: func(_ *testing.T, w *world) {
			w.rounds(4, three, act)
			w.segment.VLAN = "7"
			w.rounds(4, three, hsrpRouter(3, hello.Active, 100))
		}},
		{name: "GLBP with a key in plain text", play: func(_ *testing.T, w *world) {
			w.hear(glbpFrame(4, 30, 0x20, 110, []byte{3, 10, 1, 6, 'g', 'e', 'h', 'e', 'i', 'm'}))
		}, want: []string{"the key travels in plain text"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			tt.play(t, w)
			r := w.Report(time.Time{})
			for i, f := range r.Faults {
				if i >= len(tt.want) || !strings.Contains(f.What, tt.want[i]) {
					t.Errorf("fault %d is %q", i, f.What)
				}
			}
			if len(r.Faults) < len(tt.want) {
				t.Errorf("%d faults, want %q: %+v", len(r.Faults), tt.want, r.Faults)
			}
			if !strings.Contains(r.String(), tt.note) {
				t.Errorf("no note says %q:\n%s", tt.note, r)
			}
			if strings.Contains(r.String(), "geheim") || strings.Contains(r.String(), "secret") {
				t.Errorf("a key is shown:\n%s", r)
			}
		})
	}
}

func TestWhoIsOverdueIsSilent(t *testing.T) {
	w := newWorld()
	w.rounds(1, 0, hsrpRouter(2, hello.Active, 90), hsrpRouter(4, hello.Standby, 200))
	w.pass(11 * time.Second)
	w.rounds(1, 0, hsrpRouter(3, hello.Active, 100))
	r := w.Report(time.Time{})
	var roles []string
	for _, s := range r.Speakers {
		roles = append(roles, s.Address.String()+" "+s.Role)
	}
	if diff := cmp.Diff([]string{"192.0.2.3 Active", "192.0.2.2 silent", "192.0.2.4 silent"}, roles); diff != "" || len(r.Faults) > 0 {
		t.Errorf("roles (-want +got):\n%s%+v", diff, r.Faults)
	}
	if got := w.Report(w.at.Add(time.Minute)).Speakers[0].Role; got != silent {
		t.Errorf("a minute later %s", got)
	}
}

func TestFreeNumbers(t *testing.T) {
	w := newWorld()
	w.rounds(1, 0, hsrpRouter(2, hello.Active, 100), vrrpRouter(3, 100))
	w.hear(carpFrame(9, 255, 0))
	w.hear(glbpFrame(4, 0, 0x20, 100, nil))
	w.hear(claimFrame(t, "192.0.2.5", hello.VirtualMAC(hello.ProtocolHSRP, 1, hello.IPv4, 7)))
	want := Free{
		HSRP1: []string{"0-6", "8-255"}, HSRP2: []string{"0-9", "11-4095"}, HSRP6: []string{"0-4095"},
		VRRP: []string{"1-19", "21-254"}, VRRP6: []string{"1-255"}, GLBP: []string{"1-1023"},
	}
	if diff := cmp.Diff(want, w.Report(time.Time{}).Free); diff != "" {
		t.Errorf("free (-want +got):\n%s", diff)
	}
}

// A flood of invented routers costs bounded memory and leaves the ones that were
// there before.
func TestAFloodIsBounded(t *testing.T) {
	w := newWorld()
	w.rounds(1, 0, hsrpRouter(2, hello.Active, 110))
	r := vrrpRouter(3, 100)
	for i := range 3 * maxSpeakers {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], 0x0a000001+uint32(i))
		r.addr, r.ttl = netip.AddrFrom4(a).String(), 255-uint8(i&1)
		w.hear(r.frame())
	}
	if len(w.speakers) > maxSpeakers || len(w.claims) > maxClaims || len(w.refusals) > maxRefusals {
		t.Errorf("%d speakers, %d claims, %d refusals", len(w.speakers), len(w.claims), len(w.refusals))
	}
	rep := w.Report(time.Time{})
	if rep.Ignored == 0 || rep.Speakers[0].Protocol != hsrp {
		t.Errorf("ignored %d, first speaker %+v", rep.Ignored, rep.Speakers[0])
	}
	for _, f := range rep.Faults {
		if len(f.What) > 2000 {
			t.Errorf("a fault of %d bytes", len(f.What))
		}
	}
}
