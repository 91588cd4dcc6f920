package state

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type leaf struct {
	n    int
	name string
}

type shape interface{ sides() int }

type square struct{ width float64 }

func (*square) sides() int { return 4 }

type tree struct {
	small  uint8
	big    uint64
	text   string
	bytes  []byte
	mac    [6]byte
	at     netip.Addr
	in     netip.Prefix
	due    time.Time
	wall   time.Time
	last   error
	form   shape
	one    *leaf
	same   *leaf
	root   *tree
	list   []leaf
	empty  []leaf
	by     map[leaf][]int
	on     bool
	late   time.Duration
	made   func() int
	rare   *leaf   `inplace:"mostly none"`
	lasts  []*leaf `inplace:"found elsewhere"`
	memory []byte  `state:"of one turn"`
	kept   int
}

func options(t *tree, now time.Time) Options {
	return Options{Now: now, Roots: []Root{{"tree", t}}, Types: []any{&square{}}}
}

func full(now time.Time) *tree {
	l := &leaf{7, "seven"}
	t := &tree{
		small: 200, big: 1<<64 - 1, text: "a \xff b", bytes: []byte{1, 2}, mac: [6]byte{0: 2, 5: 9},
		at: netip.MustParseAddr("fe80::1"), in: netip.MustParsePrefix("192.0.2.1/24"),
		due: now.Add(1500 * time.Millisecond), wall: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), last: errors.New("refused"),
		form: &square{2.5}, one: l, same: l, list: []leaf{{1, "one"}, {}}, empty: []leaf{},
		by: map[leaf][]int{{1, "x"}: {1, 2}, {2, ""}: nil}, on: true, late: -time.Second, rare: &leaf{2, "two"}, lasts: []*leaf{l, {3, "three"}}, memory: []byte("scratch"),
	}
	t.root = t
	return t
}

func TestEverythingIsCarried(t *testing.T) {
	now := time.Now()
	was := full(now)
	b, err := Encode(options(was, now))
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour) // the clock of another process says something else
	is := &tree{made: func() int { return 1 }, kept: 3, form: &square{9}}
	own := is.form
	lost, err := Decode(b, options(is, later))
	if err != nil || lost != nil {
		t.Fatal(lost, err)
	}
	if is.made == nil || is.form != own || is.root != is || is.one != is.same || is.memory != nil {
		t.Errorf("what this process has made is lost, or pointers lead elsewhere: %+v", is)
	}
	if want := later.Add(1500 * time.Millisecond); !is.due.Equal(want) || !monotonic(is.due) {
		t.Errorf("deadline %v, want %v", is.due, want)
	}
	is.due, is.made, is.root = was.due, nil, nil
	was.root, was.memory, was.wall = nil, nil, is.wall
	opts := cmp.Options{cmp.AllowUnexported(tree{}, leaf{}, square{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }), cmp.Comparer(func(a, b error) bool { return a.Error() == b.Error() }),
		cmp.Comparer(func(a, b func() int) bool { return (a == nil) == (b == nil) })}
	if diff := cmp.Diff(was, is, opts); diff != "" {
		t.Error(diff)
	}
	if !is.wall.Equal(time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)) {
		t.Error(is.wall)
	}
}

// A value that has become a pointer is read by whoever has the value, and the other way.
func TestInPlaceIsTheSameAsAValue(t *testing.T) {
	type bud struct{ n int } // which nobody writes
	type values struct {
		none  bud
		rare  leaf
		lasts []leaf
	}
	type pointers struct {
		none  *bud    `inplace:"mostly none"`
		rare  *leaf   `inplace:"mostly none"`
		lasts []*leaf `inplace:"found elsewhere"`
	}
	now := time.Now()
	carry := func(from, to any) {
		t.Helper()
		b, err := Encode(Options{Now: now, Roots: []Root{{"it", from}}})
		if err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer("state.values", "state.it", "state.pointers", "state.it").Replace(string(b))
		text = strings.ReplaceAll(text, "state.it", strings.TrimPrefix(reflect.TypeOf(to).String(), "*"))
		if lost, err := Decode([]byte(text), Options{Now: now, Roots: []Root{{"it", to}}}); lost != nil || err != nil {
			t.Fatal(lost, err)
		}
	}
	was := values{rare: leaf{1, "one"}, lasts: []leaf{{2, "two"}, {}}}
	var p pointers
	carry(&was, &p)
	if p.none != nil || p.rare == nil || *p.rare != was.rare || len(p.lasts) != 2 || *p.lasts[0] != was.lasts[0] || *p.lasts[1] != (leaf{}) {
		t.Errorf("values as pointers: %+v", p)
	}
	for _, none := range []*bud{nil, {}} { // never there, and at rest
		p.none = none
		is := values{none: bud{5}}
		carry(&p, &is)
		if !reflect.DeepEqual(was, is) {
			t.Errorf("pointers as values: %+v", is)
		}
	}
	p.none, p.rare = &bud{5}, nil
	fresh := pointers{rare: &leaf{6, "of a fresh start"}}
	carry(&p, &fresh)
	if !reflect.DeepEqual(p, fresh) {
		t.Errorf("pointers as pointers: %+v", fresh)
	}
}

