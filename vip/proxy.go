package vip

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// proxy is about the kernel's answers to ARP for addresses of other networks
// (proxy_arp). By itself it gives the interface's MAC in either role, and what hosts
// have learned so ends with that one router. RFC 2281 section 6.4 wants the virtual
// MAC from the active router and no answer from the others.
type proxy struct {
	on     bool
	own    []netip.Addr // IPv4 addresses of the host itself
	stands []element
}

// ProxyARP says whether the kernel answers ARP on the interface for others, and
// which addresses are the host's own there. While it does, its answers leave with the
// virtual MAC of the router with the lowest ID that has one and an IPv4 address, under
// that router's lease, and not at all while that is shut. Answers for the host's own
// addresses, and for those of routers without a MAC of their own, stay as they are.
// Without a hook for what leaves (before Linux 5.16) nothing is changed.
func (i *Interface) ProxyARP(on bool, own []netip.Addr) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return nil
	}
	i.proxy.on, i.proxy.own = on, own
	if err := i.changeProxy(); err != nil {
		return fmt.Errorf("proxy ARP on %s: %w", i.name, err)
	}
	return nil
}

// changeProxy brings the table in line with what is known about proxy ARP and with
// the routers.
func (i *Interface) changeProxy() error {
	stands := i.proxyStands()
	if len(stands) > 0 && !i.rules.addresses {
		i.rules.addresses, i.rebuild = true, true
	}
	if !slices.Equal(stands, i.proxy.stands) {
		i.standing.use(i.proxy.stands, -1)
		i.standing.use(stands, +1)
		i.proxy.stands = stands
	}
	answering := i.answering()
	for _, vr := range i.routers {
		i.answer(vr, vr == answering)
	}
	return i.commitTouched()
}

// proxyStands returns the elements that hold in every role.
func (i *Interface) proxyStands() (list []element) {
	if !i.proxy.on || !i.rules.egress || i.answering() == nil {
		return nil
	}
	own := map[netip.Addr]bool{}
	for _, a := range i.proxy.own {
		own[a] = a.Is4()
	}
	for _, vr := range i.routers {
		for _, a := range vr.Addrs {
			own[a] = own[a] || a.Is4() && !vr.gated
		}
	}
	list = append(list, newElement(elementProxying, i.mac[:]))
	for _, a := range slices.SortedFunc(maps.Keys(own), netip.Addr.Compare) {
		if own[a] {
			list = append(list, newElement(elementOwn, a.AsSlice()))
		}
	}
	return list
}

// answering returns the router in whose name the kernel answers for others, or nil.
func (i *Interface) answering() (first *virtualRouter) {
	if !i.proxy.on || !i.rules.egress {
		return nil
	}
	for _, vr := range i.routers {
		if vr.gated && slices.ContainsFunc(vr.Addrs, netip.Addr.Is4) && (first == nil || vr.id < first.id) {
			first = vr
		}
	}
	return first
}

// answer makes vr the router in whose name the kernel answers for others, or takes
// that from it. One whose gate is open goes through its class, as after Gate.
func (i *Interface) answer(vr *virtualRouter, answers bool) {
	had := slices.ContainsFunc(vr.elements, isProxy)
	if had == answers {
		return
	}
	elements := slices.DeleteFunc(slices.Clone(vr.elements), isProxy)
	if answers {
		e := newElement(elementProxy, i.mac[:])
		copy(e.data[:], vr.MAC[:])
		elements = append(elements, e)
	}
	if vr.class != shut {
		c := i.classes[vr.class]
		if slices.Equal(vr.within, vr.elements) { // not one that only forwards
			c.use(vr.elements, -1)
			c.use(elements, +1)
			vr.within, vr.had = elements, elements
		}
	}
	vr.elements = elements
}

func isProxy(e element) bool { return e.kind == elementProxy }
