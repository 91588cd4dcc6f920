package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func TestExitCodesAndOutput(t *testing.T) {
	tests := []struct {
		args   string
		code   int
		stdout []string // what it must contain; none means it is empty
		stderr []string
	}{
		{args: "show standby", stdout: []string{"eth1 - Group 10 (version 2)\n  State is Active\n    0 state changes, last state change 00:01:02\n", "eth2 - Group 10"}},
		{args: "show standby brief", stdout: []string{"                     |\nInterface   Grp  Pri P State", "\neth1        10   110   Active  local", "\neth2"}},
		{args: "show vrrp brief", stdout: []string{"  Interface          Grp  A-F Pri", "  eth1                20 IPv6"}},
		{args: "show vrrp", stdout: []string{"eth1 - Group 20 - Address-Family IPv6"}},
		{args: "show track", stdout: []string{"Track 1 (uplink)\n  Interface eth0 line-protocol"}},
		{args: "show takeover", stdout: []string{"hsrp:eth1:10  192.0.2.9  yes     icmp    2.0 ms"}},
		{args: "show events", stdout: []string{"%HSRP-5-STATECHANGE: eth1 Grp 10 state Standby -> Active (active-timer-expired)\n"}},
		{args: "show status", stdout: []string{"fhrpd v1, pid 42", "c0ffee", "Virtual IP", "Group addr"}},
		{args: "show standby detail", stdout: []string{"eth1 - Group 10 (version 2)\n  State is Active\n", "  Group Discarded Packets: 0\n"}},
		{args: "show standby all", stdout: []string{"eth1 - Group 10 (version 2)\n", "eth2 - Group 10 (version 2)\n  State is Standby\n"}},
		{args: "show standby all brief", stdout: []string{"Interface   Grp  Pri P State", "\neth2 "}},
		{args: "show standby delay", stderr: []string{"no HSRP group has an initial delay\n"}},
		{args: "show standby neighbors", stderr: []string{"no HSRP neighbor is active or standby\n"}},
		{args: "show standby statistics", stdout: []string{"HSRP Statistics for eth1 - Group 10 - Address-Family IPv4\n"}},
		{args: "show standby eth1 - Group 10", stdout: []string{"eth1 - Group 10 (version 2)\n"}},
		{args: "show standby interface eth2 brief", stdout: []string{"\neth2 "}},
		{args: "show vrrp detail", stdout: []string{"eth1 - Group 20 - Address-Family IPv6\n  State is BACKUP\n", "  VRRPv3 Advertisements: sent 0 - rcvd 0\n"}},
		{args: "show vrrp statistics eth1", stdout: []string{"VRRP Statistics for eth1 - Group 20 - Address-Family IPv6\n"}},
		{args: "show vrrp ipv4", stderr: []string{"no VRRP routers are configured for IPv4\n"}},
		{args: "show standby breif", code: 1, stderr: []string{`did you mean "brief"?`}},
		{args: "show standby eth1 breif", code: 2, stderr: []string{`did you mean "brief"?`}},
		{args: "show standby det", code: 1, stderr: []string{`did you mean "detail"?`}},
		{args: "show standby detail statistics", code: 2, stderr: []string{"detail and statistics: choose one of them"}},
		{args: "show standby eth9", code: 1, stderr: []string{`"eth9" is neither an interface with HSRP groups nor a group: there is hsrp:eth1:10, hsrp:eth2:10`}},
		{args: "show standby brief eth1:11", code: 1, stderr: []string{"there is hsrp:eth1:10, hsrp:eth2:10"}},
		{args: "show vrrp eth1 21", code: 1, stderr: []string{"no VRRP router 21 on eth1"}},
		{args: "show standby eth1 ten", code: 2, stderr: []string{`group "ten": want a number`, "usage: fhrpd show standby"}},
		{args: "show standby eth1 10 20", code: 2, stderr: []string{"too many arguments"}},
		{args: "show spanning-tree", code: 2, stderr: []string{"unknown command", "usage: fhrpd show"}},
		{args: "show", code: 2, stderr: []string{"one of events, standby, status, takeover, track, vrrp"}},

		{args: "explain", stdout: []string{"users moved.\n"}},
		{args: "explain --since -5m", code: 2, stderr: []string{"--since -5m0s: want a time above 0, as in 90m"}},
		{args: "explain guests", stdout: []string{"guests moved.\n"}},
		{args: "explain eth9:1", code: 1, stderr: []string{"no such group", "hsrp:eth1:10, hsrp:eth2:10, vrrp6:eth1:20"}},

		{args: "set priority users 110", stdout: []string{"hsrp:eth1:10: priority set to 110; the file has 110\n"}},
		{args: "set priority eth1 - Group 10 90", stdout: []string{"hsrp:eth1:10: priority set to 90 (110 in force); the file has 110\n"}},
		{args: "set priority eth1:10 default", stdout: []string{"hsrp:eth1:10: priority of the file restored: 110\n"}},
		{args: "set priority eth1:10 eth2:10 default", code: 2, stderr: []string{`group "eth1:10 eth2:10": want one group`}},
		{args: "set priority users 256", code: 2, stderr: []string{"want a number from 0 to 255, or default"}},
		{args: "set priority users -1", code: 2, stderr: []string{`priority "-1": want a number from 0 to 255, or default`, "usage: fhrpd set priority"}},
		{args: "show standby eth1 -5", code: 2, stderr: []string{`"-5": a number here cannot be negative`}},
		{args: "doctor --listen -1s", code: 2, stderr: []string{"listen -1s: want 0 or more"}},
		{args: "set priority users", code: 2, stderr: []string{"usage: fhrpd set priority"}},
		{args: "set", code: 2, stderr: []string{"one of log, priority"}},
		{args: "set log debug", stdout: []string{"log level: debug\n"}},
		{args: "set log default", stdout: []string{"log level: info\n"}},
		{args: "set log", code: 2, stderr: []string{"fhrpd: the level is missing", "usage: fhrpd set log"}},
		{args: "set priority users", code: 2, stderr: []string{"fhrpd: the priority, or default, is missing"}},
		{args: "verify", code: 2, stderr: []string{"fhrpd: a group is missing"}},
		{args: "whohas -i lo", code: 2, stderr: []string{"fhrpd: the address is missing"}},
		{args: "whohas 192.0.2.1 192.0.2.2 -i lo", code: 2, stderr: []string{`fhrpd: "192.0.2.2" is one word too many`}},
		{args: "import ios", code: 2, stderr: []string{"fhrpd: the file is missing"}},
		{args: "clear standby counters", stdout: []string{"counters of HSRP groups cleared: 2\n"}},
		{args: "clear standby counters eth2 10", stdout: []string{"counters of HSRP groups cleared: 1\n"}},
		{args: "clear vrrp statistics", stdout: []string{"counters of VRRP routers cleared: 1\n"}},
		{args: "clear standby counters eth9", code: 1, stderr: []string{"there is hsrp:eth1:10"}},
		{args: "clear standby", code: 2, stderr: []string{"a command is missing: one of counters"}},
		{args: "announce users", stdout: []string{"hsrp:eth1:10: announced\n"}},
		{args: "announce eth1 10", stdout: []string{"hsrp:eth1:10: announced\n"}},
		{args: "announce users guests", code: 2, stderr: []string{`group "users guests": want one group`}},
		{args: "announce guests", code: 1, stderr: []string{"fhrpd: announce guests: refused: state is Standby\n"}},
		{args: "maintenance on users", stdout: []string{"hsrp:eth1:10: in maintenance since 2026-03-01 12:00:00 UTC, by root, uid 0; 192.0.2.11 serves\n"}},
		{args: "maintenance on eth1 10", stdout: []string{"hsrp:eth1:10: in maintenance"}},
		{args: "maintenance off users guests", stdout: []string{"hsrp:eth1:10: not in maintenance; state Active\nhsrp:eth2:10: not in maintenance; state Standby\n"}},
		{args: "maintenance", code: 2, stderr: []string{"a command is missing: one of off, on"}},
		{args: "maintenance perhaps", code: 2, stderr: []string{`unknown command "perhaps" for "fhrpd maintenance"`}},
		{args: "verify users", stdout: []string{"192.0.2.9  yes"}},
		{args: "verify nobody", code: 1, stderr: []string{"no such group"}},

		{args: "lab --protocol eigrp --rate 1s", code: 2, stderr: []string{`protocol "eigrp": want hsrp1, hsrp2, vrrp2, vrrp3`, "rate 1s", "usage: fhrpd lab"}},
		{args: "version", stdout: []string{"fhrpd ", " go1."}},
		{args: "frobnicate", code: 2, stderr: []string{`unknown command "frobnicate" for "fhrpd": want one of announce`}},
		{args: "shwo standby", code: 2, stderr: []string{`unknown command "shwo" for "fhrpd"; did you mean "show"?`}},
		{args: "show stanby", code: 2, stderr: []string{`unknown command "stanby" for "fhrpd show"; did you mean "standby"?`}},
		{args: "set prio users 9", code: 2, stderr: []string{`did you mean "priority"?`}},
		{args: "help nonsense", code: 2, stderr: []string{`unknown command "nonsense" for "fhrpd"`}},
		{args: "help show nonsense", code: 2, stderr: []string{`unknown command "nonsense" for "fhrpd show"`}},
		{args: "show status --loud", code: 2, stderr: []string{"unknown flag: --loud"}},
		{args: "show status --jsno", code: 2, stderr: []string{"unknown flag: --jsno; did you mean --json?"}},
		{args: "", code: 2, stderr: []string{"a command is missing"}},
	}
	path, _ := serve(t, newFake())
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			args := strings.Fields(tt.args)
			if tt.code != 2 && !strings.HasPrefix(tt.args, "help") && tt.args != "version" {
				args = append(args, "--control", path)
			}
			r := fhrpd(t.Context(), args...)
			if r.code != tt.code {
				t.Errorf("exit code %d, want %d", r.code, tt.code)
			}
			contains(t, "stdout", r.stdout, tt.stdout)
			contains(t, "stderr", r.stderr, tt.stderr)
		})
	}
}

