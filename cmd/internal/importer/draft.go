package importer

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/hello"
)

// draft is a configuration that is being written. It may still break rules that
// only show when all of it is there.
type draft struct {
	options   Options
	daemon    configs.Daemon
	tracks    []*tracked
	keychains []*chain
	groups    []*group
	remarks   []Remark
	said      map[Remark]bool
	renamed   map[string]string // interfaces, by the key of their name there
	guessed   []guess           // those that nobody has named
	met       map[string]bool   // of those that somebody named, the ones that were asked for
	startup   time.Duration     // of groups whose program waits before it begins
}

// tracked is a tracked object and where it stands in the source.
type tracked struct {
	configs.Track
	at position
}

// chain is a keychain and where it stands in the source.
type chain struct {
	configs.Keychain
	at position
}

// group is an HSRP group or a VRRP router: one of both is set.
type group struct {
	at   position
	what string // it is called in the source
	hsrp *configs.HSRP
	vrrp *configs.VRRP
}

func newDraft(o Options) *draft {
	if o.Files == nil {
		o.Files = NoFiles{}
	}
	d := &draft{options: o, daemon: configs.NewDaemon(), said: map[Remark]bool{}, renamed: map[string]string{}, met: map[string]bool{}}
	for from, to := range o.Interfaces {
		d.renamed[interfaceKey(from)] = to
	}
	return d
}

// common returns what both protocols have.
func (g *group) common() *configs.Group {
	if g.hsrp != nil {
		return &g.hsrp.Group
	}
	return &g.vrrp.Group
}

// newVRRP returns a router that add may be given when it is complete.
func newVRRP(at position, what string) *group {
	v := configs.NewVRRP()
	return &group{at: at, what: what, vrrp: &v}
}

func newHSRP(at position, what string) *group {
	h := configs.NewHSRP()
	return &group{at: at, what: what, hsrp: &h}
}

func (d *draft) add(g *group) { d.groups = append(d.groups, g) }

// named returns the group with a name, or nil.
func (d *draft) named(name string) *group {
	for _, g := range d.groups {
		if g.common().Name == name {
			return g
		}
	}
	return nil
}

// name gives a group a name, unless another has it.
func (d *draft) name(g *group, name string) {
	name = label(name)
	if other := d.named(name); other != nil && other != g {
		d.not(g.at, g.what, fmt.Sprintf("name %q is taken by the group of line %d: the group has none", name, other.at.line))
		return
	}
	g.common().Name = name
}

// label makes a name of what stands in the source.
func label(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == ':' || unicode.IsSpace(r) || unicode.IsControl(r) || r == unicode.ReplacementChar {
			return '-'
		}
		return r
	}, strings.ToValidUTF8(s, "-"))
	s = strings.TrimLeft(s, "-")
	for len(s) > 64 {
		r := []rune(s)
		s = string(r[:len(r)-1])
	}
	return s
}

// address adds a virtual address, with the length of its subnet where it has one.
func (g *group) address(pfx netip.Prefix) {
	c := g.common()
	if slices.Contains(c.VirtualIPs, pfx.Addr()) {
		return
	}
	c.VirtualIPs = append(c.VirtualIPs, pfx.Addr())
	if !pfx.IsSingleIP() && !pfx.Addr().IsLinkLocalUnicast() {
		c.Prefixes = append(c.Prefixes, pfx)
	}
}

// family returns that of the group's addresses, 0 when it has none.
func (g *group) family() hello.Family {
	if a := g.common().VirtualIPs; len(a) > 0 {
		return hello.FamilyOf(a[0])
	}
	return 0
}

// linkLocal gives a VRRP router of IPv6 the link-local address that RFC 9568 section
// 5.2.9 wants first, when the source has none.
func (d *draft) linkLocal(g *group) {
	c := g.common()
	if g.vrrp == nil || g.family() != hello.IPv6 || slices.ContainsFunc(c.VirtualIPs, netip.Addr.IsLinkLocalUnicast) {
		return
	}
	a := derived(hello.VirtualMAC(hello.ProtocolVRRP, 3, hello.IPv6, uint16(g.vrrp.VRID)))
	c.VirtualIPs = slices.Insert(c.VirtualIPs, 0, a)
	d.not(g.at, g.what, fmt.Sprintf("%s of its virtual MAC was put in front, as it had no link-local address (RFC 9568 section 5.2.9): the other routers need the same", a))
}

// derived is the address that RFC 4291 appendix A makes of a MAC.
func derived(mac hello.MAC) netip.Addr {
	mac[0] ^= 2
	return hello.VirtualLinkLocal(mac)
}

// preemptDelay sets a delay that only a router needs that preempts.
func (d *draft) preemptDelay(at position, what string, g *group, t time.Duration) {
	if t > time.Hour {
		d.not(at, what, fmt.Sprintf("the longest delay is 1h: it is that instead of %s", t))
		t = time.Hour
	}
	g.common().PreemptDelay = t
}
