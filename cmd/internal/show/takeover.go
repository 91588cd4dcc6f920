package show

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// TakeoverRow is the proof for one neighbour of one group.
type TakeoverRow struct {
	Group string `json:"group"`
	status.Takeover
}

// TakeoverRows returns the proofs of all groups in one list, which is empty
// and not nil when there are none.
func TakeoverRows(groups []status.Group) []TakeoverRow {
	out := []TakeoverRow{}
	for i := range groups {
		for _, t := range groups[i].Takeover {
			out = append(out, TakeoverRow{groups[i].Ref(), t})
		}
	}
	return out
}

// Takeover renders the proofs of all groups as one table.
func Takeover(groups []status.Group) string {
	rows := TakeoverRows(groups)
	if len(rows) == 0 {
		return "no neighbours to prove a takeover to: none is configured, and no default route leads through an interface with groups\n"
	}
	lines := [][]string{{"Group", "Neighbor", "Proven", "Method", "Time", "Detail"}}
	for _, r := range rows {
		lines = append(lines, append([]string{r.Group}, proof(&r.Takeover)...))
	}
	return table(lines)
}

// Proofs renders the proofs of one group, a line for each neighbour.
func Proofs(proofs []status.Takeover) string {
	lines := [][]string{{"Neighbor", "Proven", "Method", "Time", "Detail"}}
	for i := range proofs {
		lines = append(lines, proof(&proofs[i]))
	}
	return table(lines)
}

// proof is no answer where there was no question: on a router that is not active.
func proof(t *status.Takeover) []string {
	switch {
	case t.Idle:
		return []string{t.Address, "-", "-", "-", t.Detail}
	case !t.Proven:
		return []string{t.Address, "no", cmp.Or(t.Method, "-"), "-", t.Detail}
	}
	return []string{t.Address, "yes", cmp.Or(t.Method, "-"), fmt.Sprintf("%.1f ms", t.MS), t.Detail}
}

// table aligns lines of words, two spaces apart.
func table(lines [][]string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		fmt.Fprintln(w, strings.Join(l, "\t"))
	}
	w.Flush()
	var out strings.Builder
	for l := range strings.Lines(b.String()) {
		out.WriteString(strings.TrimRight(l, " \n") + "\n")
	}
	return out.String()
}
