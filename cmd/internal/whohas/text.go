package whohas

import (
	"fmt"
	"strings"

	"github.com/fhrpd/fhrpd/hello"
)

// virtual returns the words for the virtual router that mac belongs to, "" when
// it belongs to none: "HSRP version 2 IPv4 group 10", "VRRP IPv6 router 20".
func virtual(mac hello.MAC) string {
	v, ok := hello.VirtualRouterOf(mac)
	switch {
	case !ok:
		return ""
	case v.Protocol == hello.ProtocolVRRP:
		return fmt.Sprintf("VRRP IPv%d router %d", v.Family, v.Group)
	}
	return fmt.Sprintf("HSRP version %d IPv%d group %d", v.Version, v.Family, v.Group)
}

// String returns the report for a person, one line for each answer.
func (r Report) String() string {
	var b strings.Builder
	for _, a := range r.Answers {
		fmt.Fprintf(&b, "%s is at %s  %.1f ms%s\n", r.Address, a.MAC, a.MS, a.notes())
	}
	if len(r.Answers) == 0 {
		fmt.Fprintf(&b, "nobody on %s answers for %s\n", r.Interface, r.Address)
	}
	if r.Own {
		fmt.Fprintf(&b, "this host has %s as well: a kernel does not answer its own question\n", r.Address)
	}
	if len(r.Answers) > 1 {
		fmt.Fprintf(&b, "%d MACs answer for %s: more than one station has it\n", len(r.Answers), r.Address)
	}
	return b.String()
}

func (a Answer) notes() string {
	var s string
	if a.Virtual != "" {
		s += "  virtual MAC of " + a.Virtual
	}
	if a.Via != "" {
		s += "  told by " + a.Via
	}
	return s
}
