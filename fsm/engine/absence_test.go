package engine_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// six turns a configuration of the tests into one over IPv6.
var six = strings.NewReplacer(`"192.0.2.1"`, `"fe80::1"`, "[[hsrp]]", "[[hsrp]]\nversion = 2")

// bare is the usual interface without the addresses of a family.
func bare(f hello.Family) engine.Link {
	l := newTestLink("eth0")
	l.Addrs = slices.DeleteFunc(slices.Clone(l.Addrs), func(p netip.Prefix) bool { return hello.FamilyOf(p.Addr()) == f })
	if f == hello.IPv4 {
		l.Addr4 = netip.Addr{}
	} else {
		l.LinkLocal = netip.Addr{}
	}
	return l
}

// absences are a group of either protocol and family.
var absences = []struct {
	name, config string
	family       hello.Family
	from         netip.Addr
	waits        string
}{
	{"HSRP", hsrpConfig, hello.IPv4, own4, "Init"},
	{"HSRP IPv6", six.Replace(hsrpConfig), hello.IPv6, netip.MustParseAddr("fe80::10"), "Init"},
	{"VRRP", vrrpConfig, hello.IPv4, own4, "Initialize"},
	{"VRRP IPv6", six.Replace(vrrpConfig), hello.IPv6, netip.MustParseAddr("fe80::10"), "Initialize"},
}

// RFC 2281 and RFC 9568 have nothing to say about it: an address that is away for
// a moment is no reason to give a role up.
func TestRoleIsHeldWhileTheAddressIsAwayForAMoment(t *testing.T) {
	for _, tt := range absences {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, tt.config).up("eth0").until("eth0:10", "Active").run(10 * time.Second).clear()
			away := 0
			for range 40 { // so that hellos are due meanwhile
				h.e.LinkChanged(h.now, "eth0", bare(tt.family))
				h.run(110 * time.Millisecond)
				away += len(h.port.having("send virtual"))
				for _, f := range h.port.frames {
					var env hello.Envelope
					if _, err := hello.ParseFrame(f, &env, true); err == nil && env.Src != tt.from {
						t.Fatalf("%s from %s, want the address that is away", describeFrame(f), env.Src)
					}
				}
				h.clear().up("eth0").run(110 * time.Millisecond)
				if got := h.told(engine.KindNotice); len(got) != 1 || !strings.Contains(got[0], "was away for 110ms") {
					t.Fatalf("told %q", got)
				}
				if got := h.told(engine.KindTransition); len(got) > 0 {
					t.Fatalf("told %q", got)
				}
			}
			h.state("eth0:10", "Active")
			if h.port.gates > 0 || away == 0 {
				t.Errorf("%d changes of gates, %d messages while the address was away", h.port.gates, away)
			}
		})
	}
}

func TestRoleGoesWithAnAddressThatDoesNotComeBack(t *testing.T) {
	for _, tt := range absences {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, tt.config).up("eth0").until("eth0:10", "Active").run(10 * time.Second).clear()
			h.e.LinkChanged(h.now, "eth0", bare(tt.family))
			h.run(250 * time.Millisecond)
			l := bare(tt.family) // further news are no further patience
			l.MTU = 9000
			h.e.LinkChanged(h.now, "eth0", l)
			h.run(249*time.Millisecond).state("eth0:10", "Active")
			h.run(time.Millisecond).state("eth0:10", tt.waits)
			if got := h.group("eth0:10"); got.Last.Cause != "interface-down" || !strings.Contains(got.Obstacle, "no usable") {
				t.Errorf("cause %s, obstacle %q", got.Last.Cause, got.Obstacle)
			}
			h.run(time.Minute).state("eth0:10", tt.waits)
			h.up("eth0").until("eth0:10", "Active")
		})
	}
}

