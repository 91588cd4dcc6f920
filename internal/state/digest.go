package state

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"time"
	"unsafe"
)

// Digester writes values as bytes that are the same for values that are alike: for
// who looks at a million states and asks of each whether it was there before. Nothing
// reads them again. It walks as Encode does, and a field that is new is in the bytes.
// A Digester keeps what it has learned of types, and is for one goroutine.
type Digester struct {
	// Skip names fields that are not in the bytes, as "package.Type.field", with the
	// reason. Keep names those that are although a tag has them stay behind.
	Skip, Keep map[string]string
	// Past is how far back times are told apart. An earlier one is as good as one
	// that long ago. Longer names fields for which that is too short.
	Past   time.Duration
	Longer map[string]time.Duration

	plans map[reflect.Type]writer
	names map[string]bool // of Skip and Keep that were met
	b     []byte
	now   time.Time
	seen  map[place]int
}

// writer writes what lies at an address.
type writer func(d *Digester, at unsafe.Pointer)

// Append appends what the roots, which are pointers, lead to at an instant. Times are
// told by their distance from it, and pointers by the order in which they are met.
func (d *Digester) Append(b []byte, now time.Time, roots ...any) []byte {
	if d.plans == nil {
		d.plans, d.names, d.seen = map[reflect.Type]writer{}, map[string]bool{}, map[place]int{}
	}
	clear(d.seen)
	d.b, d.now = b, now
	for _, r := range roots {
		v := reflect.ValueOf(r)
		d.follow(v.Type().Elem(), v.UnsafePointer())
	}
	b, d.b = d.b, nil
	return b
}

// Unmet lists the names of Skip, Keep and Longer that no type so far had.
func (d *Digester) Unmet() (list []string) {
	all := slices.Collect(maps.Keys(d.Skip))
	all = slices.AppendSeq(all, maps.Keys(d.Keep))
	all = slices.AppendSeq(all, maps.Keys(d.Longer))
	all = slices.DeleteFunc(all, func(name string) bool { return d.names[name] })
	slices.Sort(all)
	return all
}

func (d *Digester) number(n int64) { d.b = binary.AppendVarint(d.b, n) }

func (d *Digester) text(s string) {
	d.number(int64(len(s)))
	d.b = append(d.b, s...)
}

// follow writes what a pointer leads to, the first time.
func (d *Digester) follow(t reflect.Type, at unsafe.Pointer) {
	if at == nil {
		d.number(0)
		return
	}
	p := place{at, t}
	n, known := d.seen[p]
	if known {
		d.number(int64(n))
		return
	}
	n = len(d.seen) + 1
	d.seen[p] = n
	d.number(int64(n))
	d.plan(t)(d, at)
}

func (d *Digester) time(t time.Time, past time.Duration) {
	if t.IsZero() {
		d.number(math.MinInt64)
		return
	}
	d.number(int64(max(t.Sub(d.now), -past)))
}

func (d *Digester) addr(a netip.Addr) {
	d.b = append(d.b, byte(a.BitLen()))
	wide := a.As16()
	d.b = append(d.b, wide[:]...)
	d.text(a.Zone())
}

// plan returns the writer of a type, which may be part of itself.
func (d *Digester) plan(t reflect.Type) writer {
	if w := d.plans[t]; w != nil {
		return w
	}
	var real writer
	d.plans[t] = func(d *Digester, at unsafe.Pointer) { real(d, at) }
	real = d.compile(t)
	d.plans[t] = real
	return real
}

func (d *Digester) compile(t reflect.Type) writer {
	switch t {
	case timeType:
		return func(d *Digester, at unsafe.Pointer) { d.time(*(*time.Time)(at), d.Past) }
	case addrType:
		return func(d *Digester, at unsafe.Pointer) { d.addr(*(*netip.Addr)(at)) }
	case prefixType:
		return func(d *Digester, at unsafe.Pointer) {
			p := *(*netip.Prefix)(at)
			d.number(int64(p.Bits()))
			d.addr(p.Addr())
		}
	}
	size := t.Size()
	switch t.Kind() {
	case reflect.Bool, reflect.Int8, reflect.Uint8:
		return func(d *Digester, at unsafe.Pointer) { d.b = append(d.b, *(*byte)(at)) }
	case reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64:
		return func(d *Digester, at unsafe.Pointer) { d.b = append(d.b, unsafe.Slice((*byte)(at), size)...) }
	case reflect.String:
		return func(d *Digester, at unsafe.Pointer) { d.text(*(*string)(at)) }
	case reflect.Struct:
		return d.compileStruct(t)
	case reflect.Array:
		elem, step, n := d.plan(t.Elem()), t.Elem().Size(), t.Len()
		return func(d *Digester, at unsafe.Pointer) {
			for i := range n {
				elem(d, unsafe.Add(at, uintptr(i)*step))
			}
		}
	case reflect.Slice:
		return d.compileSlice(t)
	case reflect.Map:
		return d.compileMap(t)
	case reflect.Pointer:
		elem := t.Elem()
		d.plan(elem)
		return func(d *Digester, at unsafe.Pointer) { d.follow(elem, *(*unsafe.Pointer)(at)) }
	case reflect.Interface:
		return func(d *Digester, at unsafe.Pointer) { d.dynamic(reflect.NewAt(t, at).Elem()) }
	}
	panic(fmt.Sprintf("a %s has no digest", t))
}

