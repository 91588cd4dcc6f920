package hello

import "net/netip"

// sum16 is an unfolded sum of 16-bit words (RFC 1071). It has room for the
// 32-bit words of more data than fits into a packet.
type sum16 uint64

// add adds b, padded with a zero byte when its length is odd.
func (s sum16) add(b []byte) sum16 {
	for ; len(b) >= 4; b = b[4:] {
		s += sum16(be.Uint32(b))
	}
	if len(b) >= 2 {
		s += sum16(be.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		s += sum16(b[0]) << 8
	}
	return s
}

// fold returns the one's complement sum. Over data that holds its own correct
// checksum it is 0xffff.
func (s sum16) fold() uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// checksum returns the value for a checksum field that was zero when summed.
func (s sum16) checksum() uint16 { return ^s.fold() }

// pseudoHeader sums the pseudo-header of IPv4 (RFC 768) or IPv6 (RFC 8200
// section 8.1). Both sum alike: they differ only in where the zeros are.
func pseudoHeader(src, dst netip.Addr, proto uint8, length int) sum16 {
	s := sum16(proto) + sum16(length)
	if src = src.Unmap(); src.Is4() {
		a, b := src.As4(), get4(dst)
		return s.add(a[:]).add(b[:])
	}
	a, b := src.As16(), dst.As16()
	return s.add(a[:]).add(b[:])
}

// get4 returns the bytes of an IPv4 address, and 0.0.0.0 for any other.
func get4(a netip.Addr) [4]byte {
	if a = a.Unmap(); a.Is4() {
		return a.As4()
	}
	return [4]byte{}
}

// get16 returns the bytes of an IPv6 address, and :: for any other.
func get16(a netip.Addr) [16]byte {
	if a.Is6() {
		return a.As16()
	}
	return [16]byte{}
}
