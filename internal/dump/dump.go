// Package dump reads lists from the kernel whole. The kernel gives out a long
// list (a "dump" in netlink's words) piece by piece; when the list changes
// between two pieces it marks the answer as interrupted, for entries may be
// missing from it or there twice.
package dump

import (
	"errors"

	"github.com/vishvananda/netlink"
)

// ErrInterrupted says that a list changed while it was read.
var ErrInterrupted = netlink.ErrDumpInterrupted

// tries is how often a list that keeps changing is read before that is an error.
const tries = 16

// Whole calls list until the list has been read in one piece. What list returns
// each time has to be all of its own. A list that does not rest for sixteen
// readings is returned as read last, with an error that wraps ErrInterrupted;
// any other error is returned at once.
func Whole[T any](list func() (T, error)) (got T, err error) {
	for range tries {
		if got, err = list(); !errors.Is(err, ErrInterrupted) {
			break
		}
	}
	return got, err
}
