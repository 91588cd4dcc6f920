package vip_test

import (
	"log"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/vip"
)

// A router becomes active and gives up again: the gate comes first both times,
// and the addresses follow when there is time.
func Example() {
	iface, err := vip.Open("eth0", vip.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer iface.Close()
	const users vip.ID = 1
	err = iface.Add(users, vip.Router{
		MAC:    [6]byte{0x00, 0x00, 0x0c, 0x9f, 0xf0, 0x0a},
		Addrs:  []netip.Addr{netip.MustParseAddr("192.168.1.1")},
		Accept: true,
	})
	if err != nil {
		log.Fatal(err)
	}

	const lease = 13 * time.Second
	iface.Gate([]vip.Claim{{ID: users, Lease: lease}}, nil)
	iface.Address([]vip.ID{users}, nil)

	renew := time.NewTicker(lease / 3)
	defer renew.Stop()
	for range renew.C {
		if lost, err := iface.Renew(); err != nil || len(lost) > 0 {
			break // the kernel has stopped forwarding: demote
		}
	}

	iface.Gate(nil, []vip.ID{users})
	iface.Address(nil, []vip.ID{users})
}
