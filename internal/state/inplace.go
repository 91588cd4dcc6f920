package state

import "reflect"

// inPlaceTag is the key of the tag that says of a pointer, or of a list of pointers, that
// it saves memory and is no reference.
const inPlaceTag = "inplace"

// isInPlace reports whether a field is carried as what it leads to.
func isInPlace(f reflect.StructField) bool { return f.Tag.Get(inPlaceTag) != "" }

// plainType is the type that is carried of a field in place.
func plainType(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Slice {
		return reflect.SliceOf(t.Elem().Elem())
	}
	return t.Elem()
}

// plain returns what a field in place leads to.
func plain(v reflect.Value) reflect.Value {
	if v.Kind() != reflect.Slice {
		return v.Elem()
	}
	list := reflect.MakeSlice(plainType(v.Type()), v.Len(), v.Len())
	for n := range v.Len() {
		list.Index(n).Set(v.Index(n).Elem())
	}
	return list
}

// pointTo has a field in place lead to a plain value.
func pointTo(v, value reflect.Value) {
	if v.Kind() != reflect.Slice {
		v.Set(value.Addr())
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), value.Len(), value.Len()))
	for n := range value.Len() {
		p := reflect.New(value.Type().Elem())
		p.Elem().Set(value.Index(n))
		v.Index(n).Set(p)
	}
}

// valueInPlace sets a field in place. What this process has there stays as far as the
// writer did not have it.
func (d *decoder) valueInPlace(v reflect.Value, raw any) error {
	value := reflect.New(plainType(v.Type())).Elem()
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		value.Set(v.Elem())
	}
	if err := d.value(value, raw); err != nil {
		return err
	}
	pointTo(v, value)
	return nil
}
