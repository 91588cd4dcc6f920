package netlab

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// Block types and constants of the pcapng file format
// (draft-ietf-opsawg-pcapng sections 4.1 to 4.3).
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 6
	byteOrderMagic = 0x1a2b3c4d
	linkEthernet   = 1
	optIfName      = 2
	optIfTsresol   = 9
	optEPBFlags    = 2
	nanoseconds    = 9
)

// WritePcapng writes frames as a pcapng file with nanosecond timestamps and one
// interface per Frame.Iface, in the order in which the interfaces first appear.
func WritePcapng(w io.Writer, frames []Frame) error {
	section := words(nil, byteOrderMagic, 1, math.MaxUint32, math.MaxUint32) // version 1.0, length not given
	out := block(nil, blockSection, section)
	var ifaces []string
	for _, f := range frames {
		id := slices.Index(ifaces, f.Iface)
		if id < 0 {
			id = len(ifaces)
			ifaces = append(ifaces, f.Iface)
			out = block(out, blockInterface, interfaceBody(f.Iface))
		}
		out = block(out, blockPacket, packetBody(uint32(id), f))
	}
	if _, err := w.Write(out); err != nil {
		return fmt.Errorf("write pcapng: %w", err)
	}
	return nil
}

func interfaceBody(name string) []byte {
	b := words(nil, linkEthernet, 0) // no limit on the length of frames
	b = option(b, optIfName, []byte(name))
	b = option(b, optIfTsresol, []byte{nanoseconds})
	return option(b, 0, nil)
}

func packetBody(id uint32, f Frame) []byte {
	at, size := f.At.UnixNano(), uint32(len(f.Data))
	b := words(nil, id, uint32(at>>32), uint32(at), size, size)
	b = pad(append(b, f.Data...))
	flags := uint32(1) // inbound
	if f.Sent {
		flags = 2
	}
	b = option(b, optEPBFlags, words(nil, flags))
	return option(b, 0, nil)
}

func block(out []byte, typ uint32, body []byte) []byte {
	size := uint32(len(body) + 12)
	out = append(words(out, typ, size), body...)
	return words(out, size)
}

// words appends numbers of 32 bits.
func words(b []byte, list ...uint32) []byte {
	for _, v := range list {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func option(b []byte, code uint16, value []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return pad(append(b, value...))
}

// pad fills up to a multiple of four bytes; every part of a block starts on one.
func pad(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}
