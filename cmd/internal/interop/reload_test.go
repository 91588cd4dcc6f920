package interop

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

// A keepalived beside a router that reloads never finds that it is gone, whichever of
// the two is active.
func TestReloadsBesideKeepalived(t *testing.T) {
	t.Parallel()
	const base = "[[vrrp]]\ninterface = %q\nvrid = %d\npriority = PRIORITY\nadvertise = \"300ms\"\nvirtual_ips = [\"192.168.1.1\"]\n"
	for _, active := range []string{us, them} {
		t.Run(active+" is active", func(t *testing.T) {
			fhrptest.Steady(t, fhrptest.Stall, func(t testing.TB) {
				need(t, "keepalived")
				s := newSegment(t, us, them)
				file := fmt.Sprintf(base, dev, vrid)
				ours := &daemon{s.Gateway(us), file}
				peer := &keepalived{g: s.Gateway(them), config: prefixConfig([]string{"192.168.1.1/24"})}
				priority, state := above, "Active"
				if active == them {
					priority, state = below, "Backup"
				}
				peer.start(theirs)
				// Ours has to hear first which checksum it sends.
				s.Eventually("keepalived claims the role", func() bool { return s.silence(them) < 450*time.Millisecond })
				ours.start(priority)
				ours.WaitAll(state)
				quiet := func() bool {
					return s.silence(active) < 450*time.Millisecond && s.silence(other(active)) > 900*time.Millisecond
				}
				s.Eventually(active+" alone claims the role", quiet)
				began, moves := time.Now(), ours.Report().Groups[0].Transitions
				for name, to := range map[string]string{
					"timers":     strings.Replace(file, "300ms", "250ms", 1),
					"addresses":  strings.Replace(file, `"192.168.1.1"`, `"192.168.1.1", "192.168.1.3"`, 1),
					"preempt":    file + "preempt = false\n",
					"another":    file + "[[vrrp]]\ninterface = \"eth0\"\nvrid = 99\nvirtual_ips = [\"192.168.1.9\"]\n",
					"the old":    file,
					"lease":      "[daemon]\nlease = \"10s\"\n" + file,
					"as a route": file + "install = \"route\"\n",
				} {
					must(t, os.WriteFile(ours.Path("fhrpd.toml"), []byte(strings.Replace(to, "PRIORITY", fmt.Sprint(priority), 1)), 0o600))
					if out, exit := ours.Command("reload"); exit != 0 {
						t.Fatalf("%s: exit %d: %s", name, exit, out)
					}
					s.Eventually("still", func() bool { return s.silence(active) < 200*time.Millisecond })
				}
				if got := ours.Report().Groups[0]; got.Transitions != moves {
					t.Errorf("%d transitions: %+v", got.Transitions-moves, got.LastTransition)
				}
				s.Eventually("the other one has been silent all the while", func() bool { return s.silence(other(active)) > time.Since(began) })
			})
		})
	}
}
