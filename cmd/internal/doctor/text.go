package doctor

import (
	"fmt"
	"strings"
)

// Text returns the findings for a person: a line for each, and two more where
// something is wrong.
func Text(list []Finding) string {
	var b strings.Builder
	count := map[Severity]int{}
	for _, f := range list {
		count[f.Severity]++
		fmt.Fprintf(&b, "%-4s  %-18s  %s: %s\n", f.Severity, f.Rule, f.Object, f.Found)
		if f.Severity != OK {
			fmt.Fprintf(&b, "      effect: %s\n      cure:   %s\n", f.Effect, f.Cure)
		}
	}
	fmt.Fprintf(&b, "%d to fix, %d to look at, %d in order\n", count[Fail], count[Warn], count[OK])
	return b.String()
}
