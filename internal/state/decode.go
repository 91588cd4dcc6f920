package state

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// document is the whole.
type document struct {
	Form   int                 `json:"form"`
	Roots  map[string]any      `json:"roots"`
	Shared []any               `json:"shared"`
	Types  map[string][]string `json:"types"`
}

type decoder struct {
	o      *Options
	known  map[string]reflect.Type
	strict map[string]bool // by package
	doc    document
	roots  map[string]reflect.Value
	shared []reflect.Value // made so far
	wait   []int           // those of them that are not filled
	lost   []string
	forms  map[reflect.Type]*form
}

// Decode lays what Encode has returned over the roots, and returns the fields that
// the writer had and the reader has not. After an error the roots are of no use.
func Decode(b []byte, o Options) (lost []string, err error) {
	d := &decoder{o: &o, known: o.types(), strict: o.strict(), roots: map[string]reflect.Value{}, forms: map[reflect.Type]*form{}}
	in := json.NewDecoder(bytes.NewReader(b))
	in.UseNumber()
	if err := in.Decode(&d.doc); err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	if d.doc.Form != Form {
		return nil, fmt.Errorf("read state: its form has number %d, this version reads %d", d.doc.Form, Form)
	}
	d.shared = make([]reflect.Value, len(d.doc.Shared))
	for _, r := range o.Roots {
		d.roots[r.Key] = reflect.ValueOf(r.At)
	}
	for key := range d.doc.Roots {
		if !d.roots[key].IsValid() {
			return nil, fmt.Errorf("read state: nothing here is called %q", key)
		}
	}
	for _, r := range o.Roots {
		raw, there := d.doc.Roots[r.Key]
		if !there {
			return nil, fmt.Errorf("read state: there is no %q in it", r.Key)
		}
		if err := d.value(reflect.ValueOf(r.At).Elem(), raw); err != nil {
			return nil, under(r.Key, err)
		}
	}
	for n := 0; n < len(d.wait); n++ { // which grows meanwhile
		v := d.shared[d.wait[n]]
		if err := d.value(v.Elem(), d.doc.Shared[d.wait[n]]); err != nil {
			return nil, under(v.Type().String(), err)
		}
	}
	slices.Sort(d.lost)
	return slices.Compact(d.lost), nil
}

// value sets v, which can be set.
func (d *decoder) value(v reflect.Value, raw any) error {
	if raw == nil {
		v.SetZero()
		return nil
	}
	switch v.Type() {
	case timeType:
		return d.time(v, raw)
	case addrType, prefixType:
		s, _ := raw.(string)
		if err := v.Addr().Interface().(interface{ UnmarshalText([]byte) error }).UnmarshalText([]byte(s)); err != nil {
			return errorAt("%w", err)
		}
		return nil
	}
	ok := true
	switch v.Kind() {
	case reflect.Bool:
		var x bool
		x, ok = raw.(bool)
		v.SetBool(x)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		ok = setNumber(v, raw)
	case reflect.String:
		var s string
		s, ok = textOf(raw)
		v.SetString(s)
	case reflect.Struct:
		return d.structure(v, raw)
	case reflect.Array, reflect.Slice:
		return d.list(v, raw)
	case reflect.Map:
		return d.pairs(v, raw)
	case reflect.Pointer:
		return d.pointer(v, raw)
	case reflect.Interface:
		return d.dynamic(v, raw)
	default:
		ok = false
	}
	if !ok {
		return wrong(v, raw)
	}
	return nil
}

func wrong(v reflect.Value, raw any) error {
	return errorAt("%.40v is no %s", raw, v.Type())
}

func setNumber(v reflect.Value, raw any) bool {
	n, ok := raw.(json.Number)
	if !ok {
		return false
	}
	switch {
	case v.CanInt():
		x, err := strconv.ParseInt(string(n), 10, v.Type().Bits())
		v.SetInt(x)
		return err == nil
	case v.CanUint():
		x, err := strconv.ParseUint(string(n), 10, v.Type().Bits())
		v.SetUint(x)
		return err == nil
	}
	x, err := n.Float64()
	v.SetFloat(x)
	return err == nil
}

func textOf(raw any) (string, bool) {
	if s, ok := raw.(string); ok {
		return s, true
	}
	m, _ := raw.(map[string]any)
	s, ok := m["base64"].(string)
	b, err := base64.StdEncoding.DecodeString(s)
	return string(b), ok && err == nil
}

func (d *decoder) time(v reflect.Value, raw any) error {
	if s, ok := raw.(string); ok {
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return errorAt("%w", err)
		}
		v.Set(reflect.ValueOf(t.In(d.o.Now.Location())))
		return nil
	}
	m, _ := raw.(map[string]any)
	n, _ := m["after"].(json.Number)
	after, err := n.Int64()
	if err != nil {
		return wrong(v, raw)
	}
	v.Set(reflect.ValueOf(d.o.Now.Add(time.Duration(after))))
	return nil
}

