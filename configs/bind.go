package configs

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// opt is a value of the file that may be missing or of the wrong type. A bad value
// has been complained about already, and rules that depend on it stay silent.
type opt[T any] struct {
	at  position
	set bool
	bad bool
	v   T
}

// given reports whether the file has a usable value.
func (o *opt[T]) given() bool { return o.set && !o.bad }

// or returns the value, or def where the file has no usable one.
func (o *opt[T]) or(def T) T {
	if o.given() {
		return o.v
	}
	return def
}

// refuse complains about the value and marks it as bad.
func (o *opt[T]) refuse(p *parser, format string, args ...any) {
	o.bad = true
	p.fault(o.at, format, args...)
}

// list is an array of the file.
type list[T any] struct {
	at    position
	set   bool
	bad   bool      // not an array, or one of its elements is bad
	items []*opt[T] // those of the right type
}

// word is a string that may also be written as a boolean: true is "on", false
// is "off".
type word string

// span is a duration or one of the words a key allows instead.
type span string

// node is a field of a raw struct: an opt or a list.
type node interface {
	bind(b *binder, at position, v any, present bool)
}

// binder fills raw structs from the decoder's maps. It goes on after a fault,
// where the decoder's own binding stops at the first.
type binder struct {
	*report
	lines  map[string]int
	failed map[int]bool              // lines whose value could not be read; that was complained about
	tables map[reflect.Type]rawTable // met so far: a file has a thousand of one type
}

// rawTable is a type of raw struct.
type rawTable struct {
	fields []reflect.StructField // those that stand for keys
	keys   []string              // in alphabetical order
}

func (b *binder) rawTable(t reflect.Type) rawTable {
	table, met := b.tables[t]
	if !met {
		table.fields = rawFields(t)
		for _, f := range table.fields {
			table.keys = append(table.keys, f.Tag.Get("toml"))
		}
		slices.Sort(table.keys)
		b.tables[t] = table
	}
	return table
}

// key is the position of a key inside the table at a position.
func (b *binder) key(table position, key string) position {
	return b.located(position{scope: table.scope, key: join(table.key, key), path: join(table.path, key), line: table.line})
}

// element is the position of element i of the array at a position.
func (b *binder) element(array position, i int) position {
	array.path = elem(array.path, i)
	return b.located(array)
}

// located puts a position on the line of its path. What is not in the file stays
// on the line of its table.
func (b *binder) located(at position) position {
	if line, ok := b.lines[at.path]; ok {
		at.line = line
	}
	return at
}

// scoped makes a table of the file's top level the scope of what is in it.
func scoped(at position, v any) position {
	m, ok := v.(map[string]any)
	if !ok || at.scope != "" {
		return at
	}
	var names []string
	for _, key := range []string{"interface", "name", "group", "vrid"} {
		switch v := m[key].(type) {
		case string:
			if key == "interface" || strings.HasPrefix(at.path, "track") || strings.HasPrefix(at.path, "keychain") {
				names = append(names, v)
			}
		case int64:
			names = append(names, fmt.Sprintf("%s %d", key, v))
		}
	}
	at.scope, at.key = at.path, ""
	if len(names) > 0 {
		at.scope += " (" + strings.Join(names, ", ") + ")"
	}
	return at
}

func (o *opt[T]) bind(b *binder, at position, v any, present bool) {
	o.at, o.set = scoped(at, v), present
	o.bad = present && b.failed[at.line]
	if present && !o.bad {
		o.bad = !b.decode(o.at, v, &o.v)
	}
}

func (l *list[T]) bind(b *binder, at position, v any, present bool) {
	l.at, l.set = at, present
	elements := reflect.ValueOf(v) // the decoder has []any, and []map[string]any for tables
	switch {
	case !present:
		return
	case b.failed[at.line]:
		l.bad = true
		return
	case elements.Kind() != reflect.Slice:
		l.bad = !b.wrong(at, v, "an array")
		return
	}
	for i := range elements.Len() {
		o := &opt[T]{}
		o.bind(b, b.element(at, i), elements.Index(i).Interface(), true)
		if o.bad {
			l.bad = true
			continue
		}
		l.items = append(l.items, o)
	}
}

