package state

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"
)

var (
	timeType   = reflect.TypeFor[time.Time]()
	addrType   = reflect.TypeFor[netip.Addr]()
	prefixType = reflect.TypeFor[netip.Prefix]()
	errorType  = reflect.TypeFor[error]()
	byteType   = reflect.TypeFor[byte]()
)

// place is where a pointer leads. A struct and its first field share an address.
type place struct {
	at unsafe.Pointer
	of reflect.Type
}

type encoder struct {
	o      *Options
	known  map[string]reflect.Type
	roots  map[place]string
	shared map[place]int
	found  []reflect.Value // what shared counts
	seen   map[reflect.Type][]field
	b      []byte
}

// Encode returns what the roots hold. The error names a value that cannot be
// carried.
func Encode(o Options) ([]byte, error) {
	e := &encoder{o: &o, known: o.types(), roots: map[place]string{}, shared: map[place]int{}, seen: map[reflect.Type][]field{}}
	for _, r := range o.Roots {
		v := reflect.ValueOf(r.At)
		e.roots[place{v.UnsafePointer(), v.Type().Elem()}] = r.Key
	}
	e.raw(`{"form":`, strconv.Itoa(Form), `,"roots":{`)
	for n, r := range o.Roots {
		if n > 0 {
			e.raw(",")
		}
		e.text(r.Key)
		e.raw(":")
		if err := e.value(reflect.ValueOf(r.At).Elem()); err != nil {
			return nil, under(r.Key, err)
		}
	}
	e.raw(`},"shared":[`)
	for n := 0; n < len(e.found); n++ { // which grows meanwhile
		if n > 0 {
			e.raw(",")
		}
		if err := e.value(e.found[n].Elem()); err != nil {
			return nil, under(e.found[n].Type().String(), err)
		}
	}
	e.raw(`],"types":`)
	e.fields()
	e.raw("}")
	return e.b, nil
}

// fields tells which fields the writer has.
func (e *encoder) fields() {
	names := map[string][]string{}
	for t, list := range e.seen {
		for _, f := range list {
			names[t.String()] = append(names[t.String()], f.name)
		}
	}
	b, _ := json.Marshal(names) // which are strings
	e.raw(string(b))
}

func (e *encoder) raw(list ...string) {
	for _, s := range list {
		e.b = append(e.b, s...)
	}
}

func (e *encoder) text(s string) {
	if isPlain(s) {
		e.b = append(append(append(e.b, '"'), s...), '"')
		return
	}
	b, _ := json.Marshal(s)
	e.b = append(e.b, b...)
}

// isPlain reports whether JSON has s as it is. Most names and addresses are.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || strings.IndexByte(`"\\<>&`, c) >= 0 {
			return false
		}
	}
	return true
}

