package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// Network managers take an interface's address away and give it back when they
// are restarted or told to look at their files again: systemd-networkd after 50
// to 110 ms. For so long the groups go on as if the address were there: frames
// that are sent whole leave from it all the same, nobody misses a hello, and the
// kernel forwards what it has a way for.
//
// mostAbsence is five times as long as was seen, and for hosts on the segment as
// short as any failover. An interface that has lost its address for good delivers
// nothing to them, so the wait is never longer than half of what the others would
// wait for a router that has died.
//
// mostCheck is for an IPv6 address that is back and may not be used yet: the
// detection of duplicates begins within a second, asks once and waits for a
// second (RFC 4862 section 5.4). The router had that address a moment ago, and
// what it forwards does not hang on it.
const (
	mostAbsence = 500 * time.Millisecond
	mostCheck   = 3 * time.Second
)

// absence is what the groups of an interface do not see yet: the addresses that
// they speak from are away.
type absence struct {
	link  Link         // as it was reported last
	since [2]time.Time // by family; zero: nothing is missing
	until time.Time    // when the groups see link; zero: they do
}

func (a *absence) deadline() time.Time { return a.until }

// ride returns l as the groups see it: with the addresses that they speak from,
// while those are away for a moment.
func (i *iface) ride(now time.Time, l Link) Link {
	was := i.absence
	i.absence = absence{link: l}
	if !l.usable() || !i.link.usable() || l.Index != i.link.Index {
		return l
	}
	seen := l
	for n, f := range families {
		bound := i.missing(f, &l)
		if bound == 0 {
			if l.Addr(f).IsValid() {
				i.returned(now, f, was.since[n])
			}
			continue
		}
		since := was.since[n]
		if since.IsZero() {
			since = now
		}
		until := since.Add(bound)
		if !now.Before(until) {
			continue
		}
		i.absence.since[n] = since
		i.absence.until = sooner(i.absence.until, until)
		seen.keep(f, &i.link)
	}
	return seen
}

// families are all of them, in the order of absence.since.
var families = [...]hello.Family{hello.IPv4, hello.IPv6}

// usable reports whether groups could run on l, if it had an address.
func (l *Link) usable() bool { return l.Up && !l.Closed && l.PortOf == "" }

// missing returns for how long running groups of a family may go on without the
// address on l that they speak from, or that they own, 0 when it is there.
func (i *iface) missing(f hello.Family, l *Link) (bound time.Duration) {
	for _, g := range i.groups {
		src := g.source(&i.link)
		if !g.up || g.Family != f || !src.IsValid() || g.source(l).IsValid() && !g.notOwned(l).IsValid() {
			continue
		}
		most := min(mostAbsence, g.patience(g.elector().machine.Status())/2)
		if slices.Contains(l.Checked, src) {
			most = mostCheck
		}
		if bound == 0 || most < bound {
			bound = most
		}
	}
	return bound
}

// keep gives l the addresses of a family that it had as old.
func (l *Link) keep(f hello.Family, old *Link) {
	l.Addrs = slices.Clone(l.Addrs)
	for _, p := range old.Addrs {
		if hello.FamilyOf(p.Addr()) == f && !slices.Contains(l.Addrs, p) {
			l.Addrs = append(l.Addrs, p)
		}
	}
	if f == hello.IPv4 && !l.Addr4.IsValid() {
		l.Addr4 = old.Addr4
	}
	if f == hello.IPv6 && !l.LinkLocal.IsValid() {
		l.LinkLocal = old.LinkLocal
	}
}

// returned says that an absence is over.
func (i *iface) returned(now time.Time, f hello.Family, since time.Time) {
	if !since.IsZero() {
		i.tell(now, KindNotice, fmt.Sprintf("the IPv%d address was away for %v; nobody has left a role", f, now.Sub(since).Round(time.Millisecond)))
	}
}

// endAbsence shows the groups what they have not seen in time.
func (i *iface) endAbsence(now time.Time) {
	if at := i.absence.until; !at.IsZero() && !at.After(now) {
		i.relink(now, i.absence.link)
	}
}
