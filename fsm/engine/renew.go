package engine

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// noteLost remembers the groups that lost their gate without knowing. A group
// that has given the role up has nothing to lose.
func (i *iface) noteLost(lost []ID) {
	for _, id := range lost {
		if g := i.r.byID[id]; g != nil && g.tenure.hasAddress() {
			i.leases.lost = append(i.leases.lost, id)
		}
	}
}

// renew renews the leases. When that fails it is tried again, and once the
// leases have run out the groups behave as if the kernel had said so.
func (i *iface) renew(now time.Time) {
	lost, err := i.port.Renew()
	if err == nil {
		i.noteLost(lost)
		i.leases.renewed, i.leases.retry = now, time.Time{}
		return
	}
	i.leases.renewalFailed(now)
	if i.r.complaints.first(now, i.ref(), wordRenew, byText(err.Error())) {
		i.tell(now, KindLease, "renew lease: "+err.Error())
	}
	for _, g := range i.groups {
		if g.leaseOver(now, 0) {
			i.leases.lost = append(i.leases.lost, g.id)
		}
	}
}

// leaseOver reports whether g serves under a lease that has run out, as far as
// is known here: the kernel shuts the gate at the instant at which the lease ends.
// suspended is time that now does not count.
func (g *group) leaseOver(now time.Time, suspended time.Duration) bool {
	return g.tenure.hasAddress() && g.grant.lease > 0 && g.leaseAge(now)+suspended >= g.grant.lease
}

func (g *group) leaseAge(now time.Time) time.Duration { return g.iface.leases.age(now, g.grant) }

// fenceLost fences the groups that have lost their gate and reports whether
// there were any.
func (i *iface) fenceLost(now time.Time) bool {
	lost := i.leases.lost
	i.leases.lost = nil
	for _, id := range lost {
		if g := i.r.byID[id]; g != nil && g.tenure.hasAddress() {
			g.fence(now, fsm.CauseLeaseLost, fmt.Sprintf("the lease of %v ran out; it was last renewed %v ago",
				g.grant.lease, g.leaseAge(now).Round(time.Millisecond)))
		}
	}
	return len(lost) > 0
}

// whyOld tells a process that slept from one that tried in vain.
func (g *group) whyOld(gap time.Duration) (fsm.Cause, string) {
	gap = gap.Round(time.Millisecond)
	if g.iface.leases.retry.IsZero() {
		return fsm.CauseStalled, fmt.Sprintf("nothing was done for %v, the lease is %v", gap, g.grant.lease)
	}
	return fsm.CauseLeaseLost, fmt.Sprintf("the lease of %v could not be renewed for %v", g.grant.lease, gap)
}

// fence takes the role from an elected group in silence, and from its followers
// before it: told by their leader they would not be silent. Who has resigned has
// no role to lose, but must not go on answering for the address.
func (g *group) fence(now time.Time, cause fsm.Cause, detail string) {
	if g.tenure == leaving {
		g.letGo(now)
		return
	}
	for _, f := range g.followers {
		f.fence(now, cause, detail)
	}
	if g.tenure.elected() {
		g.step(now, fsm.Fenced{Cause: cause, Detail: detail})
	}
}
