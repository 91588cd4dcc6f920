package engine

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

var (
	start   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	self4   = netip.MustParseAddr("192.0.2.10")
	other4  = netip.MustParseAddr("192.0.2.11")
	shared4 = netip.MustParseAddr("192.0.2.1")
)

// gatekeeper is a port that notes what it is to do with gates and addresses.
type gatekeeper struct {
	log  []string
	deny bool // no gate is opened
}

func (*gatekeeper) Add(ID, Virtual) error                        { return nil }
func (*gatekeeper) Remove(ID)                                    {}
func (*gatekeeper) Transmit([][]byte) ([]int, error)             { return nil, nil }
func (*gatekeeper) Unicast(netip.Addr, netip.Addr, []byte) error { return nil }
func (*gatekeeper) LookOut([]hello.MAC)                          {}
func (*gatekeeper) Flooded() uint64                              { return 0 }
func (*gatekeeper) Renew() ([]ID, error)                         { return nil, nil }
func (p *gatekeeper) Address(_ Round, add, remove []ID)          { p.note("address", len(add), len(remove)) }
func (p *gatekeeper) Gate(open []Claim, shut []ID) ([]ID, error) {
	if p.deny && len(open) > 0 {
		return nil, errors.New("the kernel said no")
	}
	p.note("gate", len(open), len(shut))
	return nil, nil
}

func (p *gatekeeper) note(what string, more, less int) {
	p.log = append(p.log, fmt.Sprintf("%s +%d -%d", what, more, less))
}

// vrrpGroup is a VRRP router on eth0 that advertises at an interval.
func vrrpGroup(number uint16, every time.Duration) Group {
	return Group{
		Ref:     Ref{hello.ProtocolVRRP, hello.IPv4, number, "eth0"},
		Version: 3, VirtualIPs: []netip.Addr{shared4}, Priority: 100, HelloTime: every,
	}
}

// newEngine is an engine of groups on eth0, which is up.
func newEngine(t *testing.T, port Port, preActive func(PreActive) func(error), groups ...Group) *Engine {
	t.Helper()
	e, err := New(Config{Groups: groups}, Options{
		Ports: map[string]Port{"eth0": port}, PreActive: preActive,
		Random: func() float64 { return 0 }, Mark: func() uint64 { return 1 }, Now: start,
	})
	if err != nil {
		t.Fatal(err)
	}
	e.LinkChanged(start, "eth0", Link{
		Name: "eth0", Index: 2, MAC: hello.MAC{2, 0, 0, 0, 0, 1}, Up: true, Addr4: self4,
		Addrs: []netip.Prefix{netip.PrefixFrom(self4, 24)},
	})
	return e
}

// advert is what another router of vrrpGroup(10, time.Second) says.
func advert(priority uint8) []byte {
	env := hello.GroupEnvelope(hello.ProtocolVRRP, 3, other4, hello.MAC{2, 0, 0, 0, 0, 9})
	m := hello.VRRP{
		Version: 3, VRID: 10, Priority: priority, Family: hello.IPv4,
		AdverInterval: time.Second, VirtualIPs: []netip.Addr{shared4},
	}
	return hello.AppendFrame(nil, &env, hello.AppendVRRP(nil, &m, "", hello.MessageOnly, env.Src, env.Dst))
}

// Roles that never stop to change do not keep the port from being told.
func TestPortIsToldWhileRolesGoOnChanging(t *testing.T) {
	var l lookout
	for at := start; at.Before(start.Add(time.Second)); at = at.Add(lookoutPause / 2) {
		l.change(at)
	}
	if got := l.deadline().Sub(start); got != lookoutMost {
		t.Errorf("told %v after the first change, want %v", got, lookoutMost)
	}
}
