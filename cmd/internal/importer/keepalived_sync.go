package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/hello"
)

// sync reads a vrrp_sync_group: its first member elects, and the others follow.
func (k *keepalived) sync(s *statement) {
	var members []*group
	var list []watch
	var hooks []*statement
	weights := false
	for _, b := range s.block {
		switch b.arg(0) {
		case "group":
			members = k.members(b)
		case "track_interface", "track_script", "track_file", "track_process":
			list = append(list, k.trackList(b)...)
		case "notify_master", "notify_backup", "notify":
			hooks = append(hooks, b)
		case "sync_group_tracking_weight", "global_tracking":
			weights = true
		case "notify_fault", "notify_stop":
			k.not(b.at, b.String(), "hooks.standby runs whenever the group leaves Active, and there is no other")
		case "smtp_alert":
			k.not(b.at, b.String(), globalWhy("smtp"))
		default:
			k.not(b.at, b.String(), "fhrpd has nothing like it")
		}
	}
	if len(members) == 0 {
		k.not(s.at, s.String(), "no member of it was translated")
		return
	}
	if !weights {
		for _, m := range members {
			k.watches[m] = k.weightless(k.watches[m])
		}
	}
	lead := members[0]
	k.watches[lead] = append(k.watches[lead], list...)
	for _, h := range hooks {
		k.groupHook(lead, h, s.arg(1))
	}
	var names []string
	for _, m := range members[1:] {
		k.follow(s, lead, m)
		names = append(names, m.common().Name)
	}
	if len(names) > 0 {
		k.note(s.at, s.String(), fmt.Sprintf("%s elects for %s, which send no advertisements of their own: move all routers of the segment together", lead.common().Name, strings.Join(names, ", ")))
	}
}

// members returns the instances of a sync group that may be in one.
func (k *keepalived) members(s *statement) (members []*group) {
	for _, w := range s.all() {
		g := k.named(label(w.arg(0)))
		switch {
		case g == nil:
			k.not(w.at, w.String(), "there is no such instance, or it was not translated")
		case g.vrrp.Follow != "" || slices.Contains(members, g):
			k.not(w.at, w.String(), "it is in a sync group already")
		default:
			members = append(members, g)
		}
	}
	return members
}

// weightless returns what keepalived leaves of the objects of an instance that is in a
// sync group: interfaces lose their weight, others with one are not looked at.
func (k *keepalived) weightless(list []watch) (out []watch) {
	for _, w := range list {
		if w.weight != 0 && !strings.HasPrefix(w.what, "track_interface") {
			k.note(w.at, w.what, "in a sync group keepalived does not look at an object with a weight: it is left out")
			continue
		}
		if w.weight != 0 {
			k.note(w.at, w.what, "in a sync group keepalived does not heed the weight: there is none")
		}
		w.weight = 0
		out = append(out, w)
	}
	return out
}

// follow has one group follow another. What took the follower out of its election
// now takes out the leader: an object, or its interface.
func (k *keepalived) follow(s *statement, lead, g *group) {
	c := g.common()
	if p := g.vrrp.Priority; p == hello.OwnerPriority || p != lead.vrrp.Priority {
		k.not(g.at, g.what, fmt.Sprintf("its priority %d has no effect: it follows %s, which has %d", p, lead.common().Name, lead.vrrp.Priority))
	}
	base := configs.NewVRRP()
	c.Follow, c.Priority, c.PreemptDelay = lead.common().Name, base.Priority, 0
	c.Preempt, g.vrrp.Advertise = base.Preempt, base.Advertise
	inherited := k.watches[g]
	if c.Interface != lead.common().Interface {
		name := k.interfaceObject(g.at, c.Interface)
		inherited = append(inherited, watch{at: s.at, what: s.String(), object: name})
	}
	for _, w := range inherited {
		if !slices.ContainsFunc(k.watches[lead], func(o watch) bool { return o.object == w.object }) {
			k.watches[lead] = append(k.watches[lead], w)
		}
	}
	delete(k.watches, g)
	for _, other := range k.groups {
		if other.common().Follow == c.Name {
			other.common().Follow = c.Follow
		}
	}
}

// groupHook gives the hooks of a sync group to its leader, when that has none.
func (k *keepalived) groupHook(lead *group, s *statement, name string) {
	cmd, as := k.commandOf(s)
	if len(cmd) == 0 {
		return
	}
	h := &lead.common().Hooks
	words := func(state string) []string {
		return append(slices.Clone(cmd), "GROUP", name, state, fmt.Sprint(lead.vrrp.Priority))
	}
	taken := false
	switch s.arg(0) {
	case "notify_master":
		if taken = len(h.Active) > 0; !taken {
			h.Active = cmd
		}
	case "notify_backup":
		if taken = len(h.Standby) > 0; !taken {
			h.Standby = cmd
		}
	case "notify":
		if taken = len(h.Active) > 0 || len(h.Standby) > 0; !taken {
			h.Active, h.Standby = words("MASTER"), words("BACKUP")
		}
	}
	switch {
	case taken:
		k.not(s.at, s.String(), "there is one command for each role, and "+lead.common().Name+" has one of its own")
	case as:
		k.not(s.at, s.String(), "it runs as the user of the daemon")
	}
}
