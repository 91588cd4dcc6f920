package show

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// lines is what IOS prints in one form: each line must match one of them as a
// whole. Parsers of its output give up on a form with any other line.
type lines []*regexp.Regexp

// linesOf fills in the words that several lines share.
func linesOf(texts ...string) (out lines) {
	words := strings.NewReplacer(
		"IF", `\S{1,15}`, "N4", `\d{1,4}`, "N3", `\d{1,3}`, "V4", `\d+\.\d+\.\d+\.\d+`, "V6", `[0-9a-f]*:[0-9a-f:]*`,
		"ADDR", `(?:\d+\.\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f:]*)`,
		"HWADDR", `[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}`, "SEC", `\d+\.\d{3}`, "MS", `\d+`, "NAME", `[^ "]+`, "REMARK", `(?: \(.+\))?`,
	)
	for _, t := range texts {
		out = append(out, regexp.MustCompile("^(?:"+words.Replace(t)+")$"))
	}
	return out
}

// check reports the lines of text that are none of l.
func (l lines) check(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if line != "" && !slices.ContainsFunc(l, func(r *regexp.Regexp) bool { return r.MatchString(line) }) {
			t.Errorf("IOS has no such line: %q in\n%s", line, text)
		}
	}
}

// The lines of "show standby". Those of IPv6 are IOS's own as well, but not every
// parser that reads the others knows them.
var standbyLines = linesOf(
	`IF - Group N4(?: \(version 2\))?`,
	`  State is (?:Init|Learn|Listen|Speak|Standby|Active)REMARK`,
	`    \d+ state changes?, last state change \S+`,
	`    Track object NAME state (?:Up|Down)(?: decrement N3)?`,
	`  Virtual IP address is (?:V4|unknown)(?: \(wrong subnet for this interface\))?`,
	`    Secondary virtual IP address V4(?: \(wrong subnet for this interface\))?`,
	`  Link-Local Virtual IPv6 address is (?:V6|unknown) \(conf\)(?: \(wrong subnet for this interface\))?`,
	`    Virtual IPv6 address V6(?: \(wrong subnet for this interface\))?`,
	`  Active virtual MAC address is (?:HWADDR|unknown) \(MAC (?:Not )?In Use\)`,
	`    Local virtual MAC address is (?:HWADDR|unknown) \((?:v[12](?: IPv6)? default|bia|cfgd)\)`,
	`  Hello time \d+ m?sec, hold time \d+ m?sec`,
	`    Next hello sent in SEC secs`,
	`  Authentication (?:MD5, key-(?:string|chain "NAME")|text, string "NAME")`,
	`  Preemption (?:disabled|enabled(?:, delay min \d+ m?secs)?)`,
	`  (?:Active|Standby) router is (?:local|unknown|ADDR, priority N3 \(expires in SEC sec\))`,
	`    MAC address is (?:HWADDR|unknown)`,
	`  Priority N3 \(configured N3\)`,
	`  Group name is "NAME" \((?:default|cfgd)\)`,
)

// The lines of "show standby brief". A long name or address goes on in the next
// line, in its column.
var standbyBriefLines = linesOf(
	` {21}P indicates configured to preempt\.`,
	` {21}\|`,
	`Interface   Grp  Pri P State   Active          Standby         Virtual IP`,
	`(?:IF *| {12})N4 +N3 +(?:P +)?(?:Init|Learn|Listen|Speak|Standby|Active) +(?:local|unknown|ADDR) +(?:local|unknown|ADDR) +(?:unknown|ADDR)`,
	`IF`,
	`(?:IF *| {12})N4 +N3 +(?:P +)?(?:Init|Learn|Listen|Speak|Standby|Active) +(?:local|unknown|V6)(?: +V6)?`,
	` {47}(?:local|unknown|V6)(?: +(?:unknown|V6))?`,
	` {63}V6`,
)

// The lines of "show vrrp" on IOS-XE. The two of secondary addresses are not known
// to every parser that reads the others.
var vrrpLines = linesOf(
	`IF - Group N3 - Address-Family IPv[46]`,
	`  State is (?:INIT|BACKUP|MASTER)REMARK`,
	`  State duration (?:\d+ weeks? \d+ days \d+ hours|\d+ days \d+ hours \d+ mins|\d+ hours \d+ mins \d+ secs|(?:\d+ mins )?SEC secs)`,
	`  Virtual IP address is ADDR`,
	`  Virtual secondary IP addresses:`,
	`    ADDR`,
	`  Virtual MAC address is HWADDR`,
	`  Advertisement interval is MS msec`,
	`  Preemption (?:enabled|disabled)`,
	`  Priority is N3(?: \(Configured N3\))?`,
	`    Track object \d+ state (?:UP|DOWN) (?:decrement N3|shutdown)`,
	`  Authentication .+`,
	`  Master Router is (?:ADDR(?: \(local\))?, priority is N3|unknown, priority is unknown)`,
	`  Master Advertisement interval is (?:unknown|MS msec(?: \((?:learned|expires in MS msec)\))?)`,
	`  Master Down interval is (?:unknown|MS msec(?: \(expires in MS msec\))?)`,
)

// The lines of "show vrrp brief" on IOS-XE.
var vrrpBriefLines = linesOf(
	`  Interface          Grp  A-F Pri  Time Own Pre State   Master addr/Group addr`,
	`  IF +N3 IPv[46] +N3 +MS  [YN]   [YN]  (?:INIT  |BACKUP|MASTER)  ADDR(?:\(local\))? ADDR`,
)

// forms are those that other people's parsers read.
var forms = map[string]lines{
	"standby": standbyLines, "standby brief": standbyBriefLines, "vrrp": vrrpLines, "vrrp brief": vrrpBriefLines,
}

