package sim

import (
	"strings"
	"testing"
)

// Random plans have hand-overs that end in every way.
func TestPlansHandOverInEveryWay(t *testing.T) {
	left := map[string]bool{
		": handed over to": true, ": not handed over: ": true, "rolled back: nobody has taken": true,
		" gave the role back": true, "has the role again": true, "gives the role back to": true,
	}
	for seed := uint64(1); seed < 3000 && len(left) > 0; seed++ {
		p := Random(seed)
		if !p.hands() {
			continue
		}
		res, err := Run(p)
		if err != nil {
			t.Fatal(err)
		}
		story := strings.Join(res.Story, "\n")
		for words := range left {
			if strings.Contains(story, words) {
				delete(left, words)
			}
		}
	}
	for words := range left {
		t.Errorf("no story tells %q", words)
	}
}
