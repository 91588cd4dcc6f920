package hello

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/hello/wire"
)

// Two fhrpd agree on what their protocols have no words for, a role that is handed over
// or one whose link has died, in Ethernet frames of their own (EtherType 88B5, which
// IEEE 802 leaves to local experiments). A question goes to the multicast MAC of the group's protocol, which
// routers of the protocol listen to and everybody else drops; an answer goes to who has
// asked, and the other kinds to one or the other. Behind the Ethernet header:
//
//	 0                   1                   2                   3
//	+---------------+---------------+---------------+---------------+
//	|                            "FHRP"                             |
//	+---------------+---------------+---------------+---------------+
//	|  Version: 1   |     Kind      |   Protocol    |    Family     |
//	+---------------+---------------+---------------+---------------+
//	| its version   |     State     |             Group             |
//	+---------------+---------------+---------------+---------------+
//	|   Priority    |     Flags     |     Wait in milliseconds      |
//	+---------------+---------------+---------------+---------------+
//	|                            Key ID                             |
//	+---------------------------------------------------------------+
//	|                      Time in milliseconds                     |
//	+---------------------------------------------------------------+
//	|                             Number                            |
//	|                                                               |
//	+---------------------------------------------------------------+
//	|          The sender's address, IPv4 as ::ffff:a.b.c.d         |
//	|                          (16 bytes)                           |
//	+---------------+-----------------------------------------------+
//	|     Count     |  so many neighbours of 16 bytes each in a     |
//	+---------------+  question, or bytes of text in an answer      |
//	|             HMAC-SHA256 (32 bytes), when signed               |
//	+---------------------------------------------------------------+
//
// The HMAC is over the sender's MAC and everything from "FHRP" on.
const (
	agreementMagic   = "FHRP"
	agreementVersion = 1
	agreementHeader  = 49 // bytes, up to Count and with it

	agreementKindAt     = 5
	agreementStateAt    = 9
	agreementGroupAt    = 10
	agreementPriorityAt = 12
	agreementFlagsAt    = 13
	agreementWaitAt     = 14
	agreementKeyAt      = 16
	agreementTimeAt     = 20
	agreementNumberAt   = 24
	agreementAddrAt     = 32
	agreementCountAt    = 48
)

// Flags.
const (
	agreementSigned   = 1 << iota
	agreementForwards // see Agreement.Forwards
	agreementTracks   // see Agreement.Tracks
	agreementFlags    // they are less than this
)

// Limits of an Agreement.
const (
	MaxAgreementNeighbors = 8
	MaxAgreementText      = 200 // bytes
)

// AgreementKind is what an Agreement is for. A router drops kinds that it does not know.
type AgreementKind uint8

// The kinds.
const (
	AgreementQuestion AgreementKind = 1 // who could take the role, and what became of that
	AgreementAnswer   AgreementKind = 2
	AgreementHeir     AgreementKind = 3 // to the active router: the sender waits for the role, and this is the number to give it by
	AgreementNoted    AgreementKind = 4 // the answer to that
	AgreementGone     AgreementKind = 5 // to who has given this number: the sender has lost a link, and with it the role
	// AgreementUnderstudy goes to all: the sender, one of several that wait, forwards if
	// the active router is silent, and who is worse leaves it to the sender. It has
	// neither a state nor a number.
	AgreementUnderstudy AgreementKind = 6
)

// AgreementState is what the sender of an answer says of itself. The other kinds have none.
type AgreementState uint8

// The states.
const (
	AgreementFit      AgreementState = 1 // it could take the role
	AgreementUnfit    AgreementState = 2 // it could not, for the reason in the text
	AgreementWaiting  AgreementState = 3 // it has the role, its address waits
	AgreementServing  AgreementState = 4 // it has role and address
	AgreementProven   AgreementState = 5 // and its neighbours deliver to it
	AgreementUnproven AgreementState = 6 // they do not, and it gives the role back
)

