package chaos

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

// account is what one kind of fault has cost, as far as questions tell that are asked
// every forAnswers.
type account struct {
	settled []time.Duration // until the right one alone answered
	nobody  time.Duration   // longest time in which nobody answered for an address who should
	several time.Duration   // longest time in which more than one did
}

// outages measures times in which nobody answers for a group, or more than one does.
type outages struct {
	since           time.Time // the questions before
	nobody, several []time.Duration
	account
}

// note adds one round of answers.
func (o *outages) note(s *segment, seen [][]*gateway, now time.Time) {
	if o.nobody == nil {
		o.nobody, o.several = make([]time.Duration, len(seen)), make([]time.Duration, len(seen))
	}
	step := now.Sub(o.since)
	o.since = now
	for i, v := range s.groups {
		count := func(sum *time.Duration, holds bool, most *time.Duration) {
			if !holds {
				*sum = 0
				return
			}
			*sum += step
			*most = max(*most, *sum)
		}
		count(&o.nobody[i], len(seen[i]) == 0 && s.best(v) != nil, &o.account.nobody)
		count(&o.several[i], len(seen[i]) > 1, &o.account.several)
	}
}

// report is the table at the end.
func (s *segment) report(took map[string]*account) {
	s.t.Helper()
	s.t.Logf("%-12s %5s | %s", "fault", "times", "ms: settled at the median, at most | nobody answered, several did, at most | bound")
	total := 0
	for _, f := range faults() {
		a := took[f.name]
		if a == nil {
			continue
		}
		slices.Sort(a.settled)
		total += len(a.settled)
		s.t.Logf("%-12s %5d | %5d %5d | %5d %5d | %5d", f.name, len(a.settled), a.settled[len(a.settled)/2].Milliseconds(),
			a.settled[len(a.settled)-1].Milliseconds(), a.nobody.Milliseconds(), a.several.Milliseconds(), bound.Milliseconds())
	}
	s.t.Logf("%d faults", total)
}

// kernel is what a gateway's kernel has that a daemon may have put there.
func (s *segment) kernel(g *gateway) (list []string) {
	s.t.Helper()
	h := g.NS.Netlink()
	addrs, err := h.AddrList(nil, netlink.FAMILY_ALL)
	must(s.t, err)
	for _, a := range addrs {
		list = append(list, fmt.Sprintf("address %s of interface %d", a.IPNet, a.LinkIndex))
	}
	links, err := h.LinkList()
	must(s.t, err)
	for _, l := range links {
		list = append(list, fmt.Sprintf("interface %s, %s", l.Attrs().Name, l.Attrs().HardwareAddr))
	}
	rules, err := h.RuleList(netlink.FAMILY_ALL)
	must(s.t, err)
	for _, r := range rules {
		list = append(list, "rule "+r.String())
	}
	routes, err := h.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
	must(s.t, err)
	for _, r := range routes {
		list = append(list, fmt.Sprintf("route %s in table %d", r.Dst, r.Table))
	}
	ifi, err := h.LinkByName(fhrptest.LANDev)
	must(s.t, err)
	entries, err := g.NS.Neighbors(ifi.Attrs().Index, unix.AF_BRIDGE)
	must(s.t, err)
	for _, e := range entries {
		list = append(list, "filter entry "+e.HardwareAddr.String())
	}
	must(s.t, g.NS.Do(func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		tables, err := c.ListTables()
		for _, t := range tables {
			list = append(list, "nftables table "+t.Name)
		}
		return err
	}))
	for _, name := range []string{"arp_ignore", "arp_announce", "rp_filter", "arp_filter", "promote_secondaries"} {
		v, err := g.NS.ReadSysctl("net/ipv4/conf/" + fhrptest.LANDev + "/" + name)
		must(s.t, err)
		list = append(list, name+" = "+v)
	}
	slices.Sort(list)
	return list
}

// nothingIsLeft wants a gateway's kernel to have nothing that it did not have before.
// What it lacks a fault has taken: IPv6 addresses go with a link.
func (s *segment) nothingIsLeft(g *gateway, before []string) {
	s.t.Helper()
	var left []string
	for began := time.Now(); ; s.pass(forAnswers) {
		left = slices.DeleteFunc(s.kernel(g), func(line string) bool { return slices.Contains(before, line) })
		if len(left) == 0 || time.Since(began) > bound {
			break
		}
	}
	s.t.Logf("left in the kernel of %s: %d", g.Name, len(left))
	if len(left) > 0 {
		s.t.Errorf("the kernel of %s has %s\n%s", g.Name, strings.Join(left, "; "), g.Tail())
	}
}
