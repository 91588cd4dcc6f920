// Package state carries values from one process to its successor as JSON that
// describes itself. Every field of a struct is carried under its own name, exported
// or not, so that a new one cannot be forgotten. A field that is to stay behind says
// why in a tag:
//
//	out outbox `state:"empty between two turns"`
//
// Functions and channels always stay behind. The reader has made its own of those:
// it builds the same objects first, and what was carried is laid over them.
//
// # Pointers
//
// The objects that both processes have are roots, which have a key. A pointer to a
// root is carried as that key. What any other pointer leads to is carried once,
// however many lead there. A pointer that only saves the memory of what is mostly zero
// says so in a tag, and is carried as the value would be, nil as zero:
//
//	pledge *pledge `inplace:"mostly none"`
//
// So is a list of pointers to what is found elsewhere as well, whose elements are
// their own afterwards. The tag may come and go: both forms are the same to a reader.
//
// # Times
//
// A time of the monotonic clock is carried as its distance from Options.Now, so that
// a deadline stays what it was whatever somebody does to the wall clock. All others
// are times of the wall clock.
//
// # Versions
//
// The text lists which fields its writer had. A field that the writer did not have
// keeps the value that the reader has made. One that only the writer had is lost,
// which is an error in types of Options.Strict and is reported otherwise. Zero
// values are not carried, so that a new field which nobody uses hurts nobody.
package state

import (
	"fmt"
	"reflect"
	"time"
)

// Form is the version of the whole. It grows when a reader of the last one would
// misunderstand what it reads.
const Form = 1

// Root is an object that both processes have. Its key names it in both.
type Root struct {
	Key string
	At  any // a pointer
}

// Options are the same for both processes.
type Options struct {
	// Now is the instant that times of the monotonic clock are told from: the same
	// instant on both sides, each by its own clock.
	Now time.Time
	// Roots are carried in this order.
	Roots []Root
	// Types has a value of each type that may be in an interface, but for errors,
	// which are carried as their text.
	Types []any
	// Strict has a value of one type of each package whose types may lose no field.
	Strict []any
}

// tag is the key of the tag that says why a field stays behind.
const tag = "state"

// field is one that is carried.
type field struct {
	index   int
	name    string
	inPlace bool
}

// fieldsOf lists the fields of a struct type that are carried.
func fieldsOf(t reflect.Type) (list []field) {
	for n := range t.NumField() {
		f := t.Field(n)
		if f.Name == "_" || f.Tag.Get(tag) != "" || staysBehind(f.Type) {
			continue
		}
		list = append(list, field{n, f.Name, isInPlace(f)})
	}
	return list
}

func staysBehind(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Uintptr:
		return true
	}
	return false
}

// types finds registered types by name.
func (o *Options) types() map[string]reflect.Type {
	m := map[string]reflect.Type{}
	for _, v := range o.Types {
		t := reflect.TypeOf(v)
		m[t.String()] = t
	}
	return m
}

func (o *Options) strict() map[string]bool {
	m := map[string]bool{}
	for _, v := range o.Strict {
		m[reflect.TypeOf(v).PkgPath()] = true
	}
	return m
}

// monotonic reports whether a time has a reading of the monotonic clock.
func monotonic(t time.Time) bool { return t != t.Round(0) }

// fault is what is wrong, and where in the state. The place is put together on the way
// up: most values are in order, and nobody waits for their names.
type fault struct {
	place string
	err   error
}

// Error implements error.
func (f *fault) Error() string { return "state of " + f.place + ": " + f.err.Error() }

// Unwrap returns what is wrong.
func (f *fault) Unwrap() error { return f.err }

func errorAt(format string, args ...any) error { return &fault{err: fmt.Errorf(format, args...)} }

// under says that a fault is in something.
func under(place string, err error) error {
	if f, ok := err.(*fault); ok {
		return &fault{place + f.place, f.err}
	}
	return &fault{place, err}
}
