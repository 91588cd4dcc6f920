package e2e

import (
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello/sock"
)

// A frame that the kernel refuses costs the others nothing, in any place of any
// batch, and the sender learns which it was.
func TestFramesBesideOneThatIsTooLargeLeave(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		const total = 2000 // more than a batch
		large := []int{0, 700, 701, 1023, 1024, total - 1}
		frames := make([][]byte, total)
		for n := range frames {
			size := 60
			if slices.Contains(large, n) {
				size = 1600
			}
			f := make([]byte, size)
			copy(f, l.b.MAC[:])
			copy(f[6:], l.a.MAC[:])
			binary.BigEndian.PutUint16(f[12:], 0x88b5)
			binary.BigEndian.PutUint16(f[14:], uint16(n))
			frames[n] = f
		}
		heard := l.Capture(l.b.NS, lanDev, func(f netlab.Frame) bool {
			return !f.Sent && len(f.Data) >= 16 && binary.BigEndian.Uint16(f.Data[12:]) == 0x88b5
		})
		var unsent []int
		var why error
		must(t, l.a.NS.Do(func() error {
			ifi, err := net.InterfaceByName(lanDev)
			if err != nil {
				return err
			}
			s, err := sock.Open(ifi, 0)
			if err != nil {
				return err
			}
			defer s.Close()
			unsent, why = s.Send(frames)
			return nil
		}))
		if !slices.Equal(unsent, large) || !errors.Is(why, unix.EMSGSIZE) {
			t.Errorf("unsent %v, want %v: %v", unsent, large, why)
		}
		l.Eventually("the others", func() bool { return len(heard.Frames()) >= total-len(large) })
	})
}