func (e *encoder) value(v reflect.Value) error {
	switch v.Type() {
	case timeType:
		e.time(v.Interface().(time.Time))
		return nil
	case addrType, prefixType:
		b, err := v.Interface().(interface{ MarshalText() ([]byte, error) }).MarshalText()
		e.text(string(b))
		return err
	}
	switch v.Kind() {
	case reflect.Bool:
		e.b = strconv.AppendBool(e.b, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.b = strconv.AppendInt(e.b, v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		e.b = strconv.AppendUint(e.b, v.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		e.b = strconv.AppendFloat(e.b, v.Float(), 'g', -1, 64)
	case reflect.String:
		e.string(v.String())
	case reflect.Struct:
		return e.structure(v)
	case reflect.Array, reflect.Slice:
		return e.list(v)
	case reflect.Map:
		return e.pairs(v)
	case reflect.Pointer:
		e.pointer(v)
	case reflect.Interface:
		return e.dynamic(v)
	default:
		return errorAt("a %s cannot be carried", v.Type())
	}
	return nil
}

// string keeps the bytes of texts that are none, such as secrets.
func (e *encoder) string(s string) {
	if utf8.ValidString(s) {
		e.text(s)
		return
	}
	e.raw(`{"base64":"`, base64.StdEncoding.EncodeToString([]byte(s)), `"}`)
}

func (e *encoder) time(t time.Time) {
	if monotonic(t) {
		e.raw(`{"after":`, strconv.FormatInt(int64(t.Sub(e.o.Now)), 10), `}`)
		return
	}
	e.text(t.Format(time.RFC3339Nano))
}

func (e *encoder) structure(v reflect.Value) error {
	e.see(v.Type())
	e.raw("{")
	first := true
	for _, f := range e.seen[v.Type()] {
		fv := open(v.Field(f.index))
		if fv.IsZero() {
			continue
		}
		before := len(e.b)
		if !first {
			e.raw(",")
		}
		e.raw(`"`, f.name, `":`)
		begin := len(e.b)
		if f.inPlace {
			fv = plain(fv)
		}
		if err := e.value(fv); err != nil {
			return under("."+f.name, err)
		}
		if fv.Kind() == reflect.Struct && string(e.b[begin:]) == "{}" { // all that is in it stays behind
			e.b = e.b[:before]
			continue
		}
		first = false
	}
	e.raw("}")
	return nil
}

// see notes the fields of a struct type and of those in it. A value that is zero is
// not carried, and the reader must know all the same that its writer had it.
func (e *encoder) see(t reflect.Type) {
	if _, seen := e.seen[t]; seen {
		return
	}
	list := fieldsOf(t)
	e.seen[t] = list
	for _, f := range list {
		in := t.Field(f.index).Type
		if f.inPlace {
			in = plainType(in)
		}
		if plainStruct(in) {
			e.see(in)
		}
	}
}

// plainStruct reports whether values of a type are carried field by field.
func plainStruct(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != timeType && t != addrType && t != prefixType
}

// open lets an unexported field be read and written. v can be addressed.
func open(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}

// addressable returns v, or a copy that can be addressed.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
}

func (e *encoder) list(v reflect.Value) error {
	if v.Kind() == reflect.Slice && v.IsNil() {
		e.raw("null")
		return nil
	}
	if v.Type().Elem() == byteType {
		b := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(b), v.Slice(0, v.Len()))
		e.raw(`"`, hex.EncodeToString(b), `"`)
		return nil
	}
	e.raw("[")
	for n := range v.Len() {
		if n > 0 {
			e.raw(",")
		}
		if err := e.value(v.Index(n)); err != nil {
			return under("["+strconv.Itoa(n)+"]", err)
		}
	}
	e.raw("]")
	return nil
}

// pairs carries a map as a list of keys and values, in an order that depends on
// nothing but the keys.
func (e *encoder) pairs(v reflect.Value) error {
	if v.IsNil() {
		e.raw("null")
		return nil
	}
	type pair struct{ key, value reflect.Value }
	list, texts := []pair{}, map[string]pair{}
	begin := len(e.b)
	for it := v.MapRange(); it.Next(); {
		p := pair{addressable(it.Key()), addressable(it.Value())}
		if err := e.value(p.key); err != nil {
			return under(" key", err)
		}
		texts[string(e.b[begin:])] = p
		e.b = e.b[:begin]
	}
	keys := make([]string, 0, len(texts))
	for k := range texts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	for _, k := range keys {
		list = append(list, texts[k])
	}
	e.raw("[")
	for n, p := range list {
		if n > 0 {
			e.raw(",")
		}
		e.raw("[", keys[n], ",")
		if err := e.value(p.value); err != nil {
			return under("["+keys[n]+"]", err)
		}
		e.raw("]")
	}
	e.raw("]")
	return nil
}

func (e *encoder) pointer(v reflect.Value) {
	if v.IsNil() {
		e.raw("null")
		return
	}
	p := place{v.UnsafePointer(), v.Type().Elem()}
	if key, isRoot := e.roots[p]; isRoot {
		e.raw(`{"root":`)
		e.text(key)
		e.raw("}")
		return
	}
	n, known := e.shared[p]
	if !known {
		n = len(e.found)
		e.shared[p] = n
		e.found = append(e.found, v)
	}
	e.raw(`{"shared":`, strconv.Itoa(n), "}")
}

func (e *encoder) dynamic(v reflect.Value) error {
	if v.IsNil() {
		e.raw("null")
		return nil
	}
	name := v.Elem().Type().String()
	if e.known[name] == nil {
		err, isError := v.Interface().(error)
		if v.Type() != errorType || !isError {
			return errorAt("nothing is known of type %s", name)
		}
		e.raw(`{"error":`)
		e.string(err.Error())
		e.raw("}")
		return nil
	}
	e.raw(`{"type":"`, name, `","value":`)
	if err := e.value(addressable(v.Elem())); err != nil {
		return err
	}
	e.raw("}")
	return nil
}
