// Package importer translates configurations of other programs that speak HSRP or
// VRRP into that of fhrpd. What it cannot translate it says, line by line.
package importer

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/fhrpd/fhrpd/configs"
)

// Options are what a translation depends on besides the text.
type Options struct {
	// Interfaces has the names here of interfaces that are called otherwise there.
	// Those of routers are compared without regard to case and space.
	Interfaces map[string]string
	// ConfigID is keepalived's config-id, for lines that begin with @; "" is none.
	ConfigID string
	// Files are what the configuration may include.
	Files Files
}

// Result is a translation.
type Result struct {
	Config  *configs.Config // valid as a whole
	Text    []byte          // as TOML, without what has its default
	Remarks []Remark        // in the order of the source
}

// Untranslated returns how many remarks are of something that was not translated, or
// only with another meaning.
func (r *Result) Untranslated() (n int) {
	for _, m := range r.Remarks {
		if !m.Note {
			n++
		}
	}
	return n
}

// Groups returns how many groups there are.
func (r *Result) Groups() int { return len(r.Config.HSRP) + len(r.Config.VRRP) }

// dialect is a language of configurations.
type dialect struct {
	name string
	what string // a group in it
	read func(*draft, string, []byte) error
}

var dialects = []dialect{
	{"keepalived", "vrrp_instance", readKeepalived},
	{"ios", "standby, hsrp or vrrp group with an address", readIOS},
	{"frr", "vrrp router of an interface", readFRR},
	{"vyos", "high-availability vrrp group", readVyOS},
}

// Dialects returns the names of the configurations that Translate knows.
func Dialects() (names []string) {
	for _, d := range dialects {
		names = append(names, d.name)
	}
	return names
}

// Translate turns the text of a file, whose name stands in front of each remark,
// into a configuration. The error is of a text that is not of the dialect at all.
func Translate(name, file string, text []byte, o Options) (*Result, error) {
	i := slices.IndexFunc(dialects, func(d dialect) bool { return d.name == name })
	if i < 0 {
		return nil, fmt.Errorf("%q is no kind of configuration: want one of %s", name, strings.Join(Dialects(), ", "))
	}
	if len(text) > maxText {
		return nil, fmt.Errorf("%s has %d bytes, at most %d are read", file, len(text), maxText)
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return nil, fmt.Errorf("%s is not a text: it has NUL bytes", file)
	}
	d := newDraft(o)
	if err := dialects[i].read(d, file, text); err != nil {
		return nil, err
	}
	if len(d.groups) == 0 {
		d.not(position{file: file}, "", "no "+dialects[i].what+" was found that could be translated")
	}
	d.sayUnmet(file)
	return d.finish()
}
