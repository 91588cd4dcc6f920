package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// recorded starts a gateway that keeps recordings, with a text in every hello.
func recorded(g *gateway, priority int) {
	g.T.Helper()
	g.StartAs(fmt.Sprintf("[daemon]\nrecord = %q\n", g.Path("record"))+hsrpTable(2, address4, subSecond, `name = "v4"`, `auth = { text = "SeCrEt42" }`), priority)
}

// recordings lists the files that a gateway has written by itself.
func recordings(g *gateway) (paths []string) {
	paths, _ = filepath.Glob(g.Path("record/fhrpd-*.pcapng"))
	return paths
}

// dissect returns the fields of the packets of a file that a filter selects, as tshark
// sees them, one line a packet.
func dissect(t testing.TB, tshark, path, filter string, fields ...string) []string {
	t.Helper()
	args := []string{"-n", "-r", path, "-Y", filter, "-T", "fields", "-E", "separator=|"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	var problems bytes.Buffer
	cmd := exec.Command(tshark, args...)
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark %q: %v\n%s", args, err, problems.String())
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// wantLine fails unless a line has all the parts.
func wantLine(t testing.TB, lines []string, parts ...string) {
	t.Helper()
	for _, line := range lines {
		all := true
		for _, p := range parts {
			all = all && strings.Contains(line, p)
		}
		if all {
			return
		}
	}
	t.Errorf("no line has all of %q:\n%s", parts, strings.Join(lines, "\n"))
}

// The router that was ordered to take over writes nothing by itself, the other one
// does. Put together their recordings tell one story.
func TestRecordingsOfBothRoutersTellOneStory(t *testing.T) {
	tshark := skip.Without(t, "tshark")
	scenario(t, func(t testing.TB, l *lan) {
		recorded(l.a, 110)
		recorded(l.b, 100)
		l.Settled(l.a, l.b)
		must(t, l.b.SetPriority(t.Context(), "v4", 120))
		l.b.WaitState("v4", "Active")
		l.a.WaitState("v4", "Standby")
		var left []string
		l.a.Eventually("a recording of what the other one was told to do", func() bool { left = recordings(l.a); return len(left) > 0 })
		coup := "hsrp2.opcode == 1"
		wantLine(t, dissect(t, tshark, left[0], coup, "frame.interface_name", "frame.comment"),
			lanDev+"|", "hsrp:eth0:10 from Active to Speak: coup-received: ")

		right, both := l.b.Path("right.pcapng"), l.b.Path("both.pcapng")
		out, exit := l.b.Command("explain", "v4", "--pcap", right)
		if exit != 0 || !strings.Contains(out, " decisions, from ") {
			t.Fatalf("explain --pcap ends with %d: %s", exit, out)
		}
		wantLine(t, dissect(t, tshark, right, "frame.comment", "frame.interface_name", "frame.comment"), "set priority 120, by uid ")
		wantLine(t, dissect(t, tshark, right, "frame.comment", "frame.interface_name", "frame.comment"), "from Standby to Active: preempted-lower-priority: ")
		out, exit = fhrptest.Run(t, l.b.NS, "explain", "--json", "--pcap", both, "--merge", left[0], "--merge", right)
		var answer struct {
			Frames, Decisions int
			Clocks            []struct {
				Name   string
				Ahead  int64 `json:"ahead_ns"`
				Common int
			}
		}
		if err := json.Unmarshal([]byte(out), &answer); exit != 0 || err != nil {
			t.Fatalf("explain --merge ends with %d, %v: %s", exit, err, out)
		}
		if c := answer.Clocks; len(c) != 1 || c[0].Name != "right" || max(c[0].Ahead, -c[0].Ahead) > 20e6 || c[0].Common < 5 {
			t.Errorf("clocks of one host: %+v", c)
		}
		lines := dissect(t, tshark, both, coup, "frame.interface_name", "frame.comment")
		wantLine(t, lines, "right:"+lanDev+"|")
		wantLine(t, lines, ":"+lanDev+"|", "from Active to Speak: coup-received")
		for _, file := range []string{left[0], right, both} {
			if b, err := os.ReadFile(file); err != nil || bytes.Contains(b, []byte("SeCrEt42")) {
				t.Errorf("%s: %v, or the text of the authentication is in it", file, err)
			}
			if bad := dissect(t, tshark, file, "_ws.malformed", "frame.number"); bad[0] != "" {
				t.Errorf("%s: malformed packets %q", file, bad)
			}
		}
		if list := recordings(l.b); len(list) > 0 {
			t.Errorf("who was told to take over has recorded %q", list)
		}
	})
}

func TestARecordingOfALostRouterIsWritten(t *testing.T) {
	tshark := skip.Without(t, "tshark")
	scenario(t, func(t testing.TB, l *lan) {
		recorded(l.a, 110)
		recorded(l.b, 100)
		l.Settled(l.a, l.b)
		l.lose()
		var list []string
		l.b.Eventually("a recording", func() bool { list = recordings(l.b); return len(list) > 0 })
		if fi, err := os.Stat(list[0]); err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", fi, err)
		}
		wantLine(t, dissect(t, tshark, list[0], "frame.comment", "frame.interface_name", "frame.comment"),
			lanDev+" (decisions)|", "hsrp:eth0:10 from Standby to Active: active-timer-expired: ")
		wantLine(t, dissect(t, tshark, list[0], "arp.isgratuitous", "frame.interface_name"), lanDev) // the aftermath
	})
}
