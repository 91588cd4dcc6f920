package hello

import "encoding/binary"

// be is the byte order of every field in this package.
var be = binary.BigEndian

// Layout of HSRP, in bytes from the start of the UDP payload or of a TLV.
const (
	hsrp1Size      = 20 // RFC 2281 section 5.1
	hsrp1TextAt    = 8
	hsrp1VIPAt     = 16
	advertise1Size = 16
	advertise1Len  = 14 // the length field: all but version and opcode
	advertise1Type = 1  // interface state

	tlvHeader         = 2 // type, length of the value
	tlvGroupState     = 1
	tlvInterfaceState = 2
	tlvText           = 3
	tlvMD5            = 4

	groupStateLen     = 40
	interfaceStateLen = 4
	md5Len            = 28

	algorithmMD5   = 1
	md5AlgorithmAt = 2 // of the TLV, whose header counts
	md5SenderAt    = 6
	md5KeyIDAt     = 10
	md5DigestAt    = 14
)

// hsrp1States are the codes of RFC 2281 section 5.1, in the order of HSRPState.
var hsrp1States = [...]uint8{Initial: 0, Learn: 1, Listen: 2, Speak: 4, Standby: 8, Active: 16}

// hsrp1State returns the state with a code of version 1, or 0.
func hsrp1State(code uint8) HSRPState {
	for s := Initial; s <= Active; s++ {
		if hsrp1States[s] == code {
			return s
		}
	}
	return 0
}

// hsrp1Code returns the code of s; an unknown state is sent as Initial.
func hsrp1Code(s HSRPState) uint8 {
	if int(s) < len(hsrp1States) {
		return hsrp1States[s]
	}
	return 0
}

// interfaceState derives the state from the counts. Version 2 carries no other.
func interfaceState(active, passive uint16) InterfaceState {
	switch {
	case active > 0:
		return ActiveInterface
	case passive > 0:
		return PassiveInterface
	}
	return Dormant
}

// tlv splits the first TLV off b.
func tlv(b []byte) (typ uint8, value, rest []byte, err error) {
	if len(b) < tlvHeader {
		return 0, nil, nil, RejectShort
	}
	end := tlvHeader + int(b[1])
	if end > len(b) {
		return 0, nil, nil, RejectLength
	}
	return b[0], b[tlvHeader:end], b[end:], nil
}

// tlvSizes are the lengths that known TLVs must have.
var tlvSizes = [...]int{tlvGroupState: groupStateLen, tlvInterfaceState: interfaceStateLen, tlvText: MaxTextAuth, tlvMD5: md5Len}

// tlvSize returns the length of a TLV by its type, 0 when that is not known.
func tlvSize(typ uint8) int {
	if int(typ) < len(tlvSizes) {
		return tlvSizes[typ]
	}
	return 0
}
