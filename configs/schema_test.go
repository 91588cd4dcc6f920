package configs

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The schema for editors has its keys and types from the raw structs, its words from
// reference.toml, and its limits from here; the tests compare those with Parse.

const schemaFile = "fhrpd.schema.json"

// limits of keys, by table and key, that no type tells.
var limits = map[string]object{
	"daemon.log":         words("info", "debug", "warn", "error"),
	"daemon.format":      words("text", "json"),
	"daemon.forwarding":  words("warn", "require"),
	"daemon.maintenance": words("stay", "return"),
	"track.rise":         between(1, 255),
	"track.fall":         between(1, 255),
	"hsrp.group":         between(0, 4095),
	"hsrp.version":       between(1, 2),
	"hsrp.off_subnet":    words("ignore", "accept"),
	"vrrp.vrid":          between(1, 255),
	"vrrp.version":       between(2, 3),
	"vrrp.min_ttl":       between(1, 255),
	"vrrp.checksum":      words("auto", "rfc9568", "pseudo-header"),

	"hsrp.priority": between(1, 255), "vrrp.priority": between(1, 255),
	"hsrp.install": words("address", "route"), "vrrp.install": words("address", "route"),
	"hsrp.announce.count": between(1, 60), "vrrp.announce.count": between(1, 60),
	"hsrp.announce.probe": words("warn", "off", "veto"), "vrrp.announce.probe": words("warn", "off", "veto"),
	"hsrp.track.decrement": between(1, 255), "vrrp.track.decrement": between(1, 255),
	"hsrp.rules.priority": between(1, 32765), "vrrp.rules.priority": between(1, 32765),
	"hsrp.routes.type": words("unicast", "blackhole", "unreachable", "prohibit"), "vrrp.routes.type": words("unicast", "blackhole", "unreachable", "prohibit"),
	"vrrp.auth.mode": words("enforce", "permissive", "receive-only"), "vrrp.auth.replay": words("time", "monotonic"),
}

// needed are the keys that a table cannot do without.
var needed = map[string][]string{
	"track": {"name"}, "keychain": {"name", "keys"}, "keychain.keys": {"id"},
	"hsrp": {"interface"}, "vrrp": {"interface", "vrid", "virtual_ips"},
	"hsrp.track": {"object"}, "vrrp.track": {"object"}, "hsrp.routes": {"to"}, "vrrp.routes": {"to"},
	"hsrp.hooks.pre_active": {"command"}, "vrrp.hooks.pre_active": {"command"},
}

type object = map[string]any

func words(w ...string) object     { return object{"enum": w} }
func between(low, high int) object { return object{"minimum": low, "maximum": high} }
func described(o object, s string) object {
	if s != "" {
		o["description"] = s
	}
	return o
}

// durationPattern is what time.ParseDuration takes, but for the 0 without a unit.
const durationPattern = `^[+-]?([0-9]*\.?[0-9]+|[0-9]+\.?)(ns|us|µs|μs|ms|s|m|h)`

// schema writes the schema of the file.
func schema() []byte {
	root := tableSchema("", reflect.TypeFor[rawConfig](), explanations())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "fhrpd.toml"
	root["description"] = "Configuration of fhrpd, which speaks HSRP and VRRP"
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		panic(err) // maps of strings and numbers
	}
	return b.Bytes()
}

func tableSchema(path string, t reflect.Type, text map[string]string) object {
	properties := object{}
	for _, f := range rawFields(t) {
		key := f.Tag.Get("toml")
		at := strings.TrimPrefix(path+"."+key, ".")
		properties[key] = described(keySchema(at, f.Type, text), text[at])
	}
	o := object{"type": "object", "additionalProperties": false, "properties": properties}
	if n := needed[path]; n != nil {
		o["required"] = n
	}
	return o
}

// keySchema is of an opt or a list.
func keySchema(path string, t reflect.Type, text map[string]string) object {
	if items, ok := t.FieldByName("items"); ok {
		return object{"type": "array", "items": valueSchema(path, items.Type.Elem().Elem(), text)}
	}
	return valueSchema(path, t, text)
}

// valueSchema is of an opt.
func valueSchema(path string, t reflect.Type, text map[string]string) object {
	v, _ := t.FieldByName("v")
	o := object{}
	switch v.Type {
	case reflect.TypeFor[string](), reflect.TypeFor[span]():
		o["type"] = "string"
	case reflect.TypeFor[word]():
		o["type"] = []string{"string", "boolean"}
	case reflect.TypeFor[bool]():
		o["type"] = "boolean"
	case reflect.TypeFor[int64]():
		o["type"] = "integer"
	case reflect.TypeFor[time.Duration]():
		o["type"], o["pattern"] = "string", durationPattern
	case reflect.TypeFor[time.Time]():
		o["type"], o["format"] = "string", "date-time"
	default:
		return tableSchema(path, v.Type, text)
	}
	maps.Copy(o, limits[path])
	return o
}

