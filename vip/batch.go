package vip

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// batch builds netlink messages one after another in a buffer that is kept,
// so that a gate change allocates nothing however many routers it is about.
type batch struct {
	b      []byte
	start  int // offset of the message under construction
	n      int // messages begun
	number [8]byte
}

func (b *batch) reset() { b.b, b.start, b.n = b.b[:0], 0, 0 }

// begin starts a message.
func (b *batch) begin(typ, flags uint16) {
	b.finish()
	b.start = len(b.b)
	b.b = append(b.b, make([]byte, unix.SizeofNlMsghdr)...)
	binary.NativeEndian.PutUint16(b.b[b.start+4:], typ)
	binary.NativeEndian.PutUint16(b.b[b.start+6:], flags|unix.NLM_F_REQUEST)
	b.n++
}

// finish completes the message under construction.
func (b *batch) finish() {
	if b.n > 0 {
		binary.NativeEndian.PutUint32(b.b[b.start:], uint32(len(b.b)-b.start))
	}
}

// ack asks for an answer to the message under construction.
func (b *batch) ack() {
	f := b.b[b.start+6:]
	binary.NativeEndian.PutUint16(f, binary.NativeEndian.Uint16(f)|unix.NLM_F_ACK)
}

// raw appends a fixed header. Its length must be a multiple of four.
func (b *batch) raw(v ...byte) { b.b = append(b.b, v...) }

// open begins an attribute, which end completes.
func (b *batch) open(typ uint16) (at int) {
	at = len(b.b)
	b.b = binary.NativeEndian.AppendUint16(b.b, 0)
	b.b = binary.NativeEndian.AppendUint16(b.b, typ)
	return at
}

// nest begins an attribute that holds attributes.
func (b *batch) nest(typ uint16) (at int) { return b.open(typ | unix.NLA_F_NESTED) }

func (b *batch) end(at int) {
	binary.NativeEndian.PutUint16(b.b[at:], uint16(len(b.b)-at))
	for len(b.b)%4 != 0 {
		b.b = append(b.b, 0)
	}
}

func (b *batch) attr(typ uint16, v []byte) {
	at := b.open(typ)
	b.b = append(b.b, v...)
	b.end(at)
}

func (b *batch) str(typ uint16, s string) {
	at := b.open(typ)
	b.b = append(append(b.b, s...), 0)
	b.end(at)
}

func (b *batch) be32(typ uint16, v uint32) {
	b.attr(typ, binary.BigEndian.AppendUint32(b.number[:0], v))
}

func (b *batch) be64(typ uint16, v uint64) {
	b.attr(typ, binary.BigEndian.AppendUint64(b.number[:0], v))
}

func (b *batch) u32(typ uint16, v uint32) {
	b.attr(typ, binary.NativeEndian.AppendUint32(b.number[:0], v))
}

// setSeq gives the messages consecutive sequence numbers from seq on.
func (b *batch) setSeq(seq uint32) {
	b.finish()
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

// note32 appends a number as the nft tool notes it down: an octet each for type
// and length, and no padding.
func note32(b []byte, typ byte, v uint32) []byte {
	return binary.NativeEndian.AppendUint32(append(b, typ, 4), v)
}

func noteBytes(b []byte, typ byte, v []byte) []byte {
	return append(append(b, typ, byte(len(v))), v...)
}

// host16 is a number in the order of the machine's bytes.
func host16(v uint16) string { return string(binary.NativeEndian.AppendUint16(nil, v)) }
