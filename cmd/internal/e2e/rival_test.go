package e2e

import (
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/hello"
)

// Routers that were configured for each other and do not understand each other are
// both active, and each says why.
func TestBothActiveRoutersSayWhy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, a, b string
		reason     hello.Reject
		says       string
	}{
		{"other versions", hsrpTable(2, address4, subSecond), hsrpTable(1, address4, subSecond), hello.RejectVersion, "speaks version"},
		{"other numbers", hsrpTable(2, address4, subSecond), strings.Replace(hsrpTable(2, address4, subSecond), "group = 10", "group = 11", 1), hello.RejectGroup, "in HSRP group"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			scenario(t, func(t testing.TB, l *lan) {
				l.a.StartAs(tt.a, 110)
				l.b.StartAs(tt.b, 100)
				for _, g := range l.Gateways {
					l.Eventually("both active on "+g.Name, func() bool {
						groups := g.Report().Groups
						return len(groups) == 1 && groups[0].State == "Active" && groups[0].Rival != nil &&
							groups[0].Rival.BothActive && groups[0].Rival.Reason == string(tt.reason)
					})
					for _, command := range [][]string{{"show", "standby"}, {"explain"}} {
						if out, _ := g.Command(command...); !strings.Contains(out, "both routers are active: ") || !strings.Contains(out, tt.says) {
							t.Errorf("%s says\n%s", strings.Join(command, " "), out)
						}
					}
				}
			})
		})
	}
}
