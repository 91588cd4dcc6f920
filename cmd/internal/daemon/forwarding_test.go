package daemon

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func TestSwitchesAreReadByInterface(t *testing.T) {
	root := t.TempDir()
	for dev, value := range map[string]string{"eth1": "0", "eth1.20": "1"} {
		dir := filepath.Join(root, "net", "ipv6", "conf", dev)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "forwarding"), []byte(value+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for dev, want := range map[string]bool{"eth1": false, "eth1.20": true, "not known": true} {
		if got := forwards(root, 6, dev); got != want {
			t.Errorf("%s forwards: %t, want %t", dev, got, want)
		}
	}
}

// lo of a fresh network namespace, or of a host that is no router, does not
// forward; of one that is it does. Either way the warning follows the setting.
func TestActiveWithoutForwardingIsToldWithTheCure(t *testing.T) {
	setting, err := os.ReadFile("/proc/sys/net/ipv4/conf/lo/forwarding")
	if err != nil {
		t.Fatal(err)
	}
	forwards := string(setting) != "0\n"
	var out bytes.Buffer
	d := &Daemon{log: slog.New(slog.NewTextHandler(&out, nil))}
	d.checkForwarding(status.Transition{To: "Standby", Family: 4, Interface: "lo"})
	if out.Len() > 0 {
		t.Errorf("a standby was warned: %s", out.String())
	}
	d.checkForwarding(status.Transition{To: "Active", Family: 4, Interface: "lo"})
	if told := strings.Contains(out.String(), "sysctl net.ipv4.ip_forward=1"); told == forwards {
		t.Errorf("forwards %t, told %t: %s", forwards, told, out.String())
	}
}
