package vip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/dump"
)

// Rule is a rule that a router brings along while it is active: which table packets
// are routed by. From or To is valid, and gives the family.
type Rule struct {
	From     netip.Prefix `json:"from,omitzero"`
	To       netip.Prefix `json:"to,omitzero"`
	IIF      string       `json:"iif,omitzero"`    // the interface that they come in by
	OIF      string       `json:"oif,omitzero"`    // the one that a socket is bound to
	FwMark   uint32       `json:"fwmark,omitzero"` // 0: any
	Table    uint32       `json:"table,omitzero"`  // 0: that of the VRF of the router's interface, or main
	Priority uint32       `json:"priority"`        // the kernel asks the lowest first
}

// roleRule is a Rule with the table that it goes to.
type roleRule struct{ Rule }

// Numbers of linux/fib_rules.h that golang.org/x/sys leaves out.
const fraProtocol = 21

func (r roleRule) family() byte {
	if r.From.IsValid() {
		return familyOf(r.From.Addr())
	}
	return familyOf(r.To.Addr())
}

// device returns "": a rule may name an interface that does not exist yet.
func (r roleRule) device() string { return "" }

func (r roleRule) write(b *batch, add bool, _ uint32) {
	if add {
		b.begin(unix.RTM_NEWRULE, unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	} else {
		b.begin(unix.RTM_DELRULE, 0)
	}
	b.raw(r.family(), bitsOf(r.To), bitsOf(r.From), 0, unix.RT_TABLE_UNSPEC, 0, 0, unix.FR_ACT_TO_TBL, 0, 0, 0, 0)
	b.u32(unix.FRA_TABLE, r.Table)
	b.u32(unix.FRA_PRIORITY, r.Priority)
	b.attr(fraProtocol, []byte{RouteProtocol})
	for typ, p := range map[uint16]netip.Prefix{unix.FRA_SRC: r.From, unix.FRA_DST: r.To} {
		if bitsOf(p) > 0 {
			b.attr(typ, p.Addr().AsSlice())
		}
	}
	for typ, name := range map[uint16]string{unix.FRA_IIFNAME: r.IIF, unix.FRA_OIFNAME: r.OIF} {
		if name != "" {
			b.str(typ, name)
		}
	}
	if r.FwMark != 0 {
		b.u32(unix.FRA_FWMARK, r.FwMark)
	}
}

func bitsOf(p netip.Prefix) byte { return byte(max(p.Bits(), 0)) }

// entry is the rule as the kernel lists it: it does not say that all addresses are
// meant.
func (r roleRule) entry() companion {
	any := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	if r.family() == unix.AF_INET6 {
		any = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	for _, p := range []*netip.Prefix{&r.From, &r.To} {
		if bitsOf(*p) == 0 {
			*p = any
		}
	}
	return r
}

func (r roleRule) explain(err error) error { return err }

// markedRules returns the rules with our mark in the namespace of the lister.
func markedRules(l *lister) (map[companion]bool, error) {
	found := map[companion]bool{}
	l.SetStrictCheck(false) // the library's question has a header that is too long for it
	defer l.SetStrictCheck(true)
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		list, err := dump.Whole(func() ([]netlink.Rule, error) { return l.RuleList(family) })
		if err != nil && !errors.Is(err, unix.EAFNOSUPPORT) {
			return found, fmt.Errorf("list rules: %w", err)
		}
		for _, r := range list {
			if r.Protocol != RouteProtocol {
				continue
			}
			ours := Rule{IIF: r.IifName, OIF: r.OifName, FwMark: r.Mark, Table: uint32(r.Table), Priority: uint32(r.Priority)}
			ours.From, _ = prefixOf(r.Src)
			if ours.To, _ = prefixOf(r.Dst); !ours.From.IsValid() && !ours.To.IsValid() {
				ours.From = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
				if family == netlink.FAMILY_V4 {
					ours.From = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
				}
			}
			found[roleRule{ours}.entry()] = true
		}
	}
	return found, nil
}

func prefixOf(n *net.IPNet) (p netip.Prefix, ok bool) {
	if n == nil {
		return p, false
	}
	a, ok := netip.AddrFromSlice(n.IP)
	ones, bits := n.Mask.Size()
	if bits == 32 {
		a = a.Unmap() // the library has zeros in the longer form
	}
	return netip.PrefixFrom(a, ones), ok
}

// deletedRule reports whether a message about a rule is about one with our mark.
func deletedRule(body []byte) (ours bool) {
	const header = 12 // struct fib_rule_hdr
	attrs(body[min(header, len(body)):], func(typ uint16, v []byte) {
		ours = ours || typ == fraProtocol && len(v) == 1 && v[0] == RouteProtocol
	})
	return ours
}

// indexOf returns the index of an interface, 0 when there is none, and whether it is
// administratively up.
func (c *conn) indexOf(name string) (index uint32, up bool, err error) {
	var b batch
	b.begin(unix.RTM_GETLINK, 0)
	b.raw(make([]byte, unix.SizeofIfInfomsg)...)
	b.str(unix.IFLA_IFNAME, name)
	b.ack()
	err = c.query(&b, func(typ uint16, body []byte) {
		if typ == unix.RTM_NEWLINK && len(body) >= unix.SizeofIfInfomsg {
			index, up = binary.NativeEndian.Uint32(body[4:]), binary.NativeEndian.Uint32(body[8:])&unix.IFF_UP != 0
		}
	})
	if errors.Is(err, unix.ENODEV) {
		return 0, false, nil
	}
	return index, up, err
}