func (d *decoder) structure(v reflect.Value, raw any) error {
	m, ok := raw.(map[string]any)
	if !ok {
		return wrong(v, raw)
	}
	form, used := d.form(v.Type()), 0
	for n, f := range form.fields {
		was, there := m[f.name]
		if there {
			used++
		} else if !form.wrote[n] {
			continue // what this process has made is all there is
		}
		fv := open(v.Field(f.index))
		if !there && plainStruct(fv.Type()) {
			was = map[string]any{} // in which this process may have functions
		} else if !there {
			fv.SetZero()
			continue
		}
		set := d.value
		if f.inPlace && was != nil {
			set = d.valueInPlace
		}
		if err := set(fv, was); err != nil {
			return under("."+f.name, err)
		}
	}
	if used == len(m) {
		return nil
	}
	for name := range m {
		if _, known := v.Type().FieldByName(name); known && !d.left(v.Type(), name) {
			continue
		}
		if d.strict[v.Type().PkgPath()] {
			return errorAt("this version has no %s.%s, which is in use", v.Type(), name)
		}
		d.lost = append(d.lost, v.Type().String()+"."+name)
	}
	return nil
}

// left reports whether the reader leaves a field behind that it has.
func (d *decoder) left(t reflect.Type, name string) bool {
	f, _ := t.FieldByName(name)
	return f.Tag.Get(tag) != "" || staysBehind(f.Type)
}

// form is a struct type with what its writer had of it.
type form struct {
	fields []field
	wrote  []bool // by field
}

func (d *decoder) form(t reflect.Type) *form {
	f := d.forms[t]
	if f != nil {
		return f
	}
	f = &form{fields: fieldsOf(t)}
	wrote := d.doc.Types[t.String()]
	for _, own := range f.fields {
		f.wrote = append(f.wrote, slices.Contains(wrote, own.name))
	}
	d.forms[t] = f
	return f
}

func (d *decoder) list(v reflect.Value, raw any) error {
	if v.Type().Elem() == byteType {
		s, _ := raw.(string)
		b, err := hex.DecodeString(s)
		if err != nil || v.Kind() == reflect.Array && len(b) != v.Len() {
			return wrong(v, raw)
		}
		if v.Kind() == reflect.Slice {
			v.Set(reflect.MakeSlice(v.Type(), len(b), len(b)))
		}
		reflect.Copy(v.Slice(0, len(b)), reflect.ValueOf(b))
		return nil
	}
	list, ok := raw.([]any)
	if !ok || v.Kind() == reflect.Array && len(list) != v.Len() {
		return wrong(v, raw)
	}
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
	}
	for n := range list {
		if err := d.value(v.Index(n), list[n]); err != nil {
			return under("["+strconv.Itoa(n)+"]", err)
		}
	}
	return nil
}

func (d *decoder) pairs(v reflect.Value, raw any) error {
	list, ok := raw.([]any)
	if !ok {
		return wrong(v, raw)
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(list)))
	for _, p := range list {
		pair, ok := p.([]any)
		if !ok || len(pair) != 2 {
			return wrong(v, raw)
		}
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		if err := d.value(key, pair[0]); err != nil {
			return under(" key", err)
		}
		if err := d.value(value, pair[1]); err != nil {
			return under(" value", err)
		}
		v.SetMapIndex(key, value)
	}
	return nil
}

func (d *decoder) pointer(v reflect.Value, raw any) error {
	m, _ := raw.(map[string]any)
	if key, ok := m["root"].(string); ok {
		root := d.roots[key]
		if !root.IsValid() || root.Type() != v.Type() {
			return errorAt("nothing here is called %q", key)
		}
		v.Set(root)
		return nil
	}
	number, _ := m["shared"].(json.Number)
	n, err := strconv.Atoi(string(number))
	if err != nil || n < 0 || n >= len(d.shared) {
		return wrong(v, raw)
	}
	if !d.shared[n].IsValid() {
		d.shared[n] = reflect.New(v.Type().Elem())
		if !v.IsNil() { // the reader's own, with the functions in it
			d.shared[n] = reflect.NewAt(v.Type().Elem(), v.UnsafePointer())
		}
		d.wait = append(d.wait, n)
	}
	if d.shared[n].Type() != v.Type() {
		return wrong(v, raw)
	}
	v.Set(d.shared[n])
	return nil
}

func (d *decoder) dynamic(v reflect.Value, raw any) error {
	m, ok := raw.(map[string]any)
	if text, isError := textOf(m["error"]); isError && v.Type() == errorType {
		v.Set(reflect.ValueOf(errors.New(text)))
		return nil
	}
	name, _ := m["type"].(string)
	t := d.known[name]
	if !ok || t == nil || !t.AssignableTo(v.Type()) {
		return errorAt("nothing is known of type %q", name)
	}
	x := reflect.New(t).Elem()
	if !v.IsNil() && v.Elem().Type() == t {
		x.Set(v.Elem())
	}
	if err := d.value(x, m["value"]); err != nil {
		return err
	}
	v.Set(x)
	return nil
}
