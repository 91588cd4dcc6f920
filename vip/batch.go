package vip

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// batch builds netlink messages one after another in a buffer that is kept,
// so that a gate change allocates nothing however many groups it holds.
type batch struct {
	b     []byte
	start int // offset of the message under construction
	n     int // messages begun
}

func (b *batch) reset() { b.b, b.start, b.n = b.b[:0], 0, 0 }

// begin starts a message and returns its index, which a messageError names.
func (b *batch) begin(typ uint16, flags uint16) int {
	b.start = len(b.b)
	b.b = append(b.b, make([]byte, unix.SizeofNlMsghdr)...)
	binary.NativeEndian.PutUint16(b.b[b.start+4:], typ)
	binary.NativeEndian.PutUint16(b.b[b.start+6:], flags|unix.NLM_F_REQUEST)
	b.setLen(b.start)
	b.n++
	return b.n - 1
}

// ack asks for an answer to the message under construction.
func (b *batch) ack() {
	f := b.b[b.start+6:]
	binary.NativeEndian.PutUint16(f, binary.NativeEndian.Uint16(f)|unix.NLM_F_ACK)
}

// raw appends a fixed header. Its length must be a multiple of four.
func (b *batch) raw(v ...byte) {
	b.b = append(b.b, v...)
	b.setLen(b.start)
}

func (b *batch) setLen(at int) {
	binary.NativeEndian.PutUint32(b.b[at:], uint32(len(b.b)-at))
}

func (b *batch) attr(typ uint16, v []byte) {
	b.head(typ, len(v))
	b.b = append(b.b, v...)
	b.pad()
}

func (b *batch) str(typ uint16, s string) {
	b.head(typ, len(s)+1)
	b.b = append(append(b.b, s...), 0)
	b.pad()
}

func (b *batch) be32(typ uint16, v uint32) {
	b.head(typ, 4)
	b.b = binary.BigEndian.AppendUint32(b.b, v)
	b.setLen(b.start)
}

func (b *batch) be64(typ uint16, v uint64) {
	b.head(typ, 8)
	b.b = binary.BigEndian.AppendUint64(b.b, v)
	b.setLen(b.start)
}

func (b *batch) u32(typ uint16, v uint32) {
	b.head(typ, 4)
	b.b = binary.NativeEndian.AppendUint32(b.b, v)
	b.setLen(b.start)
}

// nest opens an attribute that holds attributes; close it with end.
func (b *batch) nest(typ uint16) int {
	at := len(b.b)
	b.head(typ|unix.NLA_F_NESTED, 0)
	return at
}

func (b *batch) end(at int) {
	binary.NativeEndian.PutUint16(b.b[at:], uint16(len(b.b)-at))
	b.setLen(b.start)
}

func (b *batch) head(typ uint16, n int) {
	b.b = binary.NativeEndian.AppendUint16(b.b, uint16(unix.SizeofNlAttr+n))
	b.b = binary.NativeEndian.AppendUint16(b.b, typ)
}

func (b *batch) pad() {
	for len(b.b)%4 != 0 {
		b.b = append(b.b, 0)
	}
	b.setLen(b.start)
}

// number gives the messages consecutive sequence numbers from seq on.
func (b *batch) number(seq uint32) {
	for at := 0; at < len(b.b); at += int(binary.NativeEndian.Uint32(b.b[at:])) {
		binary.NativeEndian.PutUint32(b.b[at+8:], seq)
		seq++
	}
}

// attrs calls f for each attribute in v, and stops at the first damaged one.
func attrs(v []byte, f func(typ uint16, v []byte)) {
	for len(v) >= unix.SizeofNlAttr {
		n := int(binary.NativeEndian.Uint16(v))
		if n < unix.SizeofNlAttr || n > len(v) {
			return
		}
		f(binary.NativeEndian.Uint16(v[2:])&^(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER), v[unix.SizeofNlAttr:n])
		v = v[min((n+3)&^3, len(v)):]
	}
}
