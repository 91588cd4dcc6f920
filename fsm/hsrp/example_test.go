package hsrp_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/hsrp"
	"github.com/fhrpd/fhrpd/hello"
)

// A group that hears nobody becomes active. Time is whatever Deadline says that
// it has to be next.
func Example() {
	group := hsrp.New(hsrp.Config{
		Group: 10, Version: 2, Family: hello.IPv4, Priority: 110,
		HelloTime: 3 * time.Second, HoldTime: 10 * time.Second,
		VirtualIPs: []netip.Addr{netip.MustParseAddr("192.0.2.1")},
	})
	start := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	actions := group.Step(start, fsm.Up{
		Addr: netip.MustParseAddr("192.0.2.2"), MAC: hello.MAC{0x02, 0, 0, 0, 0, 0x02},
	})
	for now, state := start, ""; ; {
		for _, a := range actions {
			fmt.Printf("%v: %s\n", now.Sub(start), words(a))
			if change, ok := a.(fsm.Report); ok {
				state = change.To
			}
		}
		if state == "Active" {
			break
		}
		now, _ = group.Deadline()
		actions = group.Step(now, fsm.Tick{})
	}

	// Output:
	// 0s: announce the own address at its own MAC
	// 0s: Init -> Listen (started)
	// 10s: send Hello, state Speak, from the virtual MAC: false
	// 10s: Listen -> Speak (standby-timer-expired)
	// 13s: send Hello, state Speak, from the virtual MAC: false
	// 16s: send Hello, state Speak, from the virtual MAC: false
	// 19s: send Hello, state Speak, from the virtual MAC: false
	// 20s: send Hello, state Standby, from the virtual MAC: false
	// 20s: Speak -> Standby (standby-timer-expired)
	// 20s: take the virtual MAC and the addresses
	// 20s: send Hello, state Active, from the virtual MAC: true
	// 20s: announce the addresses at the virtual MAC
	// 20s: Standby -> Active (active-timer-expired)
}

// words says what an engine would do.
func words(a fsm.Action) string {
	switch a := a.(type) {
	case fsm.Acquire:
		return "take the virtual MAC and the addresses"
	case fsm.Send:
		m := a.Message.(*hello.HSRP)
		return fmt.Sprintf("send %v, state %v, from the virtual MAC: %v", m.Op, m.State, a.Virtual)
	case fsm.Announce:
		if a.Kind == fsm.Claim {
			return "announce the addresses at the virtual MAC"
		}
		return "announce the own address at its own MAC"
	case fsm.Report:
		return fmt.Sprintf("%s -> %s (%s)", a.From, a.To, a.Cause)
	}
	return fmt.Sprintf("%T", a)
}
