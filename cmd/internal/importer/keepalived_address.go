package importer

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/hello"
)

// addresses reads virtual_ipaddress.
func (i *instance) addresses(s *statement) {
	for _, b := range s.block {
		pfx, ok := i.hostAddress(b)
		switch {
		case !ok:
		case i.g.family() != 0 && hello.FamilyOf(pfx.Addr()) != i.g.family():
			i.not(b.at, b.String(), fmt.Sprintf("it is of another family than %s: one family per group", i.v.VirtualIPs[0]))
		default:
			i.g.address(pfx)
		}
	}
}

// hostAddress reads an address with what may follow it.
func (i *instance) hostAddress(s *statement) (pfx netip.Prefix, ok bool) {
	pfx, ok = hostPrefix(s.arg(0))
	if !ok {
		i.not(s.at, s.String(), "it is not an address")
		return pfx, false
	}
	for n := 1; n < len(s.words); n++ {
		switch w := s.words[n]; w {
		case "dev":
			n++
			if dev := s.arg(n); dev != i.dev && i.dev != "" {
				i.not(s.at, s.String(), fmt.Sprintf("the addresses of a group are on its interface %s: one for %s needs a group of its own there, which may follow this one", i.dev, dev))
				return pfx, false
			}
		case "brd", "broadcast", "label", "peer", "preferred_lft", "scope":
			n++
			if w != "scope" || s.arg(n) != "global" {
				i.not(s.at, s.String(), w+" was left out: fhrpd says none")
			}
		case "use_vmac", "-nodad", "no_track", "home", "noprefixroute", "mngtmpaddr", "autojoin":
			i.note(s.at, s.String(), w+" needs no translation")
		default:
			i.not(s.at, s.String(), fmt.Sprintf("%q was left out: fhrpd has nothing like it", w))
		}
	}
	return pfx, true
}

// excluded reads virtual_ipaddress_excluded. Those of the group's family are among
// its addresses; those of the other get a group that follows it.
func (i *instance) excluded() {
	var rest []netip.Prefix
	var at *statement
	for _, s := range i.other {
		advertised := 0
		for _, b := range s.block {
			pfx, ok := i.hostAddress(b)
			switch {
			case !ok:
			case i.g.family() == 0 || hello.FamilyOf(pfx.Addr()) == i.g.family():
				i.g.address(pfx)
				advertised++
			default:
				rest, at = append(rest, pfx), b
			}
		}
		if advertised > 0 {
			i.not(s.at, s.String(), fmt.Sprintf("every address of a group is advertised, %d of these too: keepalived as a peer then needs skip_check_adv_addr, or the same list", advertised))
		}
	}
	if len(rest) > 0 {
		i.follower(at, rest)
	}
}

// follower adds a group for addresses of the other family, without an election of its
// own.
func (i *instance) follower(s *statement, rest []netip.Prefix) {
	if i.v.Name == "" {
		i.not(s.at, s.String(), "a group of its own that follows this one needs a name to follow")
		return
	}
	f := newVRRP(s.at, "excluded addresses of "+i.v.Name)
	f.vrrp.Interface, f.vrrp.VRID, f.vrrp.Follow = i.v.Interface, i.v.VRID, i.v.Name
	f.vrrp.MACMode, f.vrrp.Accept = i.v.MACMode, i.v.Accept
	f.vrrp.Preempt = true
	if f.vrrp.MACMode == configs.MACChosen {
		f.vrrp.MACMode = configs.MACVirtual
	}
	for _, pfx := range rest {
		f.address(pfx)
	}
	i.add(f)
	i.name(f, i.v.Name+"-excluded")
	i.note(s.at, s.String(), fmt.Sprintf("addresses of the other family became group %s, which follows %s", f.vrrp.Name, i.v.Name))
}

// peers reads unicast_peer. What the lowest min_ttl says holds for all.
func (i *instance) peers(s *statement) {
	least, said := 255, 0
	for _, b := range s.block {
		a, err := netip.ParseAddr(b.arg(0))
		if err != nil {
			i.not(b.at, b.String(), "it is not an address")
			continue
		}
		if !slices.Contains(i.v.Peers, a) {
			i.v.Peers = append(i.v.Peers, a)
		}
		for n := 1; n < len(b.words); n += 2 {
			ttl, ok := number(b.arg(n+1), 0, 255)
			switch {
			case b.words[n] == "min_ttl" && ok:
				least = min(least, max(1, ttl))
				said++
			case b.words[n] == "max_ttl" && ok && ttl == 255:
			default:
				i.not(b.at, b.String(), b.words[n]+" was left out: min_ttl is all there is")
			}
		}
	}
	switch {
	case said == len(i.v.Peers) && said > 0:
		i.v.MinTTL = uint8(least)
	case said > 0:
		i.not(s.at, s.String(), "min_ttl holds for all peers, and not all have one: there is none")
	}
}

// trackList reads a block of objects with their weights.
func (k *keepalived) trackList(s *statement) (list []watch) {
	kind := strings.TrimPrefix(s.arg(0), "track_")
	for _, b := range s.block {
		var w watch
		if kind == "interface" {
			w.object = k.interfaceObject(b.at, k.draft.iface(b.arg(0)))
		} else {
			known, ok := k.objects[kind+" "+b.arg(0)]
			if !ok {
				k.not(b.at, s.arg(0)+" "+b.String(), fmt.Sprintf("there is no such %s, or it was not translated", kind))
				continue
			}
			w = known
		}
		w.at, w.what = b.at, s.arg(0)+" "+b.String()
		if weight, reverse, ok := k.weight(b, 1); ok {
			w.weight, w.reverse = weight, reverse
		} else if len(b.words) > 1 {
			w.reverse = w.reverse || reverse
		}
		if kind == "file" && w.weight != 0 {
			k.not(w.at, w.what, "the number in a file changes no priority: a command may lower it by a decrement while it fails")
			continue
		}
		list = append(list, w)
	}
	return list
}

// hook reads a command of a change of role.
func (i *instance) hook(s *statement) []string {
	cmd, as := i.commandOf(s)
	if as {
		i.not(s.at, s.String(), "it runs as the user of the daemon, and has the transition as JSON on its standard input")
	}
	return cmd
}

// commandOf splits a command. as reports whether a user stands behind it.
func (k *keepalived) commandOf(s *statement) (cmd []string, as bool) {
	first := &statement{at: s.at, words: s.words[:min(2, len(s.words))]}
	return k.command(first, 1), len(s.words) > 2
}

// notifyAll gives the script of notify the words that keepalived gives it.
func (i *instance) notifyAll() {
	s := i.notify
	script := i.hook(s)
	if len(script) == 0 {
		return
	}
	words := func(state string) []string {
		return append(slices.Clone(script), "INSTANCE", i.name0(), state, fmt.Sprint(i.v.Priority))
	}
	h := &i.v.Hooks
	if len(h.Active) == 0 && len(h.Standby) == 0 {
		h.Active, h.Standby = words("MASTER"), words("BACKUP")
		i.note(s.at, s.String(), "it is told of MASTER and BACKUP, with the configured priority: FAULT and STOP come as BACKUP")
		return
	}
	i.not(s.at, s.String(), "there is one command for each role, and notify_master or notify_backup have it")
}

// name0 is the name in the source.
func (i *instance) name0() string { return strings.TrimPrefix(i.g.what, "vrrp_instance ") }
