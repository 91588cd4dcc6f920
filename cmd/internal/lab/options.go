package lab

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// Options are the flags of `fhrpd lab`. Start from Defaults.
type Options struct {
	Protocol string        // hsrp1, hsrp2, vrrp2, vrrp3
	IPv6     bool          // HSRP version 2 and VRRP version 3 only
	Hello    time.Duration // hello time or advertisement interval; 0 = the protocol's default here
	Hold     time.Duration // HSRP's hold time; 0 = three hellos. VRRP derives its own
	Groups   int           // 1 to 255; HSRP version 2 up to 4095
	Fault    string        // one of Faults
	Rate     time.Duration // interval of the client's datagrams, 100 µs to 100 ms
	JSON     bool          // print events and verdict as JSON, one object a line
	SVG      string        // file for the timeline picture
	Pcap     string        // file for the switch's capture, pcapng
	Stay     bool          // keep the lab up until the context is done

	// Program is the file to run as the gateways' daemon; empty is this program.
	Program string
}

// Defaults returns what `fhrpd lab` does without flags: HSRP version 2 with a
// hello every 200 ms, held for 600 ms, and the daemon of the active gateway
// killed. These timers are the shortest round ones that Cisco accepts with some
// margin; the run takes 7 s.
func Defaults() Options {
	return Options{Protocol: "hsrp2", Groups: 1, Fault: "kill", Rate: time.Millisecond}
}

// Protocols are the values of Options.Protocol.
var Protocols = []string{"hsrp1", "hsrp2", "vrrp2", "vrrp3"}

// defaultHello is the default interval, except in version 2 of VRRP.
const defaultHello = 200 * time.Millisecond

// Validate returns every fault of the options, joined, with what is allowed.
func (o Options) Validate() error {
	var errs []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	f := findFault(o.Fault)
	fault(f.name == "", "fault %q: want %s", o.Fault, strings.Join(Faults(), ", "))
	fault(o.SVG != "" && o.SVG == o.Pcap, "svg and pcap %q: want two files", o.SVG)
	known := slices.Contains(Protocols, o.Protocol)
	fault(!known, "protocol %q: want %s", o.Protocol, strings.Join(Protocols, ", "))
	fault(o.Rate < 100*time.Microsecond || o.Rate > 100*time.Millisecond, "rate %v: want 100µs to 100ms between datagrams", o.Rate)
	if !known {
		return errors.Join(errs...)
	}
	p := o.plan()
	most := p.maxGroup()
	fault(o.Groups < 1 || o.Groups > most, "groups %d: want 1 to %d with %s", o.Groups, most, o.Protocol)
	fault(o.IPv6 && (o.Protocol == "hsrp1" || o.Protocol == "vrrp2"), "%s: carries no IPv6; want hsrp2 or vrrp3", o.Protocol)
	if p.proto == hello.ProtocolVRRP {
		fault(o.Hold != 0, "hold %v: VRRP derives it from the interval and the priority", o.Hold)
		fault(!hello.ValidAdverInterval(p.version, p.hello), "hello %v: not an advertisement interval of %s", p.hello, o.Protocol)
	} else {
		fault(p.hello < hello.MinHelloTime, "hello %v: want at least %v", p.hello, hello.MinHelloTime)
		fault(p.hold <= p.hello, "hold %v: must exceed hello %v", p.hold, p.hello)
	}
	fault(p.detect() > 30*time.Second, "takeover after %v: want at most 30s, or the lab takes too long", p.detect())
	return errors.Join(errs...)
}

// plan returns what follows from the options. Of these only the protocol's name
// need be valid.
func (o Options) plan() plan {
	p := plan{
		name: o.Protocol, proto: hello.ProtocolHSRP, version: o.Protocol[len(o.Protocol)-1] - '0', family: hello.IPv4,
		hello: cmp.Or(o.Hello, defaultHello), groups: o.Groups, rate: o.Rate, fault: findFault(o.Fault),
	}
	if o.IPv6 {
		p.family = hello.IPv6
	}
	if strings.HasPrefix(o.Protocol, "vrrp") {
		p.proto = hello.ProtocolVRRP
	}
	if o.Protocol == "vrrp2" {
		p.hello = cmp.Or(o.Hello, time.Second) // it knows whole seconds only
	}
	p.hold = cmp.Or(o.Hold, 3*p.hello)
	return p
}
