package show

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/hello"
)

// Statistics renders "show vrrp statistics", and the same for HSRP: what arrived
// on the interfaces of groups and belonged to none, then the counters of each
// group. They begin where they were cleared last.
func Statistics(st *status.Status, groups []status.Group, now time.Time) string {
	var b block
	for _, i := range st.Interfaces {
		if slices.ContainsFunc(groups, func(g status.Group) bool { return g.Interface == i.Name }) {
			b.interfaceStatistics(&i, now)
		}
	}
	for i := range groups {
		g := &groups[i]
		b.line(0, "%s Statistics for %s", strings.ToUpper(g.Protocol), title(g))
		b.statistics(g)
		b.cleared(g.Cleared, now)
	}
	return b.String()
}

// title is the first line of a group's block without its version.
func title(g *status.Group) string {
	return fmt.Sprintf("%s - Group %d - Address-Family %s", g.Interface, g.ID, family(g))
}

func (b *block) interfaceStatistics(i *status.Interface, now time.Time) {
	b.line(0, "Statistics for %s", i.Name)
	rejected := i.SinceClear()
	b.line(1, "Discarded Packets that belong to no group: %d", sum(rejected))
	b.reasons(2, rejected)
	last := ""
	if i.LastError != "" {
		last = " (last: " + i.LastError + ")"
	}
	b.line(1, "Packets not sent: %d%s", i.SendErrors, last)
	if c := i.Cleared; c != nil {
		b.line(1, "Counters cleared %s ago", Age(c.At, now))
	}
}

func (b *block) cleared(c *status.Cleared, now time.Time) {
	if c != nil {
		b.line(1, "Counters cleared %s ago", Age(c.At, now))
	}
}

// statistics shows the counters of a group since they were cleared.
func (b *block) statistics(g *status.Group) {
	c := g.SinceClear()
	if g.Protocol == "vrrp" {
		b.line(1, "VRRPv%d Advertisements: sent %d - rcvd %d", g.Version, c.Sent, c.Received)
	} else {
		b.line(1, "HSRPv%d Messages: sent %d - rcvd %d", g.Version, c.Sent, c.Received)
	}
	b.line(1, "Group Discarded Packets: %d", sum(c.Rejected))
	if g.Protocol == "vrrp" {
		b.vrrpDiscarded(c.Rejected)
	} else {
		b.reasons(2, c.Rejected)
	}
	b.line(1, "Announcements sent: %d, requests answered: %d", c.Announced, c.Answered)
	b.line(1, "Claims of a virtual address by others: %d", c.Conflicts)
}

// vrrpReasons are the reasons that IOS has a line for, in its order.
var vrrpReasons = []struct {
	reason hello.Reject
	text   string
}{
	{hello.RejectVersion, "VRRPv2 incompatibility:"},
	{hello.RejectOwner, "IP Address Owner conflicts:"},
	{hello.RejectAddresses, "IP address configuration mismatch :"},
	{hello.RejectInterval, "Invalid Advert Interval:"},
}

// vrrpDiscarded shows the reasons of IOS, then the others by their own words.
func (b *block) vrrpDiscarded(rejected map[string]uint64) {
	others := maps.Clone(rejected)
	for _, r := range vrrpReasons {
		b.line(2, "%s %d", r.text, rejected[string(r.reason)])
		delete(others, string(r.reason))
	}
	b.line(2, "Invalid group other reason: %d", sum(others))
	b.reasons(3, others)
}

// reasons shows those that occurred.
func (b *block) reasons(level int, rejected map[string]uint64) {
	for _, why := range slices.Sorted(maps.Keys(rejected)) {
		if n := rejected[why]; n > 0 {
			b.line(level, "%s: %d", why, n)
		}
	}
}

func sum(counts map[string]uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}
