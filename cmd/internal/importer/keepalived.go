package importer

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/configs"
)

// keepalived is keepalived's configuration on its way.
type keepalived struct {
	*draft
	version  int    // of instances that do not say
	iface    string // of addresses whose instance has none, "" = none
	strict   bool
	announce announcing
	objects  map[string]watch // by kind and name; weight and reverse are the defaults
	watches  map[*group][]watch
	told     bool // of state MASTER
}

// announcing is what keepalived says of gratuitous ARP, with the statements that
// said so; nil where none did.
type announcing struct{ delay, refresh *statement }

func readKeepalived(d *draft, file string, text []byte) error {
	r := &lineReader{draft: d, defs: map[string]string{"_HASH": "#", "_BANG": "!"}}
	if err := r.file(file, string(text)); err != nil {
		return err
	}
	statements, err := tree(r.lines)
	if err != nil {
		return err
	}
	k := &keepalived{draft: d, version: 2, objects: map[string]watch{}, watches: map[*group][]watch{}}
	for _, pass := range []func(*statement){k.first, k.second, k.third} {
		for _, s := range statements {
			pass(s)
		}
	}
	for _, g := range d.groups {
		d.depend(g, k.watches[g])
		d.linkLocal(g)
	}
	return nil
}

// first reads what instances refer to.
func (k *keepalived) first(s *statement) {
	switch s.arg(0) {
	case "global_defs":
		for _, b := range s.block {
			k.global(b)
		}
	case "vrrp_script":
		k.script(s)
	case "track_file", "vrrp_track_file":
		k.file(s)
	case "vrrp_track_process":
		k.process(s)
	}
}

func (k *keepalived) second(s *statement) {
	if s.arg(0) == "vrrp_instance" {
		k.instance(s)
	}
}

// third reads what refers to instances, and names what has no place here.
func (k *keepalived) third(s *statement) {
	switch s.arg(0) {
	case "global_defs", "vrrp_script", "track_file", "vrrp_track_file", "vrrp_track_process", "vrrp_instance":
	case "vrrp_sync_group":
		k.sync(s)
	case "virtual_server", "virtual_server_group", "SSL":
		k.not(s.at, s.String(), "load balancing is not what fhrpd does: keep keepalived, or another program, for that")
	case "static_ipaddress", "static_routes", "static_rules":
		k.not(s.at, s.String(), "what stays whoever is active belongs to the host's own network configuration")
	case "bfd_instance":
		k.not(s.at, s.String(), "fhrpd does not speak BFD: hello goes down to 3ms, advertise to 10ms")
	case "net_namespace", "net_namespace_ipvs", "instance":
		k.not(s.at, s.String(), "start fhrpd in the namespace: NetworkNamespacePath= of its unit")
	case "garp_group":
		k.not(s.at, s.String(), "announcements are spaced by the daemon itself; see [vrrp.announce]")
	case "track_group":
		k.not(s.at, s.String(), "it is for static addresses and routes, which fhrpd has not")
	case "linkbeat_interfaces", "linkbeat_use_polling", "interface_up_down_delays":
		k.not(s.at, s.String(), "the kernel tells when an interface loses its carrier; [[track]] has delay_up and delay_down")
	default:
		k.not(s.at, s.String(), "fhrpd has nothing like it")
	}
}

func (k *keepalived) global(s *statement) {
	switch word := s.arg(0); word {
	case "vrrp_version":
		if n, ok := number(s.arg(1), 2, 3); ok {
			k.version = n
		} else {
			k.not(s.at, s.String(), "want 2 or 3")
		}
	case "default_interface":
		k.iface = s.arg(1)
	case "vrrp_strict":
		k.strict = truth(s)
		k.note(s.at, s.String(), "addresses are not accepted, and passwords and preempt_delay are not heeded: fhrpd keeps to the RFC anyway")
	case "vrrp_garp_master_delay":
		k.announce.delay = s
	case "vrrp_garp_master_refresh":
		k.announce.refresh = s
	case "vrrp_startup_delay":
		k.startup(s)
	case "router_id":
		k.note(s.at, s.String(), "it is for mail and SNMP: no packet has it")
	case "enable_script_security", "script_user", "script_security":
		k.not(s.at, s.String(), "commands run as the user of the daemon: User= of its unit")
	case "vrrp_mcast_group4", "vrrp_mcast_group6":
		k.mcast(s)
	case "process_names", "max_auto_priority", "vrrp_priority", "vrrp_rt_priority", "vrrp_no_swap", "vrrp_rlimit_rttime", "vrrp_cpu_affinity":
		k.note(s.at, s.String(), "fhrpd takes what it needs of the system by itself: realtime in [daemon]")
	default:
		k.not(s.at, s.String(), globalWhy(word))
	}
}

