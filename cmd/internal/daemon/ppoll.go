package daemon

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ppoll waits for descriptors, for at most timeout or, when that is negative, for
// ever: ppoll(2) without a signal mask. The errno is 0 after a wait that has ended
// as it should.
//
// It gives the thread's Go processor back before it waits. An ordinary system call
// keeps it until the runtime's monitor takes it away ten milliseconds later, and for
// so long the monitor wakes every 20 µs to look: that was a third of what an idle
// daemon cost.
//
//go:nosplit
func ppoll(fds []unix.PollFd, timeout time.Duration) syscall.Errno {
	limit := unix.NsecToTimespec(int64(timeout))
	ts := &limit
	if timeout < 0 {
		ts = nil
	}
	head, n := unsafe.SliceData(fds), len(fds)
	entersyscallblock()
	_, _, errno := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(head)), uintptr(n), uintptr(unsafe.Pointer(ts)), 0, 0, 0)
	exitsyscall()
	return errno
}

// These two are how the runtime itself waits in the kernel. It keeps their names and
// signatures for others: see go.dev/issue/67401.

//go:linkname entersyscallblock runtime.entersyscallblock
func entersyscallblock()

//go:linkname exitsyscall runtime.exitsyscall
func exitsyscall()
