package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// Restored counts what somebody else took from an interface, or changed there,
// and the port has put back.
type Restored struct {
	Addresses uint64    // virtual addresses
	Settings  uint64    // of the kernel
	Filter    uint64    // virtual MACs in the unicast filter
	Routes    uint64    // routes and rules that follow a role
	Last      time.Time // zero: nothing yet
}

// AddressesRestored is the port's word that virtual addresses which somebody else
// had removed are back, or could not be put back.
func (e *Engine) AddressesRestored(now time.Time, name string, missing []netip.Addr, err error) {
	i := e.byName[name]
	if e.stopped || i == nil {
		return
	}
	i.countRestored(now, &i.restored.Addresses, len(missing))
	for _, a := range missing {
		i.tell(now, KindAddress, i.placeAt(a)+" was removed by somebody else; put back")
	}
	if err != nil {
		i.tellRarely(now, wordAddresses, byText(err.Error()), "put virtual addresses back: "+err.Error())
	}
}

// placeAt names what the port makes for an address: the first one of a subnet stands
// for its connected route, unless it is a virtual address itself.
func (i *iface) placeAt(a netip.Addr) string {
	for _, g := range i.groups {
		for _, p := range g.Prefixes {
			if p.Masked().Addr() == a && !slices.ContainsFunc(i.groups, func(g *group) bool { return slices.Contains(g.vips, a) }) {
				return fmt.Sprintf("route to %s of virtual address %s", p.Masked(), p.Addr())
			}
		}
	}
	return fmt.Sprintf("virtual address %s", a)
}

// SettingsRestored is the port's word that settings of the kernel which somebody
// else had changed are as they have to be, or could not be put back. Who sets them
// again and again is told of rarely.
func (e *Engine) SettingsRestored(now time.Time, name string, changed []string, err error) {
	i := e.byName[name]
	if e.stopped || i == nil {
		return
	}
	i.countRestored(now, &i.restored.Settings, len(changed))
	for _, s := range changed {
		i.tellRarely(now, wordSetting, byText(s), s+" was changed by somebody else; put back, and further changes are counted")
	}
	if err != nil {
		i.tellRarely(now, wordSettings, byText(err.Error()), "put settings back: "+err.Error())
	}
}

// FilterRestored is the port's word that virtual MACs which somebody else had taken
// from the interface's unicast filter are let in again, or could not be.
func (e *Engine) FilterRestored(now time.Time, name string, macs []hello.MAC, err error) {
	i := e.byName[name]
	if e.stopped || i == nil {
		return
	}
	i.countRestored(now, &i.restored.Filter, len(macs))
	for _, mac := range macs {
		i.tellRarely(now, wordFilter, byMAC(mac),
			fmt.Sprintf("virtual MAC %s was taken from the unicast filter by somebody else; put back, and further removals are counted", mac))
	}
	if err != nil {
		i.tellRarely(now, wordFilters, byText(err.Error()), "let virtual MACs in: "+err.Error())
	}
}

func (i *iface) countRestored(now time.Time, counter *uint64, n int) {
	if n > 0 {
		*counter += uint64(n)
		i.restored.Last = now
	}
}

// tellRarely warns once for each subject, and then rarely.
func (i *iface) tellRarely(now time.Time, word string, about subject, message string) {
	if i.r.complaints.first(now, i.ref(), word, about) {
		i.tell(now, KindWarning, message)
	}
}
