package census

import (
	"encoding/binary"
	"time"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// CARP shares VRRP's IP protocol and groups, and begins with the version and type
// of VRRP version 2. An advertisement of 36 bytes:
//
//	 0               1               2               3
//	+-------+-------+---------------+---------------+---------------+
//	|   2   |   1   | Virtual host  | Skew          | Words of auth |
//	+-------+-------+---------------+---------------+---------------+
//	| Demotion      | Base, seconds | Checksum                      |
//	+---------------+---------------+-------------------------------+
//	|                    Counter: two words                         |
//	|                    HMAC-SHA1: five words                      |
//	+---------------------------------------------------------------+
const (
	carpSize  = 36
	carpFirst = 0x21
	carpWords = 7 // of counter and HMAC
)

// isCARP tells CARP from VRRP: in the place of the seven words VRRP has the number
// of addresses, and seven of them would make a longer message.
func isCARP(p *wire.Packet) bool {
	return p.Proto == hello.ProtoNumber && p.Size == carpSize && len(p.Payload) >= carpSize &&
		p.Fragment == 0 && p.Payload[0] == carpFirst && p.Payload[3] == carpWords
}

// carp fills m. The skew stands for a priority, and the lower one wins.
func (d *decoder) carp(m *message) hello.Reject {
	p := &d.packet
	b := p.Payload[:carpSize]
	m.protocol, m.version, m.id = carp, 2, uint16(b[1])
	m.role, m.priority, m.auth = active, int(b[2]), authSHA1
	m.leaves = b[5] == 255 && b[2] == 255 // how one that stops says it
	m.hello = time.Duration(b[5])*time.Second + time.Duration(b[2])*time.Second/256
	return d.carpFault(b)
}

func (d *decoder) carpFault(b []byte) hello.Reject {
	p := &d.packet
	sum := wire.Sum(0).Add(b)
	switch {
	case p.TTL != hello.TTLVRRP:
		return hello.RejectTTL
	case p.Src.Is4() && !wire.Sum(0).Add(p.IP).OK():
		return hello.RejectChecksum
	case !sum.OK() && !(wire.PseudoHeader(p.Src, p.Dst, hello.ProtoNumber, len(b)) + sum).OK():
		return hello.RejectChecksum
	case binary.BigEndian.Uint16(b) == carpFirst<<8:
		return hello.RejectGroup // number 0
	}
	return ""
}
