package e2e

import (
	"os"
	"strings"
	"testing"
)

// "systemctl restart" stops the daemon before anybody reads the file.
func TestRestartWithAFaultyFileGoesOnWithWhatRanLast(t *testing.T) {
	scenario(t, func(t testing.TB, l *lan) {
		l.a.StartAs(hsrp1, 110)
		l.a.WaitAll("Active")
		good := l.a.File("fhrpd.toml")
		l.a.Eventually("what ran is kept", func() bool {
			out, _ := l.a.Command("reload")
			return strings.Contains(out, "nothing")
		})
		l.a.Stop()
		l.a.Start(good + "\n[[hsrp]\n")
		l.a.WaitAll("Active")
		const doubt = "which was the last without faults: "
		if out, _ := l.a.Command("show", "status"); !strings.Contains(out, "trouble: the configuration of ") || !strings.Contains(out, doubt) {
			t.Errorf("the status does not tell of the faulty file:\n%s", out)
		}
		if log := l.a.File("daemon.log"); !strings.Contains(log, "level=ERROR msg=configuration") || !strings.Contains(log, doubt) {
			t.Errorf("the log does not:\n%s", log)
		}
		must(t, os.WriteFile(l.a.Path("fhrpd.toml"), []byte(good), 0o600))
		l.a.Command("reload")
		if list := l.a.Report().Troubles; len(list) > 0 {
			t.Errorf("troubles after a reload of a good file: %q", list)
		}
	})
}
