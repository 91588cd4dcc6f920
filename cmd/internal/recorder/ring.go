// Package recorder is the flight recorder: it keeps the last minutes of what was
// heard, said and decided on each interface, makes of them a tape that Wireshark
// reads, and aligns the tapes of two routers.
package recorder

import (
	"encoding/binary"
	"math"
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

// entryHead is the size of what stands in front of the data of an entry: its age,
// its time, the number of the frame that a note is about, the size of the data, the
// kind.
const entryHead = 8 + 8 + 8 + 2 + 1

// Ring holds the last entries, oldest first, in memory that is allocated once. It is
// for one goroutine.
type Ring struct {
	buf        []byte
	epoch      time.Time // from which age is counted, whatever becomes of the clock
	begin, end uint64    // bytes since the start; the ring has those between
	oldest     uint64    // number of the first entry
	next       uint64    // number of the next one, from 1
	head       [entryHead]byte
}

// NewRing returns a ring of size bytes. Its memory is touched at once, so that no
// page is missing later.
func NewRing(size int, now time.Time) *Ring {
	r := &Ring{buf: make([]byte, size), epoch: now, oldest: 1, next: 1}
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
// returns the entry's number, 0 when it does not fit at all. It neither allocates nor
// asks the kernel for anything.
func (r *Ring) Add(now time.Time, kind Kind, about uint64, data []byte) uint64 {
	if kind == Note {
		data = data[:min(len(data), mostNote)]
	}
	size := uint64(entryHead + len(data))
	if size > uint64(len(r.buf)) || len(data) > math.MaxUint16 {
		return 0
	}
	age := now.Sub(r.epoch)
	for r.oldest < r.next && r.end+size-r.begin > uint64(len(r.buf)) {
		r.drop()
	}
	h := &r.head
	binary.LittleEndian.PutUint64(h[0:], uint64(age))
	binary.LittleEndian.PutUint64(h[8:], uint64(now.UnixNano()))
	binary.LittleEndian.PutUint64(h[16:], about)
	binary.LittleEndian.PutUint16(h[24:], uint16(len(data)))
	h[26] = byte(kind)
	r.put(h[:])
	r.put(data)
	r.next++
	return r.next - 1
}

func (r *Ring) put(b []byte) {
	n := copy(r.buf[r.end%uint64(len(r.buf)):], b)
	copy(r.buf, b[n:])
	r.end += uint64(len(b))
}

// get copies what is at an offset since the start.
func (r *Ring) get(b []byte, from uint64) {
	n := copy(b, r.buf[from%uint64(len(r.buf)):])
	copy(b[n:], r.buf)
}

// drop forgets the oldest entry.
func (r *Ring) drop() {
	r.get(r.head[:], r.begin)
	r.begin += entryHead + uint64(binary.LittleEndian.Uint16(r.head[24:]))
	r.oldest++
}

// CopyTo makes dst, a ring of the same size, a copy of r.
func (r *Ring) CopyTo(dst *Ring) {
	buf := dst.buf
	copy(buf, r.buf)
	*dst = *r
	dst.buf = buf
}

// Entries returns what is no older than Keep at now, oldest first.
func (r *Ring) Entries(now time.Time) (list []Entry) {
	var h [entryHead]byte
	number := r.oldest
	for at := r.begin; at < r.end; number++ {
		r.get(h[:], at)
		e := Entry{
			Number: number,
			At:     time.Unix(0, int64(binary.LittleEndian.Uint64(h[8:]))),
			Kind:   Kind(h[26]),
			About:  binary.LittleEndian.Uint64(h[16:]),
			Data:   make([]byte, binary.LittleEndian.Uint16(h[24:])),
		}
		r.get(e.Data, at+entryHead)
		at += entryHead + uint64(len(e.Data))
		if age := time.Duration(binary.LittleEndian.Uint64(h[:])); now.Sub(r.epoch)-age <= Keep {
			list = append(list, e)
		}
	}
	return list
}
