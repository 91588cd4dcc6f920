package sock

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// fullMargin is what a full receive buffer may have left: room for no frame of
// an ordinary size.
const fullMargin = 16 << 10

// Full reports whether the receive buffer has no room, so that the kernel has
// dropped frames, or is about to.
func (s *Socket) Full() bool {
	var info [unix.SK_MEMINFO_VARS]uint32 // struct of SO_MEMINFO: what is used, and the limit
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(s.fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	used, limit := info[unix.SK_MEMINFO_RMEM_ALLOC], info[unix.SK_MEMINFO_RCVBUF]
	return errno == 0 && used+fullMargin >= limit
}
