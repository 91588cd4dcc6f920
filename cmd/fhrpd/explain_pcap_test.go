package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/recorder"
)

// tape has a frame on eth1, another one a second later on eth2, and a decision.
func tape(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	frame := func(n byte) []byte { return append(make([]byte, 12), 0x88, 0xb5, n, 1, 2, 3) }
	tape := recorder.Tape{Records: []recorder.Record{
		{At: at, Interface: "eth1", Frame: frame(1), Notes: []string{"hsrp:eth1:10 from Standby to Active: peer-resigned"}},
		{At: at.Add(time.Second), Interface: "eth2", Frame: frame(2)},
		{At: at.Add(2 * time.Second), Notes: []string{"command: reload"}},
	}}
	if err := tape.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// contents reads a file that explain wrote.
func contents(t *testing.T, path string) (interfaces string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tape, err := recorder.Read(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range tape.Records {
		interfaces += r.Interface + ","
	}
	return interfaces
}

func TestExplainPcap(t *testing.T) {
	f := newFake()
	f.recording = tape(t)
	path, _ := serve(t, f)
	out := filepath.Join(t.TempDir(), "out.pcapng")
	for _, tt := range []struct{ args, want string }{
		{"", "eth1,eth2,,"},
		{"eth1:10", "eth1,,"},
		{"guests", "eth2,,"},
		{"--since 61500ms", "eth2,,"}, // it is 62 s later
	} {
		args := append(strings.Fields(tt.args), "--pcap", out, "--control", path)
		r := fhrpd(t.Context(), append([]string{"explain"}, args...)...)
		if r.code != 0 || r.stderr != "" || !strings.HasPrefix(r.stdout, out+": ") || !strings.HasSuffix(r.stdout, ".\n") {
			t.Fatalf("%q: %+v", args, r)
		}
		if got := contents(t, out); got != tt.want {
			t.Errorf("%q wrote %q, want %q", args, got, tt.want)
		}
	}
	if fi, err := os.Stat(out); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", fi, err)
	}
	if r := fhrpd(t.Context(), "explain", "--pcap", "-", "--control", path); r.code != 0 || !strings.HasPrefix(r.stdout, "\x0a\x0d\x0d\x0a") {
		t.Errorf("to standard output: %+v", r)
	}
	if r := fhrpd(t.Context(), "explain", "--pcap", filepath.Join(out, "x"), "--control", path); r.code != exitFailed || !strings.Contains(r.stderr, "not a directory") {
		t.Errorf("where no file can be: %+v", r)
	}
}

// Two files need no daemon.
func TestExplainMerge(t *testing.T) {
	dir := t.TempDir()
	left, right, out := filepath.Join(dir, "left.pcapng"), filepath.Join(dir, "right.pcapng"), filepath.Join(dir, "out.pcapng")
	for _, p := range []string{left, right} {
		if err := os.WriteFile(p, tape(t), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := fhrpd(t.Context(), "explain", "--pcap", out, "--merge", left, "--merge", right, "--json", "--control", filepath.Join(dir, "none"))
	var answer recorded
	if err := json.Unmarshal([]byte(r.stdout), &answer); err != nil || r.code != 0 {
		t.Fatalf("%v: %+v", err, r)
	}
	if len(answer.Clocks) != 1 || answer.Clocks[0].Ahead != 0 || answer.Clocks[0].Common != 2 || answer.Frames != 4 || answer.Decisions != 4 {
		t.Errorf("%+v", answer)
	}
	if got, want := contents(t, out), "left:eth1,right:eth1,left:eth2,right:eth2,left:router,right:router,"; got != want {
		t.Errorf("wrote %q, want %q", got, want)
	}
	f := newFake()
	f.recording = tape(t)
	path, _ := serve(t, f)
	if r := fhrpd(t.Context(), "explain", "--pcap", out, "--merge", right, "--control", path); r.code != 0 || !strings.Contains(r.stdout, "right: its clock was 0s ahead") {
		t.Errorf("with the daemon's: %+v", r)
	}
	r = fhrpd(t.Context(), "explain", "--pcap", out, "--since", "500ms", "--merge", left, "--merge", right)
	if got, want := contents(t, out), "left:router,right:router,"; r.code != 0 || got != want {
		t.Errorf("the end of old files: %+v, wrote %q, want %q", r, got, want)
	}
}

func TestExplainRefusesWhatItCannotRecord(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	for _, tt := range []struct {
		args string
		exit int
		want string
	}{
		{"--pcap=", exitInvalid, "--pcap wants the name of a file"},
		{"--merge x", exitInvalid, "--merge wants --pcap FILE as well"},
		{"--all --pcap x", exitInvalid, "--all is for the story"},
		{"users --pcap x --merge a --merge b", exitInvalid, "files are merged as they are"},
		{"--pcap " + out + " --merge " + text + " --merge " + text, exitFailed, text + ": neither pcap nor pcapng"},
		{"--pcap " + out + " --merge none --merge none", exitFailed, "open none: no such file"},
	} {
		r := fhrpd(t.Context(), append([]string{"explain"}, strings.Fields(tt.args)...)...)
		if r.code != tt.exit || !strings.Contains(r.stderr, tt.want) {
			t.Errorf("%s: %+v, want %d and %q", tt.args, r, tt.exit, tt.want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s wrote a file", tt.args)
		}
	}
}