func globalWhy(word string) string {
	switch {
	case strings.HasPrefix(word, "notification_email"), strings.HasPrefix(word, "smtp"):
		return "fhrpd sends no mail: \"fhrpd events\", hooks and Prometheus tell of changes"
	case strings.HasPrefix(word, "vrrp_garp"), strings.HasPrefix(word, "vrrp_gna"):
		return announceWhy
	case strings.HasPrefix(word, "enable_snmp"), strings.HasPrefix(word, "snmp"), strings.HasPrefix(word, "enable_traps"):
		return "there is no SNMP: metrics are for Prometheus, \"show status --json\" is for scripts"
	case strings.HasPrefix(word, "notify_fifo"), strings.HasPrefix(word, "vrrp_notify_fifo"), strings.HasPrefix(word, "enable_dbus"):
		return "\"fhrpd events --json\" streams changes as they happen"
	case strings.HasPrefix(word, "lvs_"), strings.HasPrefix(word, "checker_"), strings.HasPrefix(word, "bfd_"):
		return "fhrpd does neither load balancing nor BFD"
	}
	return "fhrpd has nothing like it"
}

const announceWhy = "fhrpd announces three times in four seconds, and again every minute; see [vrrp.announce]"

func (k *keepalived) mcast(s *statement) {
	if s.arg(1) != "224.0.0.18" && s.arg(1) != "ff02::12" {
		k.not(s.at, s.String(), "the group of VRRP is 224.0.0.18, or ff02::12: use peers, or change the other routers")
	}
}

// startup is a delay of the program, and of every group here.
func (k *keepalived) startup(s *statement) {
	t, ok := seconds(s.arg(1))
	if !ok || t > time.Hour {
		k.not(s.at, s.String(), "want seconds, 3600 at most")
		return
	}
	k.draft.startup = t
}

// truth reads a flag: without a word it is on.
func truth(s *statement) bool {
	return !slices.Contains([]string{"false", "off", "no"}, strings.ToLower(s.arg(1)))
}

// garp sets what the announcements of a group can have of keepalived's.
func (k *keepalived) garp(g *group, a announcing) {
	an := &g.common().Announce
	if s := a.delay; s != nil {
		t, ok := seconds(s.arg(1))
		switch {
		case !ok || t > time.Hour || t > 0 && t < 100*time.Millisecond:
			k.not(s.at, s.String(), announceWhy)
		case t > 0:
			an.Count, an.Interval = 2, t
		default:
			an.Count = 1
		}
	}
	if s := a.refresh; s != nil {
		t, ok := seconds(s.arg(1))
		switch {
		case !ok || t > 24*time.Hour || t > 0 && t < time.Second:
			k.not(s.at, s.String(), "want 0, or seconds, 86400 at most")
		default:
			an.Refresh = t
		}
	}
}

// named is the name of an object: those of keepalived have a name space for each kind.
func (k *keepalived) tracked(kind string, s *statement, t configs.Track, weight int, reverse bool) {
	t.Name = label(s.arg(1))
	for other := range k.objects {
		if _, name, _ := strings.Cut(other, " "); label(name) == t.Name {
			t.Name = label(kind + "-" + t.Name)
		}
	}
	k.objects[kind+" "+s.arg(1)] = watch{object: k.object(s.at, t), weight: weight, reverse: reverse}
}

// weight reads "weight N [reverse]" of words from n on.
func (k *keepalived) weight(s *statement, n int) (weight int, reverse, ok bool) {
	for ; n < len(s.words); n++ {
		switch s.words[n] {
		case "weight":
			n++
			if weight, ok = number(s.arg(n), -254, 254); !ok {
				k.not(s.at, s.String(), fmt.Sprintf("weight %q: %s", s.arg(n), outside(-254, 254)))
				return 0, false, false
			}
		case "reverse":
			reverse = true
		case "noreverse":
		default:
			k.not(s.at, s.String(), fmt.Sprintf("%q is no part of it", s.words[n]))
		}
	}
	return weight, reverse, ok
}
