package hsrp

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/internal/scenario"
	"github.com/fhrpd/fhrpd/hello"
)

func TestScenarios(t *testing.T) {
	scenario.Run(t, "testdata/*.txt", scenario.Protocol{New: newFromLine, Message: messageFromLine, Format: formatMessage})
}

// newFromLine reads "group prio=110 vip=A,B version=2 hello=250ms hold=800ms
// delay=30s preempt". Without vip, hello and hold they are learned.
func newFromLine(l scenario.Line) (scenario.Machine, error) {
	cfg := Config{Version: 1, Family: hello.IPv4, Priority: 100}
	err := l.Only("prio", "vip", "version", "hello", "hold", "delay")
	for _, w := range l.Words {
		cfg.Preempt = cfg.Preempt || w == "preempt"
	}
	for key, value := range l.Options {
		switch key {
		case "prio":
			cfg.Priority = number(value, &err)
		case "version":
			cfg.Version = number(value, &err)
		case "hello":
			cfg.HelloTime = duration(value, &err)
		case "hold":
			cfg.HoldTime = duration(value, &err)
		case "delay":
			cfg.PreemptDelay = duration(value, &err)
		case "vip":
			for s := range strings.SplitSeq(value, ",") {
				cfg.VirtualIPs = append(cfg.VirtualIPs, address(s, &err))
			}
			cfg.Family = hello.FamilyOf(cfg.VirtualIPs[0])
		}
	}
	return New(cfg), err
}

// messageFromLine reads "recv hello state=Active prio=100 hello=3s hold=10s
// vip=192.0.2.254 version=1".
func messageFromLine(l scenario.Line) (hello.Message, error) {
	m := &hello.HSRP{Version: 1, Family: hello.IPv4, State: hello.Active, Priority: 100}
	m.HelloTime, m.HoldTime = hello.DefaultHelloTime, hello.DefaultHoldTime
	m.VirtualIP = netip.MustParseAddr("192.0.2.254")
	err := l.Only("state", "prio", "hello", "hold", "vip", "version")
	if m.Op, err = opcode(l.Words, err); err != nil {
		return nil, err
	}
	for key, value := range l.Options {
		switch key {
		case "state":
			m.State = state(value, &err)
		case "prio":
			m.Priority = number(value, &err)
		case "version":
			m.Version = number(value, &err)
		case "hello":
			m.HelloTime = duration(value, &err)
		case "hold":
			m.HoldTime = duration(value, &err)
		case "vip":
			m.VirtualIP = address(value, &err)
		}
	}
	return m, err
}

func formatMessage(m hello.Message) string {
	h := m.(*hello.HSRP)
	return fmt.Sprintf("%s state=%s prio=%d hello=%s hold=%s vip=%s",
		h.Op, h.State, h.Priority, h.HelloTime, h.HoldTime, h.VirtualIP)
}

func opcode(words []string, err error) (hello.Op, error) {
	for op := hello.OpHello; op <= hello.OpResign; op++ {
		if len(words) == 1 && strings.EqualFold(op.String(), words[0]) {
			return op, err
		}
	}
	return 0, fmt.Errorf("recv %v: want hello, coup or resign", words)
}

func state(s string, err *error) hello.HSRPState {
	for st := hello.Initial; st <= hello.Active; st++ {
		if strings.EqualFold(st.String(), s) {
			return st
		}
	}
	*err = fmt.Errorf("no state %q", s)
	return 0
}

func number(s string, err *error) uint8 {
	n, e := strconv.ParseUint(s, 10, 8)
	if e != nil {
		*err = e
	}
	return uint8(n)
}

func duration(s string, err *error) time.Duration {
	d, e := time.ParseDuration(s)
	if e != nil {
		*err = e
	}
	return d
}

func address(s string, err *error) netip.Addr {
	a, e := netip.ParseAddr(s)
	if e != nil {
		*err = e
	}
	return a
}
