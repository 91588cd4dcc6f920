package netlab

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"time"
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
	le := binary.LittleEndian
	section := le.AppendUint32(nil, byteOrderMagic)
	section = le.AppendUint16(section, 1)
	section = le.AppendUint16(section, 0)
	section = le.AppendUint64(section, ^uint64(0)) // length not given
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
	le := binary.LittleEndian
	b := le.AppendUint16(nil, linkEthernet)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint32(b, 0) // no limit on the length of frames
	b = option(b, optIfName, []byte(name))
	b = option(b, optIfTsresol, []byte{nanoseconds})
	return option(b, 0, nil)
}

func packetBody(id uint32, f Frame) []byte {
	le := binary.LittleEndian
	at := uint64(f.At.UnixNano()) / uint64(time.Nanosecond)
	b := le.AppendUint32(nil, id)
	b = le.AppendUint32(b, uint32(at>>32))
	b = le.AppendUint32(b, uint32(at))
	b = le.AppendUint32(b, uint32(len(f.Data)))
	b = le.AppendUint32(b, uint32(len(f.Data)))
	b = pad(append(b, f.Data...))
	flags := uint32(1) // inbound
	if f.Sent {
		flags = 2
	}
	b = option(b, optEPBFlags, le.AppendUint32(nil, flags))
	return option(b, 0, nil)
}

func block(out []byte, typ uint32, body []byte) []byte {
	le := binary.LittleEndian
	size := uint32(len(body) + 12)
	out = le.AppendUint32(out, typ)
	out = le.AppendUint32(out, size)
	out = append(out, body...)
	return le.AppendUint32(out, size)
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
