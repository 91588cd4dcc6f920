package engine_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// A router speaks to unicast peers from an address of the scope that they are
// named in, and from no virtual one.
func TestUnicastSourceHasTheScopeOfThePeers(t *testing.T) {
	const all = "2001:db8:2::10/64 2001:db8::1/128 2001:db8::10/64"
	for _, tt := range []struct {
		rule, peer, addrs, want string
	}{
		{"link-local peer", "fe80::11", all, "fe80::10"},
		{"global peer: the address of its prefix", "2001:db8::11", all, "2001:db8::10"},
		{"global peer beyond a router: the first", "2001:db8:9::11", all, "2001:db8:2::10"},
		{"never a virtual address", "2001:db8::11", "2001:db8::1/64", ""},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			h := newHost(t, `[[vrrp]]
interface = "eth0"
vrid = 10
virtual_ips = ["fe80::1", "2001:db8::1"]
peers = ["`+tt.peer+`"]
`)
			h.e.LinkChanged(h.now, "eth0", linkWith(tt.addrs))
			h.run(10 * time.Second)
			got := h.port.having("unicast")
			if tt.want == "" {
				h.state("vrrp6:eth0:10", "Initialize")
				if len(got) != 0 {
					t.Errorf("said %q without an address", got)
				}
				return
			}
			if want := "unicast " + tt.want + " to " + tt.peer + " 40 bytes"; len(got) == 0 || got[0] != want {
				t.Errorf("sent %q, want %q", got, want)
			}
		})
	}
}

// linkWith is the usual interface with more addresses.
func linkWith(addrs string) engine.Link {
	l := newTestLink("eth0")
	for a := range strings.FieldsSeq(addrs) {
		l.Addrs = append(l.Addrs, netip.MustParsePrefix(a))
	}
	return l
}
