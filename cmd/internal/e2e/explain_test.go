package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Who lost the role, and why, is asked on either router.
func TestBothRoutersExplainTheirSide(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.start(both)
		l.Settled(l.a, l.b)
		must(t, l.a.SetPriority(t.Context(), "v4", 85))
		l.b.WaitState("v4", "Active")
		l.a.WaitState("v4", "Standby")
		for _, tt := range []struct {
			on      *gateway
			command string
			want    []string
		}{
			{l.a, "explain v4", []string{
				l.b.IP.String() + " took over from this router",
				fmt.Sprintf("was told to set priority 85, by uid %d (pid %d)", os.Getuid(), os.Getpid()),
				"this router's priority went from 110 to 85",
				"took the role with a Coup, priority 100",
			}},
			{l.b, "explain v4", []string{
				"this router took over from " + l.a.IP.String(),
				fmt.Sprintf("the priority of %s went from 110 to 85, while its hellos went on", l.a.IP),
			}},
			{l.a, "show events", []string{" command: hsrp:eth0:10 set priority 85, by uid "}},
			{l.a, "explain v4 --since 1h --json", []string{`"kind": "command"`}},
			{l.b, "explain v4 --all", []string{"this router took over from " + l.a.IP.String()}},
		} {
			out, exit := tt.on.Command(strings.Fields(tt.command)...)
			for _, want := range tt.want {
				if exit != 0 || !strings.Contains(out, want) {
					t.Errorf("%s on %s ends with %d and does not say %q:\n%s", tt.command, tt.on.Name, exit, want, out)
				}
			}
		}
	})
}
