package state

import (
	"reflect"
	"slices"
)

// Left lists what stays behind of the roots and of all that they can lead to, with
// the reason: a test that compares the list with one that was thought about notices
// a field that is left by mistake.
func Left(o Options) (list []string) {
	seen := map[reflect.Type]bool{}
	var look func(t reflect.Type)
	look = func(t reflect.Type) {
		if seen[t] || t == timeType || t == addrType || t == prefixType {
			return
		}
		seen[t] = true
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array:
			look(t.Elem())
		case reflect.Map:
			look(t.Key())
			look(t.Elem())
		case reflect.Struct:
			for f := range t.Fields() {
				switch why := f.Tag.Get(tag); {
				case why != "":
					list = append(list, t.String()+"."+f.Name+": "+why)
				case staysBehind(f.Type):
					list = append(list, t.String()+"."+f.Name+": a "+f.Type.Kind().String())
				default:
					look(f.Type)
				}
			}
		}
	}
	for _, r := range o.Roots {
		look(reflect.TypeOf(r.At))
	}
	for _, v := range o.Types {
		look(reflect.TypeOf(v))
	}
	slices.Sort(list)
	return list
}
