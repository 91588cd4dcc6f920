package configs

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Print writes the effective configuration as TOML: every default filled in, in
// the order of the file, the virtual addresses in the order they are sent. What
// it writes parses to the same Config, but for Sum and Warnings. A key that
// came from a file is written as that file's absolute path; a key that stood in
// the text stands in the output, so treat the output like the file.
func Print(w io.Writer, c *Config) error { return newPrinter(w).config(c) }

// PrintMasked is Print for other eyes: keys and texts of authentication, and user,
// password and query of URLs, are masked. Parse refuses each mask by its line.
func PrintMasked(w io.Writer, c *Config) error {
	p := newPrinter(w)
	p.mask = true
	return p.config(c)
}

func (p *printer) config(c *Config) error {
	p.daemon(&c.Daemon)
	for i := range c.Tracks {
		p.track(&c.Tracks[i])
	}
	for i := range c.Keychains {
		p.keychain(&c.Keychains[i])
	}
	for i := range c.HSRP {
		p.hsrp(&c.HSRP[i])
	}
	for i := range c.VRRP {
		p.vrrp(&c.VRRP[i])
	}
	if p.hid {
		p.line("\n# Secrets are masked; with --secrets they are printed, and this is a configuration.")
	}
	return p.flush()
}

func (p *printer) flush() error {
	if err := p.w.Flush(); err != nil {
		return fmt.Errorf("print configuration: %w", err)
	}
	return nil
}

// printer writes through a bufio.Writer, which keeps the first error for Flush.
type printer struct {
	w    *bufio.Writer
	mask bool // secrets
	hid  bool // one at least
}

// secret returns v, or what stands for it.
func (p *printer) secret(v string) string {
	if p.mask {
		p.hid = true
		return masked
	}
	return v
}

// target returns what a track looks at.
func (p *printer) target(t *Track) string {
	if shown := t.Shown(); p.mask && shown != t.Target {
		p.hid = true
		return shown
	}
	return t.Target
}

func newPrinter(w io.Writer) *printer { return &printer{w: bufio.NewWriter(w)} }

func (p *printer) line(format string, args ...any)  { fmt.Fprintf(p.w, format+"\n", args...) }
func (p *printer) str(key, v string)                { p.line("%s = %s", key, quote(v)) }
func (p *printer) dur(key string, d time.Duration)  { p.str(key, short(d)) }
func (p *printer) num(key string, n int)            { p.line("%s = %d", key, n) }
func (p *printer) bool(key string, v bool)          { p.line("%s = %t", key, v) }
func (p *printer) strs(key string, v []string)      { p.line("%s = %s", key, quoteAll(v)) }
func (p *printer) addrs(key string, v []netip.Addr) { p.strs(key, texts(v)) }

// durOrOff writes a duration, of which 0 is "off".
func (p *printer) durOrOff(key string, d time.Duration) {
	if d == 0 {
		p.str(key, "off")
		return
	}
	p.dur(key, d)
}

// unlessEmpty writes keys whose empty value is not a legal one.
func (p *printer) unlessEmpty(key, v string) {
	if v != "" {
		p.str(key, v)
	}
}

func (p *printer) daemon(d *Daemon) {
	p.line("[daemon]")
	p.str("metrics", d.Metrics)
	p.str("log", d.Log)
	p.str("format", d.Format)
	p.bool("realtime", d.Realtime)
	if d.Lease.Auto {
		p.str("lease", "auto")
	} else {
		p.durOrOff("lease", d.Lease.Duration)
	}
	p.str("readers", d.Readers)
	if d.RequireForwarding {
		p.str("forwarding", "require")
	} else {
		p.str("forwarding", "warn")
	}
	if d.Return {
		p.str("maintenance", "return")
	} else {
		p.str("maintenance", "stay")
	}
	p.str("record", d.Record)
}

func (p *printer) track(t *Track) {
	p.line("\n[[track]]")
	p.str("name", t.Name)
	if t.Kind == TrackCommand {
		p.strs(string(t.Kind), t.Command)
	} else {
		p.str(string(t.Kind), p.target(t))
	}
	p.dur("interval", t.Interval)
	p.dur("timeout", t.Timeout)
	p.num("rise", t.Rise)
	p.num("fall", t.Fall)
	p.dur("delay_up", t.DelayUp)
	p.dur("delay_down", t.DelayDown)
}