// decode stores v in dst, a pointer to a scalar or to a raw struct, and reports
// whether it could.
func (b *binder) decode(at position, v, dst any) bool {
	switch dst := dst.(type) {
	case *string:
		return scalar(b, at, v, dst, "a string")
	case *int64:
		return scalar(b, at, v, dst, "a whole number")
	case *bool:
		return scalar(b, at, v, dst, "true or false")
	case *span:
		return scalar(b, at, v, (*string)(dst), "a duration")
	case *word:
		return b.word(at, v, dst)
	case *time.Duration:
		return b.duration(at, v, dst)
	case *time.Time:
		return b.time(at, v, dst)
	}
	m, ok := v.(map[string]any)
	if !ok {
		return b.wrong(at, v, "a table")
	}
	b.table(at, m, dst)
	return true
}

func scalar[T any](b *binder, at position, v any, dst *T, want string) bool {
	got, ok := v.(T)
	if !ok {
		return b.wrong(at, v, want)
	}
	*dst = got
	return true
}

func (b *binder) word(at position, v any, dst *word) bool {
	switch v {
	case true:
		v = "on"
	case false:
		v = "off"
	}
	return scalar(b, at, v, (*string)(dst), "a string")
}

func (b *binder) duration(at position, v any, dst *time.Duration) bool {
	var s string
	if !scalar(b, at, v, &s, "a duration") {
		return false
	}
	d, err := parseDuration(s)
	if err != nil {
		b.fault(at, "%s %s", at.key, err)
		return false
	}
	*dst = d
	return true
}

// time takes an instant. TOML also has times without an offset from UTC, which
// mean another instant on every host.
func (b *binder) time(at position, v any, dst *time.Time) bool {
	t, ok := v.(time.Time)
	if !ok {
		return b.wrong(at, v, "a time such as 2026-12-24T00:00:00Z, without quotes")
	}
	if strings.HasSuffix(t.Location().String(), "-local") {
		b.fault(at, "%s is a time without an offset: write one such as 2026-12-24T00:00:00Z or 2026-12-24T01:00:00+01:00", at.key)
		return false
	}
	*dst = t
	return true
}

// parseDuration reads a duration, whose unit is never optional: the "0" that
// the standard library takes is refused as well.
func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || strings.Trim(s, "+-0123456789.") == "" {
		return 0, fmt.Errorf(`%q is not a duration: write a number and a unit, such as "3s" or "500ms"`, s)
	}
	return d, nil
}

// wrong complains about the type of a value. It returns false, as what calls it
// could not decode the value.
func (b *binder) wrong(at position, v any, want string) bool {
	switch v.(type) {
	case int64, float64:
		if want == "a duration" {
			b.fault(at, `%s %v is a bare number: a duration is a string with a unit, such as "%[2]vs" or "%[2]vms"`, at.key, v)
			return false
		}
	}
	name := cmp.Or(at.key, at.path) // tables of the top level have no key
	b.fault(at, "%s must be %s, not %s", name, want, describe(at.key, v))
	return false
}

// describe names the type of a value and, unless it may be a key, the value.
func describe(key string, v any) string {
	secret := strings.HasPrefix(key, "auth") || strings.HasPrefix(key, "keys")
	switch v := v.(type) {
	case string:
		if secret {
			return "a string"
		}
		return fmt.Sprintf("the string %q", v)
	case bool, int64, float64:
		if secret {
			return "a number or boolean"
		}
		return fmt.Sprint(v)
	case []any, []map[string]any:
		return "an array"
	case map[string]any:
		return "a table"
	}
	return "a date or time"
}

// table fills the raw struct dst points to, and complains about keys that it
// does not have.
func (b *binder) table(at position, m map[string]any, dst any) {
	rv := reflect.ValueOf(dst).Elem()
	table := b.rawTable(rv.Type())
	for _, f := range table.fields {
		key := f.Tag.Get("toml")
		v, present := m[key]
		rv.FieldByIndex(f.Index).Addr().Interface().(node).bind(b, b.key(at, key), v, present)
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(table.keys, key) {
			at := b.key(at, key)
			b.fault(at, "unknown key %s%s", at.key, hint(key, "known here are ", table.keys))
		}
	}
}

// rawFields returns the fields of a raw struct that stand for keys.
func rawFields(t reflect.Type) []reflect.StructField {
	return slices.DeleteFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool {
		return f.Tag.Get("toml") == ""
	})
}
