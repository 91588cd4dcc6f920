package engine

import (
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/fsm/trailer"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// Config is what an engine runs. It does not change.
type Config struct {
	Lease time.Duration // how long the kernel forwards without Renew; LeaseAuto, or LeaseOff for ever
	// RequireForwarding keeps groups from running where packets of their family are
	// not forwarded. Without it that is only said.
	RequireForwarding bool
	// Return has a group that is in maintenance come back when nobody serves. Without
	// it that is only said.
	Return bool
	Tracks []Track
	Groups []Group // their order gives them their IDs, from 1
}

// Leases that are not a duration.
const (
	LeaseAuto time.Duration = 0  // as long as the other routers need to take over, and not less than 500 ms
	LeaseOff  time.Duration = -1 // the kernel forwards until it is told otherwise
)

// Track is a tracked object. It counts as up until TrackChanged or LinkChanged
// says something else, but for what First says.
type Track struct {
	Name      string
	Interface string // follows this interface's link; "" for what TrackChanged tells
	// First is how long a group that depends on the object waits for its first result
	// before it takes the role from another router. 0 = not at all.
	First time.Duration
}

// TrackUse is how a group depends on an object.
type TrackUse struct {
	Object    string
	Decrement int  // 1-255, taken from the priority while the object is down
	Shutdown  bool // the group leaves the election while the object is down
}

// Group is one HSRP group or VRRP router.
type Group struct {
	Ref
	Name         string         // for Follow and for people; may be empty
	Version      uint8          // HSRP 1 or 2, VRRP 2 or 3
	VirtualIPs   []netip.Addr   // the primary one first, in IPv6 the link-local one; an HSRP group without any learns
	Prefixes     []netip.Prefix // those of VirtualIPs that bring the connected route of their subnet
	RouteOnly    bool           // the addresses are local routes alone while active, not addresses of the interface
	Routes       []Route        // what else it brings along while active
	Rules        []Rule         // likewise
	Priority     uint8          // HSRP 0-255; VRRP 1-254, 255 for an address owner
	Preempt      bool           // take the role from a worse active router
	PreemptDelay time.Duration  // before that
	Delay        Delay          // before the group takes part at all
	HelloTime    time.Duration  // HSRP Hellotime, VRRP Advertisement_Interval; HSRP: 0 learns both times
	HoldTime     time.Duration  // HSRP only
	OffSubnet    bool           // HSRP: hear routers outside every subnet of the interface as well
	Auth         hello.Auth     // HSRP, and the text of VRRP version 2, in which the zero value is none
	Keychain     hello.Keychain // instead of Auth where it has keys: MD5 in HSRP, the HMAC trailer in VRRP
	Trailer      trailer.Rules  // VRRP with a keychain

	MAC          hello.MAC // zero: the protocol's virtual MAC
	InterfaceMAC bool      // the interface's own MAC instead (IOS: use-bia)

	Accept   bool           // VRRP: Accept_Mode of RFC 9568 section 6.1; see Accepts
	Peers    []netip.Addr   // VRRP: unicast peers; empty = multicast
	MinTTL   uint8          // VRRP: least TTL or hop limit of their packets
	Checksum hello.Checksum // VRRP version 3 over IPv4; ChecksumUnknown sends the form last heard

	Confirm    bool // as standby it asks an active router whose hello is overdue, and takes over from one that is silent
	Understudy bool // as standby it forwards for an active router that has lost its link

	Follow    string // name of the group that elects for this one
	Tracks    []TrackUse
	Neighbors []netip.Addr // whom a takeover is proven to, beside the default gateways
	Announce  Announce
	PreActive time.Duration // how long the address waits for the pre_active command at most; 0 = there is none
}

// Delay is how long a group stays silent after its interface became able to
// carry it: with its link, an open port and the address to speak from. A switch
// may forward only seconds after the link is up, and until then a router hears
// nobody and would be active alone. IOS: standby delay.
type Delay struct {
	Minimum time.Duration // each time; 0 = not at all
	Reload  time.Duration // the first time after the start, where it is longer than Minimum
}

// OwnsAddress reports whether g is a VRRP address owner, whose real addresses
// are the virtual ones.
func (g *Group) OwnsAddress() bool {
	return g.Protocol == hello.ProtocolVRRP && g.Priority == hello.OwnerPriority
}

// Accepts reports whether packets to the virtual addresses are taken: always in
// HSRP and by an address owner.
func (g *Group) Accepts() bool {
	return g.Protocol == hello.ProtocolHSRP || g.Accept || g.OwnsAddress()
}

// Password returns the simple password of VRRP version 2, "" for none.
func (g *Group) Password() string {
	if g.Auth == (hello.Auth{}) {
		return ""
	}
	return g.Auth.Text()
}

// Signs reports whether the messages of g leave with an HMAC trailer.
func (g *Group) Signs() bool {
	return g.Protocol == hello.ProtocolVRRP && len(g.Keychain.Keys) > 0 && g.Trailer.Mode.Signs()
}

// TimeMatters reports whether g compares its clock with those of other routers.
func (g *Group) TimeMatters() bool {
	return g.Protocol == hello.ProtocolVRRP && len(g.Keychain.Keys) > 0 && !g.Trailer.Monotonic
}

// VirtualMAC returns the MAC of g that is not the interface's own, zero when it
// has none.
func (g *Group) VirtualMAC() hello.MAC {
	switch {
	case g.InterfaceMAC:
		return hello.MAC{}
	case !g.MAC.IsZero():
		return g.MAC
	}
	return hello.VirtualMAC(g.Protocol, g.Version, g.Family, g.Number)
}

// Announce is how a group is announced.
type Announce struct {
	garp.Timing
	RealIP         bool          // the real address is announced as well
	Probe          Probe         // whether others have the addresses, before the first claim
	RouterLifetime time.Duration // of an active IPv6 group's router advertisements, whole seconds up to 9000; 0 = it sends none
}

// Probe is what becomes of a stranger who has the virtual address before this
// router claims it (RFC 5227 section 2.1).
type Probe uint8

// The ways to probe.
const (
	ProbeOff  Probe = iota
	ProbeWarn       // nobody is asked for leave
	ProbeVeto       // while a stranger answers the group does not run
)
