package engine

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fhrpd/fhrpd/hello"
)

// wanted is the group that a text means. It is read once for thousands of groups:
// who asks is answered between two hellos.
type wanted struct {
	text     string
	spelling spelling
	spelled  bool
}

func newWanted(text string) wanted {
	w := wanted{text: text}
	w.spelling, w.spelled = spelled(text)
	return w
}

// fits reports whether w may mean n.
func (w *wanted) fits(n *Named) bool {
	switch {
	case w.text == "":
		return false
	case w.text == n.Name:
		return true
	case w.spelled:
		return w.spelling.fits(n)
	case !strings.HasSuffix(w.text, strconv.Itoa(int(n.Number))): // most of them: the rest is dearer
		return false
	}
	return w.text == fmt.Sprintf("%s:%d", n.Interface, n.Number) || w.text == n.Ref.String() || n.Name == "" && w.text == n.DefaultName()
}

// spelling is a group in the words in which "show" and the log name it. What a
// spelling leaves open fits every group.
type spelling struct {
	protocol  string // hsrp or vrrp; "" for both
	family    hello.Family
	iface     string
	number    uint16
	anyFamily bool
}

// filler are the words between interface and number, in lower case.
var filler = map[string]bool{"-": true, "group": true, "grp": true, "address-family": true}

// spelled reads "eth1 - Group 10 (version 2)", "eth1 - Group 20 - Address-Family
// IPv6", "eth1 Grp 10", "eth1 10" and "HSRP eth1 10". Interfaces have no space in
// their names.
func spelled(text string) (s spelling, ok bool) {
	text, _, _ = strings.Cut(text, " (version ")
	s.anyFamily = true
	var words []string
	for w := range strings.FieldsSeq(text) {
		switch low := strings.ToLower(w); {
		case filler[low] && len(words) > 0:
		case low == "ipv4" && len(words) > 1:
			s.family, s.anyFamily = hello.IPv4, false
		case low == "ipv6" && len(words) > 1:
			s.family, s.anyFamily = hello.IPv6, false
		default:
			words = append(words, w)
		}
	}
	if len(words) == 3 {
		s.protocol = strings.ToLower(words[0])
		words = words[1:]
		if s.protocol != hello.ProtocolHSRP.String() && s.protocol != hello.ProtocolVRRP.String() {
			return s, false
		}
	}
	if len(words) != 2 {
		return s, false
	}
	n, err := strconv.ParseUint(words[1], 10, 16)
	s.iface, s.number = words[0], uint16(n)
	return s, err == nil
}

// Spelled reports whether text is an interface and a number in one of the ways in
// which "show standby", "show vrrp", "show track" and the log write a group.
func Spelled(text string) bool {
	_, ok := spelled(text)
	return ok
}

// fits reports whether s may mean n.
func (s *spelling) fits(n *Named) bool {
	return s.iface == n.Interface && s.number == n.Number &&
		(s.protocol == "" || s.protocol == n.Protocol.String()) && (s.anyFamily || s.family == n.Family)
}

// DefaultName is what a group without a name is called, as Cisco calls it:
// "hsrp-eth1-10". Both families of a number have the same.
func (r Ref) DefaultName() string { return fmt.Sprintf("%s-%s-%d", r.Protocol, r.Interface, r.Number) }
