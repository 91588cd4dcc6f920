package prove

import (
	"net/netip"
	"testing"
	"time"
)

func TestResultSaysWhatItMeansForItsFamily(t *testing.T) {
	six := netip.MustParseAddr("2001:db8::fe")
	for _, c := range []struct {
		r    Result
		want string
	}{
		{
			Result{Neighbor: other, Proven: true, Method: MethodEcho, Took: 340 * time.Microsecond},
			"192.0.2.254 delivers here: proven by icmp in 300µs",
		}, {
			Result{Neighbor: other, Proven: true, Method: MethodUDP, Nudges: 1, Took: time.Second},
			"192.0.2.254 delivers here: proven by udp in 1s, after 1 directed request",
		}, {
			Result{Neighbor: other, Proven: true, Method: MethodTCP, Nudges: 2, Took: time.Second},
			"192.0.2.254 delivers here: proven by tcp in 1s, after 2 directed requests",
		}, {
			Result{Neighbor: other}, "192.0.2.254: not proven yet",
		}, {
			Result{Neighbor: other, Done: true, Alive: true},
			"192.0.2.254 has NOT moved: it answers ARP, and nothing that it sends to the virtual address arrives here; it still delivers to the old MAC, or filters ICMP, UDP and TCP",
		}, {
			Result{Neighbor: six, Done: true, Alive: true},
			"2001:db8::fe has NOT moved: it answers neighbour discovery, and nothing that it sends to the virtual address arrives here; it still delivers to the old MAC, or filters ICMP, UDP and TCP",
		}, {
			Result{Neighbor: other, Done: true}, "192.0.2.254 is not alive: it answers neither ARP nor anything else",
		}, {
			Result{Neighbor: six, Done: true}, "2001:db8::fe is not alive: it answers neither neighbour discovery nor anything else",
		},
	} {
		if got := c.r.String(); got != c.want {
			t.Errorf("%+v:\n got %q\nwant %q", c.r, got, c.want)
		}
	}
}
