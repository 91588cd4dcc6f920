package hello

import (
	"fmt"
	"net/netip"
	"time"
)

// Op is the HSRP opcode (RFC 2281 section 5.1).
type Op uint8

// HSRP opcodes. OpAdvertise is version 1 only and outside RFC 2281.
const (
	OpHello     Op = 0
	OpCoup      Op = 1
	OpResign    Op = 2
	OpAdvertise Op = 3
)

// String returns the opcode's name as used in RFC 2281.
func (o Op) String() string {
	switch o {
	case OpHello:
		return "Hello"
	case OpCoup:
		return "Coup"
	case OpResign:
		return "Resign"
	case OpAdvertise:
		return "Advertise"
	}
	return fmt.Sprintf("Op(%d)", uint8(o))
}

// HSRPState is a state of RFC 2281 section 5.3, numbered as in its table (and
// as on the wire of version 2). Version 1 uses other codes on the wire.
type HSRPState uint8

// The six states. The zero value is none of them.
const (
	_ HSRPState = iota
	Initial
	Learn
	Listen
	Speak
	Standby
	Active
)

var hsrpStateNames = [...]string{"Unknown", "Init", "Learn", "Listen", "Speak", "Standby", "Active"}

// String returns the state's name as Cisco IOS prints it.
func (s HSRPState) String() string {
	if int(s) < len(hsrpStateNames) {
		return hsrpStateNames[s]
	}
	return fmt.Sprintf("HSRPState(%d)", uint8(s))
}

// HSRP is a Hello, Coup or Resign of either version.
type HSRP struct {
	Version    uint8 // 1 or 2
	Op         Op
	State      HSRPState
	Family     Family // IPv4; IPv6 only in version 2
	Group      uint16 // 0-255 in version 1, 0-4095 in version 2
	Identifier MAC    // sender's physical MAC; version 2 only
	Priority   uint8
	HelloTime  time.Duration // 0 = not carried (version 1 with sub-second timers)
	HoldTime   time.Duration // 0 = not carried
	VirtualIP  netip.Addr    // the primary virtual address; unspecified or invalid when unknown
}

func (*HSRP) message() {}

// InterfaceState is the state in an Advertise (version 1 wire codes).
type InterfaceState uint8

// Interface states of the Advertise message.
const (
	Dormant          InterfaceState = 1
	PassiveInterface InterfaceState = 2
	ActiveInterface  InterfaceState = 3
)

// Advertise is HSRP's interface-state message: opcode 3 of version 1, the
// Interface State TLV of version 2. Counts are information only. It is read and
// never sent.
type Advertise struct {
	Version uint8 // 1 or 2
	State   InterfaceState
	Active  uint16 // groups in Active
	Passive uint16 // groups in another state
}

func (*Advertise) message() {}
