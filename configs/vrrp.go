package configs

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

const (
	vipsMax  = 255 // the count is one byte
	vips6Max = 90  // in a packet of 1500 bytes; one less with a trailer
)

func (p *parser) vrrp(o *opt[rawVRRP]) (VRRP, entry) {
	r := &o.v
	v := VRRP{
		Group:   p.group(o.at, &r.rawGroup, protocol{preempt: true, realIP: false}),
		VRID:    p.vrid(&r.VRID),
		Version: uint8(p.number(&r.Version, 3, 2, 3, "")),
		Accept:  r.Accept.or(true),
	}
	v.Auth = p.vrrpAuth(&r.Auth, v.Version)
	v.Advertise = p.advertise(r, v.Version)
	v.Peers = p.addresses(&r.Peers, v.Family)
	p.scopes(r, v.Peers)
	if v.Confirm && len(v.Peers) > 0 {
		p.warn(r.Confirm.at, "confirm has no effect with peers: it asks routers of the segment")
	}
	v.MinTTL = p.minTTL(r)
	p.vrrpAddresses(o.at, r, &v)
	v.Checksum = p.checksum(r, &v)
	p.owner(r, &v)
	return v, entry{
		proto: "vrrp", at: o.at, number: uint16(v.VRID), numberAt: r.VRID.at, raw: &r.rawGroup, group: v.Group, peers: &r.Peers,
		unsure: r.VRID.bad || r.Interface.bad || r.VirtualIPs.bad || v.Family == 0,
		none:   !v.Accept || v.Priority == hello.OwnerPriority,
		timers: []setting{{r.Advertise.at, r.Advertise.given() && v.Advertise != hello.DefaultAdverInterval}},
	}
}

func (p *parser) vrid(o *opt[int64]) uint8 {
	if !o.set {
		o.refuse(p, "vrid is missing: 1 to %d", hello.MaxVRID)
	}
	return uint8(p.number(o, 1, 1, hello.MaxVRID, ""))
}

func (p *parser) advertise(r *rawVRRP, version uint8) time.Duration {
	d := r.Advertise.or(hello.DefaultAdverInterval)
	note := "whole centiseconds of 10ms to 40.95s in version 3"
	if version == 2 {
		note = "whole seconds of 1s to 255s in version 2"
	}
	if !r.Version.bad && !hello.ValidAdverInterval(version, d) {
		p.fault(r.Advertise.at, "advertise %s must be %s", short(d), note)
	}
	return d
}

// scopes refuses peers of two scopes: a router speaks from one address, and its
// peers must know it by that one.
func (p *parser) scopes(r *rawVRRP, peers []netip.Addr) {
	for _, a := range peers {
		if a.Is6() && a.IsLinkLocalUnicast() != peers[0].IsLinkLocalUnicast() {
			p.fault(r.Peers.at, "peers %s and %s are of two scopes: name all by link-local addresses or none", peers[0], a)
			return
		}
	}
}

// minTTL is of peers alone: what is sent to the group has 255 anyway.
func (p *parser) minTTL(r *rawVRRP) uint8 {
	o := &r.MinTTL
	n := p.number(o, 1, 1, hello.TTLVRRP, "")
	if o.given() && n > 1 && !r.Peers.set {
		p.warn(o.at, "min_ttl %d has no effect without peers: multicast packets must have 255 anyway", n)
	}
	return uint8(n)
}

func (p *parser) vrrpAddresses(at position, r *rawVRRP, v *VRRP) {
	o := &r.VirtualIPs
	n := len(v.VirtualIPs)
	switch {
	case n == 0 && !o.bad:
		p.fault(o.at, "virtual_ips is missing: VRRP needs at least one address")
	case n > vipsMax:
		p.fault(o.at, "virtual_ips has %d addresses: 1 to %d are allowed", n, vipsMax)
	case v.Family == hello.IPv6 && n > fits(v):
		p.warn(o.at, "virtual_ips has %d addresses: above %d an advertisement exceeds 1500 bytes", n, fits(v))
	}
	if v.Family != hello.IPv6 {
		return
	}
	if v.Version == 2 && !r.Version.bad {
		p.fault(o.at, "virtual_ips %s: version 2 is IPv4 only, set version = 3", v.VirtualIPs[0])
	}
	if !linkLocalFirst(v.VirtualIPs) && !o.bad {
		p.fault(o.at, "virtual_ips has no link-local address: VRRP for IPv6 needs one (RFC 9568 section 5.2.9), such as \"fe80::1\"")
	}
}

// fits returns how many IPv6 addresses an advertisement of 1500 bytes holds.
func fits(v *VRRP) int {
	if v.Auth.Keychain != "" && v.Auth.Mode != "receive-only" {
		return vips6Max - 1
	}
	return vips6Max
}

func (p *parser) checksum(r *rawVRRP, v *VRRP) string {
	o := &r.Checksum
	s := oneOf(p, o, "auto, rfc9568, pseudo-header")
	if s != "auto" && !o.bad && !r.Version.bad && (v.Version == 2 || v.Family == hello.IPv6) {
		p.fault(o.at, "checksum %q: there is a choice in IPv4 version 3 only, leave it out", s)
	}
	return s
}

// owner warns about settings that the owner of the addresses does not heed.
func (p *parser) owner(r *rawVRRP, v *VRRP) {
	if v.Priority != hello.OwnerPriority || r.Priority.bad {
		return
	}
	if len(v.Prefixes) > 0 {
		p.fault(r.Priority.at, "priority 255 is for the owner of the addresses, which the interface has itself: virtual_ips %s with the length of a subnet brings it along only while active; take another priority, or leave the length out and give the address to the interface", v.Prefixes[0])
	}
	if !v.Preempt {
		p.warn(r.Preempt.at, "preempt = false has no effect: the address owner (priority 255) always preempts")
	}
	for i, ref := range v.Track {
		if !ref.Shutdown {
			p.warn(r.Track.items[i].at, "track %s has no effect: an address owner's priority stays 255; use shutdown = true", ref.Object)
		}
	}
}
