package census

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/plain"
	"github.com/fhrpd/fhrpd/hello"
)

// maxRanges bounds a line of free numbers for people.
const maxRanges = 12

// String returns the report for a person.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s in %.1f s\n", count(r.Packets, "packet"), count(r.routers(), "router"), float64(r.MS)/1000)
	if r.Cut > 0 {
		fmt.Fprintf(&b, "%s cut short by the capture; capture with -s 0\n", count(r.Cut, "packet"))
	}
	if r.Ignored > 0 {
		fmt.Fprintf(&b, "%s of more speakers than are kept: a flood\n", count(r.Ignored, "packet"))
	}
	r.speakers(&b)
	section(&b, "wrong", r.Faults)
	section(&b, "worth knowing", r.Notes)
	r.free(&b)
	return b.String()
}

// routers counts addresses: a router speaks for many groups.
func (r Report) routers() int {
	seen := map[place]bool{}
	for _, s := range r.Speakers {
		seen[place{s.Segment, s.Address}] = true
	}
	return len(seen)
}

func (r Report) speakers(b *strings.Builder) {
	if len(r.Speakers) == 0 {
		b.WriteString("\nnobody speaks HSRP, VRRP, CARP or GLBP\n")
		return
	}
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	var at Segment
	for i, s := range r.Speakers {
		if i == 0 || s.Segment != at {
			w.Flush()
			at = s.Segment
			fmt.Fprintf(b, "\n%s", heading(at))
			fmt.Fprintln(w, "GROUP\tROUTER\tROLE\tPRIO\tHELLO\tHOLD\tAUTH\tMAC\tVIRTUAL ADDRESSES")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\n", title(s.Protocol, s.Version, s.Family, s.ID), s.Address, s.Role, s.Priority,
			period(s.HelloMS), period(s.HoldMS), s.Auth, macsOf(s), cmp.Or(join(s.VirtualIPs), "-"))
	}
	w.Flush()
}

func heading(s Segment) string {
	text := plain.Line(s.Interface)
	if s.VLAN != "" {
		text = strings.TrimSpace(text + " vlan " + s.VLAN)
	}
	if text == "" {
		return ""
	}
	return text + "\n"
}

// title names a group: "hsrp2 10", "vrrp3 20 IPv6".
func title(protocol string, version uint8, f hello.Family, id uint16) string {
	text := protocol
	if (protocol == hsrp || protocol == vrrp) && version != 0 {
		text += fmt.Sprint(version)
	}
	text += fmt.Sprintf(" %d", id)
	if f == hello.IPv6 {
		text += " IPv6"
	}
	return text
}

func period(ms int64) string {
	if ms == 0 {
		return "-"
	}
	return (time.Duration(ms) * time.Millisecond).String()
}

func macsOf(s Speaker) string {
	switch own := s.OwnMAC; {
	case s.MAC.IsZero() && own == "":
		return "-"
	case s.MAC.IsZero():
		return own
	case own == "" || own == s.MAC.String():
		return s.MAC.String()
	default:
		return s.MAC.String() + " (" + own + ")"
	}
}

func section(b *strings.Builder, name string, faults []Fault) {
	if len(faults) == 0 {
		return
	}
	several := slices.ContainsFunc(faults, func(f Fault) bool { return f.Segment != faults[0].Segment })
	fmt.Fprintf(b, "\n%s:\n", name)
	for _, f := range faults {
		where := ""
		if several {
			where = cmp.Or(strings.TrimSuffix(heading(f.Segment), "\n"), "untagged") + ": "
		}
		fmt.Fprintf(b, "  %s%s: %s\n", where, title(f.Protocol, f.Version, f.Family, f.ID), f.What)
	}
}

func (r Report) free(b *strings.Builder) {
	b.WriteString("\nfree numbers:\n")
	for _, l := range []struct {
		name   string
		ranges []string
	}{
		{"hsrp1", r.Free.HSRP1}, {"hsrp2", r.Free.HSRP2}, {"hsrp2 IPv6", r.Free.HSRP6},
		{"vrrp", r.Free.VRRP}, {"vrrp IPv6", r.Free.VRRP6}, {"glbp", r.Free.GLBP},
	} {
		text := strings.Join(l.ranges[:min(len(l.ranges), maxRanges)], " ")
		if len(l.ranges) > maxRanges {
			text += " and more"
		}
		if text == "" {
			text = "none"
		}
		fmt.Fprintf(b, "  %-11s %s\n", l.name, text)
	}
}