// Agreement is one message of two routers about who is to have a role.
type Agreement struct {
	Kind     AgreementKind
	Protocol Protocol
	Version  uint8 // of the protocol
	Family   Family
	Group    uint16
	State    AgreementState
	Priority uint8         // of the sender, in elections
	Wait     time.Duration // how long the sender's address may wait when it takes the role. Whole milliseconds, up to 65535
	Time     time.Duration // question: how long there is to prove the neighbours. Whole milliseconds, up to 49 days
	Number   uint64        // of the hand-over, or of the heir; who answers repeats it
	From     netip.Addr    // the address that the sender elects with
	Signed   bool          // with a key
	KeyID    uint32        // which one
	Forwards bool          // the sender's host forwards packets of the family
	Tracks   bool          // no tracked object of the sender's group is down

	Neighbors []netip.Addr // question: those that the asker has proven, at most MaxAgreementNeighbors
	Text      string       // answer: why, empty in the others but a question; printable ASCII, at most MaxAgreementText bytes
}

// AppendAgreement appends the frame of a from src to dst. What exceeds a limit is left
// out. key signs it; nil does not.
func AppendAgreement(b []byte, a *Agreement, src, dst MAC, key []byte) []byte {
	b = append(append(b, dst[:]...), src[:]...)
	b = be.AppendUint16(b, wire.EtherTypeAgreement)
	start := len(b)
	b = append(b, agreementMagic...)
	b = append(b, agreementVersion, byte(a.Kind), byte(a.Protocol), byte(a.Family), a.Version, byte(a.State))
	b = be.AppendUint16(b, a.Group)
	b = append(b, a.Priority, a.flags(key))
	b = be.AppendUint16(b, uint16(min(a.Wait.Milliseconds(), 1<<16-1)))
	b = be.AppendUint32(b, a.KeyID)
	b = be.AppendUint32(b, uint32(min(a.Time.Milliseconds(), 1<<32-1)))
	b = be.AppendUint64(b, a.Number)
	b = appendAddr16(b, a.From)
	if a.Kind == AgreementQuestion {
		list := a.Neighbors[:min(len(a.Neighbors), MaxAgreementNeighbors)]
		b = append(b, byte(len(list)))
		for _, n := range list {
			b = appendAddr16(b, n)
		}
	} else {
		text := a.Text[:min(len(a.Text), MaxAgreementText)]
		b = append(append(b, byte(len(text))), text...)
	}
	if key == nil {
		return b
	}
	return append(b, agreementDigest(src, b[start:], key)...)
}

func (a *Agreement) flags(key []byte) (f byte) {
	if key != nil {
		f |= agreementSigned
	}
	if a.Forwards {
		f |= agreementForwards
	}
	if a.Tracks {
		f |= agreementTracks
	}
	return f
}

func appendAddr16(b []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		a = netip.IPv6Unspecified()
	}
	addr := a.As16()
	return append(b, addr[:]...)
}

func agreementDigest(src MAC, body, key []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(src[:])
	h.Write(body)
	return h.Sum(nil)
}

// ErrNotAgreement is the error for a frame that is no Agreement of a version that this
// package knows.
var ErrNotAgreement = errors.New("not an agreement of two routers")

