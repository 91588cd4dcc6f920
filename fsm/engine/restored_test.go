package engine_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

func TestRestoredAddressesAreReported(t *testing.T) {
	h := vrrpActive(t)
	h.e.AddressesRestored(h.now, "eth0", []netip.Addr{vip4}, errKernel)
	if got := h.told(engine.KindAddress); len(got) != 1 || !strings.Contains(got[0], "put back") {
		t.Errorf("told %q", got)
	}
	if got := h.told(engine.KindWarning); len(got) != 1 {
		t.Errorf("told %q", got)
	}
}

func TestConnectedRouteIsToldApartFromItsAddress(t *testing.T) {
	h := newHost(t, `
[[vrrp]]
interface = "eth0"
vrid = 20
virtual_ips = ["192.0.2.1", "10.77.0.9/24", "10.78.0.0/31"]
`)
	addr := netip.MustParseAddr
	h.e.AddressesRestored(h.now, "eth0", []netip.Addr{addr("10.77.0.0"), addr("10.77.0.9"), addr("10.78.0.0")}, nil)
	want := []string{
		"eth0: route to 10.77.0.0/24 of virtual address 10.77.0.9 was removed by somebody else; put back",
		"eth0: virtual address 10.77.0.9 was removed by somebody else; put back",
		"eth0: virtual address 10.78.0.0 was removed by somebody else; put back",
	}
	if diff := cmp.Diff(want, h.told(engine.KindAddress)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Somebody who insists is told of rarely, and each time is counted.
func TestWhatIsPutBackIsSaidOnceAndCounted(t *testing.T) {
	h := hsrpActive(t)
	const arpIgnore = "net/ipv4/conf/eth0/arp_ignore"
	first := h.now
	for range 60 {
		h.e.SettingsRestored(h.now, "eth0", []string{arpIgnore}, nil)
		h.e.FilterRestored(h.now, "eth0", []hello.MAC{otherMAC}, nil)
		h.run(time.Second)
	}
	h.e.AddressesRestored(h.now, "eth0", []netip.Addr{vip4, peer4}, nil)
	want := []string{
		"eth0: net/ipv4/conf/eth0/arp_ignore was changed by somebody else; put back, and further changes are counted",
		"eth0: virtual MAC 02:00:00:00:00:66 was taken from the unicast filter by somebody else; put back, and further removals are counted",
	}
	if diff := cmp.Diff(want, h.told(engine.KindWarning)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	got := h.e.Status(h.now).Interfaces[0].Restored
	if want := (engine.Restored{Addresses: 2, Settings: 60, Filter: 60, Last: first.Add(time.Minute)}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	h.clear().run(time.Hour)
	h.e.SettingsRestored(h.now, "eth0", []string{arpIgnore}, nil)
	if got := h.told(engine.KindWarning); len(got) != 1 {
		t.Errorf("after an hour: %q", got)
	}
}

func TestWhatCannotBePutBackIsSaidOnce(t *testing.T) {
	h := hsrpActive(t)
	for range 3 {
		h.e.AddressesRestored(h.now, "eth0", nil, errKernel)
		h.e.SettingsRestored(h.now, "eth0", nil, errKernel)
		h.e.FilterRestored(h.now, "eth0", nil, errKernel)
		h.e.SettingsRestored(h.now, "eth9", nil, errKernel) // not ours
	}
	want := []string{"eth0: put virtual addresses back: the kernel said no", "eth0: put settings back: the kernel said no", "eth0: let virtual MACs in: the kernel said no"}
	if diff := cmp.Diff(want, h.told(engine.KindWarning)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := h.e.Status(h.now).Interfaces[0].Restored; got != (engine.Restored{}) {
		t.Errorf("counted %+v", got)
	}
}
