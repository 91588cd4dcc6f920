package sim

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The invariants do not say when an address that waits is taken; the stories of
// these scenarios do.
func TestScenariosOfPreActive(t *testing.T) {
	for _, tt := range []struct {
		file string
		want []string
	}{
		{"pre-active-in-time", []string{
			"b hook: the address waits for the pre_active command, 500ms at most",
			"b hook: pre_active command ended; the address is taken after 120ms",
		}},
		{"pre-active-too-late", []string{
			"b hook: the address waits for the pre_active command, 500ms at most",
			"b hook: pre_active command killed, not ended within 500ms: context deadline exceeded; the address is taken all the same after 500ms",
		}},
		{"pre-active-preempted", []string{
			"b hook: the address waits for the pre_active command, 30s at most",
			"b hook: not active any more after ~; the address was not taken, the pre_active command is killed",
		}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			story := play(t, "testdata/"+tt.file+".txt")
			if diff := cmp.Diff(tt.want, hooksOf(story)); diff != "" {
				t.Errorf("(-want +got):\n%s\nstory:\n%s", diff, strings.Join(story, "\n"))
			}
		})
	}
}

// hooksOf returns what a story tells of hooks, without times that chance and
// lateness decide.
func hooksOf(story []string) []string {
	var out []string
	for _, line := range story {
		words := strings.Fields(line)[1:]
		if words[1] != "hook:" {
			continue
		}
		if i := slices.Index(words, "any"); i >= 0 {
			words[i+3] = "~;"
		}
		out = append(out, strings.Join(words, " "))
	}
	return out
}
