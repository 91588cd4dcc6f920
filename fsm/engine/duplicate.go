package engine

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// Duplicate is the last time that another host was seen with one of the
// interface's own addresses.
type Duplicate struct {
	At      time.Time // zero: never
	Address netip.Addr
	MAC     hello.MAC // the other host's
}

// heardOwnSource deals with a message of the protocols that comes from an address
// of this router. One from a MAC of this router came back to it, from a switch
// with a loop or from the other port of a bond.
func (i *iface) heardOwnSource(now time.Time, env *hello.Envelope) {
	i.reject(now, nil, env, hello.RejectSource)
	i.noteDuplicate(now, env.Src, env.SrcMAC)
}

// heardOwnClaim looks whether a claim is of an address of this router. Virtual
// addresses that it has as well are their groups' business.
func (i *iface) heardOwnClaim(now time.Time, o garp.Observation) {
	if i.link.Owns(o.IP) && len(i.byVirtualIP[o.IP]) == 0 {
		i.noteDuplicate(now, o.IP, o.MAC)
	}
}

// noteDuplicate notes that an address of this router was seen at a MAC, and says
// so in the words of Cisco unless the MAC is its own.
func (i *iface) noteDuplicate(now time.Time, a netip.Addr, mac hello.MAC) {
	if mac.IsZero() || i.r.isOurs(mac) {
		return
	}
	i.duplicate = Duplicate{At: now, Address: a, MAC: mac}
	if i.r.complaints.first(now, i.ref(), wordDuplicate, byMAC(mac)) {
		i.r.tell(now, Ref{}, KindConflict, fmt.Sprintf(
			"%%IP-4-DUPADDR: Duplicate address %s on %s, sourced by %s: it is this router's own, and elections and traffic go astray until one of the two has another one",
			a, i.name, mac.Cisco()))
	}
}

// isOurs reports whether a frame from mac may be one of this router's: from an
// interface's MAC, or from the virtual one of a group that serves. Another router
// of the group sends from the latter too, but not at the same time.
func (r *router) isOurs(mac hello.MAC) bool {
	for _, g := range r.groups {
		if mac == g.iface.link.MAC || mac == g.mac && g.tenure.hasAddress() {
			return true
		}
	}
	return false
}

// tellDuplicate says who else has a virtual address, in the words of Cisco and then
// in more of them: by whom it is claimed, and what follows.
func (g *group) tellDuplicate(now time.Time, word string, o garp.Observation, format string, args ...any) {
	if g.r.complaints.first(now, g.Ref, word, byMAC(o.MAC)) {
		g.tell(now, KindConflict, fmt.Sprintf("%%%s-4-DUPADDR: Duplicate address %s on %s, sourced by %s: it is ",
			strings.ToUpper(g.Protocol.String()), o.IP, g.iface.name, o.MAC.Cisco())+fmt.Sprintf(format, args...))
	}
}
