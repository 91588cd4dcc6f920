package engine

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// Whether the host forwards is the administrator's choice. An active router that
// does not drops what is sent through it, and no other symptom leads there. So it
// is said, or the group leaves the role to one that does.

// forwarding is what was said of an interface that does not forward.
type forwarding struct {
	doubt bool      // the next Flush looks
	said  [2]string // the settings that were said to be off, by family
}

// forwardingObstacle returns why the group may not run on l where forwarding is
// required, or "".
func (g *group) forwardingObstacle(l *Link) string {
	if off := l.Off(g.Family); off != "" && g.r.requireForwarding {
		return describeOff(g.Family, off)
	}
	return ""
}

// describeOff names the cure: the setting that is 0.
func describeOff(f hello.Family, setting string) string {
	return fmt.Sprintf("IPv%d forwarding is switched off: set %s = 1", f, setting)
}

// tellForwarding says once that the host drops what active groups attract, and
// that it does so no longer.
func (i *iface) tellForwarding(now time.Time) {
	if !i.forwarding.doubt {
		return
	}
	i.forwarding.doubt = false
	for n, f := range [...]hello.Family{hello.IPv4, hello.IPv6} {
		off, said := i.link.Off(f), &i.forwarding.said[n]
		switch {
		case off == *said || i.link.Index <= 0: // of an interface that has gone, or is unseen, nothing is known
		case off == "":
			*said = ""
			i.tell(now, KindNotice, fmt.Sprintf("IPv%d forwarding is switched on again", f))
		default:
			if active := i.claiming(f); len(active) > 0 {
				*said = off
				i.tell(now, KindWarning, fmt.Sprintf("what is sent through the virtual addresses of %s is dropped: %s",
					Listing(active), describeOff(f, off)))
			}
		}
	}
}

// claiming lists the groups of a family that say that they are active.
func (i *iface) claiming(f hello.Family) (list []string) {
	for _, g := range i.groups {
		if g.Family == f && g.tenure.claims() {
			list = append(list, g.Ref.String())
		}
	}
	return list
}
