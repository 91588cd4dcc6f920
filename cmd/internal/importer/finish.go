package importer

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fhrpd/fhrpd/configs"
)

// finish returns the draft as a configuration that is valid as a whole. What breaks
// a rule is left out, with the rule as the reason, and so is what depends on it.
func (d *draft) finish() (*Result, error) {
	for {
		d.dropUnused()
		c := d.config()
		var text bytes.Buffer
		if err := configs.PrintBrief(&text, c); err != nil {
			return nil, err
		}
		parsed, err := configs.Parse("", text.Bytes())
		if err == nil {
			d.sayGuessed(parsed)
			text.Reset() // it says what a rule has added as well
			if err := configs.PrintBrief(&text, parsed); err != nil {
				return nil, err
			}
			return &Result{Config: parsed, Text: text.Bytes(), Remarks: d.sorted()}, nil
		}
		faults, ok := errors.AsType[configs.Errors](err)
		if !ok {
			return nil, err
		}
		if !d.drop(faults, text.String()) {
			return nil, fmt.Errorf("the translation is not valid, and it does not show which part: %w", err)
		}
	}
}

// config puts the parts together.
func (d *draft) config() *configs.Config {
	c := &configs.Config{Daemon: d.daemon}
	for _, t := range d.tracks {
		c.Tracks = append(c.Tracks, t.Track)
	}
	for _, k := range d.keychains {
		c.Keychains = append(c.Keychains, k.Keychain)
	}
	for _, g := range d.groups {
		if g.hsrp != nil {
			c.HSRP = append(c.HSRP, *g.hsrp)
		} else {
			c.VRRP = append(c.VRRP, *g.vrrp)
		}
	}
	return c
}

// dropUnused leaves out objects and keychains that no group uses: on a router they
// may be there for something else.
func (d *draft) dropUnused() {
	objects, chains := map[string]bool{}, map[string]bool{}
	for _, g := range d.groups {
		for _, r := range g.common().Track {
			objects[r.Object] = true
		}
		if g.hsrp != nil {
			chains[g.hsrp.Auth.Keychain] = true
		} else {
			chains[g.vrrp.Auth.Keychain] = true
		}
	}
	d.tracks = slices.DeleteFunc(d.tracks, func(t *tracked) bool {
		if !objects[t.Name] {
			d.note(t.at, "tracked object "+t.Name, "no translated group uses it: left out")
		}
		return !objects[t.Name]
	})
	d.keychains = slices.DeleteFunc(d.keychains, func(c *chain) bool {
		if !chains[c.Name] {
			d.note(c.at, "keychain "+c.Name, "no translated group uses it: left out")
		}
		return !chains[c.Name]
	})
}

var (
	faultPath  = regexp.MustCompile(`^(track|keychain|hsrp|vrrp)\[(\d+)\]`)
	otherLine  = regexp.MustCompile(`\bline (\d+)`)
	tableStart = regexp.MustCompile(`^\[\[(track|keychain|hsrp|vrrp)\]\]`)
)

// drop leaves out every part with a fault, and reports whether there was one.
func (d *draft) drop(faults configs.Errors, text string) bool {
	gone := map[any]bool{}
	for _, f := range faults {
		m := faultPath.FindStringSubmatch(f.Path)
		if m == nil {
			continue
		}
		n, _ := strconv.Atoi(m[2])
		part, at, what := d.part(m[1], n)
		if part == nil {
			continue
		}
		gone[part] = true
		d.not(at, what, "left out as a whole: "+d.inSource(f.Msg, text))
		if t, ok := part.(*tracked); ok {
			d.untrack(t)
		}
	}
	d.tracks = slices.DeleteFunc(d.tracks, func(t *tracked) bool { return gone[t] })
	d.keychains = slices.DeleteFunc(d.keychains, func(c *chain) bool { return gone[c] })
	d.groups = slices.DeleteFunc(d.groups, func(g *group) bool { return gone[g] })
	return len(gone) > 0
}

// part finds a table of the text in the draft.
func (d *draft) part(table string, n int) (part any, at position, what string) {
	switch {
	case table == "track" && n < len(d.tracks):
		t := d.tracks[n]
		return t, t.at, "tracked object " + t.Name
	case table == "keychain" && n < len(d.keychains):
		c := d.keychains[n]
		return c, c.at, "keychain " + c.Name
	}
	for _, g := range d.groups {
		if (g.hsrp != nil) != (table == "hsrp") {
			continue
		}
		if n == 0 {
			return g, g.at, g.what
		}
		n--
	}
	return nil, at, ""
}

// inSource turns the lines that a fault names into those of the source.
func (d *draft) inSource(msg, text string) string {
	return otherLine.ReplaceAllStringFunc(msg, func(s string) string {
		line, _ := strconv.Atoi(otherLine.FindStringSubmatch(s)[1])
		seen := map[string]int{}
		at := position{}
		for n, l := range strings.Split(text, "\n") {
			if n >= line {
				break
			}
			if m := tableStart.FindStringSubmatch(l); m != nil {
				_, at, _ = d.part(m[1], seen[m[1]])
				seen[m[1]]++
			}
		}
		return fmt.Sprintf("line %d", at.line)
	})
}

// untrack takes an object out of the groups that look at it.
func (d *draft) untrack(t *tracked) {
	for _, g := range d.groups {
		c := g.common()
		before := len(c.Track)
		c.Track = slices.DeleteFunc(c.Track, func(r configs.TrackRef) bool { return r.Object == t.Name })
		if len(c.Track) < before {
			d.not(g.at, g.what, fmt.Sprintf("it no longer depends on tracked object %s, which was left out", t.Name))
		}
	}
}
