package importer

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/hello"
)

// instance is a vrrp_instance on its way.
type instance struct {
	*keepalived
	g *group
	v *configs.VRRP

	version  *statement
	auth     *statement
	hmac     *statement
	advert   *statement
	master   *statement // state MASTER
	sum      *statement // v3_checksum_as_v2
	noPre    *statement // nopreempt
	delay    *statement // preempt_delay
	accept   *statement // accept, no_accept
	strict   bool
	vips     []*statement // virtual_ipaddress
	other    []*statement // virtual_ipaddress_excluded
	dev      string       // the interface in the source
	routes   []*statement
	notify   *statement
	announce announcing
	list     []watch
}

func (k *keepalived) instance(s *statement) {
	g := newVRRP(s.at, s.String())
	g.what = strings.TrimSuffix(g.what, " { }")
	i := &instance{keepalived: k, g: g, v: g.vrrp, announce: k.announce}
	i.v.MACMode = configs.MACInterface
	i.strict = k.strict
	i.v.Delay.Reload = k.draft.startup
	for _, b := range s.block {
		i.statement(b)
	}
	i.complete()
	k.add(g)
	k.name(g, s.arg(1))
	k.watches[g] = i.list
	i.excluded()
}

// statement reads one statement of an instance.
func (i *instance) statement(s *statement) {
	v := i.v
	switch s.arg(0) {
	case "interface":
		v.Interface = s.arg(1)
	case "virtual_router_id":
		i.byte(s, &v.VRID, hello.MaxVRID)
	case "priority":
		i.byte(s, &v.Priority, 255)
	case "version":
		i.version = s
	case "advert_int":
		i.advert = s
	case "authentication":
		i.auth = s
	case "auth_hmac":
		i.hmac = s
	case "state":
		switch s.arg(1) {
		case "MASTER":
			i.master = s
		case "BACKUP":
		default:
			i.not(s.at, s.String(), "want MASTER or BACKUP")
		}
	case "nopreempt":
		i.noPre = s
	case "preempt":
	case "preempt_delay":
		i.delay = s
	case "accept", "no_accept":
		i.accept = s
	case "strict_mode":
		i.strict = truth(s)
	case "use_vmac":
		i.vmac(s)
	case "virtual_ipaddress":
		i.vips = append(i.vips, s)
	case "virtual_ipaddress_excluded":
		i.other = append(i.other, s)
	case "virtual_routes":
		i.routes = append(i.routes, s.block...)
	case "virtual_rules":
		for _, r := range s.block {
			i.rule(r)
		}
	case "unicast_peer":
		i.peers(s)
	case "track_interface", "track_script", "track_file", "track_process":
		i.list = append(i.list, i.trackList(s)...)
	case "notify_master":
		v.Hooks.Active = i.hook(s)
	case "notify_backup":
		v.Hooks.Standby = i.hook(s)
	case "notify":
		i.notify = s
	case "garp_master_delay":
		i.announce.delay = s
	case "garp_master_refresh":
		i.announce.refresh = s
	default:
		i.rest(s)
	}
}

func (i *instance) byte(s *statement, to *uint8, high int) {
	n, ok := number(s.arg(1), 1, high)
	if !ok {
		i.not(s.at, s.String(), outside(1, high))
		return
	}
	*to = uint8(n)
}

// rest names the statements that have no key here.
func (i *instance) rest(s *statement) {
	why := "fhrpd has nothing like it"
	switch s.arg(0) {
	case "vmac_xmit_base", "native_ipv6", "check_unicast_src", "promote_secondaries", "kernel_rx_buf_size", "debug", "skip_check_adv_addr", "use_vmac_addr", "unicast_fault_no_peer", "lower_prio_no_advert":
		i.note(s.at, s.String(), "it needs no translation: fhrpd does so, or has no use for it")
		return
	case "v3_checksum_as_v2":
		i.sum = s
		return
	case "old_unicast_checksum":
		why = "both forms of the checksum of RFC 9568 are taken, that of old keepalived is not"
	case "use_ipvlan":
		why = "no device is made: the interface's own MAC is used"
	case "dont_track_primary":
		why = "a router that cannot be heard on its interface is not active"
	case "track_bfd":
		why = "fhrpd does not speak BFD: advertise goes down to 10ms"
	case "mcast_src_ip", "unicast_src_ip", "track_src_ip":
		why = "packets come from the first address of the interface: peers must know this router by that one"
	case "mcast_dst_ip":
		why = "the group of VRRP is 224.0.0.18, or ff02::12"
	case "unicast_ttl":
		why = "packets to peers have a TTL of 255"
	case "down_timer_adverts":
		why = "three intervals and the skew time are the RFC's"
	case "notify_fault", "notify_stop", "notify_deleted":
		why = "hooks.standby runs whenever the router leaves Active, and there is no other"
	case "notify_master_rx_lower_pri":
		why = "there is no hook for that"
	case "smtp_alert":
		why = globalWhy("smtp")
	case "lvs_sync_daemon_interface", "lvs_sync_daemon":
		why = "load balancing is not what fhrpd does"
	case "garp_master_repeat", "garp_master_refresh_repeat", "garp_lower_prio_delay", "garp_lower_prio_repeat", "garp_extra_if", "vmac_garp_intvl":
		why = announceWhy
	case "no_virtual_ipaddress":
		why = "a router without an address is none (RFC 9568 section 5.2.9)"
	}
	i.not(s.at, s.String(), why)
}

