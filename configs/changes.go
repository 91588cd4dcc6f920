package configs

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Change is what is different in one table of two configurations.
type Change struct {
	Table string // "daemon", "track", "keychain" or "group"
	Old   int    // its place among those tables, HSRP before VRRP; -1: it is new
	New   int    // likewise; -1: it is gone
	Keys  []KeyChange
}

// KeyChange is a key with its values as TOML, "" where there is none. Secrets are
// left out: both values are "" then.
type KeyChange struct{ Key, From, To string }

// Changes lists the tables that differ, key by key with every default filled in, in
// the order of the new configuration; what is gone comes last. A group is the same
// one when protocol, family, interface and number are.
func Changes(was, is *Config) []Change {
	var out []Change
	kinds := []struct {
		table    string
		was, new []table
	}{
		{"daemon", was.daemonTable(), is.daemonTable()},
		{"track", was.trackTables(), is.trackTables()},
		{"keychain", was.keychainTables(), is.keychainTables()},
		{"group", was.groupTables(), is.groupTables()},
	}
	for _, k := range kinds {
		for n, t := range k.new {
			o := slices.IndexFunc(k.was, func(o table) bool { return o.id == t.id })
			var old table
			if o >= 0 {
				old = k.was[o]
			}
			if keys := old.keysChanged(t); len(keys) > 0 {
				out = append(out, Change{k.table, o, n, keys})
			}
		}
		for o, t := range k.was {
			if !slices.ContainsFunc(k.new, func(n table) bool { return n.id == t.id }) {
				out = append(out, Change{k.table, o, -1, t.keysChanged(table{})})
			}
		}
	}
	return out
}

// table is one table of a file as Print writes it.
type table struct {
	id   string
	keys []keyValue
}

type keyValue struct{ key, value string }

func (c *Config) daemonTable() []table {
	return []table{printed("", func(p *printer) { p.daemon(&c.Daemon) })}
}

func (c *Config) trackTables() (out []table) {
	for i := range c.Tracks {
		out = append(out, printed(c.Tracks[i].Name, func(p *printer) { p.track(&c.Tracks[i]) }))
	}
	return out
}

func (c *Config) keychainTables() (out []table) {
	for _, k := range c.Keychains {
		t := table{id: k.Name}
		for _, key := range k.Keys {
			t = t.with(fmt.Sprintf("keys[id = %d]", key.ID), fmt.Sprintf("%q %q %v %v", key.Secret, key.File, key.Accept, key.Send))
		}
		out = append(out, t)
	}
	return out
}

func (c *Config) groupTables() (out []table) {
	for i := range c.HSRP {
		h := &c.HSRP[i]
		out = append(out, printed(h.identity("hsrp", int(h.ID)), func(p *printer) { p.hsrp(h) }).with("auth", h.Auth.whole()))
	}
	for i := range c.VRRP {
		v := &c.VRRP[i]
		out = append(out, printed(v.identity("vrrp", int(v.VRID)), func(p *printer) { p.vrrp(v) }).with("auth", v.Auth.whole()))
	}
	return out
}

// printed reads what fn prints of one table. Those below it have keys with a dot.
func printed(id string, fn func(*printer)) table {
	var b bytes.Buffer
	p := newPrinter(&b)
	fn(p)
	p.w.Flush()
	t, below := table{id: id}, ""
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok && !strings.HasPrefix(name, "[") {
			_, below, _ = strings.Cut(strings.TrimSuffix(name, "]"), ".")
			continue
		}
		key, value, ok := strings.Cut(line, " = ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		if below != "" {
			key = below + "." + key
		}
		t.keys = append(t.keys, keyValue{key, value})
	}
	return t
}

// keysChanged lists the keys that are not the same in another table.
func (t table) keysChanged(o table) (out []KeyChange) {
	for _, k := range o.keys {
		if was, had := t.value(k.key); !had || was != k.value {
			out = append(out, newKeyChange(k.key, was, k.value))
		}
	}
	for _, k := range t.keys {
		if _, has := o.value(k.key); !has {
			out = append(out, newKeyChange(k.key, k.value, ""))
		}
	}
	return out
}

func (t table) value(key string) (string, bool) {
	i := slices.IndexFunc(t.keys, func(k keyValue) bool { return k.key == key })
	if i < 0 {
		return "", false
	}
	return t.keys[i].value, true
}

func newKeyChange(key, from, to string) KeyChange {
	if key == "http" {
		from, to = withoutSecrets(from, to)
	}
	if key == "auth" || strings.HasPrefix(key, "keys[") {
		from, to = "", ""
	}
	return KeyChange{key, from, to}
}

// withoutSecrets returns two URLs as TOML, and nothing where only the secrets are
// not the same.
func withoutSecrets(from, to string) (string, string) {
	for _, v := range []*string{&from, &to} {
		if *v != "" {
			*v = quote(WithoutSecrets(strings.Trim(*v, `"`)))
		}
	}
	if from == to {
		return "", ""
	}
	return from, to
}

// identity tells the groups of a file apart.
func (g *Group) identity(protocol string, number int) string {
	return fmt.Sprintf("%s %v %s %d", protocol, g.Family, g.Interface, number)
}

// whole is a text that differs where the secrets do. It is compared and never shown.
func (a Auth) whole() string {
	return fmt.Sprintf("%q %q %q %d %q %s %v %s", a.Text, a.MD5, a.File, a.KeyID, a.Keychain, a.Mode, a.Window, a.Replay)
}

// with adds a key whose value is never shown.
func (t table) with(key, secret string) table {
	t.keys = append(slices.DeleteFunc(t.keys, func(k keyValue) bool { return k.key == key }), keyValue{key, secret})
	return t
}
