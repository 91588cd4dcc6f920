package hello_test

import (
	"net/netip"
	"testing"

	"github.com/fhrpd/fhrpd/hello"
)

func TestReserved(t *testing.T) {
	for _, tt := range []struct{ prefix, addr, want string }{
		{"192.0.2.10/24", "192.0.2.0", "network"},
		{"192.0.2.10/24", "192.0.2.255", "broadcast"},
		{"192.0.2.10/24", "192.0.2.1", ""},
		{"192.0.2.10/24", "198.51.100.0", ""},
		{"192.0.2.10/31", "192.0.2.10", ""}, // RFC 3021
		{"2001:db8::a/64", "2001:db8::", "subnet-router anycast"},
		{"2001:db8::a/64", "2001:db8::ffff:ffff:ffff:ffff", ""}, // no broadcast there
		{"2001:db8::a/64", "2001:db8:0:1::", ""},
		{"fe80::a/64", "fe80::", "subnet-router anycast"},
		{"2001:db8::1/127", "2001:db8::", ""}, // RFC 6164
		{"2001:db8::/128", "2001:db8::", ""},
		{"192.0.2.10/24", "2001:db8::", ""},
	} {
		if got := hello.Reserved(netip.MustParsePrefix(tt.prefix), netip.MustParseAddr(tt.addr)); got != tt.want {
			t.Errorf("%s in %s is %q, want %q", tt.addr, tt.prefix, got, tt.want)
		}
	}
}