// The others would take over from a dead router after this hold time; twice as
// soon must they have a chance with one that delivers nothing.
func TestAbsenceIsNotLongerThanHalfAHoldTime(t *testing.T) {
	h := newHost(t, strings.NewReplacer(`"1s"`, `"100ms"`, `"3s"`, `"400ms"`).Replace(hsrpConfig)).up("eth0").until("eth0:10", "Active")
	h.e.LinkChanged(h.now, "eth0", bare(hello.IPv4))
	h.run(199*time.Millisecond).state("eth0:10", "Active")
	h.run(time.Millisecond).state("eth0:10", "Init")
}

// An IPv6 address that is back is checked for duplicates before it may be used.
func TestRoleIsHeldWhileTheAddressIsChecked(t *testing.T) {
	tt := absences[1]
	active := func() *host {
		h := newHost(t, tt.config).up("eth0").until("eth0:10", "Active").run(10 * time.Second)
		h.e.LinkChanged(h.now, "eth0", bare(tt.family))
		h.run(80 * time.Millisecond)
		l := bare(tt.family)
		l.Checked = []netip.Addr{tt.from}
		h.e.LinkChanged(h.now, "eth0", l)
		return h.run(2 * time.Second)
	}
	h := active()
	h.state("eth0:10", "Active")
	h.up("eth0").run(time.Minute).state("eth0:10", "Active")

	h = active()
	h.e.LinkChanged(h.now, "eth0", bare(tt.family)) // a duplicate
	h.state("eth0:10", "Init")

	h = active()
	h.run(time.Second).state("eth0:10", "Init") // it is never done
}

// What speaks from nowhere anyway has nothing to wait for.
func TestNothingElseIsWaitedFor(t *testing.T) {
	for name, change := range map[string]func(*engine.Link){
		"down":              func(l *engine.Link) { l.Up = false },
		"made anew":         func(l *engine.Link) { l.Index++ },
		"a port of another": func(l *engine.Link) { l.PortOf = "bridge br0" },
		"closed":            func(l *engine.Link) { l.Closed = true },
	} {
		t.Run(name, func(t *testing.T) {
			h := hsrpActive(t)
			l := bare(hello.IPv4)
			change(&l)
			h.e.LinkChanged(h.now, "eth0", l)
			h.state("eth0:10", "Init")
		})
	}
}

// The standby router holds its role as well, and goes on with another address.
func TestAbsenceEndsWithAnotherAddress(t *testing.T) {
	h := hsrpStandby(t)
	h.e.LinkChanged(h.now, "eth0", bare(hello.IPv4))
	h.run(100*time.Millisecond).state("eth0:10", "Standby")
	l := newTestLink("eth0")
	l.Addr4 = netip.MustParseAddr("192.0.2.77")
	l.Addrs[0] = netip.PrefixFrom(l.Addr4, 24)
	h.clear().e.LinkChanged(h.now, "eth0", l)
	h.state("eth0:10", "Standby")
	var env hello.Envelope
	if _, err := hello.ParseFrame(h.port.frames[0], &env, true); err != nil || env.Src != l.Addr4 {
		t.Errorf("%s from %s, want the new address", describeFrame(h.port.frames[0]), env.Src)
	}
	h.run(600*time.Millisecond).state("eth0:10", "Standby")
}

// Each family has its own patience.
func TestFamiliesGoAndComeByThemselves(t *testing.T) {
	h := newHost(t, hsrpConfig+strings.Replace(six.Replace(hsrpConfig), "group = 10", "group = 20", 1)).up("eth0").until("hsrp6:eth0:20", "Active")
	h.run(10 * time.Second)
	h.e.LinkChanged(h.now, "eth0", bare(hello.IPv4))
	h.run(300 * time.Millisecond)
	none := bare(hello.IPv4)
	none.LinkLocal, none.Addrs = netip.Addr{}, nil
	h.e.LinkChanged(h.now, "eth0", none)
	h.run(200 * time.Millisecond)
	h.state("hsrp:eth0:10", "Init")
	h.state("hsrp6:eth0:20", "Active")
	h.e.LinkChanged(h.now, "eth0", bare(hello.IPv4))
	h.run(time.Second).state("hsrp6:eth0:20", "Active")
}
