package configs

import (
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

const defaultText = "cisco" // RFC 2281 section 5.1

// String describes the kind of authentication without its key.
func (a Auth) String() string {
	switch {
	case a.MD5 != "":
		return fmt.Sprintf("md5 key-id %d", a.KeyID)
	case a.Text != "":
		return "text"
	case a.Keychain != "":
		return "keychain " + a.Keychain
	}
	return "none"
}

// GoString hides the key from %#v.
func (a Auth) GoString() string { return "configs.Auth{" + a.String() + "}" }

// LogValue implements slog.LogValuer.
func (a Auth) LogValue() slog.Value { return slog.StringValue(a.String()) }

// hsrpAuth reads the auth key of an HSRP group.
func (p *parser) hsrpAuth(o *opt[rawAuth]) Auth {
	if !o.given() {
		return Auth{Text: defaultText}
	}
	r := &o.v
	secrets := slices.DeleteFunc([]*opt[string]{&r.MD5, &r.MD5File, &r.Text, &r.Keychain}, func(o *opt[string]) bool { return !o.set })
	switch len(secrets) {
	case 0:
		p.fault(o.at, "auth is empty: one of md5, md5_file, text, keychain is needed")
	case 1:
	default:
		p.fault(o.at, "auth has more than one of md5, md5_file, text, keychain: exactly one is allowed")
	}
	p.trailerOnly(r, "VRRP only")
	a := Auth{KeyID: uint32(p.number(&r.KeyID, 0, 0, math.MaxUint32, ""))}
	switch {
	case r.KeyID.set && r.Text.set:
		p.fault(r.KeyID.at, "auth.key_id belongs to md5 and md5_file, not to text")
	case r.KeyID.set && r.Keychain.set:
		p.fault(r.KeyID.at, "auth.key_id belongs to md5 and md5_file: the keys of a keychain have their own id")
	}
	switch {
	case r.MD5.given():
		p.inline(r.MD5.at, r.MD5.v)
		a.MD5 = p.md5(r.MD5.at, r.MD5.v)
	case r.MD5File.given():
		a.File, a.MD5 = p.md5File(&r.MD5File)
	case r.Text.given():
		a.Text = p.authText(&r.Text)
	case r.Keychain.given():
		a.Keychain = r.Keychain.v
		p.hsrpKeychain(&r.Keychain)
	}
	return a
}

// vrrpAuth reads the auth key of a VRRP router: the HMAC trailer with the keys of a
// keychain, or the text that version 2 had (RFC 2338).
func (p *parser) vrrpAuth(o *opt[rawAuth], version uint8) Auth {
	if !o.given() {
		return Auth{}
	}
	r := &o.v
	for _, k := range []*opt[string]{&r.MD5, &r.MD5File} {
		if k.set {
			p.fault(k.at, "%s is HSRP only: VRRP has the HMAC of a keychain", k.at.key)
		}
	}
	if r.KeyID.set {
		p.fault(r.KeyID.at, "auth.key_id is HSRP only")
	}
	switch {
	case r.Keychain.set && r.Text.set:
		p.fault(o.at, "auth has text and keychain: exactly one is allowed")
	case r.Keychain.set:
		return p.trailer(r)
	case version != 2 && r.Text.set:
		p.fault(o.at, "auth.text is not part of VRRP version 3 (RFC 9568 section 9): use a keychain, or set version = 2")
	case version != 2:
		p.fault(o.at, "auth without keychain: VRRP version 3 knows no other")
	case !r.Text.set:
		p.fault(o.at, "auth without keychain or text: VRRP version 2 knows no other")
	}
	p.trailerOnly(r, "of no use without a keychain")
	if r.Text.given() {
		return Auth{Text: p.authText(&r.Text)}
	}
	return Auth{}
}

// trailer reads how a VRRP router uses the HMAC trailer.
func (p *parser) trailer(r *rawAuth) Auth {
	a := Auth{
		Keychain: r.Keychain.v,
		Mode:     oneOf(p, &r.Mode, "enforce, permissive, receive-only"),
		Window:   p.window(&r.Window),
		Replay:   oneOf(p, &r.Replay, "time, monotonic"),
	}
	if r.Keychain.given() {
		p.vrrpKeychain(&r.Keychain)
	}
	return a
}

// window reads how far clocks may differ. 0 is the default, which depends on the
// interval.
func (p *parser) window(o *opt[time.Duration]) time.Duration {
	if !o.given() {
		return 0
	}
	d := p.duration(o, windowLeast, windowLeast, windowMost)
	if d%time.Second != 0 {
		o.refuse(p, "%s %s must be whole seconds", o.at.key, short(d))
	}
	return d
}

// trailerOnly refuses what goes with the trailer alone.
func (p *parser) trailerOnly(r *rawAuth, why string) {
	for _, s := range []setting{{r.Mode.at, r.Mode.set}, {r.Window.at, r.Window.set}, {r.Replay.at, r.Replay.set}} {
		if s.given {
			p.fault(s.at, "%s is %s", s.at.key, why)
		}
	}
}

func (p *parser) authText(o *opt[string]) string {
	p.inline(o.at, o.v)
	switch {
	case o.v == masked:
		p.refuseMask(o.at)
	case o.v == "" || len(o.v) > hello.MaxTextAuth:
		p.fault(o.at, "auth.text has %d bytes: 1 to %d are allowed", len(o.v), hello.MaxTextAuth)
	case strings.Contains(o.v, "\x00"):
		p.fault(o.at, "auth.text must not contain a NUL byte: it ends the text on the wire")
	case o.v != defaultText:
		p.warn(o.at, "auth.text is sent in the clear: it guards against mistakes, not against people")
	}
	return o.v
}

func (p *parser) md5(at position, key string) string {
	switch n := len(key); {
	case key == masked:
		p.refuseMask(at)
	case n == 0 || n > hello.MaxMD5Key:
		p.fault(at, "%s: the key has %d bytes, 1 to %d are allowed", at.key, n, hello.MaxMD5Key)
	case n > hello.ProvenMD5Key:
		p.warn(at, "%s: the key has %d bytes; above %d other makers' routers may disagree", at.key, n, hello.ProvenMD5Key)
	}
	return key
}

// md5File reads the key of HSRP from a file.
func (p *parser) md5File(o *opt[string]) (path, key string) {
	path, key, ok := p.keyFile(o)
	if !ok {
		return path, ""
	}
	return path, p.md5(o.at, key)
}
