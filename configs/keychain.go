package configs

import (
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

const (
	hexPrefix   = "hex:" // of a secret that is not text
	windowLeast = time.Second
	windowMost  = 300 * time.Second
)

// Keychain is one [[keychain]] table: keys that groups use by its name. It has at
// least one key, and every key its own number.
type Keychain struct {
	Name string
	Keys []Key
}

// Key is one key of a keychain. It hides its secret from formatting and from logs.
type Key struct {
	ID     uint32
	Secret string // as in the file: text, or hex: and hexadecimal digits; never printed
	File   string // absolute path Secret was read from, if it was
	Accept hello.Period
	Send   hello.Period
}

// Bytes returns the key that the secret stands for.
func (k Key) Bytes() []byte {
	b, _ := keyBytes(k.Secret) // Parse lets no other through
	return b
}

// String describes the key without its secret.
func (k Key) String() string { return fmt.Sprintf("key %d", k.ID) }

// GoString hides the secret from %#v.
func (k Key) GoString() string { return "configs.Key{" + k.String() + "}" }

// LogValue implements slog.LogValuer.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// Chain returns the keychain as a value of package hello.
func (c *Keychain) Chain() hello.Keychain {
	out := hello.Keychain{Name: c.Name}
	for _, k := range c.Keys {
		out.Keys = append(out.Keys, hello.Key{ID: k.ID, Secret: hello.NewSecret(k.Bytes()), Accept: k.Accept, Send: k.Send})
	}
	return out
}

func keyBytes(secret string) ([]byte, error) {
	if digits, ok := strings.CutPrefix(secret, hexPrefix); ok {
		return hex.DecodeString(digits)
	}
	return []byte(secret), nil
}

// chain is a keychain as the rules of groups see it.
type chain struct {
	at   position
	keys []Key
	ats  []position // of the keys
	bad  bool       // some of it is faulty
	used bool
}

// keychain reads one [[keychain]] table.
func (p *parser) keychain(o *opt[rawKeychain]) Keychain {
	r := &o.v
	c := Keychain{Name: p.label(&r.Name)}
	ch := &chain{at: o.at, bad: r.Keys.bad}
	switch first := p.keychains[c.Name]; {
	case !r.Name.set:
		p.fault(o.at, "name is missing: groups refer to a keychain by its name")
	case first != nil:
		r.Name.refuse(p, "name %q is taken by the keychain of line %d", c.Name, first.at.line)
	default:
		p.keychains[c.Name] = ch
	}
	for _, it := range r.Keys.items {
		k, ok := p.key(it, ch)
		ch.bad = ch.bad || !ok
		c.Keys, ch.ats = append(c.Keys, k), append(ch.ats, it.at)
		ch.keys = c.Keys
	}
	if len(c.Keys) == 0 && !r.Keys.bad {
		p.fault(o.at, `keys is missing: at least one, such as keys = [{ id = 1, secret_file = "lan.key" }]`)
	}
	if !ch.bad && len(c.Keys) > 0 {
		p.coverage(ch, c.Chain())
	}
	return c
}

func (p *parser) key(o *opt[rawKey], ch *chain) (k Key, ok bool) {
	r := &o.v
	before := len(p.faults)
	k.ID = uint32(p.number(&r.ID, 0, 0, math.MaxUint32, ""))
	switch {
	case !r.ID.set:
		p.fault(o.at, "a key without id: the number that goes with it on the wire")
	case !r.ID.bad && slices.ContainsFunc(ch.keys, func(other Key) bool { return other.ID == k.ID }):
		p.fault(r.ID.at, "two keys with id %d: every key of a keychain needs its own", k.ID)
	}
	switch {
	case r.Secret.set == r.SecretFile.set:
		p.fault(o.at, "a key needs secret or secret_file, and not both")
	case r.SecretFile.given():
		k.File, k.Secret, _ = p.keyFile(&r.SecretFile)
	case r.Secret.given():
		p.inline(r.Secret.at, r.Secret.v)
		k.Secret = r.Secret.v
		if k.Secret == masked {
			p.refuseMask(r.Secret.at)
		}
	}
	if _, err := keyBytes(k.Secret); err != nil {
		p.fault(o.at, `the secret of key %d begins with "hex:", and an even number of hexadecimal digits does not follow`, k.ID)
	}
	k.Accept = p.period(&r.AcceptFrom, &r.AcceptUntil)
	k.Send = p.period(&r.SendFrom, &r.SendUntil)
	bad := r.ID.bad || r.Secret.bad || r.SecretFile.bad || r.AcceptFrom.bad || r.AcceptUntil.bad || r.SendFrom.bad || r.SendUntil.bad
	return k, len(p.faults) == before && !bad
}

func (p *parser) period(from, until *opt[time.Time]) hello.Period {
	d := hello.Period{From: from.or(time.Time{}), Until: until.or(time.Time{})}
	if from.given() && until.given() && !d.From.Before(d.Until) {
		until.refuse(p, "%s %s must be after %s %s", until.at.key, stamp(d.Until), from.at.key, stamp(d.From))
	}
	return d
}

// stamp writes a time as TOML has it.
func stamp(t time.Time) string { return t.Format(time.RFC3339Nano) }

// coverage warns of times at which a key does duty whose own time is over, or not
// yet come, and of keys that sign when the other routers do not believe them.
func (p *parser) coverage(ch *chain, c hello.Keychain) {
	now := p.now
	if n, inTime := c.Sending(now); !inTime {
		p.warn(ch.ats[n], "no key of keychain %q may be sent now: key %d goes on being used until another may", c.Name, c.Keys[n].ID)
	}
	for n, k := range c.Keys {
		if next := gapAfter(c, n); k.Send.Until.After(now) && !next.IsZero() {
			p.warn(ch.ats[n], "no key of keychain %q may be sent from %s to %s: key %d goes on being used meanwhile", c.Name, stamp(k.Send.Until), stamp(next), k.ID)
		}
		early := !k.Accept.From.IsZero() && k.Send.From.Before(k.Accept.From)
		late := !k.Accept.Until.IsZero() && (k.Send.Until.IsZero() || k.Send.Until.After(k.Accept.Until))
		if early || late {
			p.warn(ch.ats[n], "key %d may be sent when it is not accepted: other routers with this keychain refuse it then", k.ID)
		}
	}
}

// gapAfter returns when the next key may be sent, where none may at the end of the
// one at index n; zero where one may, or none will.
func gapAfter(c hello.Keychain, n int) (next time.Time) {
	end := c.Keys[n].Send.Until
	if stand, inTime := c.Sending(end); inTime || stand != n {
		return next
	}
	for _, k := range c.Keys {
		if from := k.Send.From; from.After(end) && (next.IsZero() || from.Before(next)) {
			next = from
		}
	}
	return next
}

// chainOf returns the keychain that a group names, nil when there is none.
func (p *parser) chainOf(o *opt[string]) *chain {
	ch := p.keychains[o.v]
	if ch == nil {
		o.refuse(p, "auth.keychain %q does not exist%s", o.v, hint(o.v, "known are ", slices.Sorted(maps.Keys(p.keychains))))
		return nil
	}
	ch.used = true
	return ch
}

// hsrpKeychain checks that MD5 can use every key of a keychain.
func (p *parser) hsrpKeychain(o *opt[string]) {
	ch := p.chainOf(o)
	if ch == nil || ch.bad {
		return
	}
	for _, k := range ch.keys {
		switch n := len(k.Bytes()); {
		case n == 0 || n > hello.MaxMD5Key:
			p.fault(o.at, "auth.keychain %q: key %d has %d bytes, MD5 takes 1 to %d", o.v, k.ID, n, hello.MaxMD5Key)
		case n > hello.ProvenMD5Key:
			p.warn(o.at, "auth.keychain %q: key %d has %d bytes; above %d other makers' routers may disagree", o.v, k.ID, n, hello.ProvenMD5Key)
		}
	}
}

// vrrpKeychain checks that the trailer can use every key of a keychain.
func (p *parser) vrrpKeychain(o *opt[string]) {
	ch := p.chainOf(o)
	if ch == nil || ch.bad {
		return
	}
	for _, k := range ch.keys {
		if k.ID == 0 || k.ID > hello.MaxHMACKeyID {
			p.fault(o.at, "auth.keychain %q: key %d has no number of VRRP's trailer, which are 1 to %d", o.v, k.ID, hello.MaxHMACKeyID)
		}
		if n := len(k.Bytes()); n < hello.MinHMACKey || n > hello.MaxHMACKey {
			p.fault(o.at, "auth.keychain %q: key %d has %d bytes, HMAC takes %d to %d", o.v, k.ID, n, hello.MinHMACKey, hello.MaxHMACKey)
		}
	}
}

// unusedKeychains warns of those that no group names.
func (p *parser) unusedKeychains() {
	for _, name := range slices.Sorted(maps.Keys(p.keychains)) {
		if ch := p.keychains[name]; !ch.used {
			p.warn(ch.at, "no group uses keychain %q", name)
		}
	}
}
