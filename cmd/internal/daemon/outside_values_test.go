package daemon

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// TestOutsideHasEveryField proves that the golden files are worth something:
// every field of the JSON has a value somewhere, and every kind of event is there.
func TestOutsideHasEveryField(t *testing.T) {
	events := golden(t, "events.jsonl")
	missing := slices.Concat(
		unset(reflect.TypeFor[status.Status](), "status", golden(t, "*.status.json")),
		unset(reflect.TypeFor[status.Explanation](), "explanation", golden(t, "explain.json")),
		unset(reflect.TypeFor[status.Event](), "event", events))
	for kind := range strings.FieldsSeq("transition address conflict takeover track lease announce hook reject warning notice command gap") {
		if !slices.ContainsFunc(events, func(ev any) bool { return ev.(map[string]any)["kind"] == kind }) {
			missing = append(missing, "event of kind "+kind)
		}
	}
	want := []string{
		"status.troubles",                     // nothing is wrong with the daemon there
		"status.groups.counters.understudied", // no switch floods there; see e2e
		"status.groups.counters.questioned",   // no group there has confirm
		"status.groups.cleared.counters.understudied",
		"status.groups.cleared.counters.questioned",
		"status.groups.heirs", // no group there has followers on another interface
		"status.groups.understudy",
		"status.groups.understudy.since",
		"status.groups.understudy.of",
		"status.groups.understudy.packets",
		"explanation.changes.records.command.about", // no change begins with such a command
		"explanation.changes.cost.covered_ms",       // nobody has forwarded without the role
		"explanation.changes.cost.takeover.idle",    // the status has it
	}
	if diff := cmp.Diff(want, missing); diff != "" {
		t.Errorf("in no golden file (-want +got):\n%s", diff)
	}
}

// golden returns the values in files of all stories.
func golden(t *testing.T, pattern string) (values []any) {
	for _, name := range sure(filepath.Glob(filepath.Join("testdata/outside/*", pattern))) {
		for d := json.NewDecoder(bytes.NewReader(sure(os.ReadFile(name)))); ; {
			var v any
			if err := d.Decode(&v); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			values = append(values, v)
		}
	}
	return values
}

// unset returns the fields of a type, and of those within it, that are empty in
// all values.
func unset(t reflect.Type, path string, values []any) (names []string) {
	switch t.Kind() {
	case reflect.Pointer:
		return unset(t.Elem(), path, values)
	case reflect.Slice:
		var elements []any
		for _, v := range values {
			elements = append(elements, v.([]any)...)
		}
		return unset(t.Elem(), path, elements)
	case reflect.Struct:
		for i := 0; i < t.NumField() && t.Field(i).IsExported(); i++ { // a time has none
			key, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			if key == "-" {
				continue
			}
			var there []any
			for _, v := range values {
				if f := v.(map[string]any)[key]; !empty(f) {
					there = append(there, f)
				}
			}
			if len(there) == 0 {
				names = append(names, path+"."+key)
			}
			names = append(names, unset(t.Field(i).Type, path+"."+key, there)...)
		}
	}
	return names
}

func empty(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return v == nil || reflect.ValueOf(v).IsZero() || v == "0001-01-01T00:00:00Z"
}
