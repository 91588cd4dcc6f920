package wire

import "net/netip"

// Sum is an unfolded one's complement sum of 16-bit words (RFC 1071). Sums of
// parts may be added up when every part but the last has an even length. It has
// room for the 32-bit words of more data than fits into a packet.
type Sum uint64

// Add adds b, padded with a zero byte when its length is odd.
func (s Sum) Add(b []byte) Sum {
	for ; len(b) >= 8; b = b[8:] {
		s += Sum(be.Uint32(b)) + Sum(be.Uint32(b[4:]))
	}
	if len(b) >= 4 {
		s += Sum(be.Uint32(b))
		b = b[4:]
	}
	if len(b) >= 2 {
		s += Sum(be.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		s += Sum(b[0]) << 8
	}
	return s
}

// Checksum returns the value for a checksum field that was zero when summed.
func (s Sum) Checksum() uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}

// OK reports whether s is the sum of data that holds its own correct checksum.
func (s Sum) OK() bool { return s.Checksum() == 0 }

// PseudoHeader sums the pseudo-header of IPv4 (RFC 768) or IPv6 (RFC 8200
// section 8.1). A message of length bytes is then added to it. Both sums are
// computed alike: the headers differ only in where the zeros are.
func PseudoHeader(src, dst netip.Addr, proto uint8, length int) Sum {
	s := Sum(proto) + Sum(length)
	if src = src.Unmap(); src.Is4() {
		a, b := src.As4(), Addr4(dst)
		return s.Add(a[:]).Add(b[:])
	}
	a, b := src.As16(), dst.As16()
	return s.Add(a[:]).Add(b[:])
}
