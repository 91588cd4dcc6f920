package configs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"time"
)

// Load reads and parses the file at path. It returns the error of reading, or
// Errors with everything that is wrong with the file.
func Load(path string) (*Config, error) {
	text, mode, err := read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read configuration: %w (cure: write it, as fhrpd.toml(5) tells, or name another file with --config)", err)
	case err != nil:
		return nil, fmt.Errorf("read configuration: %w", closed(path, err))
	}
	return parse(path, text, mode, readKeyFile)
}

// maxSize is far beyond what 4096 groups need.
const maxSize = 4 << 20

// read returns the text and the permissions of a regular file: a pipe would be waited for without
// end, and a device has none.
func read(path string) ([]byte, fs.FileMode, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, 0, err
	case !info.Mode().IsRegular():
		return nil, 0, fmt.Errorf("%s is not a regular file", path)
	case info.Size() > maxSize:
		return nil, 0, fmt.Errorf("%s has %d bytes, at most %d are read", path, info.Size(), maxSize)
	}
	text, err := os.ReadFile(path)
	return text, info.Mode().Perm(), err
}

// Parse turns the text of a file into a valid configuration with all defaults
// filled in. The name stands in front of each fault, and relative paths of key
// files start from its folder. Every rule is checked whatever other rules fail;
// the error is then of type Errors.
func Parse(name string, text []byte) (*Config, error) {
	return parse(name, text, 0, readKeyFile)
}

// keyReader returns the content and the permissions of a key file.
type keyReader func(path string) ([]byte, fs.FileMode, error)

// parser carries what the rules need besides the value they look at.
type parser struct {
	*report
	readKey keyReader
	tracks  map[string]position
	secrets []position // that stand in the text
	now     time.Time  // for keys, which have times of their own

	keychains map[string]*chain
}

// parse is Parse of a text from a file that has a mode, 0 when nobody else reads it.
func parse(name string, text []byte, mode fs.FileMode, readKey keyReader) (*Config, error) {
	r := &report{file: name}
	lines, over := indexLines(string(text))
	if over != nil {
		over.File = name
		return nil, Errors{*over}
	}
	doc, fix, ok := decoded(r, string(text))
	if !ok {
		fix.restore()
		r.sort()
		return nil, r.faults
	}
	if len(fix.seen) > 0 {
		lines, _ = indexLines(strings.Join(fix.lines, "\n"))
	}
	var raw rawConfig
	b := &binder{report: r, lines: lines, failed: fix.failed, tables: map[reflect.Type]rawTable{}}
	b.table(position{}, doc, &raw)

	p := &parser{report: r, readKey: readKey, tracks: map[string]position{}, now: time.Now(), keychains: map[string]*chain{}}
	c := p.config(&raw)
	p.exposed(mode)
	fix.restore()
	r.sort()
	if len(r.faults) > 0 {
		return nil, r.faults
	}
	sum := sha256.Sum256(text)
	c.Sum, c.Warnings = hex.EncodeToString(sum[:]), r.warnings
	return c, nil
}

func (p *parser) config(raw *rawConfig) *Config {
	c := &Config{Daemon: p.daemon(&raw.Daemon.v)}
	for _, o := range raw.Track.items {
		c.Tracks = append(c.Tracks, p.track(o))
	}
	for _, o := range raw.Keychain.items {
		c.Keychains = append(c.Keychains, p.keychain(o))
	}
	var all []entry
	for _, o := range raw.HSRP.items {
		h, e := p.hsrp(o)
		c.HSRP, all = append(c.HSRP, h), append(all, e)
	}
	for _, o := range raw.VRRP.items {
		v, e := p.vrrp(o)
		c.VRRP, all = append(c.VRRP, v), append(all, e)
	}
	p.together(all)
	p.unusedKeychains()
	if len(all) == 0 {
		p.warn(position{}, "no [[hsrp]] and no [[vrrp]] table: a daemon with this file takes part in no election")
	}
	return c
}
