package capfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"time"
)

// Block types and constants of the pcapng file format
// (draft-ietf-opsawg-pcapng sections 4.1 to 4.4).
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockObsolete  = 2 // of packets, before there were enhanced ones
	blockSimple    = 3
	blockEnhanced  = 6
	byteOrderMagic = 0x1a2b3c4d

	optEnd        = 0
	optComment    = 1
	optFlags      = 2 // of a packet
	optIfName     = 2
	optIfTsresol  = 9
	optIfTsoffset = 14

	maxInterfaces = 4096
)

var errBlock = errors.New("a block contradicts itself: the file is damaged")

// networkDevice is an interface of a section.
type networkDevice struct {
	name   string
	link   uint32
	snap   uint32 // 0 = no limit
	ticks  uint64 // of a timestamp, in a second
	offset int64  // seconds
}

// nextBlock reads blocks until one has a packet.
func (f *Reader) nextBlock() (Packet, error) {
	for {
		typ, body, err := f.block()
		if err != nil {
			return Packet{}, err
		}
		switch typ {
		case blockInterface:
			err = f.addInterface(body)
		case blockSimple, blockEnhanced, blockObsolete:
			return f.packetOf(typ, body)
		}
		if err != nil {
			return Packet{}, err
		}
	}
}

// block returns the type and the body of the next block. A section sets the byte
// order of what follows, its own lengths included.
func (f *Reader) block() (typ uint32, body []byte, err error) {
	head, err := f.in.Peek(12)
	switch {
	case len(head) == 0:
		return 0, nil, err
	case err != nil:
		return 0, nil, unexpected(err)
	}
	if binary.BigEndian.Uint32(head) == blockSection {
		if err := f.section(head); err != nil {
			return 0, nil, err
		}
	}
	if f.order == nil {
		return 0, nil, errBlock
	}
	typ, size := f.order.Uint32(head), f.order.Uint32(head[4:])
	if size < 12 || size%4 != 0 {
		return 0, nil, errBlock
	}
	b, err := f.read(size)
	if err != nil {
		return 0, nil, err
	}
	return typ, b[8 : size-4], nil
}

func (f *Reader) section(head []byte) error {
	f.ifaces = nil
	switch uint32(byteOrderMagic) {
	case binary.LittleEndian.Uint32(head[8:]):
		f.order = binary.LittleEndian
	case binary.BigEndian.Uint32(head[8:]):
		f.order = binary.BigEndian
	default:
		return errBlock
	}
	return nil
}

func (f *Reader) addInterface(b []byte) error {
	if len(b) < 8 {
		return errBlock
	}
	if len(f.ifaces) == maxInterfaces {
		return fmt.Errorf("more than %d interfaces", maxInterfaces)
	}
	d := networkDevice{link: uint32(f.order.Uint16(b)), snap: f.order.Uint32(b[4:]), ticks: 1e6}
	for b = b[8:]; len(b) >= 4; {
		code, size := f.order.Uint16(b), int(f.order.Uint16(b[2:]))
		if code == 0 {
			break
		}
		if size > len(b)-4 {
			return errBlock
		}
		if err := d.option(code, b[4:4+size], f.order); err != nil {
			return err
		}
		b = b[min(len(b), 4+(size+3)&^3):]
	}
	f.ifaces = append(f.ifaces, d)
	return nil
}

func (d *networkDevice) option(code uint16, v []byte, order binary.ByteOrder) error {
	switch {
	case code == optIfName && len(v) <= 256:
		d.name = string(v)
	case code == optIfTsresol && len(v) == 1:
		if d.ticks = ticks(v[0]); d.ticks == 0 {
			return fmt.Errorf("timestamps with a resolution of %#x", v[0])
		}
	case code == optIfTsoffset && len(v) == 8:
		d.offset = int64(order.Uint64(v))
	}
	return nil
}

// ticks returns how many units of a resolution are in a second, 0 when they do
// not fit.
func ticks(resol byte) uint64 {
	n := resol & 0x7f
	switch {
	case resol&0x80 != 0 && n < 64:
		return 1 << n
	case resol&0x80 == 0 && n < 20:
		t := uint64(1)
		for range n {
			t *= 10
		}
		return t
	}
	return 0
}

// at is the time of a timestamp of the interface.
func (d *networkDevice) at(high, low uint32) time.Time {
	t := uint64(high)<<32 | uint64(low)
	hi, lo := bits.Mul64(t%d.ticks, uint64(time.Second))
	frac, _ := bits.Div64(hi, lo, d.ticks)
	// What is far beyond any clock comes from a damaged file, and must not overflow.
	return time.Unix(int64(min(t/d.ticks, math.MaxUint32<<8))+max(min(d.offset, math.MaxUint32), -math.MaxUint32), int64(frac))
}

// packetOf reads a block that has a packet.
func (f *Reader) packetOf(typ uint32, b []byte) (Packet, error) {
	head := 20
	if typ == blockSimple {
		head = 4
	}
	if len(b) < head {
		return Packet{}, errBlock
	}
	id := uint32(0)
	switch typ {
	case blockEnhanced:
		id = f.order.Uint32(b)
	case blockObsolete:
		id = uint32(f.order.Uint16(b))
	}
	if int64(id) >= int64(len(f.ifaces)) {
		return Packet{}, errBlock
	}
	d := &f.ifaces[id]
	p := Packet{Link: d.link, Interface: f.nameOf(int(id))}
	full := f.order.Uint32(b[head-4:])
	size := full
	if typ == blockSimple {
		size = min(size, uint32(len(b)-head))
		if d.snap > 0 {
			size = min(size, d.snap)
		}
	} else {
		p.At = d.at(f.order.Uint32(b[4:]), f.order.Uint32(b[8:]))
		size = f.order.Uint32(b[12:])
	}
	if int64(size) > int64(len(b)-head) {
		return Packet{}, errBlock
	}
	p.Data, p.Cut = b[head:head+int(size)], full > size
	if typ == blockEnhanced {
		p.readOptions(b[min(len(b), head+(int(size)+3)&^3):], f.order)
	}
	return p, nil
}

// nameOf returns what tells an interface from the others of its file.
func (f *Reader) nameOf(id int) string {
	if name := f.ifaces[id].name; name != "" || len(f.ifaces) == 1 {
		return name
	}
	return strconv.Itoa(id)
}
