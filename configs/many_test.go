package configs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTooManyAddressesOfInterfacesAreTold(t *testing.T) {
	// Two addresses each: the derived link-local one counts.
	groups6 := func(n int, more string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "[[hsrp]]\ninterface = \"eth%d\"\ngroup = %d\nvirtual_ips = [\"2001:db8::%x\"]\n%s", i%2, i, i+1, more)
		}
		return b.String()
	}
	group4 := func(iface string, net, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%q, ", fmt.Sprintf("%d.%d.%d.9", net, i/250, i%250))
		}
		return fmt.Sprintf("[[hsrp]]\ninterface = %q\nvirtual_ips = [%s]\n", iface, b.String())
	}
	const more6 = `f:401: hsrp[100] (eth0, group 100): virtual IPv6 addresses of this host with install = "address": 204; above 200 they cost the kernel much time: install = "route" where no program serves them`
	for _, tt := range []struct {
		name, text, want string
	}{
		{"few", groups6(100, ""), ""},
		{"many, on two interfaces", groups6(102, ""), more6},
		{"many routes", groups6(102, "install = \"route\"\n"), ""},
		{"without accept", "[[vrrp]]\ninterface = \"eth9\"\nvrid = 1\naccept = false\nvirtual_ips = [\"fe80::9\"]\n" + groups6(100, ""), ""},
		{"an owner", "[[vrrp]]\ninterface = \"eth9\"\nvrid = 1\npriority = 255\nvirtual_ips = [\"fe80::9\"]\n" + groups6(100, ""), ""},
		{"many of IPv4, on two interfaces", group4("eth1", 10, 4000) + group4("eth2", 11, 2000), ""},
		{"more of IPv4", group4("eth1", 10, 4001), `f:1: hsrp[0] (eth1): virtual IPv4 addresses on eth1 with install = "address": 4001; above 4000 they cost the kernel much time: install = "route" where no program serves them`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Parse("f", []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range c.Warnings {
				got = append(got, w.Error())
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
