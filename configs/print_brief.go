package configs

import (
	"bytes"
	"io"
	"slices"
	"strings"
)

// PrintBrief is Print for a person who goes on with the file: keys that have their
// default are left out, but for those that say which group it is. It parses to the
// same Config.
func PrintBrief(w io.Writer, c *Config) error {
	p := newPrinter(w)
	daemon, track, hsrp, vrrp := NewDaemon(), NewTrack(), NewHSRP(), NewVRRP()
	p.unlike(func(p *printer) { p.daemon(&c.Daemon) }, func(p *printer) { p.daemon(&daemon) })
	for i := range c.Tracks {
		track.Kind = c.Tracks[i].Kind
		p.unlike(func(p *printer) { p.track(&c.Tracks[i]) }, func(p *printer) { p.track(&track) })
	}
	for i := range c.Keychains {
		p.keychain(&c.Keychains[i])
	}
	for i := range c.HSRP {
		p.unlike(func(p *printer) { p.hsrp(&c.HSRP[i]) }, func(p *printer) { p.hsrp(&hsrp) })
	}
	for i := range c.VRRP {
		p.unlike(func(p *printer) { p.vrrp(&c.VRRP[i]) }, func(p *printer) { p.vrrp(&vrrp) })
	}
	return p.flush()
}

// identity are keys that stand in the file even with their default.
var identity = []string{"group", "vrid", "version"}

// unlike writes a table without the lines that a table of defaults has too, and
// without headers that nothing is left of.
func (p *printer) unlike(table, usual func(*printer)) {
	known := map[string]bool{}
	eachLine(usual, func(header, line string) { known[header+line] = true })
	written := ""
	eachLine(table, func(header, line string) {
		key, _, _ := strings.Cut(line, " =")
		if known[header+line] && !slices.Contains(identity, key) {
			return
		}
		if header != written {
			p.line("\n%s", header)
			written = header
		}
		p.line("%s", line)
	})
}

// eachLine calls fn with each line that print writes, and with its table's header.
func eachLine(print func(*printer), fn func(header, line string)) {
	var b bytes.Buffer
	p := newPrinter(&b)
	print(p)
	p.w.Flush()
	header := ""
	for line := range strings.Lines(b.String()) {
		switch line = strings.TrimSuffix(line, "\n"); {
		case strings.HasPrefix(line, "["):
			header = line
		case line != "":
			fn(header, line)
		}
	}
}