// complete settles what depends on more than one statement.
func (i *instance) complete() {
	v := i.v
	if v.Interface == "" {
		v.Interface = i.ofAddresses()
	}
	i.dev = v.Interface
	v.Interface = i.draft.iface(i.dev)
	for _, s := range i.vips {
		i.addresses(s)
	}
	v.Version = i.versionNumber()
	i.interval()
	i.preempting()
	i.accepting()
	i.checksum()
	i.authenticate()
	i.garp(i.g, i.announce)
	if i.notify != nil {
		i.notifyAll()
	}
	for _, r := range i.routes {
		i.route(r)
	}
	if v.Priority == hello.OwnerPriority && len(v.Prefixes) > 0 {
		v.Prefixes = nil
		i.not(i.g.at, i.g.what, "priority 255 is for a router whose interface has the addresses itself: keepalived gives them to it, fhrpd waits until it has them")
	}
}

// ofAddresses returns where keepalived puts the addresses of an instance that has no
// interface, as one with unicast peers may.
func (i *instance) ofAddresses() string {
	name := i.iface
	for _, s := range i.vips {
		for _, b := range s.block {
			if n := slices.Index(b.words, "dev"); n > 0 {
				name = b.arg(n + 1)
			}
		}
	}
	if name != "" {
		i.not(i.g.at, i.g.what, "it has no interface: the group is on "+name+", where its addresses are, and listens there")
	}
	return name
}

// versionNumber is 3 for IPv6, whatever stands there.
func (i *instance) versionNumber() uint8 {
	n := i.keepalived.version
	if s := i.version; s != nil {
		if said, ok := number(s.arg(1), 2, 3); ok {
			n = said
		} else {
			i.not(s.at, s.String(), "want 2 or 3")
		}
	}
	if i.g.family() == hello.IPv6 {
		n = 3
	}
	return uint8(n)
}

func (i *instance) interval() {
	s := i.advert
	if s == nil {
		return
	}
	t, ok := seconds(s.arg(1))
	if ok && hello.ValidAdverInterval(i.v.Version, t) {
		i.v.Advertise = t
		return
	}
	limits := "version 2 has whole seconds of 1 to 255"
	if i.v.Version == 3 {
		limits = "version 3 has hundredths of a second up to 40.95"
	}
	i.not(s.at, s.String(), fmt.Sprintf("%s: it is %s", limits, i.v.Advertise))
}

// preempting follows keepalived, where neither nopreempt nor preempt_delay has an
// effect beside state MASTER.
func (i *instance) preempting() {
	v := i.v
	if i.master != nil && !i.told {
		i.told = true // once is enough
		i.note(i.master.at, i.master.String(), "every router starts as Backup here, and the election decides")
	}
	if s := i.noPre; s != nil {
		switch {
		case i.master != nil:
			i.note(s.at, s.String(), "beside state MASTER keepalived does not heed it: preempt is true")
		case v.Priority == hello.OwnerPriority:
			i.note(s.at, s.String(), "the owner of the addresses (priority 255) always preempts")
		default:
			v.Preempt = false
		}
	}
	if s := i.delay; s != nil {
		t, ok := seconds(s.arg(1))
		switch {
		case !ok:
			i.not(s.at, s.String(), "want a number of seconds")
		case i.master != nil:
			i.note(s.at, s.String(), "beside state MASTER keepalived does not heed it: there is none")
		case !v.Preempt || i.strict:
			i.note(s.at, s.String(), "beside nopreempt, and in strict mode, keepalived does not heed it: there is none")
		default:
			i.preemptDelay(s.at, s.String(), i.g, t)
		}
	}
}

// accepting is on, but in strict mode for routers that do not own the addresses.
func (i *instance) accepting() {
	i.v.Accept = !i.strict || i.v.Priority == hello.OwnerPriority
	if s := i.accept; s != nil {
		i.v.Accept = s.arg(0) == "accept"
	}
}

// checksum is a choice in IPv4 version 3 only.
func (i *instance) checksum() {
	switch s := i.sum; {
	case s == nil:
	case i.v.Version == 2 || i.g.family() == hello.IPv6:
		i.note(s.at, s.String(), "there is one form of the checksum in version 2, and in IPv6")
	case truth(s):
		i.v.Checksum = "rfc9568"
	default:
		i.v.Checksum = "pseudo-header"
	}
}

// vmac is a virtual MAC, which needs no device here.
func (i *instance) vmac(s *statement) {
	i.v.MACMode = configs.MACVirtual
	words := s.words[1:]
	for n := 0; n < len(words); n++ {
		w := words[n]
		switch hw, err := net.ParseMAC(w); {
		case w == "name" || w == "group":
			n++
		case w == "netlink_notify_msg":
		case err == nil && len(hw) == 6:
			i.v.MACMode, i.v.MAC = configs.MACChosen, hello.MAC(hw)
		case strings.Count(w, ":") == 4:
			i.not(s.at, s.String(), "a MAC of five bytes: write all six as mac")
		}
	}
	if len(words) > 0 {
		i.note(s.at, s.String(), "no device is made for the virtual MAC: rules and filters name "+i.v.Interface+" instead")
	}
}
