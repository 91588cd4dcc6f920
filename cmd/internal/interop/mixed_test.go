package interop

import (
	"net/netip"
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// mixed is every protocol and version that there is, on one interface. The
// numbers overlap on purpose: VRID 51 exists in both families, and the HSRP
// groups have numbers that are VRIDs as well.
const mixed = `
[[hsrp]]
interface = "eth0"
group = 51
version = 1
priority = PRIORITY
preempt = true
hello = "200ms"
hold = "700ms"
virtual_ips = ["192.168.1.241"]
[[hsrp]]
interface = "eth0"
group = 52
version = 2
priority = PRIORITY
preempt = true
hello = "200ms"
hold = "700ms"
auth = { md5 = "secret" }
virtual_ips = ["192.168.1.242"]
[[hsrp]]
interface = "eth0"
group = 53
version = 2
priority = PRIORITY
preempt = true
hello = "200ms"
hold = "700ms"
virtual_ips = ["fe80::243"]
[[vrrp]]
interface = "eth0"
vrid = 51
priority = PRIORITY
advertise = "200ms"
virtual_ips = ["192.168.1.254"]
[[vrrp]]
interface = "eth0"
vrid = 51
priority = PRIORITY
advertise = "200ms"
virtual_ips = ["fe80::254", "2001:db8:1::254"]
[[vrrp]]
interface = "eth0"
vrid = 52
version = 2
priority = PRIORITY
virtual_ips = ["192.168.1.252"]
`

// mixedKeepalived is keepalived's share of the same.
const mixedKeepalived = `
vrrp_instance v3 {
 state BACKUP
 interface eth0
 virtual_router_id 51
 priority PRIORITY
 version 3
 advert_int 0.2
 use_vmac vrrp4.51
 virtual_ipaddress { 192.168.1.254/24 }
}
vrrp_instance v6 {
 state BACKUP
 interface eth0
 virtual_router_id 51
 priority PRIORITY
 version 3
 advert_int 0.2
 use_vmac vrrp6.51
 virtual_ipaddress {
  fe80::254/64
  2001:db8:1::254/64
 }
}
vrrp_instance v2 {
 state BACKUP
 interface eth0
 virtual_router_id 52
 priority PRIORITY
 version 2
 advert_int 1
 use_vmac vrrp4.52
 virtual_ipaddress { 192.168.1.252/24 }
}
`

// Six groups of every protocol, version and family share a segment with each
// other and with keepalived, and none takes a packet that is not its own.
func TestEveryProtocolOnOneSegment(t *testing.T) {
	t.Parallel()
	fhrptest.Steady(t, fhrptest.Stall, func(t testing.TB) {
		need(t, "keepalived", "tshark")
		s := newSegment(t, us, them, third)
		first, second := &daemon{s.Gateway(us), mixed}, &daemon{s.Gateway(third), mixed}
		peer := &keepalived{g: s.Gateway(them), config: mixedKeepalived}
		probes := map[string]*probe{}
		for _, a := range []string{"192.168.1.241", "192.168.1.242", "192.168.1.254", "192.168.1.252", "2001:db8:1::254"} {
			probes[a] = startProbe(t, s.Client, netip.MustParseAddr(a))
		}
		served := func(when string) {
			t.Helper()
			for a, p := range probes {
				n := p.mark()
				s.Eventually(a+" answers "+when, func() bool { return p.flows(n) })
			}
		}

		first.start(above)
		s.Eventually("the first router has every role", func() bool { return first.All("Active") })
		second.start(below)
		peer.start(theirs)
		s.Eventually("the second router stands by everywhere", func() bool { return second.All("Standby", "Backup") })
		served("from the first router")

		first.Kill()
		s.Eventually("HSRP moved to the other fhrpd, VRRP to keepalived", func() bool { return shared(second.Report()) })
		served("from the others")

		first.start(above)
		s.Eventually("the first router has every role again", func() bool {
			return first.All("Active") && second.All("Standby", "Backup")
		})
		served("from the first router again")
		for _, d := range []*daemon{first, second} {
			if n := totals(d.Answer()); n != 0 {
				t.Errorf("%s rejected %d packets: %+v", d.Name, n, d.Report().Interfaces)
			}
		}
		s.judge()
	})
}

// shared reports whether a daemon has every HSRP role and obeys keepalived in
// every VRRP router.
func shared(st *status.Status) bool {
	for _, g := range st.Groups {
		switch {
		case g.Protocol == "hsrp" && g.State != "Active":
			return false
		case g.Protocol == "vrrp" && (g.State != "Backup" || g.Active == nil || g.Active.Priority != theirs):
			return false
		}
	}
	return len(st.Groups) > 0
}
