package garp_test

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/internal/skip"
)

func TestMain(m *testing.M) { os.Exit(skip.Run(m)) }

// pcap returns frames as a capture file of Ethernet packets.
func pcap(frames ...[]byte) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0xa1b2c3d4)
	b = le.AppendUint16(b, 2)
	b = le.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = le.AppendUint32(b, 1<<16)
	b = le.AppendUint32(b, 1)
	for i, f := range frames {
		for _, v := range []int{i, 0, len(f), len(f)} {
			b = le.AppendUint32(b, uint32(v))
		}
		b = append(b, f...)
	}
	return b
}

func TestTsharkReadsTheFramesAsMeant(t *testing.T) {
	tshark := skip.Without(t, "tshark")
	all := goldens()
	frames := make([][]byte, len(all))
	for i, g := range all {
		frames[i] = g.frame
	}
	file := filepath.Join(t.TempDir(), "garp.pcap")
	if err := os.WriteFile(file, pcap(frames...), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), tshark, "-n", "-r", file,
		"-T", "fields", "-E", "separator=|", "-e", "_ws.col.Info", "-e", "icmpv6.checksum.status", "-e", "_ws.malformed")
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(all) {
		t.Fatalf("tshark printed %d lines for %d frames:\n%s", len(lines), len(all), out)
	}
	for i, g := range all {
		checkSummary(t, g, strings.Split(lines[i], "|"))
	}
}

// checkSummary compares tshark's columns info, checksum status (1 = good,
// empty for ARP) and malformed with the golden frame.
func checkSummary(t *testing.T, g golden, col []string) {
	t.Helper()
	isND := g.frame[12] == 0x86
	switch {
	case len(col) != 3:
		t.Errorf("%s: unreadable summary %q", g.rule, col)
	case !strings.Contains(col[0], g.tshark):
		t.Errorf("%s: tshark says %q, want %q", g.rule, col[0], g.tshark)
	case isND && col[1] != "1":
		t.Errorf("%s: tshark finds checksum status %q, want 1 (good)", g.rule, col[1])
	case col[2] != "":
		t.Errorf("%s: tshark finds the frame malformed", g.rule)
	}
}