// Another version has other fields. Both directions are read.
func TestVersions(t *testing.T) {
	now := time.Now()
	b, err := Encode(options(&tree{kept: 5, on: true}, now))
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)

	newer := strings.Replace(text, `"kept":5`, `"news":{"a":1},"kept":5`, 1)
	is := &tree{}
	if lost, err := Decode([]byte(newer), options(is, now)); err != nil || cmp.Diff([]string{"state.tree.news"}, lost) != "" || is.kept != 5 {
		t.Errorf("a field of a newer version: %v, %v, %+v", lost, err, is)
	}
	o := options(&tree{}, now)
	o.Strict = []any{leaf{}}
	if _, err := Decode([]byte(newer), o); err == nil || !strings.Contains(err.Error(), "state.tree.news, which is in use") {
		t.Errorf("a field that must not be lost: %v", err)
	}

	older := strings.NewReplacer(`,"kept":5`, "", `"kept"`, `"other"`).Replace(text)
	is = &tree{kept: 3}
	if _, err := Decode([]byte(older), options(is, now)); err != nil || is.kept != 3 || !is.on {
		t.Errorf("a field that the older version has not: %v, %+v", err, is)
	}
	is = &tree{late: 9}
	if _, err := Decode(b, options(is, now)); err != nil || is.late != 0 {
		t.Errorf("a field that was zero there: %v, %+v", err, is)
	}

	other := strings.Replace(text, `"form":1`, `"form":2`, 1)
	if _, err := Decode([]byte(other), options(&tree{}, now)); err == nil || !strings.Contains(err.Error(), "number 2, this version reads 1") {
		t.Errorf("another form: %v", err)
	}
}

func TestWrong(t *testing.T) {
	now := time.Now()
	for _, text := range []string{
		``, `{`, `{"form":1}`, `{"form":1,"roots":{"forest":{}}}`,
		`{"form":1,"roots":{"tree":[]}}`,
		`{"form":1,"roots":{"tree":{"small":256}}}`,
		`{"form":1,"roots":{"tree":{"small":"x"}}}`,
		`{"form":1,"roots":{"tree":{"one":{"shared":0}}}}`,
		`{"form":1,"roots":{"tree":{"one":{"shared":-1}}}}`,
		`{"form":1,"roots":{"tree":{"one":{"root":"tree"}}}}`,
		`{"form":1,"roots":{"tree":{"root":{"shared":0},"one":{"shared":0}}},"shared":[{}]}`,
		`{"form":1,"roots":{"tree":{"mac":"00"}}}`,
		`{"form":1,"roots":{"tree":{"at":"x"}}}`,
		`{"form":1,"roots":{"tree":{"due":"x"}}}`,
		`{"form":1,"roots":{"tree":{"by":[[1]]}}}`,
		`{"form":1,"roots":{"tree":{"form":{"type":"state.leaf"}}}}`,
	} {
		if _, err := Decode([]byte(text), options(&tree{}, now)); err == nil {
			t.Errorf("%s is taken for a state", text)
		}
	}
}

func TestUnknownTypesAreNotCarried(t *testing.T) {
	o := options(&tree{form: &square{1}}, time.Now())
	o.Types = nil
	if _, err := Encode(o); err == nil || !strings.Contains(err.Error(), "*state.square") {
		t.Errorf("%v", err)
	}
}

func TestLeft(t *testing.T) {
	want := []string{"state.tree.made: a func", "state.tree.memory: of one turn"}
	if diff := cmp.Diff(want, Left(options(&tree{}, time.Now()))); diff != "" {
		t.Error(diff)
	}
}

func FuzzDecode(f *testing.F) {
	now := time.Now()
	b, err := Encode(options(full(now), now))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) { _, _ = Decode(b, options(&tree{}, now)) })
}
