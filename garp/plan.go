package garp

import (
	"net/netip"
	"slices"

	"github.com/fhrpd/fhrpd/hello"
)

// Identity is what one group's announcements are about. The functions that
// return frames leave out addresses that cannot be announced.
type Identity struct {
	Protocol   hello.Protocol
	VirtualIPs []netip.Addr // one family
	VirtualMAC hello.MAC    // equal to RealMAC when the group uses the interface's MAC
	Real       netip.Addr   // this router's own address on the LAN
	RealMAC    hello.MAC
	// RealIP says that the real address is announced as well: at the virtual
	// MAC while active, back at the real one afterwards.
	RealIP bool
}

// announcesReal reports whether frames for the real address make sense. They do
// not when both MACs are the same. Neither do they when the real address is a
// virtual one: a VRRP owner that withdrew it at its real MAC would take it back
// from the router that has just become active.
func (id Identity) announcesReal() bool {
	return id.RealIP && id.RealMAC != id.VirtualMAC && !slices.ContainsFunc(id.VirtualIPs, func(ip netip.Addr) bool {
		return plain(ip) == plain(id.Real)
	})
}

// Claim returns the frames of a router that has just become active. Those in
// now follow the first hello at once and in order; those in later follow
// RequestDelay after them.
//
// HSRP over IPv4 sends replies from the virtual MAC: the real address to
// everybody (if RealIP), then each virtual address to everybody and to
// 01:00:0c:cd:cd:cd. VRRP over IPv4 leaves the last one out. Later comes one
// request per virtual address: RFC 5227's for HSRP, and for VRRP that of
// keepalived and FRR. Over IPv6 both send one unsolicited Neighbor
// Advertisement per virtual address, and the first of them again later. By then a
// deposed router has sent its last Router Advertisement (RFC 4861 section 6.2.5)
// from the virtual MAC, which pulls the switch's entry back to the wrong port.
func Claim(id Identity) (now, later [][]byte) { return id.claim(), id.confirm() }

// Refresh returns the frames that keep entries alive while the role lasts, and
// that defend it against another claim. For each virtual address they are the
// broadcast reply now and the request later, or one unsolicited Neighbor
// Advertisement. The real address is not repeated: requests for it are answered
// with the real MAC all the time.
func Refresh(id Identity) (now, later [][]byte) { return id.refresh(), id.requests() }

// Withdraw returns the frames of a router that is no longer active, sent after
// the virtual MAC is closed: the real address is at the real MAC, as a reply
// now and a request later, or as a Neighbor Advertisement. There are none
// unless the real address is announced, and never one from the virtual MAC.
func Withdraw(id Identity) (now, later [][]byte) { return id.withdraw(), id.withdrawAgain() }

// Frames returns the frames of one step of a Schedule.
func (id Identity) Frames(s Step) [][]byte {
	switch {
	case s.Again:
		return id.again()
	case s.Requests:
		return id.later(s.Kind)
	}
	switch s.Kind {
	case StepClaim:
		return id.claim()
	case StepReassert, StepRefresh:
		return id.refresh()
	case StepWithdraw:
		return id.withdraw()
	}
	return nil
}

// later returns what follows the first frames of a step.
func (id Identity) later(kind StepKind) [][]byte {
	switch kind {
	case StepClaim:
		return id.confirm()
	case StepReassert, StepRefresh:
		return id.requests()
	case StepWithdraw:
		return id.withdrawAgain()
	}
	return nil
}

func (id Identity) claim() [][]byte {
	frames := make([][]byte, 0, 1+2*len(id.VirtualIPs))
	if id.announcesReal() && hello.FamilyOf(id.Real) == hello.IPv4 {
		frames = appendReply(frames, id.Real, id.VirtualMAC)
	}
	for _, ip := range id.VirtualIPs {
		frames = appendReply(frames, ip, id.VirtualMAC)
		if id.Protocol == hello.ProtocolHSRP {
			frames = appendForm(frames, ip, id.VirtualMAC, Announcement.ReplyCisco)
		}
	}
	return frames
}

// confirm returns what follows a claim.
func (id Identity) confirm() [][]byte {
	if frames := id.requests(); frames != nil {
		return frames
	}
	return id.again()
}

func (id Identity) refresh() [][]byte {
	frames := make([][]byte, 0, len(id.VirtualIPs))
	for _, ip := range id.VirtualIPs {
		frames = appendReply(frames, ip, id.VirtualMAC)
	}
	return frames
}

func (id Identity) withdraw() [][]byte {
	if !id.announcesReal() {
		return nil
	}
	return appendReply(nil, id.Real, id.RealMAC)
}

func (id Identity) withdrawAgain() [][]byte {
	if !id.announcesReal() {
		return nil
	}
	return appendForm(nil, id.Real, id.RealMAC, Announcement.Request)
}

// requests returns one request-form announcement per IPv4 virtual address.
func (id Identity) requests() [][]byte {
	form := Announcement.Request
	if id.Protocol == hello.ProtocolVRRP {
		form = Announcement.RequestVRRP
	}
	var frames [][]byte
	for _, ip := range id.VirtualIPs {
		frames = appendForm(frames, ip, id.VirtualMAC, form)
	}
	return frames
}

// again returns the announcement of the first virtual address in a form that
// nobody answers.
func (id Identity) again() [][]byte {
	if len(id.VirtualIPs) == 0 {
		return nil
	}
	return appendReply(nil, id.VirtualIPs[0], id.VirtualMAC)
}

// appendReply appends the broadcast reply, or the unsolicited Neighbor
// Advertisement, that says ip is at mac.
func appendReply(frames [][]byte, ip netip.Addr, mac hello.MAC) [][]byte {
	if hello.FamilyOf(ip) == hello.IPv4 {
		return appendForm(frames, ip, mac, Announcement.ReplyBroadcast)
	}
	return appendForm(frames, ip, mac, Announcement.Unsolicited)
}

// appendForm appends one form of the announcement that says ip is at mac, and
// nothing when the address cannot be announced so.
func appendForm(frames [][]byte, ip netip.Addr, mac hello.MAC, form func(Announcement) []byte) [][]byte {
	a, err := NewAnnouncement(ip, mac)
	if f := form(a); err == nil && f != nil {
		return append(frames, f)
	}
	return frames
}
