package lab

import (
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

// Default intervals. Version 2 of VRRP knows whole seconds only.
const (
	defaultHello     = 200 * time.Millisecond
	defaultHelloVRRP = time.Second
)

// Validate returns every fault of the options, joined: what was found and what
// is allowed.
func (o Options) Validate() error {
	errs := []error{o.validateFault()}
	fault := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
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

func (o Options) validateFault() error {
	f, ok := findFault(o.Fault)
	if !ok {
		return fmt.Errorf("fault %q: want %s", o.Fault, strings.Join(Faults(), ", "))
	}
	if f.inject == nil {
		return fmt.Errorf("fault %s: not available in this build", o.Fault)
	}
	return nil
}

// plan returns what follows from the options, which need not be valid beyond
// the protocol's name.
func (o Options) plan() plan {
	f, _ := findFault(o.Fault)
	p := plan{
		name: o.Protocol, family: hello.IPv4, groups: o.Groups, fault: f,
		hello: o.Hello, hold: o.Hold, rate: o.Rate,
	}
	if o.IPv6 {
		p.family = hello.IPv6
	}
	p.proto, p.version = hello.ProtocolHSRP, o.Protocol[len(o.Protocol)-1]-'0'
	if strings.HasPrefix(o.Protocol, "vrrp") {
		p.proto = hello.ProtocolVRRP
	}
	if p.hello == 0 {
		p.hello = defaultHello
		if o.Protocol == "vrrp2" {
			p.hello = defaultHelloVRRP
		}
	}
	if p.hold == 0 {
		p.hold = 3 * p.hello
	}
	return p
}
