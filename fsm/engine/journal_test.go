package engine

import (
	"fmt"
	"testing"
)

func TestTransitionsAreKeptInARing(t *testing.T) {
	var r history
	for i := range keepTransitions + 10 {
		r.add(&Transition{Detail: fmt.Sprint(i)})
		list := r.list()
		if last := list[len(list)-1]; last.ID != i+1 || last.Detail != fmt.Sprint(i) {
			t.Fatalf("last is %d %q after %d", last.ID, last.Detail, i+1)
		}
		if first := list[0]; first.ID != max(1, i+2-keepTransitions) {
			t.Fatalf("first is %d after %d", first.ID, i+1)
		}
		if len(list) != min(i+1, keepTransitions) {
			t.Fatalf("%d kept after %d", len(list), i+1)
		}
	}
}
