package show

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// at returns the word that begins in column n of line, or "" when a space or
// the middle of a word is there.
func at(line string, n int) string {
	if n >= len(line) || line[n] == ' ' || n > 0 && line[n-1] != ' ' {
		return ""
	}
	return strings.Fields(line[n:])[0]
}

func words(line string, columns ...int) []string {
	var out []string
	for _, n := range columns {
		out = append(out, at(line, n))
	}
	return out
}

func TestStandbyBriefColumns(t *testing.T) {
	columns := []int{0, 12, 17, 21, 23, 31, 47, 63}
	lines := strings.Split(StandbyBrief(sampleOf("hsrp")), "\n")
	if got, want := lines[0], strings.Repeat(" ", 21)+"P indicates configured to preempt."; got != want {
		t.Errorf("line 1 is %q, want %q", got, want)
	}
	if got, want := lines[1], strings.Repeat(" ", 21)+"|"; got != want {
		t.Errorf("line 2 is %q, want %q", got, want)
	}
	want := [][]string{
		{"Interface", "Grp", "Pri", "P", "State", "Active", "Standby", "Virtual"},
		{"eth1", "10", "110", "P", "Active", "local", "192.168.1.3", "192.168.1.1"},
		{"enp129s0f0.100", "", "", "", "", "", "", ""},
		{"", "255", "100", "", "Standby", "10.255.255.254", "local", "10.0.0.1"},
		{"eth2", "4095", "5", "P", "Init", "unknown", "unknown", "unknown"},
		{"eth1", "10", "100", "", "Listen", "fe80::a8bb:ccff:fe00:100", "", ""},
		{"", "", "", "", "", "", "fe80::2", "fe80::5:73ff:fea0:a"},
	}
	for i, w := range want {
		if diff := cmp.Diff(w, words(lines[2+i], columns...)); diff != "" {
			t.Errorf("line %d %q (-want +got):\n%s", 3+i, lines[2+i], diff)
		}
	}
}

func TestVRRPBriefColumns(t *testing.T) {
	lines := strings.Split(VRRPBrief(sampleOf("vrrp")), "\n")
	want := [][]string{
		{"Interface", "Grp", "", "Own", "Pre", "State", "Master"},
		{"eth2", "", "IPv4", "", "", "MASTER", "172.16.20.2(local)"},
		{"enp129s0f0.100", "255", "IPv6", "", "", "BACKUP", "fe80::2"},
		{"eth3", "", "IPv4", "", "", "INIT", "0.0.0.0"},
	}
	for i, w := range want {
		if diff := cmp.Diff(w, words(lines[i], 2, 21, 25, 40, 44, 48, 56)); diff != "" {
			t.Errorf("line %d %q (-want +got):\n%s", 1+i, lines[i], diff)
		}
	}
	ends := []string{"Grp A-F Pri Time N Y", " 20 IPv4 110    0 N Y", "255 IPv6  95 3628 N N", "  1 IPv4 255 3003 Y Y"}
	for i, w := range ends[1:] {
		l := lines[1+i]
		got := strings.Join([]string{l[21:24], l[25:29], l[30:33], l[35:39], l[41:42], l[45:46]}, " ")
		if got != w {
			t.Errorf("line %q has %q under its right-aligned headers, want %q", l, got, w)
		}
	}
}

func TestInterfaceNameWrapsOnlyWhenItTouchesTheNextColumn(t *testing.T) {
	for name, lines := range map[string]int{"eleven.char": 1, "twelve.chars": 2, "fifteen.charact": 2} {
		g := status.Group{Protocol: "hsrp", Interface: name, ID: 1, State: "Init"}
		got := strings.Count(StandbyBrief([]status.Group{g}), "\n") - 3
		if got != lines {
			t.Errorf("interface %s takes %d lines, want %d", name, got, lines)
		}
	}
}

func TestNoLineEndsInSpaces(t *testing.T) {
	st := sample()
	for line := range strings.Lines(Status(st, now) + Takeover(st.Groups) + Standby(st.Groups, now)) {
		if l := strings.TrimSuffix(line, "\n"); l != strings.TrimRight(l, " ") {
			t.Errorf("line %q ends in spaces", l)
		}
	}
}
