// Package recorder is the flight recorder: it keeps the last minutes of what was
// heard, said and decided on each interface, makes of them a tape that Wireshark
// reads, and aligns the tapes of two routers.
package recorder

import (
	"encoding/binary"
	"math"
	"slices"
	"time"
)

// Kind is what an entry of a ring is.
type Kind uint8

// The kinds of entry.
const (
	Received Kind = iota // a frame that was read
	Sent                 // a frame that has left
	Composed             // a packet that has left in headers of the kernel's, which are not known
	Note                 // a text: what was decided
)

// Keep is how old an entry may be that a ring shows.
const Keep = 10 * time.Minute

// mostNote bounds a note, in bytes. What is longer is cut.
const mostNote = 1024

// sizeLen is the length of what stands in front of an entry: its size.
const sizeLen = 2

// beside is how many bytes an entry has at most that are not its data: what stands in
// front of them, four numbers of up to ten bytes, and what is new among the first.
const beside = sizeLen + 1 + 4*binary.MaxVarintLen64 + reach/8

// usualEntry is room for what is not unusually long.
const usualEntry = 2 * reach

// Ring holds the last entries, oldest first, in memory that is allocated once. It is
// for one goroutine.
type Ring struct {
	buf        []byte
	epoch      time.Time // from which age is counted, whatever becomes of the clock
	begin, end uint64    // bytes since the start; the ring has those between
	oldest     uint64    // number of the first entry
	next       uint64    // number of the next one, from 1
	before     context   // of the first entry
	last       context   // of the next one
	entry      []byte    // the last one, packed
	forgotten  []byte    // the last one that was in the way
}

// NewRing returns a ring of size bytes. Its memory is touched at once, so that no
// page is missing later.
func NewRing(size int, now time.Time) *Ring {
	r := &Ring{
		buf: make([]byte, size), epoch: now, oldest: 1, next: 1,
		entry: make([]byte, 0, usualEntry), forgotten: make([]byte, 0, usualEntry),
	}
	for i := 0; i < size; i += 4096 {
		r.buf[i] = 1
	}
	return r
}

// Size returns how many bytes the ring has.
func (r *Ring) Size() int { return len(r.buf) }

// Entry is one entry of a ring.
type Entry struct {
	Number uint64 // counts from 1
	At     time.Time
	Kind   Kind
	About  uint64 // Note: number of the frame that led to it, 0 for none
	Data   []byte
}

// Add appends an entry in place of the oldest ones, as far as they are in the way. It
// returns the entry's number, 0 when it does not fit at all. It asks the kernel for
// nothing, and for memory only where an entry is longer than all before it.
func (r *Ring) Add(now time.Time, kind Kind, about uint64, data []byte) uint64 {
	age := int64(now.Sub(r.epoch))
	return r.add(moment{age, now.UnixNano() - age}, kind, about, data)
}

func (r *Ring) add(at moment, kind Kind, about uint64, data []byte) uint64 {
	if kind == Note {
		data = data[:min(len(data), mostNote)]
	}
	if most := len(data) + beside; most > len(r.buf) || most > math.MaxUint16 {
		return 0
	}
	r.entry = r.last.pack(append(r.entry[:0], 0, 0), at, kind, about, data)
	size := uint64(len(r.entry))
	binary.LittleEndian.PutUint16(r.entry, uint16(size-sizeLen))
	for r.end+size-r.begin > uint64(len(r.buf)) {
		r.drop()
	}
	r.put()
	r.next++
	return r.next - 1
}

// put writes the packed entry behind the last one.
func (r *Ring) put() {
	n := copy(r.buf[r.end%uint64(len(r.buf)):], r.entry)
	copy(r.buf, r.entry[n:])
	r.end += uint64(len(r.entry))
}

// read reads the packed entry at an offset since the start, and returns where the next
// one is.
func (r *Ring) read(b []byte, from uint64) (entry []byte, next uint64) {
	var size [sizeLen]byte
	r.get(size[:], from)
	b = slices.Grow(b[:0], int(binary.LittleEndian.Uint16(size[:])))[:binary.LittleEndian.Uint16(size[:])]
	r.get(b, from+sizeLen)
	return b, from + sizeLen + uint64(len(b))
}

// get copies what is at an offset since the start.
func (r *Ring) get(b []byte, from uint64) {
	n := copy(b, r.buf[from%uint64(len(r.buf)):])
	copy(b[n:], r.buf)
}

// drop forgets the oldest entry.
func (r *Ring) drop() {
	r.forgotten, r.begin = r.read(r.forgotten, r.begin)
	r.before.unpack(r.forgotten)
	r.oldest++
}

// CopyTo makes dst, a ring of the same size, a copy of r.
func (r *Ring) CopyTo(dst *Ring) {
	own := *dst
	copy(own.buf, r.buf)
	*dst = *r
	dst.buf, dst.entry, dst.forgotten = own.buf, own.entry, own.forgotten
}

// Entries returns what is no older than Keep at now, oldest first.
func (r *Ring) Entries(now time.Time) (list []Entry) {
	var entry []byte
	c, number := r.before, r.oldest
	for at := r.begin; at < r.end; number++ {
		entry, at = r.read(entry, at)
		p := c.unpack(entry)
		if now.Sub(r.epoch)-time.Duration(p.age) <= Keep {
			e := c.entry(&p)
			e.Number = number
			list = append(list, e)
		}
	}
	return list
}