// everything that may be wrong with a group, or peculiar to it.
var everything = map[string]func(*status.Group){
	"nothing":        func(*status.Group) {},
	"nobody known":   func(g *status.Group) { g.Active, g.Standby = nil, nil },
	"local":          func(g *status.Group) { g.Active, g.State = &status.Peer{Address: "local"}, "Active" },
	"no own address": func(g *status.Group) { g.Address, g.Active = "", &status.Peer{Address: "local"} },
	"obstacle":       func(g *status.Group) { g.Obstacle = "Group is shut: Priority is 5, Virtual IP address is x" },
	"learning": func(g *status.Group) {
		if g.Protocol == "hsrp" {
			g.VirtualIPs = nil
		}
	},
	"conflict": func(g *status.Group) {
		g.Conflict = &status.Conflict{Address: "192.0.2.1", MAC: "02:00:00:00:00:66", Who: "foreign", Reason: "unknown-mac", At: now}
	},
	"bad key": func(g *status.Group) { g.Rival = &status.Rival{Address: "192.0.2.3", Reason: "auth", At: now} },
	"both active": func(g *status.Group) {
		g.Rival = &status.Rival{Address: "192.0.2.3", Reason: "version", Detail: "192.0.2.3 speaks version 1, this router version 2", At: now, BothActive: true}
	},
	"hook failed":  func(g *status.Group) { g.Hooks = []status.Hook{{Hook: "active", At: now, Error: "exit status 1"}} },
	"waits":        func(g *status.Group) { g.PreActive = &status.PreActive{Outcome: engine.Waiting, LeftMS: 7} },
	"waited":       func(g *status.Group) { g.PreActive = &status.PreActive{Outcome: engine.Failed, Since: now} },
	"follows":      func(g *status.Group) { g.Follow, g.HelloMS, g.HoldMS, g.NextHelloMS = "users", 0, 0, -1 },
	"text":         func(g *status.Group) { g.Auth, g.AuthText = "text", "cisco" },
	"md5":          func(g *status.Group) { g.Auth = "md5" },
	"set priority": func(g *status.Group) { g.SetPriority, g.Priority = new(90), 90 },
	"delays": func(g *status.Group) {
		g.Delay, g.Preempt, g.PreemptDelayMS = status.Delay{MinimumMS: 1, ReloadMS: 2, LeftMS: 3}, true, 1500
	},
	"not forwarding": func(g *status.Group) { g.ForwardingOff = "net/ipv4/ip_forward" },
	"wrong subnet":   func(g *status.Group) { g.Outside = g.VirtualIPs },
	"secondaries": func(g *status.Group) {
		if g.Family == 4 {
			g.VirtualIPs = append(slices.Clone(g.VirtualIPs), "192.168.2.129", "198.51.100.1", "203.0.113.255")
		} else {
			g.VirtualIPs = append(slices.Clone(g.VirtualIPs), "2001:db8:1234:5678:9abc:def0:1234:5678")
		}
	},
	"tracks": func(g *status.Group) {
		g.Tracks = []status.TrackRef{{Object: "up-link", Number: 1, Up: true, Decrement: 20}, {Object: "core", Number: 2, Shutdown: true}, {Object: "9", Decrement: 1}}
	},
	"interface MAC": func(g *status.Group) { g.MACMode, g.VirtualMAC = "interface", "02:00:00:00:00:02" },
	"chosen MAC":    func(g *status.Group) { g.MACMode = "chosen" },
	"cleared":       func(g *status.Group) { g.Cleared = &status.Cleared{At: now} },
	"takeover": func(g *status.Group) {
		g.Takeover = []status.Takeover{{Address: "192.0.2.9", Detail: "192.0.2.9 has NOT moved"}}
	},
	"old":       func(g *status.Group) { g.Since = ago(3*year + 2*week) },
	"an hour":   func(g *status.Group) { g.Since = ago(6*time.Hour + time.Second) },
	"days":      func(g *status.Group) { g.Since = ago(3 * day) },
	"just now":  func(g *status.Group) { g.Since = now },
	"long name": func(g *status.Group) { g.Interface = "enp129s0f0.4094" },
}

// states of a protocol.
var states = map[string][]string{
	"hsrp": {"Init", "Learn", "Listen", "Speak", "Standby", "Active"},
	"vrrp": {"Initialize", "Backup", "Active"},
}

func TestEveryLineIsOneOfIOSWhateverIsWrong(t *testing.T) {
	for _, base := range []func() status.Group{hsrpActive, hsrpStandby, hsrpIPv6, vrrpActive, vrrpBackup} {
		for _, state := range states[base().Protocol] {
			for name, change := range everything {
				g := base()
				g.State = state
				change(&g)
				t.Run(fmt.Sprintf("%s%d/%s/%s", g.Protocol, g.Family, state, name), func(t *testing.T) {
					checkForms(t, []status.Group{g})
				})
			}
		}
	}
}

func checkForms(t *testing.T, groups []status.Group) {
	t.Helper()
	if groups[0].Protocol == "vrrp" {
		vrrpLines.check(t, VRRP(groups, now))
		vrrpBriefLines.check(t, VRRPBrief(groups))
		return
	}
	standbyLines.check(t, Standby(groups, now))
	standbyBriefLines.check(t, StandbyBrief(groups))
}

// What whole daemons have shown in their stories is read as well.
func TestEveryLineThatADaemonHasShownIsOneOfIOS(t *testing.T) {
	files, err := filepath.Glob("../daemon/testdata/outside/*/*.show.txt")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, section := range strings.Split(string(text), "$ fhrpd show ")[1:] {
			command, printed, _ := strings.Cut(section, "\n")
			if l := forms[command]; l != nil {
				l.check(t, strings.Split(printed, "$ fhrpd ")[0])
			}
		}
	}
}
