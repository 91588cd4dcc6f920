package vrrp_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/vrrp"
	"github.com/fhrpd/fhrpd/hello"
)

// A backup hears the active router advertise and resign, and takes over when
// its skew time has passed.
func Example() {
	virtual := []netip.Addr{netip.MustParseAddr("192.0.2.1")}
	router := vrrp.New(vrrp.Config{
		VRID: 20, Version: 3, Family: hello.IPv4, Priority: 100, Preempt: true,
		AdverInterval: time.Second, VirtualIPs: virtual,
	})
	start := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	step := func(after time.Duration, ev fsm.Event) {
		for _, a := range router.Step(start.Add(after), ev) {
			fmt.Printf("%v: %s\n", after, words(a))
		}
	}
	advertise := func(priority uint8) *fsm.Received {
		return &fsm.Received{From: netip.MustParseAddr("192.0.2.3"), Message: &hello.VRRP{
			Version: 3, VRID: 20, Priority: priority, Family: hello.IPv4,
			AdverInterval: time.Second, VirtualIPs: virtual,
		}}
	}

	step(0, fsm.Up{Addr: netip.MustParseAddr("192.0.2.2"), MAC: hello.MAC{0x02, 0, 0, 0, 0, 0x02}})
	step(400*time.Millisecond, advertise(200))
	step(900*time.Millisecond, advertise(hello.ResignPriority))
	for range 2 {
		at, _ := router.Deadline()
		step(at.Sub(start), fsm.Tick{})
	}

	// Output:
	// 0s: announce the own address at its own MAC
	// 0s: Initialize -> Backup (started)
	// 1.509375s: take the virtual MAC and the addresses
	// 1.509375s: advertise with priority 100
	// 1.509375s: announce the addresses at the virtual MAC
	// 1.509375s: Backup -> Active (peer-resigned)
	// 2.509375s: advertise with priority 100
}

// words says what an engine would do.
func words(a fsm.Action) string {
	switch a := a.(type) {
	case fsm.Acquire:
		return "take the virtual MAC and the addresses"
	case fsm.Send:
		return fmt.Sprintf("advertise with priority %d", a.Message.(*hello.VRRP).Priority)
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
