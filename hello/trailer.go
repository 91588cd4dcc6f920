package hello

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"hash"
	"io"
	"net/netip"

	"github.com/fhrpd/fhrpd/hello/wire"
)

// The trailer that authenticates an advertisement of VRRP, as keepalived speaks it
// since 2.4.2 (draft-cassen-vrrp-auth-hmac). It follows the message inside the IP
// payload:
//
//	 0                   1                   2                   3
//	+---------------+---------------+-------------------------------+
//	|     Type      |    Key ID     |           Reserved            |
//	+---------------+---------------+-------------------------------+
//	|                  Sequence: UTC seconds since 1970             |
//	+-------------------------------+-------------------------------+
//	|     Sequence: 1/65536 s       |       Sequence: counter       |
//	+-------------------------------+-------------------------------+
//	|                 first 16 bytes of HMAC-SHA256                 |
//	+---------------------------------------------------------------+
const (
	// TrailerSize is the number of bytes of a trailer.
	TrailerSize = 28

	trailerHMAC       = 1 // the type: HMAC-SHA256 cut to 128 bits
	trailerKeyAt      = 1
	trailerSequenceAt = 4
	trailerDigestAt   = 12
	trailerDigest     = TrailerSize - trailerDigestAt
)

// Limits of a key of the trailer.
const (
	MinHMACKey   = 32 // bytes
	MaxHMACKey   = 64
	MaxHMACKeyID = 255 // from 1
)

// Trailer is what stands behind a message of VRRP.
type Trailer [TrailerSize]byte

// Malformed reports whether the type is unknown or the reserved field is not zero.
func (t *Trailer) Malformed() bool { return t[0] != trailerHMAC || be.Uint16(t[2:]) != 0 }

// KeyID returns the number of the key that signed it.
func (t *Trailer) KeyID() uint8 { return t[trailerKeyAt] }

// Sequence returns the sequence of the sender.
func (t *Trailer) Sequence() Sequence { return Sequence(be.Uint64(t[trailerSequenceAt:])) }

// setTrailer keeps what stands behind a message of size bytes.
func (p *VRRPPacket) setTrailer(msg []byte, size int) {
	p.Signed, p.Trailer = len(msg) > size, Trailer{}
	copy(p.Trailer[:], msg[size:])
}

// HMAC signs and verifies with one key. It has memory of its own, so that nothing
// is allocated for a packet, and must not be used from two goroutines at once.
// Printing it in any form shows the number of the key alone.
type HMAC struct {
	id   uint8
	hash hash.Hash
	head [pseudoSize + TrailerSize]byte // what is hashed of no message
	sum  [sha256.Size]byte
}

const pseudoSize = 20 // family, version, VRID, 0, and the source in 16 bytes

// NewHMAC returns what signs with a key of MinHMACKey to MaxHMACKey bytes, whose
// number is 1 to MaxHMACKeyID.
func NewHMAC(id uint32, key []byte) (*HMAC, error) {
	switch {
	case id == 0 || id > MaxHMACKeyID:
		return nil, fmt.Errorf("hmac key %d: the number must be 1 to %d", id, MaxHMACKeyID)
	case len(key) < MinHMACKey || len(key) > MaxHMACKey:
		return nil, fmt.Errorf("hmac key %d: have %d bytes, want %d to %d", id, len(key), MinHMACKey, MaxHMACKey)
	}
	return &HMAC{id: uint8(id), hash: hmac.New(sha256.New, key)}, nil
}

// ID returns the number of the key.
func (k *HMAC) ID() uint8 { return k.id }

// Sign returns the trailer for the message msg of VRRP, sent from src. The
// destination and the message's checksum are not covered.
func (k *HMAC) Sign(msg []byte, src netip.Addr, s Sequence) (t Trailer) {
	t[0], t[trailerKeyAt] = trailerHMAC, k.id
	be.PutUint64(t[trailerSequenceAt:], uint64(s))
	copy(t[trailerDigestAt:], k.digest(msg, src, &t))
	return t
}

// Verify reports whether k has signed the message at the beginning of payload, of
// which p was parsed, for the address src. It takes the same time for every
// wrong digest.
func (k *HMAC) Verify(p *VRRPPacket, payload []byte, src netip.Addr) bool {
	if !p.Signed || p.Trailer.KeyID() != k.id {
		return false
	}
	want := k.digest(payload[:len(payload)-TrailerSize], src, &p.Trailer)
	return subtle.ConstantTimeCompare(want, p.Trailer[trailerDigestAt:]) == 1
}

// digest returns HMAC(pseudo | msg without checksum | t without digest), cut. It
// is valid until the next call.
func (k *HMAC) digest(msg []byte, src netip.Addr, t *Trailer) []byte {
	pseudo, trailer := k.head[:pseudoSize], k.head[pseudoSize:]
	pseudo[0], pseudo[1], pseudo[2] = uint8(FamilyOf(src)), msg[0]>>4, msg[1]
	if src.Is4() {
		a := src.As4()
		clear(pseudo[copy(pseudo[4:], a[:])+4:])
	} else {
		a := src.As16()
		copy(pseudo[4:], a[:])
	}
	copy(trailer, t[:trailerDigestAt]) // the rest stays zero
	k.hash.Reset()
	k.hash.Write(pseudo)
	k.hash.Write(msg[:vrrpChecksum])
	k.hash.Write(trailer[trailerDigestAt : trailerDigestAt+2]) // zeros
	k.hash.Write(msg[vrrpChecksum+2:])
	k.hash.Write(trailer)
	return k.hash.Sum(k.sum[:0])[:trailerDigest]
}

// AppendTrailer appends t to the message that begins at start of b, to be sent
// from src to dst. The checksum of IPv6 is the kernel's, over the message and the
// trailer. That of IPv4 leaves the trailer out.
func AppendTrailer(b []byte, start int, t *Trailer, src, dst netip.Addr) []byte {
	b = append(b, t[:]...)
	if FamilyOf(src) == IPv6 {
		msg := b[start:]
		be.PutUint16(msg[vrrpChecksum:], 0)
		sum := wire.PseudoHeader(src, dst, ProtoNumber, len(msg)).Add(msg)
		be.PutUint16(msg[vrrpChecksum:], sum.Checksum())
	}
	return b
}

// String names the key by its number.
func (k *HMAC) String() string { return fmt.Sprintf("hmac key %d", k.id) }

// Format implements fmt.Formatter, so that no verb prints more than String.
func (k *HMAC) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }
