package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The loopback needs no rights to be looked at and has no MAC to announce.
func TestSegmentCommands(t *testing.T) {
	tests := []struct {
		args   string
		code   int
		stdout string
		stderr string
	}{
		{args: "announce-macs --dev lo --dry-run", stdout: "would send 0 frames (arp0) out of lo at 150/s\n"},
		{args: "announce-macs --dev lo --dry-run --form rarp --rate 20/s", stdout: "would send 0 frames (rarp) out of lo at 20/s\n"},
		{args: "announce-macs --dev lo --dry-run --json", stdout: `"items": []`},
		{args: "announce-macs --dev no-such --dry-run", code: 1, stderr: "uplink no-such: no such interface"},
		{args: "announce-macs --form gossip", code: 2, stderr: "want arp0, rarp or dummy-mcast"},
		{args: "announce-macs --rate 0/s", code: 2, stderr: "want 1/s to 10000/s"},
		{args: "announce-macs eth0", code: 2, stderr: "usage: fhrpd announce-macs"},
		{args: "whohas 192.0.2.1", code: 2, stderr: `"interface" not set`},
		{args: "whohas printer -i lo", code: 2, stderr: `address "printer": want an IPv4 or IPv6 address`},
		{args: "whohas 192.0.2.1 -i lo --timeout 0s", code: 2, stderr: "want more than 0"},
		{args: "whohas 192.0.2.1 -i no-such", code: 1, stderr: "ask on no-such: no such interface"},
		{args: "whohas 192.0.2.1 -i lo", code: 1, stderr: "the interface has no MAC"},
		{args: "census", code: 2, stderr: "usage: fhrpd census"},
		{args: "census -i lo -r x", code: 2, stderr: "want either an interface (-i) or a capture (-r)"},
		{args: "census -r x --for 1s", code: 2, stderr: "a capture is as long as it is"},
		{args: "census -i lo --for 0s", code: 2, stderr: "want more than 0"},
		{args: "census -i no-such", code: 1, stderr: "listen on no-such: no such interface"},
		{args: "census -r /nonexistent/x.pcap", code: 1, stderr: "read capture: open /nonexistent/x.pcap"},
		{args: "census -r segment_test.go", code: 1, stderr: "read capture segment_test.go: neither pcap nor pcapng"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			r := fhrpd(t.Context(), append(strings.Fields(tt.args), noDaemon(t, tt.args)...)...)
			if r.code != tt.code || !strings.Contains(r.stdout, tt.stdout) || !strings.Contains(r.stderr, tt.stderr) {
				t.Errorf("exit %d, want %d\nstdout %q, want %q\nstderr %q, want %q", r.code, tt.code, r.stdout, tt.stdout, r.stderr, tt.stderr)
			}
		})
	}
}

// noDaemon points a command at a socket that nobody listens on.
func noDaemon(t *testing.T, args string) []string {
	if strings.HasPrefix(args, "whohas") || strings.HasPrefix(args, "census") {
		return nil
	}
	return []string{"--control", filepath.Join(t.TempDir(), "none.sock")}
}

func TestDoctorExits1WhenThereIsSomethingToFix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.toml")
	text := "[[hsrp]]\ninterface = \"no-such\"\ngroup = 10\nvirtual_ips = [\"192.0.2.1\"]\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	control := filepath.Join(t.TempDir(), "none.sock")
	r := fhrpd(t.Context(), "doctor", "--config", path, "--listen", "0s", "--control", control)
	if r.code != 1 || !strings.Contains(r.stdout, "fail  interface-missing   no-such: does not exist\n") {
		t.Errorf("exit %d\n%s", r.code, r.stdout)
	}
	r = fhrpd(t.Context(), "doctor", "--config", path+".gone", "--control", control)
	if r.code != 1 || r.stdout != "" || !strings.Contains(r.stderr, "no such file") {
		t.Errorf("exit %d, %q, %q", r.code, r.stdout, r.stderr)
	}
}
