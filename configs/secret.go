package configs

import (
	"cmp"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"
)

// What stands in place of a secret. Parse refuses both: a file that was printed
// without its secrets must not be taken for one that has others.
const (
	masked    = "<masked>"
	maskedURL = "***" // of user and password, and of the query
)

// WithoutSecrets returns a URL whose user, password and query are masked: tokens
// stand there. Of what is no URL it returns nothing that could be one.
func WithoutSecrets(s string) string {
	u, err := url.Parse(s)
	switch {
	case (err != nil || u.Opaque != "") && strings.ContainsAny(s, "@?"):
		return maskedURL
	case err != nil:
		return s
	}
	var b strings.Builder
	before, _, _ := strings.Cut(s, "?")
	before, _, _ = strings.Cut(before, "#")
	if u.User != nil {
		scheme, rest, _ := strings.Cut(before, "//")
		authority, path, slash := strings.Cut(rest, "/")
		before = scheme + "//" + maskedURL + authority[strings.LastIndexByte(authority, '@'):]
		if slash {
			before += "/" + path
		}
	}
	b.WriteString(before)
	if u.RawQuery != "" {
		b.WriteString("?" + maskedURL)
	}
	return b.String()
}

// hasSecret reports whether WithoutSecrets would mask a part of a URL.
func hasSecret(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.User != nil || u.RawQuery != "")
}

// isMasked reports whether a URL was printed without its secrets.
func isMasked(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.User != nil && u.User.Username() == maskedURL || u.RawQuery == maskedURL)
}

// Shown is the target without the secrets that a URL may have.
func (t *Track) Shown() string {
	if t.Kind == TrackHTTP {
		return WithoutSecrets(t.Target)
	}
	return t.Target
}

// inline remembers a secret that stands in the text of the file.
func (p *parser) inline(at position, v string) {
	if v != defaultText {
		p.secrets = append(p.secrets, at)
	}
}

func (p *parser) refuseMask(at position) {
	p.fault(at, "%s %s stands for a secret that was masked when the file was printed: put it in again, or print with --secrets", at.key, masked)
}

// exposed warns, once, of secrets in a file that everybody may read.
func (p *parser) exposed(mode fs.FileMode) {
	if mode&0o007 == 0 || len(p.secrets) == 0 {
		return
	}
	at := slices.MinFunc(p.secrets, func(a, b position) int { return cmp.Compare(a.line, b.line) })
	more := ""
	if n := len(p.secrets); n > 1 {
		more = fmt.Sprintf(", one of %d secrets,", n)
	}
	p.warn(at, "%s%s stands in a file that is open to everybody (mode %04o): chmod 640 or less, or keys in files of their own (md5_file, secret_file)", at.key, more, mode)
}
