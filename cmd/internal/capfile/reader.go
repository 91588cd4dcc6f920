// Package capfile reads files of captured packets, classic pcap and pcapng, and
// brings what is in them to untagged Ethernet frames. It keeps one packet at a
// time, whatever the size of the file. It writes pcapng.
package capfile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// maxBlock bounds the memory that a length in a file can ask for, in bytes. The
// largest packet of tcpdump and Wireshark is 256 KiB.
const maxBlock = 4 << 20

// Packet is one captured packet.
type Packet struct {
	At        time.Time // zero where the file has none
	Interface string    // its name, or its number in a file that numbers several; "" when the file has one without a name
	Link      uint32    // link type, as registered for these formats
	Data      []byte    // valid until the next packet is read
	Cut       bool      // the packet was longer
	Way       Way       // pcapng: whether it was received or sent, where the file says so
	Comments  []string  // pcapng
}

// Reader reads the packets of a file in their order.
type Reader struct {
	in     *bufio.Reader
	buf    []byte
	next   func() (Packet, error)
	packet int // number of the one that is read, from 1

	order  binary.ByteOrder
	link   uint32          // classic
	unit   time.Duration   // classic: of the second half of a timestamp
	ifaces []networkDevice // pcapng, of the section
}

// ErrFormat is the error for a file that is neither pcap nor pcapng.
var ErrFormat = errors.New("neither pcap nor pcapng")

// NewReader returns a reader of the capture in r, whose first bytes tell the
// format. The error is ErrFormat for any other file.
func NewReader(r io.Reader) (*Reader, error) {
	f := &Reader{in: bufio.NewReaderSize(r, 64<<10)}
	head, err := f.in.Peek(4)
	if err != nil {
		return nil, ErrFormat
	}
	if binary.BigEndian.Uint32(head) == blockSection {
		f.next = f.nextBlock
		return f, nil
	}
	if err := f.readHeader(head); err != nil {
		return nil, err
	}
	f.next = f.nextRecord
	return f, nil
}

// Next returns the next packet. The error is io.EOF behind the last one, and
// wraps io.ErrUnexpectedEOF where the file ends within a packet, as one does that
// is still being written.
func (f *Reader) Next() (Packet, error) {
	f.packet++
	p, err := f.next()
	if err != nil && err != io.EOF {
		err = fmt.Errorf("packet %d: %w", f.packet, err)
	}
	return p, err
}

// read returns the next n bytes, valid until the next call. Memory grows with
// what is there, and not with what a length says.
func (f *Reader) read(n uint32) ([]byte, error) {
	if n > maxBlock {
		return nil, fmt.Errorf("a length of %d bytes, want at most %d: the file is damaged", n, maxBlock)
	}
	const step = 64 << 10
	f.buf = f.buf[:0]
	for left := int(n); left > 0; {
		part := min(left, step)
		at := len(f.buf)
		f.buf = append(f.buf, make([]byte, part)...)
		if _, err := io.ReadFull(f.in, f.buf[at:]); err != nil {
			return nil, unexpected(err)
		}
		left -= part
	}
	return f.buf, nil
}

// unexpected is err where something had to follow.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