var (
	opensTable = regexp.MustCompile(`^\[+([\w.]+)\]+`)
	keyOf      = regexp.MustCompile(`^#?(\w+)\s*=`)
	commentOf  = regexp.MustCompile(`\s# (.*)$`)
)

// explanations are the comments of reference.toml, by table and key, of all lines that
// a key has. "As in HSRP" is for those who read it from the top.
func explanations() map[string]string {
	text := map[string]string{}
	table, key := "", ""
	for line := range strings.Lines(reference) {
		switch m := keyOf.FindStringSubmatch(line); {
		case opensTable.MatchString(line):
			table, key = opensTable.FindStringSubmatch(line)[1], ""
		case m != nil && text[table+"."+m[1]] == "":
			key = table + "." + m[1]
		case m != nil || strings.TrimSpace(line) == "":
			key = ""
		}
		if m := commentOf.FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil && key != "" {
			text[key] = strings.TrimSpace(text[key] + " " + m[1])
		}
	}
	for at, s := range text {
		rest, ok := strings.CutPrefix(at, "hsrp.")
		if v := text["vrrp."+rest]; ok && (v == "" || strings.HasPrefix(v, "as in HSRP")) {
			text["vrrp."+rest] = s
		}
	}
	return text
}

func TestSchema(t *testing.T) { golden(t, schemaFile, string(schema())) }

// compiled is the schema as another library reads it.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(schemaFile, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validates returns what the schema says of a file.
func validates(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	var doc object
	if _, err := toml.Decode(text, &doc); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

func TestSchemaTakesWhatParseTakes(t *testing.T) {
	s := compiled(t)
	for name, text := range map[string]string{"reference.toml": reference, "minimal.toml": minimal, "nothing": ""} {
		if err := validates(t, s, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		c, err := Parse(name, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := Print(&b, c); err != nil {
			t.Fatal(err)
		}
		if err := validates(t, s, b.String()); err != nil {
			t.Errorf("%s, printed: %v", name, err)
		}
	}
}

func TestSchemaRefusesWhatAnEditorCanSee(t *testing.T) {
	s := compiled(t)
	const vrrp = "[[vrrp]]\ninterface = \"eth1\"\nvrid = 1\nvirtual_ips = [\"192.0.2.1\"]\n"
	if err := validates(t, s, vrrp); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"[daemon]\nlogs = \"info\"\n", "[daemon]\nlog = \"loud\"\n", "[[hsrp]]\ngroup = 1\n", "[[track]]\nname = 3\n",
		vrrp + "hello = \"1s\"\n", vrrp + "advertise = 1\n", vrrp + "advertise = \"1\"\n", vrrp + "priority = 256\n", vrrp + "peers = \"192.0.2.2\"\n",
	} {
		if validates(t, s, text) == nil {
			t.Errorf("takes\n%s", text)
		}
		if _, err := Parse("f", []byte(text)); err == nil {
			t.Errorf("Parse takes\n%s", text)
		}
	}
}

// The limits of the schema are those that Parse names when it refuses a value.
func TestSchemaHasTheLimitsOfParse(t *testing.T) {
	for path, limit := range limits {
		parts := strings.Split(path, ".")
		value, want := "-1", ""
		if w, ok := limit["enum"].([]string); ok {
			value, want = `"zzz"`, "must be one of "+strings.Join(w, ", ")
		} else {
			want = "must be " + jsonText(limit["minimum"]) + " to " + jsonText(limit["maximum"])
		}
		last := len(parts) - 1
		for n := last; n > 0; n-- { // as inline tables, in arrays where the key is one
			value = parts[n] + " = " + value
			if n == last && last > 1 {
				value = "{ " + value + ", " + others[parts[n-1]] + " }"
				if parts[n-1] == "track" || parts[n-1] == "routes" || parts[n-1] == "rules" {
					value = "[" + value + "]"
				}
			}
		}
		_, err := Parse("f", []byte(surroundings[parts[0]]+value+"\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: Parse says %v, the schema %q", path, err, want)
		}
	}
}

// surroundings are what a key of a table needs around it to be looked at.
var surroundings = map[string]string{
	"daemon": "[daemon]\n",
	"track":  "[[track]]\nname = \"t\"\ninterface = \"eth0\"\n",
	"hsrp":   "[[track]]\nname = \"t\"\ninterface = \"eth0\"\n[[hsrp]]\ninterface = \"eth0\"\n",
	"vrrp":   "[[track]]\nname = \"t\"\ninterface = \"eth0\"\n[[keychain]]\nname = \"k\"\nkeys = [{ id = 1, secret = \"a passphrase of at least 32 bytes\" }]\n[[vrrp]]\ninterface = \"eth0\"\n",
}

// others are keys that go with one in an inline table.
var others = map[string]string{
	"announce": `interval = "2s"`, "track": `object = "t"`, "rules": `from = "192.0.2.0/24"`, "routes": `to = "192.0.2.0/24"`, "auth": `keychain = "k"`,
}

func jsonText(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
