package configs

import (
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// leaseMin is the shortest lease: a virtual machine that stalls for half a
// second must not lose its addresses for that.
const leaseMin = 500 * time.Millisecond

func (p *parser) daemon(r *rawDaemon) Daemon {
	return Daemon{
		Metrics:  p.metrics(&r.Metrics),
		Log:      oneOf(p, &r.Log, "info, debug, warn, error"),
		Format:   oneOf(p, &r.Format, "text, json"),
		Realtime: r.Realtime.or(true),
		Lease:    p.lease(&r.Lease),
		Readers:  p.readers(&r.Readers),

		RequireForwarding: oneOf(p, &r.Forwarding, "warn, require") == "require",
		Return:            oneOf(p, &r.Maintenance, "stay, return") == "return",

		Record: p.folder(&r.Record),
	}
}

func (p *parser) metrics(o *opt[string]) string {
	if !o.given() || o.v == "" {
		return ""
	}
	if !hostPort(o.v, 0) {
		p.fault(o.at, "metrics %q must be host:port with a port of 0 to 65535, such as \"127.0.0.1:9650\"", o.v)
	}
	return o.v
}

// readers takes the name or the number of a group of the system; "" is nobody's.
func (p *parser) readers(o *opt[string]) string {
	if o.v == "" {
		return ""
	}
	return p.label(o)
}

// folder takes an absolute path; "" is none.
func (p *parser) folder(o *opt[string]) string {
	if o.v == "" {
		return ""
	}
	if !filepath.IsAbs(o.v) || len(o.v) > 1024 || strings.ContainsFunc(o.v, unicode.IsControl) {
		p.fault(o.at, "%s %q must be the absolute path of a folder, such as \"/var/lib/fhrpd/record\"", o.at.key, o.v)
	}
	return o.v
}

// hostPort reports whether s is host:port with a decimal port of at least low.
func hostPort(s string, low uint64) bool {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n >= low
}

func (p *parser) lease(o *opt[span]) Lease {
	d, given := p.durationOr(o, 0, leaseMin, time.Hour, "auto", "off")
	off := o.v == "off"
	return Lease{Auto: !given && !off, Off: off, Duration: d}
}
