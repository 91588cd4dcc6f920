package track

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/configs"
)

// verdicts feeds one result a second, "+" or "-", or only the time, ".", and
// returns when the state changed, as in "2s down, 5s up".
func verdicts(j *judge, results string) string {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var out []string
	for i, r := range results {
		now := start.Add(time.Duration(i) * time.Second)
		changed := j.tick(now)
		if r != '.' {
			changed = j.result(now, r == '+') || changed
		}
		if changed {
			out = append(out, fmt.Sprintf("%ds %s", i, map[bool]string{true: "up", false: "down"}[j.up]))
		}
	}
	return strings.Join(out, ", ")
}

func TestJudge(t *testing.T) {
	plain := configs.Track{Kind: configs.TrackPing, Rise: 2, Fall: 3}
	delayed := configs.Track{Kind: configs.TrackPing, Rise: 2, Fall: 2, DelayUp: 5 * time.Second, DelayDown: 3 * time.Second}
	single := configs.Track{Kind: configs.TrackPing, Rise: 1, Fall: 1}
	route := configs.Track{Kind: configs.TrackRoute, Rise: 2, Fall: 3, DelayUp: 2 * time.Second}
	tests := []struct {
		name    string
		cfg     configs.Track
		results string
		want    string
	}{
		{"the first good result makes the state known", plain, "+", "0s up"},
		{"more of the same changes nothing", plain, "+++++", "0s up"},
		{"bad results at the start need fall in a row", plain, "--", ""},
		{"fall in a row at the start bring it down", plain, "---", "2s down"},
		{"a good result among bad ones at the start settles it", plain, "--+--", "2s up"},
		{"fall in a row bring it down", plain, "+---", "0s up, 3s down"},
		{"one good result starts the count again", plain, "+--+--", "0s up"},
		{"rise in a row bring it up", plain, "+---++", "0s up, 3s down, 5s up"},
		{"one bad result starts that count again", plain, "+---+-+-++", "0s up, 3s down, 9s up"},
		{"rise and fall of 1 follow every result", single, "+-+", "0s up, 1s down, 2s up"},
		{"a change is held back for its delay", delayed, "+--...", "0s up, 5s down"},
		{"the delay begins when the count is full, not again", delayed, "+-----", "0s up, 5s down"},
		{"a result to the contrary cancels it", delayed, "+--.+......", "0s up"},
		{"and the next one begins anew", delayed, "+--+--...", "0s up, 8s down"},
		{"each direction has its own delay", delayed, "+--..-++.....", "0s up, 5s down, 12s up"},
		{"the first good result is not delayed", delayed, "+", "0s up"},
		{"bad results at the start are", delayed, "--...", "4s down"},
		{"one reading settles a route", route, "-", "0s down"},
		{"but its delays hold", route, "-+..", "0s down, 3s up"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, verdicts(newJudge(tt.cfg), tt.results)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.results, diff)
			}
		})
	}
}

func TestJudgeDeadlineIsWhenTheChangeTakesEffect(t *testing.T) {
	j := newJudge(configs.Track{Rise: 1, Fall: 1, DelayDown: 3 * time.Second})
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if !j.due.IsZero() {
		t.Error("armed before anything happened")
	}
	j.result(now, false)
	due := j.due
	if !due.Equal(now.Add(3 * time.Second)) {
		t.Errorf("due at %v, want 3s after the result", due)
	}
	if j.tick(due.Add(-1)) {
		t.Error("changed before its time")
	}
	if changed := j.tick(due); j.up || !changed {
		t.Errorf("when due: up %t, changed %t", j.up, changed)
	}
	if !j.due.IsZero() {
		t.Error("still armed after the change")
	}
}