// Parse reads an Ethernet frame, which may be padded. a changes only when it is one. The error wraps ErrNotAgreement.
// Who has signed it is for VerifyAgreement.
func (a *Agreement) Parse(frame []byte) error {
	p, size, err := agreementBody(frame)
	if err != nil {
		return err
	}
	out := Agreement{
		Kind: AgreementKind(p[agreementKindAt]), Protocol: Protocol(p[6]), Family: Family(p[7]), Version: p[8],
		State: AgreementState(p[agreementStateAt]), Group: be.Uint16(p[agreementGroupAt:]), Priority: p[agreementPriorityAt],
		Signed: p[agreementFlagsAt]&agreementSigned != 0, Forwards: p[agreementFlagsAt]&agreementForwards != 0, Tracks: p[agreementFlagsAt]&agreementTracks != 0,
		KeyID:  be.Uint32(p[agreementKeyAt:]),
		Wait:   time.Duration(be.Uint16(p[agreementWaitAt:])) * time.Millisecond,
		Time:   time.Duration(be.Uint32(p[agreementTimeAt:])) * time.Millisecond,
		Number: be.Uint64(p[agreementNumberAt:]),
		From:   addr16(p[agreementAddrAt:]),
	}
	rest := p[agreementHeader:size]
	if out.Kind == AgreementQuestion {
		for ; len(rest) >= 16; rest = rest[16:] {
			out.Neighbors = append(out.Neighbors, addr16(rest))
		}
		*a = out
		return nil
	}
	for _, c := range rest {
		if c < ' ' || c > '~' {
			return fmt.Errorf("%w: a byte %#02x in the text", ErrNotAgreement, c)
		}
	}
	out.Text = string(rest)
	*a = out
	return nil
}

func addr16(b []byte) netip.Addr { return netip.AddrFrom16([16]byte(b)).Unmap() }

// agreementBody returns what is behind the Ethernet header, and its size without
// digest and padding.
func agreementBody(frame []byte) (p []byte, size int, err error) {
	if wire.EtherType(frame) != wire.EtherTypeAgreement || len(frame) < wire.EthernetHeader+agreementHeader {
		return nil, 0, ErrNotAgreement
	}
	p = frame[wire.EthernetHeader:]
	if string(p[:4]) != agreementMagic || p[4] != agreementVersion {
		return nil, 0, ErrNotAgreement
	}
	count := int(p[agreementCountAt])
	kind, state := AgreementKind(p[agreementKindAt]), AgreementState(p[agreementStateAt])
	switch {
	case kind == AgreementQuestion && state == 0 && count <= MaxAgreementNeighbors:
		size = agreementHeader + 16*count
	case kind == AgreementAnswer && state >= AgreementFit && state <= AgreementUnproven && count <= MaxAgreementText:
		size = agreementHeader + count
	case kind >= AgreementHeir && kind <= AgreementUnderstudy && state == 0 && count == 0:
		size = agreementHeader
	default:
		return nil, 0, fmt.Errorf("%w: kind %d, state %d, count %d", ErrNotAgreement, kind, state, count)
	}
	whole := size
	if p[agreementFlagsAt]&agreementSigned != 0 {
		whole += sha256.Size
	}
	if p[agreementFlagsAt] >= agreementFlags || len(p) < whole {
		return nil, 0, fmt.Errorf("%w: %d bytes, want %d", ErrNotAgreement, len(p), whole)
	}
	return p, size, nil
}

// VerifyAgreement reports whether the frame of an Agreement was signed with key, or not
// at all where key is nil.
func VerifyAgreement(frame, key []byte) bool {
	p, size, err := agreementBody(frame)
	switch {
	case err != nil || (p[agreementFlagsAt]&agreementSigned != 0) != (key != nil):
		return false
	case key == nil:
		return true
	}
	return hmac.Equal(p[size:size+sha256.Size], agreementDigest(MAC(frame[6:12]), p[:size], key))
}

// agreementLabel keeps the key of agreements apart from that of the protocol.
const agreementLabel = "fhrpd agreement 1"

// AgreementKey derives the key of agreements from that of a group.
func AgreementKey(secret []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(agreementLabel))
	return h.Sum(nil)
}

// AgreementKey returns the key of agreements and its number; nil for text, which
// everybody on the segment has read.
func (a *Auth) AgreementKey() (key []byte, id uint32) {
	s := a.orDefault()
	if !s.md5 {
		return nil, 0
	}
	return AgreementKey(s.key), s.keyID
}
