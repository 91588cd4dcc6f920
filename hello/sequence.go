package hello

import (
	"math"
	"time"
)

// Sequence orders the advertisements of one sender: 32 bits of UTC seconds since
// 1970, 16 bits of a fraction of the second and 16 bits that count within one
// timestamp (draft-cassen-vrrp-auth-hmac). It wraps around, so that two of them
// are compared with After.
type Sequence uint64

const (
	sequenceSecond   = 32 // bits below the seconds
	sequenceFraction = 16 // bits of the fraction, and of the counter below it
)

// SequenceAt returns the first Sequence of a time.
func SequenceAt(t time.Time) Sequence {
	fraction := uint64(t.Nanosecond()) << sequenceFraction / uint64(time.Second)
	return Sequence(uint64(uint32(t.Unix()))<<sequenceSecond | fraction<<sequenceFraction)
}

// After reports whether s is newer than o in serial number arithmetic (RFC 1982).
func (s Sequence) After(o Sequence) bool { return int64(s-o) > 0 }

// Since returns how far s is ahead of t, negative when it is behind, to a
// 65536th of a second. A sequence that is half of the range away is behind.
func (s Sequence) Since(t time.Time) time.Duration {
	d := int64(s - SequenceAt(t))
	seconds, fraction := d>>sequenceSecond, d&math.MaxUint32>>sequenceFraction
	return time.Duration(seconds)*time.Second + time.Duration(fraction)*time.Second>>sequenceFraction
}

// SecondsSince returns how many whole seconds the timestamp of s is ahead of that
// of t, whatever their fractions are.
func (s Sequence) SecondsSince(t time.Time) int {
	return int(int32(uint32(s>>sequenceSecond) - uint32(t.Unix())))
}
