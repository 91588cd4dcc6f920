package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/follow"
	"github.com/fhrpd/fhrpd/fsm/hsrp"
	"github.com/fhrpd/fhrpd/fsm/vrrp"
	"github.com/fhrpd/fhrpd/hello"
)

// newGroup returns a group that is on no interface yet. A follower has no
// machine before its leader is known.
func newGroup(now time.Time, r *router, c Group) (*group, error) {
	r.lastID++
	g := &group{
		Group: c, r: r, id: r.lastID, since: now, mac: c.VirtualMAC(), vips: c.VirtualIPs,
		wire:     wireID{c.Protocol, c.Family, c.Version, c.Number},
		priority: priority{override: -1, inForce: fsm.SetPriority{Effective: c.Priority, Configured: c.Priority}},
		counters: Counters{Rejected: map[hello.Reject]uint64{}},
	}
	g.machineTask.of, g.choreTask.of = g, g
	g.announcer.Rand, g.announcer.Align, g.proof.Random = r.random, g.alignRefresh, r.mark
	r.byID[g.id] = g
	if g.hsrp() {
		g.codec = &hsrpCodec{}
	}
	switch {
	case c.Follow != "":
	case g.hsrp():
		g.machine = hsrp.New(hsrp.Config{
			Group: c.Number, Version: c.Version, Family: c.Family, Priority: c.Priority,
			Preempt: c.Preempt, PreemptDelay: c.PreemptDelay, HelloTime: c.HelloTime, HoldTime: c.HoldTime,
			VirtualIPs: c.VirtualIPs, Jitter: r.random, Align: g.align, Company: r.company,
		})
	default:
		router := vrrp.New(vrrp.Config{
			VRID: uint8(c.Number), Version: c.Version, Family: c.Family, Priority: c.Priority,
			Preempt: c.Preempt, PreemptDelay: c.PreemptDelay, AdverInterval: c.HelloTime,
			VirtualIPs: c.VirtualIPs, Accept: c.Accept, Jitter: r.random, Align: g.align,
		})
		g.machine = router
		g.codec = &vrrpCodec{check: router.Check}
	}
	if g.codec == nil {
		return g, nil
	}
	return g, g.codec.configure(&g.Group)
}

// followLeader binds a group to the one that elects for it.
func (g *group) followLeader() error {
	i := slices.IndexFunc(g.r.groups, func(l *group) bool { return l.Name == g.Follow && !l.dismissed })
	if i < 0 {
		return fmt.Errorf("group %s follows %q, which does not exist", g.Ref, g.Follow)
	}
	g.leader = g.r.groups[i]
	if g.leader.Follow != "" {
		return fmt.Errorf("group %s follows %q, which follows another group itself", g.Ref, g.Follow)
	}
	g.leader.followers = append(g.leader.followers, g)
	g.machine = follow.New(follow.Config{
		Protocol: g.Protocol, VirtualIPs: g.vips, RetryAfter: g.leader.machine.Status().HoldTime,
	})
	return nil
}
