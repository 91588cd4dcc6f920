package hello

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func day(n int) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Date(2026, 12, n, 0, 0, 0, 0, time.UTC)
}

// key of a chain, whose periods are days of a month; 0 leaves a side open.
func key(id uint32, acceptFrom, acceptUntil, sendFrom, sendUntil int) Key {
	return Key{ID: id, Accept: Period{day(acceptFrom), day(acceptUntil)}, Send: Period{day(sendFrom), day(sendUntil)}}
}

func TestKeysRoll(t *testing.T) {
	open := key(1, 0, 0, 0, 0)
	rolling := []Key{key(1, 0, 31, 0, 24), key(2, 17, 0, 24, 0)}
	ending := []Key{key(1, 0, 10, 0, 10), key(2, 5, 20, 5, 20)}
	coming := []Key{key(1, 25, 0, 25, 0), key(2, 20, 0, 20, 0)}
	gap := []Key{key(1, 0, 10, 0, 10), key(2, 20, 0, 20, 0)}
	for _, tt := range []struct {
		rule    string
		keys    []Key
		at      time.Time
		sends   uint32
		late    bool
		accepts string
	}{
		{"one key for ever", []Key{open}, day(1), 1, false, "1"},
		{"both for ever: the first signs", []Key{open, key(2, 0, 0, 0, 0)}, day(1), 1, false, "1 2"},
		{"before the overlap", rolling, day(16), 1, false, "1"},
		{"accepted before it is sent", rolling, day(17), 1, false, "1 2"},
		{"a moment before sending switches", rolling, day(24).Add(-1), 1, false, "1 2"},
		{"sending switches", rolling, day(24), 2, false, "1 2"},
		{"until is not part of the period", rolling, day(31), 2, false, "2"},
		{"an open end gives way to the one that began last", []Key{open, key(2, 0, 0, 24, 0)}, day(24), 2, false, "1 2"},
		{"whatever their order", []Key{key(2, 0, 0, 24, 0), open}, day(24), 2, false, "2 1"},
		{"RFC 2328 D.3: the last key goes on being used", ending, day(25), 2, true, "2"},
		{"the last one in a gap", gap, day(15), 1, true, "1"},
		{"after the gap", gap, day(20), 2, false, "2"},
		{"none has begun: the first that will", coming, day(1), 2, true, "2"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			c := Keychain{Keys: tt.keys}
			n, inTime := c.Sending(tt.at)
			var accepts []string
			for n := range c.Keys {
				if c.Accepts(n, tt.at) {
					accepts = append(accepts, fmt.Sprint(c.Keys[n].ID))
				}
			}
			if got := strings.Join(accepts, " "); c.Keys[n].ID != tt.sends || inTime == tt.late || got != tt.accepts {
				t.Errorf("sends %d (in time %t), accepts %q; want %d (in time %t), %q", c.Keys[n].ID, inTime, got, tt.sends, !tt.late, tt.accepts)
			}
		})
	}
}

func TestFindKey(t *testing.T) {
	c := Keychain{Keys: []Key{key(7, 0, 0, 0, 0), key(1, 0, 0, 0, 0)}}
	if a, b, none := c.Find(7), c.Find(1), c.Find(2); a != 0 || b != 1 || none != -1 {
		t.Errorf("found %d, %d, %d", a, b, none)
	}
}

func TestSecretsAreHidden(t *testing.T) {
	c := &Keychain{Name: "lan", Keys: []Key{{ID: 1, Secret: NewSecret([]byte("planted"))}}}
	type outer struct{ inner any }
	for _, v := range []any{c, *c, c.Keys[0], c.Keys[0].Secret, &c.Keys[0].Secret, outer{c}, outer{*c}, outer{c.Keys[0].Secret}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			got := fmt.Sprintf(verb, v)
			if strings.Contains(got, "planted") || strings.Contains(got, "706c616e746564") || strings.Contains(got, "112 108 97") {
				t.Errorf("%s of %T prints %s", verb, v, got)
			}
		}
	}
	if b, err := json.Marshal(c); err != nil || strings.Contains(string(b), "planted") || strings.Contains(string(b), "cGxhbnRlZA") {
		t.Errorf("JSON %s, %v", b, err)
	}
	if s := NewSecret([]byte("a")); !s.Equal(NewSecret([]byte("a"))) || s.Equal(NewSecret([]byte("b"))) || s.Equal(Secret{}) {
		t.Error("comparison")
	}
}