func contains(t *testing.T, name, got string, want []string) {
	t.Helper()
	if len(want) == 0 && got != "" {
		t.Errorf("%s is %q, want nothing", name, got)
	}
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%s lacks %q:\n%s", name, w, got)
		}
	}
}

func TestCommandsReachTheDaemon(t *testing.T) {
	f := newFake()
	path, _ := serve(t, f)
	for _, args := range [][]string{
		{"set", "priority", "eth1:10", "90"}, {"set", "priority", "users", "default"}, {"announce", "users"}, {"verify", "users"},
		{"maintenance", "on", "users", "eth2:10"}, {"maintenance", "off"},
	} {
		if r := fhrpd(t.Context(), append(args, "--control", path)...); r.code != 0 {
			t.Errorf("%v: exit %d: %s", args, r.code, r.stderr)
		}
	}
	if r := fhrpd(t.Context(), "set", "log", "warn", "--control", path); r.code != 0 {
		t.Errorf("set log: exit %d: %s", r.code, r.stderr)
	}
	want := []string{"priority 90 hsrp:eth1:10", "priority -1 hsrp:eth1:10", "announce hsrp:eth1:10", "verify hsrp:eth1:10",
		"maintenance true users,eth2:10", "maintenance false ", "log warn"}
	if diff := cmp.Diff(want, f.commands); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

func TestFilterForms(t *testing.T) {
	path, _ := serve(t, newFake())
	tests := []struct {
		args string
		want []string // references
	}{
		{"standby", []string{"hsrp:eth1:10", "hsrp:eth2:10"}},
		{"standby eth1", []string{"hsrp:eth1:10"}},
		{"standby eth2 10", []string{"hsrp:eth2:10"}},
		{"standby brief eth2 10", []string{"hsrp:eth2:10"}},
		{"standby eth2 brief", []string{"hsrp:eth2:10"}},
		{"standby detail eth2", []string{"hsrp:eth2:10"}},
		{"standby all", []string{"hsrp:eth1:10", "hsrp:eth2:10"}},
		{"standby interface eth2", []string{"hsrp:eth2:10"}},
		{"standby ipv4 eth1", []string{"hsrp:eth1:10"}},
		{"standby eth1 - Group 10", []string{"hsrp:eth1:10"}},
		{"vrrp ipv6", []string{"vrrp6:eth1:20"}},
		{"vrrp eth1 Grp 20", []string{"vrrp6:eth1:20"}},
		{"standby eth2:10", []string{"hsrp:eth2:10"}},
		{"standby hsrp:eth2:10", []string{"hsrp:eth2:10"}},
		{"standby guests brief", []string{"hsrp:eth2:10"}},
		{"vrrp vrrp6:eth1:20", []string{"vrrp6:eth1:20"}},
		{"vrrp eth1", []string{"vrrp6:eth1:20"}},
		{"vrrp brief", []string{"vrrp6:eth1:20"}},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			r := fhrpd(t.Context(), append(strings.Fields("show "+tt.args), "--json", "--control", path)...)
			var groups []status.Group
			if err := json.Unmarshal([]byte(r.stdout), &groups); err != nil {
				t.Fatalf("%v: %q %q", err, r.stdout, r.stderr)
			}
			var got []string
			for _, g := range groups {
				got = append(got, g.Ref())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("groups (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryShowSpeaksJSON(t *testing.T) {
	f := newFake()
	path, _ := serve(t, f)
	ts, _ := f.History(t.Context())
	tests := []struct {
		args string
		into any
		want any
	}{
		{"show status", &status.Status{}, f.st},
		{"show track", &[]status.Track{}, &f.st.Tracks},
		{"show takeover", &[]show.TakeoverRow{}, &[]show.TakeoverRow{{Group: "hsrp:eth1:10", Takeover: f.st.Groups[0].Takeover[0]}}},
		{"show events", &[]status.Past{}, &ts},
		{"explain users", &status.Explanation{}, &status.Explanation{Group: "hsrp:eth1:10", Lines: []string{"users moved."},
			Facts: []status.Fact{}, Transition: f.st.Groups[0].LastTransition}},
		{"verify users", &[]status.Takeover{}, &f.st.Groups[0].Takeover},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			r := fhrpd(t.Context(), append(strings.Fields(tt.args), "--json", "--control", path)...)
			if err := json.Unmarshal([]byte(r.stdout), tt.into); err != nil {
				t.Fatalf("%v in %q", err, r.stdout)
			}
			if diff := cmp.Diff(tt.want, tt.into); diff != "" {
				t.Errorf("object (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNothingIsAnEmptyListInJSON(t *testing.T) {
	path, _ := serve(t, &fake{st: &status.Status{}})
	for _, what := range []string{"standby", "standby neighbors", "standby delay", "vrrp", "vrrp statistics", "track", "takeover", "events"} {
		if r := fhrpd(t.Context(), append(append([]string{"show"}, strings.Fields(what)...), "--json", "--control", path)...); r.stdout != "[]\n" || r.code != 0 {
			t.Errorf("show %s: exit %d, %q", what, r.code, r.stdout)
		}
	}
}

// What IOS prints nothing for is said on stderr, so that its parsers stay content.
func TestNothingIsSaidToThePersonToo(t *testing.T) {
	path, _ := serve(t, &fake{st: &status.Status{}})
	for what, want := range map[string]result{
		"standby":       {0, "", "no HSRP groups are configured\n"},
		"standby delay": {0, "", "no HSRP groups are configured\n"},
		"vrrp":          {0, "", "no VRRP routers are configured\n"},
		"track":         {0, "no tracked objects are configured\n", ""},
		"events":        {0, "no transitions since the start\n", ""},
	} {
		if r := fhrpd(t.Context(), append(append([]string{"show"}, strings.Fields(what)...), "--control", path)...); r != want {
			t.Errorf("show %s: %+v, want %+v", what, r, want)
		}
	}
	if r := fhrpd(t.Context(), "show", "takeover", "--control", path); !strings.Contains(r.stdout, "no neighbours to prove") {
		t.Errorf("show takeover: %+v", r)
	}
	if r := fhrpd(t.Context(), "show", "standby", "brief", "--control", path); r.stderr != "no HSRP groups are configured\n" {
		t.Errorf("show standby brief: %+v", r)
	}
}

func TestNoSuchGroupIsAnEmptyListInJSONAndAnError(t *testing.T) {
	path, _ := serve(t, newFake())
	r := fhrpd(t.Context(), "show", "standby", "eth9", "--json", "--control", path)
	if r.stdout != "[]\n" || r.code != 1 || r.stderr == "" {
		t.Errorf("got %+v", r)
	}
}

func TestWithoutDaemonEveryCommandExits3(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.sock")
	for _, args := range []string{
		"show standby", "show standby brief", "show vrrp", "show track", "show takeover", "show events", "show status",
		"explain", "events", "set priority a 1", "announce a", "verify a", "maintenance on", "maintenance off a",
	} {
		r := fhrpd(t.Context(), append(strings.Fields(args), "--control", path)...)
		if r.code != 3 || !strings.Contains(r.stderr, path) || !strings.Contains(r.stderr, "fhrpd run") {
			t.Errorf("%s: exit %d, %q; want 3, the path and the cure", args, r.code, r.stderr)
		}
		if strings.Contains(r.stderr, "usage:") {
			t.Errorf("%s: a usage text for what is no mistake in the arguments: %q", args, r.stderr)
		}
	}
}

func TestVerifyExits1WhenANeighbourIsNotProven(t *testing.T) {
	f := newFake()
	path, _ := serve(t, f)
	proven := f.st.Groups[0].Takeover[0]
	tests := []struct {
		name   string
		proofs []status.Takeover
		fail   error
		code   int
		stderr string
	}{
		{name: "all proven", proofs: []status.Takeover{proven, proven}, code: 0},
		{name: "one is not", proofs: []status.Takeover{proven, {Address: "192.0.2.8"}}, code: 1},
		{name: "nobody to ask", code: 1},
		{name: "the daemon failed", fail: errBroken, code: 1, stderr: "fhrpd: netlink: no buffer space available\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f.st.Groups[0].Takeover, f.fail = tt.proofs, tt.fail
			r := fhrpd(t.Context(), "verify", "users", "--control", path)
			if r.code != tt.code || r.stderr != tt.stderr {
				t.Errorf("exit %d, stderr %q; want %d, %q", r.code, r.stderr, tt.code, tt.stderr)
			}
		})
	}
}

// watchEvents runs "fhrpd events" until it has printed a line, then does end
// and returns what the command left.
func watchEvents(ctx context.Context, t *testing.T, path string, end func(), args ...string) result {
	t.Helper()
	out, errs := &watched{wrote: make(chan struct{}, 1)}, &watched{}
	a := &app{stdout: out, stderr: errs, now: time.Now}
	done := make(chan int, 1)
	go func() { done <- a.execute(ctx, append([]string{"events", "--control", path}, args...)) }()
	deadline := time.After(30 * time.Second)
	select {
	case <-out.wrote:
	case <-deadline:
		t.Fatalf("no event within 30 s: %s", errs)
	}
	end()
	select {
	case code := <-done:
		return result{code, out.String(), errs.String()}
	case <-deadline:
		t.Fatal("events goes on")
		return result{}
	}
}

func TestEventsEndWithAnInterrupt(t *testing.T) {
	path, _ := serve(t, newFake())
	ctx, interrupt := context.WithCancel(t.Context())
	r := watchEvents(ctx, t, path, interrupt)
	if want := (result{0, "2026-03-01T12:00:00.000Z announce: hsrp:eth1:10 3 frames\n", ""}); r != want {
		t.Errorf("got %+v, want %+v", r, want)
	}
}

func TestEventsExit3WhenTheDaemonStops(t *testing.T) {
	path, stop := serve(t, newFake())
	r := watchEvents(t.Context(), t, path, stop, "--json")
	if r.code != 3 || !strings.Contains(r.stderr, "it stopped") {
		t.Errorf("exit %d, %q", r.code, r.stderr)
	}
	var ev status.Event
	if err := json.Unmarshal([]byte(r.stdout), &ev); err != nil || ev.Message != "3 frames" {
		t.Errorf("event %+v, %v in %q: want one object on one line", ev, err, r.stdout)
	}
}

const validFile = `
[[hsrp]]
interface = "eth1"
group = 10
virtual_ips = ["192.0.2.1"]
`

func TestCheck(t *testing.T) {
	good, bad := filepath.Join(t.TempDir(), "good.toml"), filepath.Join(t.TempDir(), "bad.toml")
	for path, text := range map[string]string{good: validFile, bad: "[[hsrp]]\ngroup = 5000\nhello = 3\n"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}

	r := fhrpd(t.Context(), "check", "--config", good)
	if want := (result{0, good + ": valid; HSRP groups: 1, VRRP routers: 0, tracked objects: 0; \"fhrpd doctor\" looks at the host\n", ""}); r != want {
		t.Errorf("good file: %+v, want %+v", r, want)
	}

	r = fhrpd(t.Context(), "check", "--config", bad)
	lines := strings.Split(strings.TrimSuffix(r.stderr, "\n"), "\n")
	if r.code != 2 || r.stdout != "" || len(lines) != 3 {
		t.Errorf("bad file: exit %d, %q; want 2 and its three faults", r.code, r.stderr)
	}
	for _, l := range lines {
		if !strings.HasPrefix(l, bad+":") {
			t.Errorf("fault %q does not begin with the file and line", l)
		}
	}

	r = fhrpd(t.Context(), "check", "--config", good+".gone")
	if r.code != 2 || !strings.Contains(r.stderr, "no such file") {
		t.Errorf("missing file: exit %d, %q", r.code, r.stderr)
	}
}

func TestCheckWarnsOfAnInterfaceWithoutEthernet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.toml")
	if err := os.WriteFile(path, []byte(strings.Replace(validFile, "eth1", "lo", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := fhrpd(t.Context(), "check", "--config", path); r.code != 0 || !strings.Contains(r.stderr, "hsrp:lo:10: lo is not an Ethernet interface") {
		t.Errorf("got %+v", r)
	}
}

func TestCheckWarnsOfAFileWithoutGroups(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.toml")
	if err := os.WriteFile(path, []byte("[daemon]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := fhrpd(t.Context(), "check", "--config", path)
	want := result{0, path + ": valid; HSRP groups: 0, VRRP routers: 0, tracked objects: 0; \"fhrpd doctor\" looks at the host\n",
		"warning: " + path + ": no [[hsrp]] and no [[vrrp]] table: a daemon with this file takes part in no election\n"}
	if r != want {
		t.Errorf("got %+v, want %+v", r, want)
	}
}

func TestCheckPrintIsAFixedPoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.toml")
	text, previous := validFile, ""
	for range 2 {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		r := fhrpd(t.Context(), "check", "--print", "--config", path)
		if r.code != 0 {
			t.Fatalf("exit %d: %s", r.code, r.stderr)
		}
		previous, text = text, r.stdout
	}
	if diff := cmp.Diff(previous, text); diff != "" || !strings.Contains(text, "\npriority = 100\n") {
		t.Errorf("printing what was printed, with the defaults (-first +second):\n%s\n%s", diff, text)
	}
}

func TestVersionFlagSaysWhatTheCommandSays(t *testing.T) {
	flag, command := fhrpd(t.Context(), "--version"), fhrpd(t.Context(), "version")
	if flag != command || flag.code != 0 {
		t.Errorf("--version: %+v, version: %+v", flag, command)
	}
}

func TestHelpOfACommandThatExists(t *testing.T) {
	for _, topic := range []string{"help", "help show standby", "help show standby brief", "show standby --help"} {
		if r := fhrpd(t.Context(), strings.Fields(topic)...); r.code != 0 || r.stderr != "" || !strings.Contains(r.stdout, "Usage:") {
			t.Errorf("%s: %+v", topic, r)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"brief", "detail", "all", "delay", "statistics"}
	for typed, want := range map[string]string{
		"breif": "brief", "brie": "brief", "det": "detail", "detial": "detail", "STAT": "statistics", "al": "all",
		"delya": "delay", "eth1": "", "users": "", "x": "", "": "", "alx": "all", "10": "",
	} {
		if got := nearest(typed, words); got != want {
			t.Errorf("nearest(%q) = %q, want %q", typed, got, want)
		}
	}
}

func TestVersionLine(t *testing.T) {
	vcs := func(version, modified string) *debug.BuildInfo {
		return &debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: version}, Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: modified}}}
	}
	module := func(version string) *debug.BuildInfo {
		return &debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: version}}
	}
	tests := []struct {
		bi   *debug.BuildInfo
		ok   bool
		want string
	}{
		{vcs("v1.2.3", "false"), true, "fhrpd v1.2.3 commit abc go1.26.8"},
		{vcs("v1.2.3+dirty", "true"), true, "fhrpd v1.2.3+dirty commit abc+modified go1.26.8"},
		// Unpacked in a repository of something else, whose commit that is.
		{vcs("(devel)", "true"), true, "fhrpd (devel) commit unknown go1.26.8"},
		// go install MODULE@VERSION.
		{module("v1.2.3"), true, "fhrpd v1.2.3 commit unknown go1.26.8"},
		{module("v0.0.0-20261128104524-ebdf8d61ca3e"), true, "fhrpd v0.0.0-20261128104524-ebdf8d61ca3e commit ebdf8d61ca3e go1.26.8"},
		{module("v1.2.4-0.20261128104524-ebdf8d61ca3e"), true, "fhrpd v1.2.4-0.20261128104524-ebdf8d61ca3e commit ebdf8d61ca3e go1.26.8"},
		{&debug.BuildInfo{GoVersion: "go1.26.8"}, true, "fhrpd (devel) commit unknown go1.26.8"},
		{nil, false, "fhrpd (devel) commit unknown " + runtime.Version()},
	}
	for _, tt := range tests {
		if got := versionLine(tt.bi, tt.ok); got != tt.want {
			t.Errorf("version line %q, want %q", got, tt.want)
		}
	}
}

// A word that is right already is not what went wrong.
func TestRefusedWordIsNotSuggestedAgain(t *testing.T) {
	r := fhrpd(t.Context(), "set", "log", "debug", "--control", filepath.Join(t.TempDir(), "none"))
	if r.code != exitNoDaemon || strings.Contains(r.stderr, "did you mean") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
}
