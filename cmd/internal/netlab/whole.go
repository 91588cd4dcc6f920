package netlab

import (
	"errors"

	"github.com/vishvananda/netlink"
)

// rereads is how often Whole asks the kernel at most: a table that changes
// every time is not going to be quiet.
const rereads = 64

// Whole reads one of the kernel's tables, again when a change while it was read
// has made the list inconsistent (netlink.ErrDumpInterrupted).
func Whole[T any](list func() ([]T, error)) (all []T, err error) {
	for range rereads {
		if all, err = list(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	return all, err
}
