package show

import (
	"fmt"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// Status renders the whole daemon on one screen: a line about itself, then the
// brief tables of the protocols that are configured.
func Status(st *status.Status, now time.Time) string {
	var b strings.Builder
	up := time.Duration(st.UptimeMS) * time.Millisecond
	fmt.Fprintf(&b, "fhrpd %s, pid %d, up %s, %s, %s\n", st.Version, st.PID, Age(now.Add(-up), now),
		plural(len(st.Groups), "group"), plural(len(st.Tracks), "track"))
	fmt.Fprintf(&b, "configuration sha256 %s\n", st.ConfigSHA256)
	if l := st.Leave; l != nil {
		fmt.Fprintf(&b, "in maintenance since %s, by %s: every group\n", moment(l.Since), l.By)
	} else if st.Maintenance {
		b.WriteString("in maintenance: every group\n")
	}
	for _, text := range st.Troubles {
		fmt.Fprintf(&b, "trouble: %s\n", text)
	}
	for i := range st.Interfaces {
		b.WriteString(duplicate(&st.Interfaces[i], now))
		b.WriteString(restored(&st.Interfaces[i], now))
	}
	for i := range st.Groups {
		b.WriteString(attention(&st.Groups[i], now))
	}
	if len(st.Groups) == 0 {
		b.WriteString("\n" + NoGroups("hsrp") + "\n" + NoGroups("vrrp") + "\n")
	}
	section(&b, StandbyBrief, ofProtocol(st.Groups, "hsrp"))
	section(&b, VRRPBrief, ofProtocol(st.Groups, "vrrp"))
	return b.String()
}

// attention has lines for a group with which something is wrong, or was lately.
func attention(g *status.Group, now time.Time) string {
	var b block
	b.forwarding(g)
	b.maintenance(g, now)
	b.tell(g, now)
	if b.Len() == 0 {
		return ""
	}
	return g.Ref() + ":\n" + b.String()
}

// duplicate has a line for an interface whose own address somebody else has.
func duplicate(i *status.Interface, now time.Time) string {
	var b block
	if b.duplicate(i.Duplicate, now); b.Len() == 0 {
		return ""
	}
	return i.Name + ":\n" + b.String()
}

// restored has a line for an interface on which somebody else has undone what the
// daemon needs, lately.
func restored(i *status.Interface, now time.Time) string {
	r := &i.Restored
	if r.Last == nil || !fresh(*r.Last, now) {
		return ""
	}
	var what []string
	for _, part := range []struct {
		n    uint64
		word string
	}{{r.Addresses, "virtual addresses"}, {r.Settings, "kernel settings"}, {r.Filter, "filter entries"}, {r.Routes, "routes"}} {
		if part.n > 0 {
			what = append(what, fmt.Sprintf("%s %d", part.word, part.n))
		}
	}
	return fmt.Sprintf("%s: changed by somebody else and put back: %s; last %s ago\n", i.Name, strings.Join(what, ", "), Age(*r.Last, now))
}

func section(b *strings.Builder, render func([]status.Group) string, groups []status.Group) {
	if len(groups) > 0 {
		b.WriteString("\n" + render(groups))
	}
}
