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
	for dev, want := range map[string]bool{"eth1": false, "eth1.20": true} {
		if got, err := readSwitch(root, "net.ipv6.conf."+dev+".forwarding"); err != nil || got != want {
			t.Errorf("%s forwards: %t, %v; want %t", dev, got, err, want)
		}
	}
	if _, err := readSwitch(root, "net.ipv4.conf.eth1.forwarding"); err == nil {
		t.Error("a setting that does not exist was read")
	}
}

// lo of a fresh network namespace, or of a host that is no router, does not
// forward; of one that is it does. Either way the warning follows the setting.
func TestActiveWithoutForwardingIsToldWithTheCure(t *testing.T) {
	forwards, err := readSwitch("/proc/sys", "net.ipv4.conf.lo.forwarding")
	if err != nil {
		t.Fatal(err)
	}
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