func (d *Digester) compileStruct(t reflect.Type) writer {
	type member struct {
		offset uintptr
		write  writer
	}
	var members []member
	for f := range t.Fields() {
		name := t.String() + "." + f.Name
		_, skipped := d.Skip[name]
		_, kept := d.Keep[name]
		past, longer := d.Longer[name]
		if skipped || kept || longer {
			d.names[name] = true
		}
		if f.Name == "_" || skipped || staysBehind(f.Type) || f.Tag.Get(tag) != "" && !kept {
			continue
		}
		write := d.plan(f.Type)
		if isInPlace(f) {
			write = d.planInPlace(f.Type)
		}
		if longer {
			write = func(d *Digester, at unsafe.Pointer) { d.time(*(*time.Time)(at), max(past, d.Past)) }
		}
		members = append(members, member{f.Offset, write})
	}
	return func(d *Digester, at unsafe.Pointer) {
		for _, m := range members {
			m.write(d, unsafe.Add(at, m.offset))
		}
	}
}

// planInPlace is plan for a field in place: nil and a pointer to the zero value are alike.
func (d *Digester) planInPlace(t reflect.Type) writer {
	elem := t.Elem()
	if t.Kind() == reflect.Slice {
		elem = elem.Elem()
	}
	write, none := d.plan(elem), reflect.New(elem).UnsafePointer()
	one := func(d *Digester, at unsafe.Pointer) {
		if p := *(*unsafe.Pointer)(at); p != nil {
			write(d, p)
			return
		}
		write(d, none)
	}
	if t.Kind() == reflect.Slice {
		return sliceOf(one, unsafe.Sizeof(none))
	}
	return one
}

func (d *Digester) compileSlice(t reflect.Type) writer {
	return sliceOf(d.plan(t.Elem()), t.Elem().Size())
}

// sliceOf tells an empty slice from none, as programs may.
func sliceOf(elem writer, step uintptr) writer {
	return func(d *Digester, at unsafe.Pointer) {
		s := *(*[]byte)(at) // its header; the length counts elements
		if s == nil {
			d.number(-1)
			return
		}
		d.number(int64(len(s)))
		for i := range len(s) {
			elem(d, unsafe.Add(unsafe.Pointer(unsafe.SliceData(s)), uintptr(i)*step))
		}
	}
}

// compileMap writes the entries in the order of their keys.
func (d *Digester) compileMap(t reflect.Type) writer {
	key, value := d.plan(t.Key()), d.plan(t.Elem())
	type entry struct {
		key   []byte
		value reflect.Value
	}
	return func(d *Digester, at unsafe.Pointer) {
		m := reflect.NewAt(t, at).Elem()
		list := make([]entry, 0, m.Len())
		for it := m.MapRange(); it.Next(); {
			begin := len(d.b)
			key(d, addressable(it.Key()).Addr().UnsafePointer())
			list = append(list, entry{slices.Clone(d.b[begin:]), addressable(it.Value())})
			d.b = d.b[:begin]
		}
		slices.SortFunc(list, func(a, b entry) int { return bytes.Compare(a.key, b.key) })
		d.number(int64(len(list)))
		for _, e := range list {
			d.b = append(d.b, e.key...)
			value(d, e.value.Addr().UnsafePointer())
		}
	}
}

func (d *Digester) dynamic(v reflect.Value) {
	if v.IsNil() {
		d.text("")
		return
	}
	t := v.Elem().Type()
	d.text(t.String())
	if err, is := v.Interface().(error); is {
		d.text(err.Error())
		return
	}
	d.plan(t)(d, addressable(v.Elem()).Addr().UnsafePointer())
}
