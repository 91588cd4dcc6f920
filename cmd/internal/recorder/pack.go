package recorder

import (
	"encoding/binary"
	"math/bits"
	"time"
)

// reach is how many of the first bytes of an entry are told by what is new in them.
// What comes behind, in longer ones, stands as it is.
const reach = 128

// context is what an entry is told apart from: the one before it, and the data of
// the last one of its kind. Hellos differ in a dozen bytes, and so do texts about
// groups to which the same happened.
type context struct {
	age   int64 // nanoseconds since the ring's epoch
	clock int64 // the time of day less the age, in nanoseconds; it stands still unless somebody sets it
	data  [Note + 1][reach]byte
}

// moment is when something was recorded.
type moment struct{ age, clock int64 }

func (m moment) wall() time.Time { return time.Unix(0, m.clock+m.age) }

// pack appends an entry to b, which unpack reads in the same context, and takes it over.
func (c *context) pack(b []byte, at moment, kind Kind, about uint64, data []byte) []byte {
	b = append(b, byte(kind))
	b = binary.AppendVarint(b, at.age-c.age)
	b = binary.AppendVarint(b, at.clock-c.clock)
	b = binary.AppendUvarint(b, about)
	b = binary.AppendUvarint(b, uint64(len(data)))
	c.age, c.clock = at.age, at.clock
	last := &c.data[kind]
	n := 0
	for ; n+8 <= min(len(data), reach); n += 8 {
		b = packEight(b, data[n:n+8], last[n:n+8])
	}
	if left := data[n:min(len(data), reach)]; len(left) > 0 {
		var padded [8]byte
		copy(padded[copy(padded[:], left):], last[n+len(left):])
		b = packEight(b, padded[:], last[n:n+8])
	}
	return append(b, data[min(len(data), reach):]...)
}

// packEight appends which of eight bytes are new, one bit each, and those, and takes
// them over.
func packEight(b, data, last []byte) []byte {
	now := binary.LittleEndian.Uint64(data)
	which := notZero(now ^ binary.LittleEndian.Uint64(last))
	b = append(b, which)
	for m := which; m != 0; m &= m - 1 {
		b = append(b, data[bits.TrailingZeros8(m)])
	}
	binary.LittleEndian.PutUint64(last, now)
	return b
}

// notZero returns a bit for each byte of x that is not zero, that of the least byte
// first.
func notZero(x uint64) byte {
	const most, all = 0x8080808080808080, 0x7f7f7f7f7f7f7f7f
	high := (x&all + all | x) & most // the highest bit of each byte that is not zero
	return byte(high >> 7 * 0x0102040810204080 >> 56)
}

// packed is an entry that was read: what is not in the context.
type packed struct {
	moment
	kind  Kind
	about uint64
	size  int    // of the data
	rest  []byte // of the data, beyond reach
}

// unpack reads what pack has written and takes it over. The first bytes of the data
// are in the context then.
func (c *context) unpack(b []byte) packed {
	p := packed{kind: Kind(b[0])}
	b = b[1:]
	age, n := binary.Varint(b)
	b = b[n:]
	clock, n := binary.Varint(b)
	b = b[n:]
	p.about, n = binary.Uvarint(b)
	b = b[n:]
	size, n := binary.Uvarint(b)
	b = b[n:]
	c.age, c.clock = c.age+age, c.clock+clock
	p.moment, p.size = moment{c.age, c.clock}, int(size)
	last := &c.data[p.kind]
	for at := 0; at < min(p.size, reach); at += 8 {
		which := b[0]
		b = b[1:]
		for ; which != 0; which &= which - 1 {
			last[at+bits.TrailingZeros8(which)] = b[0]
			b = b[1:]
		}
	}
	p.rest = b
	return p
}

// entry returns an entry that was read last.
func (c *context) entry(p *packed) Entry {
	data := make([]byte, 0, p.size)
	data = append(data, c.data[p.kind][:min(p.size, reach)]...)
	return Entry{At: p.wall(), Kind: p.kind, About: p.about, Data: append(data, p.rest...)}
}
