package capfile

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// LinkPrivate is a link type that says nothing of what is in its packets, which here
// are empty: what has a time and a comment only (LINKTYPE_USER0).
const LinkPrivate = 147

// Writer writes a pcapng file of one section, in little endian, with timestamps of
// nanoseconds. The first error ends it; Close tells it.
type Writer struct {
	out    io.Writer
	buf    []byte
	ifaces uint32
	err    error
}

// NewWriter begins a file with comments about the whole of it.
func NewWriter(w io.Writer, comments ...string) *Writer {
	f := &Writer{out: w}
	b := words(nil, byteOrderMagic, 1, math.MaxUint32, math.MaxUint32) // version 1.0, length not given
	f.write(blockSection, options(b, optComment, comments))
	return f
}

// Interface adds an interface and returns its number, which is for Packet.
func (f *Writer) Interface(name string, link uint32) (id uint32) {
	b := words(nil, link&math.MaxUint16, 0) // no limit on the length of packets
	b = option(b, optIfName, []byte(name))
	b = option(b, optIfTsresol, []byte{9})
	f.write(blockInterface, option(b, optEnd, nil))
	f.ifaces++
	return f.ifaces - 1
}

// Packet adds a packet of an interface. Interface of p is not looked at.
func (f *Writer) Packet(id uint32, p Packet) {
	at, size := p.At.UnixNano(), uint32(len(p.Data))
	b := words(nil, id, uint32(at>>32), uint32(at), size, size)
	b = pad(append(b, p.Data...))
	switch p.Way {
	case Inbound, Outbound:
		b = option(b, optFlags, words(nil, uint32(p.Way)))
	}
	f.write(blockEnhanced, options(b, optComment, p.Comments))
}

// Close returns the first error. It does not close what is written to.
func (f *Writer) Close() error {
	if f.err != nil {
		return fmt.Errorf("write pcapng: %w", f.err)
	}
	return nil
}

func (f *Writer) write(typ uint32, body []byte) {
	if f.err != nil {
		return
	}
	size := uint32(len(body) + 12)
	f.buf = append(words(f.buf[:0], typ, size), body...)
	_, f.err = f.out.Write(words(f.buf, size))
}

// options appends options of one kind, and their end.
func options(b []byte, code uint16, texts []string) []byte {
	for _, text := range texts {
		b = option(b, code, []byte(text))
	}
	return option(b, optEnd, nil)
}

// mostOption is the longest value whose length, filled up, has a place in 16 bits.
const mostOption = math.MaxUint16 &^ 3

func option(b []byte, code uint16, value []byte) []byte {
	value = value[:min(len(value), mostOption)]
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return pad(append(b, value...))
}

func words(b []byte, list ...uint32) []byte {
	for _, v := range list {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

// pad fills up to a multiple of four bytes; every part of a block starts on one.
func pad(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// Way is whether the host that captured a packet had received or sent it.
type Way uint8

// The ways, as in the flags of an enhanced packet block (pcapng section 4.3.1).
const (
	WayUnknown Way = 0
	Inbound    Way = 1
	Outbound   Way = 2
)

// readOptions takes comments and way of a packet from the options behind its data.
// What contradicts itself is left out: the packet is good all the same.
func (p *Packet) readOptions(b []byte, order binary.ByteOrder) {
	for len(b) >= 4 {
		code, size := order.Uint16(b), int(order.Uint16(b[2:]))
		if code == optEnd || size > len(b)-4 {
			return
		}
		switch v := b[4 : 4+size]; {
		case code == optComment:
			p.Comments = append(p.Comments, string(v))
		case code == optFlags && size == 4:
			p.Way = Way(order.Uint32(v) & 3)
		}
		b = b[min(len(b), 4+(size+3)&^3):]
	}
}
