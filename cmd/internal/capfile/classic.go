package capfile

import (
	"encoding/binary"
	"time"
)

// Magic numbers of classic pcap, by the unit of its timestamps.
const (
	magicMicro = 0xa1b2c3d4
	magicNano  = 0xa1b23c4d

	classicHeader = 24
	recordHeader  = 16
	linkMask      = 0x03ffffff // above it is the length of a frame check sequence
)

// readHeader reads the header of a classic file, whose byte order is that of the
// host that wrote it.
func (f *Reader) readHeader(magic []byte) error {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(magic) {
		case magicMicro:
			f.order, f.unit = order, time.Microsecond
		case magicNano:
			f.order, f.unit = order, time.Nanosecond
		}
	}
	if f.order == nil {
		return ErrFormat
	}
	b, err := f.read(classicHeader)
	if err != nil {
		return err
	}
	f.link = f.order.Uint32(b[20:]) & linkMask
	return nil
}

func (f *Reader) nextRecord() (Packet, error) {
	if _, err := f.in.Peek(1); err != nil {
		return Packet{}, err
	}
	b, err := f.read(recordHeader)
	if err != nil {
		return Packet{}, err
	}
	size, full := f.order.Uint32(b[8:]), f.order.Uint32(b[12:])
	at := time.Unix(int64(f.order.Uint32(b)), 0).Add(time.Duration(f.order.Uint32(b[4:])) * f.unit)
	b, err = f.read(size)
	return Packet{At: at, Link: f.link, Data: b, Cut: full > size}, err
}
