package configs

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLinesOfEveryShape(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       map[string]int
	}{
		{"keys and tables", "a = 1\n\n[b]\nc = 2 # d = 3\n'e' = 4\n[b.f]\ng = 5\n",
			map[string]int{"a": 1, "b": 3, "b.c": 4, "b.e": 5, "b.f": 6, "b.f.g": 7}},
		{"arrays of tables count", "[[a]]\nb = 1\n[a.c]\nd = 1\n[[a]]\nb = 2\n[a.c]\n[[a.e]]\n[[a.e]]\nf=1\n",
			map[string]int{"a[0]": 1, "a[0].b": 2, "a[0].c": 3, "a[0].c.d": 4, "a[1]": 5, "a[1].b": 6, "a[1].c": 7,
				"a[1].e[0]": 8, "a[1].e[1]": 9, "a[1].e[1].f": 10}},
		{"dotted keys", "a.b = 1\na.c = 2\n", map[string]int{"a": 1, "a.b": 1, "a.c": 2}},
		{"multi-line arrays", "a = [ # one ]\n  1,\n  [2,\n   3],\n]\nb = 4",
			map[string]int{"a": 1, "a[0]": 2, "a[1]": 3, "a[1][0]": 3, "a[1][1]": 4, "b": 6}},
		{"inline tables", "a = { b = 1, c = { d = 'x}' } }\ne = [{ f = 1 },\n { f = 2 }]\n",
			map[string]int{"a": 1, "a.b": 1, "a.c": 1, "a.c.d": 1, "e": 2, "e[0]": 2, "e[0].f": 2, "e[1]": 3, "e[1].f": 3}},
		{"strings hide syntax", "a = \"\"\"\n[x]\ny = 1 \\\"\"\" z = 2\n\"\"\"\nb = '''\n[z]\n''''\nc = \"[\\\"#\"\nd = 'e\\'\nf = ''\ng = \"\"",
			map[string]int{"a": 1, "b": 5, "c": 8, "d": 9, "f": 10, "g": 11}},
		{"quoted keys", "\"a.b\" = 1\n\"\\u0063\" = 2\n", map[string]int{`"a.b"`: 1, "c": 2}},
		{"carriage returns", "a = 1\r\n[b]\r\nc = [\r\n1]\r\n", map[string]int{"a": 1, "b": 2, "b.c": 3, "b.c[0]": 4}},
		{"byte order mark", "\ufeffa = 1\n", map[string]int{"a": 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines, over := indexLines(tt.text)
			if diff := cmp.Diff(tt.want, lines); diff != "" || over != nil {
				t.Error(diff, over)
			}
		})
	}
}

// The scan is only asked about valid text, but it must come to an end on any.
func FuzzLinesEnd(f *testing.F) {
	for _, s := range []string{"[", "[[", "a=[", "a={b=", "a=\"", "]]", "a=[}", "a={]", "=", "a=\"\"\"\\", "\"\\", "[a=b]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines, _ := indexLines(text)
		for path, line := range lines {
			if line < 1 || line > 1+strings.Count(text, "\n") {
				t.Errorf("%s is on line %d", path, line)
			}
		}
	})
}

// rawPaths returns the paths of all keys that a raw struct knows, without the
// indices of arrays.
func rawPaths(prefix string, t reflect.Type) []string {
	var paths []string
	for _, f := range rawFields(t) {
		path := join(prefix, f.Tag.Get("toml"))
		paths = append(paths, path)
		v, ok := f.Type.FieldByName("v")
		if !ok {
			items, _ := f.Type.FieldByName("items")
			v, _ = items.Type.Elem().Elem().FieldByName("v")
		}
		if v.Type.Kind() == reflect.Struct {
			paths = append(paths, rawPaths(path, v.Type)...)
		}
	}
	return paths
}

// commonKeys are explained under [[hsrp]]; VRRP has no MD5, and HSRP no trailer.
var commonKeys = regexp.MustCompile(`^vrrp\.auth\.(md5|md5_file|key_id)$|^vrrp\.track\.shutdown$|^hsrp\.auth\.(mode|window|replay)$`)

func TestReferenceHasEveryKey(t *testing.T) {
	parsed(t, reference)
	text := regexp.MustCompile(`(?m)^#([a-z])`).ReplaceAllString(reference, "$1")
	index := regexp.MustCompile(`\[\d+\]`)
	have := map[string]bool{}
	lines, _ := indexLines(text)
	for path := range lines {
		have[index.ReplaceAllString(path, "")] = true
	}
	paths := rawPaths("", reflect.TypeFor[rawConfig]())
	if len(paths) < 80 {
		t.Fatalf("only %d keys found in the raw structs", len(paths))
	}
	for _, path := range paths {
		if !have[path] && !commonKeys.MatchString(path) {
			t.Errorf("reference.toml does not have %s", path)
		}
	}
}

// A key whose reference comment says «default X» and whose value is X there
// must behave the same when it is left out.
func TestReferenceTellsTheDefaults(t *testing.T) {
	line := regexp.MustCompile(`^(\w+) *= *(.+?) *#.*default ("[^"]*"|\[\]|[\w.-]+)[^"\w]*$`)
	tables := map[string]string{
		"[daemon]": "", "[[track]]": "name = \"t\"\ninterface = \"eth0\"\n", "[[hsrp]]": "interface = \"eth1\"\n",
		"[hsrp.announce]": "", "[[vrrp]]": "interface = \"eth1\"\nvrid = 1\nvirtual_ips = [\"192.0.2.1\"]\n",
	}
	checked, table := 0, ""
	for s := range strings.Lines(reference) {
		s = strings.TrimSpace(s)
		if strings.HasPrefix(s, "[") {
			table = strings.TrimSpace(strings.Split(s, "#")[0])
		}
		m := line.FindStringSubmatch(s)
		if m == nil || m[3] == "none" || m[1] == "virtual_ips" {
			continue
		}
		base, ok := tables[table]
		if !ok {
			continue
		}
		if m[1] == "name" || m[1] == "interface" || m[1] == "vrid" {
			continue
		}
		head := table + "\n" + base
		if table == "[hsrp.announce]" {
			head = "[[hsrp]]\ninterface = \"eth1\"\n" + table + "\n"
		}
		def := m[3]
		if m[1] == "log" || m[1] == "format" || m[1] == "probe" || m[1] == "mac" {
			def = `"` + strings.Trim(def, `"`) + `"`
		}
		checked++
		if diff := cmp.Diff(parsed(t, head), parsed(t, head+m[1]+" = "+def+"\n"), sameConfig); diff != "" {
			t.Errorf("%s %s: %s is not the default (-left out +set):\n%s", table, m[1], def, diff)
		}
	}
	if checked < 20 {
		t.Errorf("only %d defaults were found in the comments", checked)
	}
}

func TestMinimalIsTenLinesAndClean(t *testing.T) {
	c := parsed(t, minimal)
	if n := strings.Count(minimal, "\n"); n > 10 || len(c.Warnings) > 0 || len(c.HSRP) != 1 {
		t.Errorf("%d lines, %d groups, warnings %v", n, len(c.HSRP), c.Warnings)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"hello", "hold", "interface", "virtual_ips", "priority"}
	for key, want := range map[string]string{
		"helo": "hello", "Hello": "hello", "holde": "hold", "virtual-ips": "virtual_ips", "iface": "",
		"prio": "priority", "xyz": "", "": "", strings.Repeat("h", 65): "",
	} {
		if got := nearest(key, known); got != want {
			t.Errorf("%q: %q, want %q", key, got, want)
		}
	}
}
