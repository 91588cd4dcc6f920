package configs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fhrpd/fhrpd/hello"
)

const (
	defaultText = "cisco" // RFC 2281 section 5.1
	keyFileMax  = 4096
)

// String describes the kind of authentication without its key.
func (a Auth) String() string {
	switch {
	case a.MD5 != "":
		return fmt.Sprintf("md5 key-id %d", a.KeyID)
	case a.Text != "":
		return "text"
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
	secrets := slices.DeleteFunc([]*opt[string]{&r.MD5, &r.MD5File, &r.Text}, func(o *opt[string]) bool { return !o.set })
	switch len(secrets) {
	case 0:
		p.fault(o.at, "auth is empty: one of md5, md5_file, text is needed")
	case 1:
	default:
		p.fault(o.at, "auth has more than one of md5, md5_file, text: exactly one is allowed")
	}
	a := Auth{KeyID: uint32(p.number(&r.KeyID, 0, 0, math.MaxUint32, ""))}
	if r.KeyID.set && r.Text.set {
		p.fault(r.KeyID.at, "auth.key_id belongs to md5 and md5_file, not to text")
	}
	switch {
	case r.MD5.given():
		p.inline(r.MD5.at, r.MD5.v)
		a.MD5 = p.md5(r.MD5.at, r.MD5.v)
	case r.MD5File.given():
		a.File, a.MD5 = p.md5File(&r.MD5File)
	case r.Text.given():
		a.Text = p.authText(&r.Text)
	}
	return a
}

// vrrpAuth reads the auth key of a VRRP router: version 2 had a text (RFC 2338),
// version 3 has nothing.
func (p *parser) vrrpAuth(o *opt[rawAuth], version uint8) Auth {
	if !o.given() {
		return Auth{}
	}
	r := &o.v
	for _, k := range []*opt[string]{&r.MD5, &r.MD5File} {
		if k.set {
			p.fault(k.at, "%s is HSRP only: VRRP has no MD5 authentication", k.at.key)
		}
	}
	if r.KeyID.set {
		p.fault(r.KeyID.at, "auth.key_id is HSRP only")
	}
	switch {
	case version != 2:
		p.fault(o.at, "auth is not part of VRRP version 3 (RFC 9568 section 9): remove it or set version = 2")
	case !r.Text.set:
		p.fault(o.at, "auth without text: VRRP version 2 knows no other")
	case r.Text.given():
		return Auth{Text: p.authText(&r.Text)}
	}
	return Auth{}
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

// md5File reads a key from a file whose path is relative to the configuration.
func (p *parser) md5File(o *opt[string]) (path, key string) {
	path = o.v
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(p.file), path)
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	data, mode, err := p.readKey(path)
	if err != nil {
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
			err = pe.Err // the fault names the path itself
		}
		p.fault(o.at, "auth.md5_file %s: %v", path, err)
		return path, ""
	}
	key = strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if strings.ContainsAny(key, "\n\x00") {
		p.fault(o.at, "auth.md5_file %s: the key must be one line of text", path)
		return path, ""
	}
	if mode&0o007 != 0 {
		p.warn(o.at, "auth.md5_file %s is open to everybody (mode %04o): chmod 640 or less", path, mode)
	}
	return path, p.md5(o.at, key)
}

// readKeyFile reads a small regular file: a device or a pipe would hold the
// daemon up for ever.
func readKeyFile(path string) ([]byte, fs.FileMode, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, keyFileMax))
	return data, info.Mode().Perm(), err
}
