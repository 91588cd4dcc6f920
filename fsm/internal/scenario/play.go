package scenario

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// Machine is what the protocol machines have in common.
type Machine interface {
	Step(now time.Time, ev fsm.Event) []fsm.Action
	Deadline() (at time.Time, armed bool)
	Status() fsm.Status
}

// Protocol is what a scenario needs to know of a protocol.
type Protocol struct {
	// New makes the machine from the line "group …", which is the first.
	New func(Line) (Machine, error)
	// Message makes a message from "recv WORD… key=value…". The options "from"
	// and "mac" are taken care of.
	Message func(Line) (hello.Message, error)
	// Format prints a message in one line.
	Format func(hello.Message) string
}

// epoch is when scenarios begin. Any time but the zero one will do.
var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// maxTicks is far above what one line can need. A machine that asks for more does not
// move its deadline when it gets a Tick.
const maxTicks = 10_000

type player struct {
	protocol Protocol
	machine  Machine
	now      time.Time
	trace    []string
}

// line plays one command and returns the actions it led to. Deadlines before its time
// get their Tick first, those at exactly its time get it afterwards.
func (p *player) line(raw string) ([]string, error) {
	l, err := parse(raw)
	if err != nil {
		return nil, err
	}
	p.trace = nil
	if l.Verb == "group" {
		p.now = epoch
		p.machine, err = p.protocol.New(l)
		return nil, err
	}
	if p.machine == nil {
		return nil, errors.New(`the first command must be "group"`)
	}
	at := epoch.Add(l.At)
	if at.Before(p.now) {
		return nil, fmt.Errorf("time runs backwards to %s", l.At)
	}
	if err := p.serve(at.Add(-1)); err != nil {
		return nil, err
	}
	p.now = at
	if err := p.do(l); err != nil {
		return nil, err
	}
	return p.trace, p.serve(at)
}

// do plays the command itself.
func (p *player) do(l Line) error {
	switch l.Verb {
	case "run":
		return nil
	case "show":
		p.print("%s", status(p.machine.Status()))
		return nil
	}
	ev, err := p.event(l)
	if err == nil {
		p.step(ev)
	}
	return err
}

// serve sends a Tick at every deadline up to and including until.
func (p *player) serve(until time.Time) error {
	for range maxTicks {
		at, armed := p.machine.Deadline()
		if !armed || at.After(until) {
			return nil
		}
		if at.After(p.now) {
			p.now = at
		}
		p.step(fsm.Tick{})
	}
	return fmt.Errorf("the deadline stays at %s", p.now.Sub(epoch))
}

func (p *player) step(ev fsm.Event) {
	for _, a := range p.machine.Step(p.now, ev) {
		p.print("%s", p.action(a))
	}
}

func (p *player) print(format string, args ...any) {
	p.trace = append(p.trace, fmt.Sprintf("%-7s ", p.now.Sub(epoch))+fmt.Sprintf(format, args...))
}

// event turns a command into an event:
//
//	up ADDR [mac=MAC]        down CAUSE [WORD…]       recv … from ADDR [mac=MAC]
//	priority N [of CONFIGURED]    fence [WORD…]    tick
func (p *player) event(l Line) (fsm.Event, error) {
	detail := strings.Join(l.Words, " ")
	switch l.Verb {
	case "tick":
		return fsm.Tick{}, nil
	case "up":
		return up(l)
	case "down":
		cause, detail, _ := strings.Cut(detail, " ")
		return fsm.Down{Cause: fsm.Cause(cause), Detail: detail}, nil
	case "recv":
		return p.received(l)
	case "priority":
		return priority(l)
	case "fence":
		return fsm.Fenced{Cause: fsm.CauseStalled, Detail: detail}, nil
	}
	return nil, fmt.Errorf("unknown command %q", l.Verb)
}

func up(l Line) (fsm.Event, error) {
	if len(l.Words) != 1 {
		return nil, errors.New("up: want one address")
	}
	addr, err := netip.ParseAddr(l.Words[0])
	if err != nil {
		return nil, err
	}
	mac, err := macOf(l, addr)
	return fsm.Up{Addr: addr, MAC: mac}, err
}

func (p *player) received(l Line) (fsm.Event, error) {
	from, err := netip.ParseAddr(l.Options["from"])
	if err != nil {
		return nil, fmt.Errorf("recv: want \"from ADDR\": %w", err)
	}
	mac, err := macOf(l, from)
	if err != nil {
		return nil, err
	}
	delete(l.Options, "from")
	m, err := p.protocol.Message(l)
	return &fsm.Received{From: from, MAC: mac, Message: m}, err
}

// macOf returns the option "mac", or a MAC that ends like addr.
func macOf(l Line, addr netip.Addr) (hello.MAC, error) {
	if s, ok := l.Options["mac"]; ok {
		delete(l.Options, "mac")
		return hello.ParseMAC(s)
	}
	b := addr.AsSlice()
	return hello.MAC{2, 0, 0, 0, 0, b[len(b)-1]}, nil
}

func priority(l Line) (fsm.Event, error) {
	if len(l.Words) == 0 {
		return nil, errors.New("priority: want a number")
	}
	n, err := strconv.ParseUint(l.Words[0], 10, 8)
	if err != nil {
		return nil, err
	}
	configured, err := strconv.ParseUint(l.Words[len(l.Words)-1], 10, 8)
	return fsm.SetPriority{Effective: uint8(n), Configured: uint8(configured)}, err
}
