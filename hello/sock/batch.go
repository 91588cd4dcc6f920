package sock

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ReceiveBatch is the most frames that Receive reads: few, so that the caller is not
// kept long. Where there were fewer, none is left.
const ReceiveBatch = 16

const (
	batchOut  = 1024
	frameSize = 2048 // hellos, ARP and ND are far below; longer frames are cut and then rejected
	auxSize   = 64

	statusChecksumNotReady = 1 << 3 // TP_STATUS_CSUMNOTREADY
)

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
	_   [4]byte
}

// auxdata is struct tpacket_auxdata of packet(7).
type auxdata struct {
	status, len, snaplen        uint32
	mac, net, vlanTCI, vlanTPID uint16
}

// inbox holds the memory of one recvmmsg call, set up once.
type inbox struct {
	msgs   [ReceiveBatch]mmsghdr
	iovs   [ReceiveBatch]unix.Iovec
	frames [ReceiveBatch][frameSize]byte
	aux    [ReceiveBatch][auxSize]byte
}

func (in *inbox) init() {
	for i := range in.msgs {
		in.iovs[i].Base = &in.frames[i][0]
		in.iovs[i].SetLen(frameSize)
		in.msgs[i].hdr.Iov = &in.iovs[i]
		in.msgs[i].hdr.SetIovlen(1)
		in.msgs[i].hdr.Control = &in.aux[i][0]
	}
}

// Receive reads the frames that wait, at most one batch, and hands each to fn.
// checksumReady says that the transport checksum is complete: a frame from a
// socket of this host may carry an unfinished one. The slice is valid only during
// the call. Receive returns the number of frames, 0 when none waits.
func (s *Socket) Receive(fn func(frame []byte, checksumReady bool)) (int, error) {
	in := &s.in
	for i := range in.msgs {
		in.msgs[i].hdr.SetControllen(auxSize)
	}
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&in.msgs[0])), ReceiveBatch, unix.MSG_DONTWAIT, 0, 0)
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return 0, nil
	case errno != 0:
		return 0, fmt.Errorf("receive frames: %w", errno)
	}
	for i := range int(n) {
		m := &in.msgs[i]
		fn(in.frames[i][:min(int(m.len), frameSize)], checksumReady(in.aux[i][:m.hdr.Controllen]))
	}
	return int(n), nil
}

func checksumReady(control []byte) bool {
	const header = unix.SizeofCmsghdr
	if len(control) < header+int(unsafe.Sizeof(auxdata{})) {
		return true
	}
	h := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
	if h.Level != unix.SOL_PACKET || h.Type != unix.PACKET_AUXDATA {
		return true
	}
	a := (*auxdata)(unsafe.Pointer(&control[header]))
	return a.status&statusChecksumNotReady == 0
}

// outbox holds the memory of one sendmmsg call and grows to one batch.
type outbox struct {
	msgs []mmsghdr
	iovs []unix.Iovec
}

// Send puts frames on the wire in order, up to 1024 a system call. A frame that
// the kernel refuses is skipped and its error returned, so that one bad frame
// does not silence the rest; where no frame could leave now, the rest is not
// tried. unsent are the numbers of the frames that did not go out, from 0 and
// ascending.
func (s *Socket) Send(frames [][]byte) (unsent []int, err error) {
	for at := 0; at < len(frames); {
		n, refused := s.sendBatch(frames[at:min(len(frames), at+batchOut)])
		at += n
		if refused == nil {
			continue
		}
		err = errors.Join(err, refused)
		skipped := 1
		if errors.Is(refused, unix.EAGAIN) || errors.Is(refused, unix.ENOBUFS) || errors.Is(refused, unix.ENETDOWN) {
			skipped = len(frames) - at
		}
		for range skipped {
			unsent = append(unsent, at)
			at++
		}
	}
	return unsent, err
}

func (s *Socket) sendBatch(frames [][]byte) (int, error) {
	out := &s.out
	if len(out.msgs) < len(frames) {
		out.msgs = make([]mmsghdr, len(frames))
		out.iovs = make([]unix.Iovec, len(frames))
	}
	for i, f := range frames {
		out.iovs[i].Base = unsafe.SliceData(f)
		out.iovs[i].SetLen(len(f))
		out.msgs[i].hdr.Iov = &out.iovs[i]
		out.msgs[i].hdr.SetIovlen(1)
	}
	n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&out.msgs[0])), uintptr(len(frames)), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, fmt.Errorf("send %d frames: %w", len(frames), errno)
	}
	return int(n), nil
}
