// Package signer makes signed VRRP packets for tests, byte by byte from the
// description of the trailer. It shares no code with what it tests.
package signer

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"time"
)

// Advert is an advertisement with its trailer. Fields that are zero are sent so.
type Advert struct {
	Version, VRID, Priority uint8
	Interval                uint16 // as on the wire: centiseconds in version 3, seconds in version 2
	VirtualIPs              []netip.Addr
	Src, Dst                netip.Addr

	Key      []byte // nil: no trailer
	KeyID    uint8
	Time     time.Time
	Counter  uint16
	Type     uint8 // 1 is right
	Reserved uint16
	Whole    bool // IPv4: the checksum is over the trailer as well; IPv6: it is not
	Pseudo   bool // IPv4 version 3: the checksum has a pseudo-header
}

// Payload returns what the IP packet carries.
func (a Advert) Payload() []byte {
	b := []byte{a.Version<<4 | 1, a.VRID, a.Priority, byte(len(a.VirtualIPs))}
	if a.Version == 2 {
		b = append(b, 0, byte(a.Interval))
	} else {
		b = append(b, byte(a.Interval>>8), byte(a.Interval))
	}
	b = append(b, 0, 0)
	for _, ip := range a.VirtualIPs {
		b = append(b, ip.AsSlice()...)
	}
	if a.Version == 2 {
		b = append(b, make([]byte, 8)...)
	}
	size := len(b)
	if a.Key != nil {
		b = append(b, a.trailer(b)...)
	}
	span := b[:size]
	if a.Src.Is6() != a.Whole {
		span = b
	}
	binary.BigEndian.PutUint16(b[6:], a.checksum(span))
	return b
}

// trailer signs msg, whose checksum is still zero.
func (a Advert) trailer(msg []byte) []byte {
	t := []byte{a.Type, a.KeyID, byte(a.Reserved >> 8), byte(a.Reserved)}
	t = binary.BigEndian.AppendUint32(t, uint32(a.Time.Unix()))
	t = binary.BigEndian.AppendUint16(t, uint16(float64(a.Time.Nanosecond())/1e9*65536))
	t = binary.BigEndian.AppendUint16(t, a.Counter)
	return append(t, Digest(a.Key, msg, a.Src, t)...)
}

// Digest returns the 16 bytes at the end of a trailer, whose first 12 bytes are
// head, for a message with its checksum zero.
func Digest(key, msg []byte, src netip.Addr, head []byte) []byte {
	family := byte(4)
	if src.Is6() {
		family = 6
	}
	pseudo := append([]byte{family, msg[0] >> 4, msg[1], 0}, src.AsSlice()...)
	for len(pseudo) < 20 {
		pseudo = append(pseudo, 0)
	}
	h := hmac.New(sha256.New, key)
	h.Write(pseudo)
	h.Write(msg)
	h.Write(head)
	h.Write(make([]byte, 16))
	return h.Sum(nil)[:16]
}

// checksum is the Internet checksum of what the span has.
func (a Advert) checksum(span []byte) uint16 {
	sum := uint32(0)
	add := func(b []byte) {
		for i := 0; i+1 < len(b); i += 2 {
			sum += uint32(b[i])<<8 | uint32(b[i+1])
		}
	}
	if a.Src.Is6() || a.Pseudo {
		add(a.Src.AsSlice())
		add(a.Dst.AsSlice())
		sum += uint32(len(span)) + 112
	}
	add(span)
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
