package netlab

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"
)

func TestWholeReadsAnInterruptedListAgain(t *testing.T) {
	broken := errors.New("no buffer space")
	for name, tc := range map[string]struct {
		interrupted int // readings, before one that is not
		last        error
		want        error
		reads       int
	}{
		"at once":           {0, nil, nil, 1},
		"the third time":    {2, nil, nil, 3},
		"another error":     {1, broken, broken, 2},
		"a table in unrest": {1000, nil, netlink.ErrDumpInterrupted, rereads},
	} {
		t.Run(name, func(t *testing.T) {
			reads := 0
			got, err := Whole(func() ([]int, error) {
				if reads++; reads <= tc.interrupted {
					return []int{1}, fmt.Errorf("list: %w", netlink.ErrDumpInterrupted)
				}
				return []int{1, 2}, tc.last
			})
			if !errors.Is(err, tc.want) || reads != tc.reads {
				t.Errorf("error %v after %d readings, want %v after %d", err, reads, tc.want, tc.reads)
			}
			if err == nil && !slices.Equal(got, []int{1, 2}) {
				t.Errorf("list %v", got)
			}
		})
	}
}
