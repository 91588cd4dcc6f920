package macs

import (
	"fmt"
	"strings"
	"time"
)

// String returns the report for a person: a line for each frame, then what was
// left out, then the sum.
func (r Report) String() string {
	var b strings.Builder
	for _, it := range r.Items {
		fmt.Fprintf(&b, "%s  %-8s  %-15s  %s\n", it.MAC, it.tag(), it.Out, it.Of)
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(&b, "%s  skipped: %s: %s\n", s.MAC, s.Of, s.Why)
	}
	b.WriteString(r.sum() + "\n")
	return b.String()
}

func (it Item) tag() string {
	if it.VLAN == 0 {
		return "untagged"
	}
	return fmt.Sprintf("vlan %d", it.VLAN)
}

func (r Report) sum() string {
	out := strings.Join(r.Uplinks, ", ")
	s := fmt.Sprintf("sent %d of %d frames (%s) out of %s in %s", r.Sent, len(r.Items), r.Form, out, time.Duration(r.TookMS)*time.Millisecond)
	if r.DryRun {
		s = fmt.Sprintf("would send %d frames (%s) out of %s at %d/s", len(r.Items), r.Form, out, r.Rate)
	}
	if r.Left > 0 {
		s += fmt.Sprintf("; %d more were left out", r.Left)
	}
	return s
}
