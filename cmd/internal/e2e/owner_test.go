package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

// A second daemon with another folder sees by the kernel alone that the first one
// holds its interface.
func TestSecondDaemonIsRefusedAndChangesNothing(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.a.StartAs(both, 110)
		l.a.WaitAll("Active")
		before := kernel(l.a)
		second := fhrptest.NewDaemon(t, l.a.NS, "second")
		for name, config := range map[string]string{
			"the same groups": strings.ReplaceAll(both, "PRIORITY", "110"),
			"others": fmt.Sprintf("[[vrrp]]\ninterface = %q\nvrid = 99\nvirtual_ips = [\"192.168.1.99\"]\n\n"+
				"[[vrrp]]\ninterface = \"later\"\nvrid = 99\nvirtual_ips = [\"192.0.2.1\"]\n", lanDev),
		} {
			must(t, os.WriteFile(second.Path("fhrpd.toml"), []byte(config), 0o600))
			out, exit := second.Command("run", "--config", second.Path("fhrpd.toml"))
			if exit != 1 {
				t.Errorf("%s: exit %d, want 1", name, exit)
			}
			for _, want := range []string{"interface " + lanDev, fmt.Sprintf("pid %d", l.a.PID()), l.a.Path("control.sock"), "stop that one first"} {
				if !strings.Contains(out, want) {
					t.Errorf("%s: %q does not say %q", name, out, want)
				}
			}
			checkKernel(t, l.a, before)
		}
		l.mustPing(vip, vip6)
		for _, again := range []string{"missing", "put back"} {
			if log := l.a.File("daemon.log"); strings.Contains(log, again) {
				t.Errorf("the first daemon had to repair something:\n%s", log)
			}
		}
		l.a.Kill()
		second.Restart() // what the dead one held is free
		second.Eventually("groups of the second daemon", func() bool { return len(second.Report().Groups) == 2 })
		second.Stop()
	})
}

// Two daemons on two interfaces have nothing to do with each other, not even when
// one dies and its successor cleans up.
func TestDaemonsOnOtherInterfacesWorkBesideEachOther(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.a.StartAs(both, 110)
		l.a.WaitAll("Active")
		before := kernel(l.a)
		second := fhrptest.NewDaemon(t, l.a.NS, "second")
		config := fmt.Sprintf("[[vrrp]]\ninterface = %q\nvrid = 99\nvirtual_ips = [\"192.0.2.1\"]\nadvertise = \"200ms\"\n", coreDev)
		second.Start(config)
		second.WaitAll("Active")
		second.Kill()
		second.Restart()
		second.WaitAll("Active")

		grown := config + strings.ReplaceAll(config, fmt.Sprintf("%q", coreDev), fmt.Sprintf("%q", lanDev))
		must(t, os.WriteFile(second.Path("fhrpd.toml"), []byte(grown), 0o600))
		if out, exit := second.Command("reload"); exit != 1 || !strings.Contains(out, fmt.Sprintf("pid %d", l.a.PID())) {
			t.Errorf("reload with the first daemon's interface: exit %d, %s", exit, out)
		}
		moved := strings.ReplaceAll(config, fmt.Sprintf("%q", coreDev), `"elsewhere"`)
		must(t, os.WriteFile(second.Path("fhrpd.toml"), []byte(moved), 0o600))
		if out, exit := second.Command("reload"); exit != 0 {
			t.Errorf("reload: exit %d, %s", exit, out)
		}
		third := fhrptest.NewDaemon(t, l.a.NS, "third")
		third.Start(config) // what the second has given up is free
		third.WaitAll("Active")
		third.Stop()

		second.Stop()
		checkKernel(t, l.a, before)
		l.mustPing(vip, vip6)
		if log := l.a.File("daemon.log"); strings.Contains(log, "put back") {
			t.Errorf("the first daemon had to repair something:\n%s", log)
		}
		l.a.Signal(unix.SIGTERM)
	})
}

// Files get lost while a daemon runs and when it has died. What it made in the kernel
// is put back all the same.
func TestLostFolderLeavesNothingInTheKernel(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		clean := kernel(l.a)
		config := strings.ReplaceAll(both, "PRIORITY", "110")
		l.a.Start(config)
		l.a.WaitAll("Active")
		remove := func(pattern string) {
			t.Helper()
			files, err := filepath.Glob(l.a.Path(pattern))
			must(t, err)
			if len(files) == 0 {
				t.Errorf("nothing is named %s", pattern)
			}
			for _, f := range files {
				must(t, os.RemoveAll(f))
			}
		}
		remove("*:*")
		l.Eventually("the journal again", func() bool { return strings.Contains(l.a.File("daemon.log"), "written anew") })
		l.a.Kill()
		l.a.Restart()
		l.a.WaitAll("Active")
		l.a.StopCleanly()
		checkKernel(t, l.a, clean)

		l.a.Restart()
		l.a.WaitAll("Active")
		l.a.Kill()
		remove("*:*")
		must(t, os.WriteFile(l.a.Path(".journal-123"), []byte("{"), 0o600)) // of a kill in the middle of a write
		l.a.Restart()
		l.a.WaitAll("Active")
		if _, err := os.Stat(l.a.Path(".journal-123")); err == nil {
			t.Error("litter is left")
		}
		l.a.StopCleanly()
		checkKernel(t, l.a, clean)
	})
}
