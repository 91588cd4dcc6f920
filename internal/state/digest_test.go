package state

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDigestsOfWhatIsAlikeAreAlike(t *testing.T) {
	now := time.Now()
	later := now.Add(time.Hour)
	d := &Digester{Past: time.Minute, Skip: map[string]string{"state.tree.wall": "of the wall clock"}}
	if a, b := d.Append(nil, now, full(now)), d.Append(nil, later, full(later)); !bytes.Equal(a, b) {
		t.Errorf("the same an hour later:\n%x\n%x", a, b)
	}
}

// Each change of one field, and only of one that counts, is another digest.
func TestDigestsTellValuesApart(t *testing.T) {
	now := time.Now()
	d := &Digester{
		Past: time.Minute, Longer: map[string]time.Duration{"state.tree.wall": time.Hour},
		Skip: map[string]string{"state.tree.kept": "a test"}, Keep: map[string]string{"state.tree.memory": "a test"},
	}
	of := func(change func(*tree)) []byte {
		v := full(now)
		v.wall = now.Add(-2 * time.Minute)
		change(v)
		return d.Append(nil, now, v)
	}
	was := of(func(*tree) {})
	for name, tt := range map[string]struct {
		change func(*tree)
		same   bool
	}{
		"number":             {func(v *tree) { v.big-- }, false},
		"text":               {func(v *tree) { v.text += "\x00" }, false},
		"bytes":              {func(v *tree) { v.bytes[1] = 3 }, false},
		"array":              {func(v *tree) { v.mac[5] = 8 }, false},
		"address":            {func(v *tree) { v.at = netip.MustParseAddr("fe80::1%eth0") }, false},
		"prefix":             {func(v *tree) { v.in = netip.MustParsePrefix("192.0.2.1/25") }, false},
		"deadline":           {func(v *tree) { v.due = v.due.Add(1) }, false},
		"long ago":           {func(v *tree) { v.due = now.Add(-2 * time.Minute) }, false},
		"a longer time":      {func(v *tree) { v.wall = now.Add(-3 * time.Minute) }, false},
		"error":              {func(v *tree) { v.last = errors.New("gone") }, false},
		"in an interface":    {func(v *tree) { v.form.(*square).width = 3 }, false},
		"no interface":       {func(v *tree) { v.form = nil }, false},
		"behind a pointer":   {func(v *tree) { v.one.n = 8 }, false},
		"another pointer":    {func(v *tree) { c := *v.one; v.same = &c }, false},
		"nowhere":            {func(v *tree) { v.root = nil }, false},
		"in a list":          {func(v *tree) { v.list[1].n = 1 }, false},
		"no list":            {func(v *tree) { v.empty = nil }, false},
		"in a map":           {func(v *tree) { v.by[leaf{2, ""}] = []int{} }, false},
		"more in a map":      {func(v *tree) { v.by[leaf{3, ""}] = nil }, false},
		"in place":           {func(v *tree) { v.rare.n++ }, false},
		"in a list in place": {func(v *tree) { v.lasts[1].n++ }, false},
		"nothing in place":   {func(v *tree) { v.rare = nil }, false},
		"kept":               {func(v *tree) { v.memory[0]++ }, false},
		"skipped":            {func(v *tree) { v.kept++ }, true},
		"a function":         {func(v *tree) { v.made = nil }, true},
		"the map anew":       {func(v *tree) { m := map[leaf][]int{{2, ""}: nil}; m[leaf{1, "x"}] = []int{1, 2}; v.by = m }, true},
		"in place anew":      {func(v *tree) { c := *v.rare; v.rare = &c }, true},
		"another like value": {func(v *tree) { c := *v.one; v.one, v.same = &c, &c }, true},
	} {
		if is := of(tt.change); bytes.Equal(was, is) != tt.same {
			t.Errorf("%s: the same digest: %t, want %t", name, !tt.same, tt.same)
		}
	}
	if a, b := of(func(v *tree) { v.rare = nil }), of(func(v *tree) { v.rare = &leaf{} }); !bytes.Equal(a, b) {
		t.Error("none in place and one at rest are told apart")
	}
	a := of(func(v *tree) { v.due = now.Add(-2 * time.Minute) })
	if b := of(func(v *tree) { v.due = now.Add(-5 * time.Minute) }); !bytes.Equal(a, b) {
		t.Error("what is over is told apart")
	}
}

func TestDigesterNamesWhatItHasNotMet(t *testing.T) {
	d := &Digester{Skip: map[string]string{"state.tree.kept": "a test", "state.tree.gone": "a test"}, Longer: map[string]time.Duration{"state.bush.due": 1}}
	d.Append(nil, time.Now(), &tree{})
	if diff := cmp.Diff([]string{"state.bush.due", "state.tree.gone"}, d.Unmet()); diff != "" {
		t.Error(diff)
	}
}
