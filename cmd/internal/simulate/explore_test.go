package simulate

import (
	"bytes"
	"strings"
	"testing"
)

func TestExplore(t *testing.T) {
	always := func() bool { return true }
	for name, tt := range map[string]struct {
		b      string
		events int
		passed bool
		want   []string
	}{
		"a pair":           {second, 1, true, []string{"explored     a eth1, b eth1: ", "histories with up to 1 events: nothing is broken"}},
		"keys that differ": {second + "auth = { text = \"other\" }\n", 0, false, []string{"explored a eth1, b eth1: ", "Bad authentication from 192.0.2.254", "up to 0 events: broken"}},
		"nothing shared":   {strings.NewReplacer("group = 10", "group = 11", "192.0.2.1", "192.0.2.9").Replace(second), 1, true, []string{"hsrp:eth1:10 is not explored: b does not have it", "there is nothing to explore"}},
	} {
		r := run(t, Options{Routers: routers(t, first, tt.b), Seed: 1})
		if err := r.Explore(tt.events, always); err != nil {
			t.Fatal(err)
		}
		for _, want := range tt.want {
			if text := r.String(); !strings.Contains(text, want) {
				t.Errorf("%s: the report lacks %q:\n%s", name, want, text)
			}
		}
		var b bytes.Buffer
		if err := r.WriteJSON(&b); err != nil || r.Verdict.Passed != tt.passed || strings.Contains(name, "pair") != strings.Contains(b.String(), `"broken":[]`) {
			t.Errorf("%s: passed %t, want %t; %v", name, r.Verdict.Passed, tt.passed, err)
		}
	}
	r := run(t, Options{Routers: routers(t, first, second), Seed: 1})
	if err := r.Explore(2, func() bool { return false }); err != nil || len(r.Verdict.Explored) != 1 || r.Verdict.Explored[0].States > 0 {
		t.Errorf("interrupted: %+v, %v", r.Verdict.Explored, err)
	}
	for _, n := range []int{-1, 5} {
		if err := CheckExplore(n); err == nil {
			t.Errorf("%d events are accepted", n)
		}
	}
}