func (p *printer) hsrp(h *HSRP) {
	p.line("\n[[hsrp]]")
	p.str("interface", h.Interface)
	p.num("group", int(h.ID))
	p.num("version", int(h.Version))
	p.group(&h.Group)
	comment := ""
	if h.Learn {
		p.line("# until the active router's are learned:")
		comment = "# "
	}
	p.dur(comment+"hello", h.Hello)
	p.dur(comment+"hold", h.Hold)
	p.auth(h.Auth)
	p.str("off_subnet", map[bool]string{false: "ignore", true: "accept"}[h.OffSubnet])
	p.tables("hsrp", &h.Group)
}

func (p *printer) vrrp(v *VRRP) {
	p.line("\n[[vrrp]]")
	p.str("interface", v.Interface)
	p.num("vrid", int(v.VRID))
	p.num("version", int(v.Version))
	p.group(&v.Group)
	p.dur("advertise", v.Advertise)
	p.bool("accept", v.Accept)
	p.addrs("peers", v.Peers)
	p.num("min_ttl", int(v.MinTTL))
	p.str("checksum", v.Checksum)
	p.auth(v.Auth)
	p.tables("vrrp", &v.Group)
}

func (p *printer) group(g *Group) {
	p.unlessEmpty("name", g.Name)
	p.strs("virtual_ips", virtualTexts(g))
	p.num("priority", int(g.Priority))
	p.bool("preempt", g.Preempt)
	p.dur("preempt_delay", g.PreemptDelay)
	p.line("delay = { minimum = %s, reload = %s }", quote(short(g.Delay.Minimum)), quote(short(g.Delay.Reload)))
	if g.MACMode == MACChosen {
		p.str("mac", g.MAC.String())
	} else {
		p.str("mac", string(g.MACMode))
	}
	p.unlessEmpty("follow", g.Follow)
	refs := make([]string, len(g.Track))
	for i, r := range g.Track {
		refs[i] = trackRefText(r)
	}
	p.line("track = [%s]", strings.Join(refs, ", "))
	p.addrs("neighbors", g.Neighbors)
	p.str("install", string(g.Install))
	p.bool("understudy", g.Understudy)
	p.bool("confirm", g.Confirm)
	p.routes(g)
}

// virtualTexts returns the virtual addresses as the file says them.
func virtualTexts(g *Group) []string {
	out := texts(g.VirtualIPs)
	for _, pfx := range g.Prefixes {
		out[slices.Index(g.VirtualIPs, pfx.Addr())] = pfx.String()
	}
	return out
}

func trackRefText(r TrackRef) string {
	if r.Shutdown {
		return fmt.Sprintf("{ object = %s, shutdown = true }", quote(r.Object))
	}
	return fmt.Sprintf("{ object = %s, decrement = %d }", quote(r.Object), r.Decrement)
}

func (p *printer) auth(a Auth) {
	switch {
	case a.File != "":
		p.line("auth = { md5_file = %s, key_id = %d }", quote(a.File), a.KeyID)
	case a.MD5 != "":
		p.line("auth = { md5 = %s, key_id = %d }", quote(p.secret(a.MD5)), a.KeyID)
	case a.Text == defaultText: // of every router that has no other
		p.line("auth = { text = %s }", quote(a.Text))
	case a.Text != "":
		p.line("auth = { text = %s }", quote(p.secret(a.Text)))
	case a.Keychain != "":
		p.line("auth = %s", keychainAuth(a))
	}
}

// tables writes the tables below a group. They come last, because a key after
// them would be theirs.
func (p *printer) tables(proto string, g *Group) {
	a := &g.Announce
	p.line("\n[%s.announce]", proto)
	p.num("count", a.Count)
	p.dur("interval", a.Interval)
	p.durOrOff("refresh", a.Refresh)
	p.bool("real_ip", a.RealIP)
	p.str("probe", a.Probe)
	p.durOrOff("router_lifetime", a.RouterLifetime)

	h := &g.Hooks
	p.line("\n[%s.hooks]", proto)
	p.strs("active", h.Active)
	p.strs("standby", h.Standby)
	if len(h.PreActive.Command) > 0 {
		p.line("pre_active = { command = %s, deadline = %s }",
			quoteAll(h.PreActive.Command), quote(short(h.PreActive.Deadline)))
	}
}

func texts(addrs []netip.Addr) []string {
	out := make([]string, len(addrs))
	for i, a := range addrs {
		out[i] = a.String()
	}
	return out
}

func quoteAll(v []string) string {
	out := make([]string, len(v))
	for i, s := range v {
		out[i] = quote(s)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// quote writes s as a basic string of TOML, which has fewer escapes than Go.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range strings.ToValidUTF8(s, string(utf8.RuneError)) {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
