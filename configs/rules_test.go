package configs

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// heads are tables that are right as they are; the line of a rule follows.
var heads = map[string]string{
	"daemon": "[daemon]\n",
	"track":  "[[track]]\nname = \"t\"\ninterface = \"eth0\"\n",
	"kind":   "[[track]]\nname = \"t\"\n",
	"hsrp":   "[[hsrp]]\ninterface = \"eth1\"\n",
	"hsrp1":  "[[hsrp]]\ninterface = \"eth1\"\nversion = 1\n",
	"hsrp6":  "[[hsrp]]\ninterface = \"eth1\"\nvirtual_ips = [\"fe80::1\"]\n",
	"vrrp":   "[[vrrp]]\ninterface = \"eth1\"\nvrid = 1\nvirtual_ips = [\"192.0.2.1\"]\n",
	"vrrp2":  "[[vrrp]]\ninterface = \"eth1\"\nvrid = 1\nvirtual_ips = [\"192.0.2.1\"]\nversion = 2\n",
	"vrrp6":  "[[vrrp]]\ninterface = \"eth1\"\nvrid = 1\nvirtual_ips = [\"fe80::1\"]\n",
	"owner":  "[[vrrp]]\ninterface = \"eth1\"\nvrid = 1\nvirtual_ips = [\"192.0.2.1\"]\npriority = 255\n",
	"bare":   "[[hsrp]]\n",
	"empty":  "[[vrrp]]\ninterface = \"eth1\"\nvrid = 1\n",
	"router": "[[vrrp]]\ninterface = \"eth1\"\nvirtual_ips = [\"192.0.2.1\"]\n",
	"object": "[[track]]\nname = \"uplink\"\ninterface = \"eth0\"\n[[hsrp]]\ninterface = \"eth1\"\n",
	"leader": "[[hsrp]]\ninterface = \"eth1\"\nname = \"lead\"\n[[hsrp]]\ninterface = \"eth1\"\ngroup = 1\nfollow = \"lead\"\n",
	"copy":   "[[vrrp]]\ninterface = \"eth1\"\nvrid = 2\nname = \"lead\"\nvirtual_ips = [\"192.0.2.2\"]\n[[vrrp]]\ninterface = \"eth1\"\nvrid = 1\nvirtual_ips = [\"192.0.2.1\"]\nfollow = \"lead\"\n",
	"two":    "[[hsrp]]\ninterface = \"eth1\"\nvirtual_ips = [\"192.0.2.1\"]\n[[hsrp]]\ninterface = \"eth2\"\n",
	"two6":   "[[hsrp]]\ninterface = \"eth1\"\nvirtual_ips = [\"fe80::1\"]\n[[hsrp]]\ninterface = \"eth2\"\n",
	"other":  "[[hsrp]]\ninterface = \"eth1\"\nname = \"lead\"\n[[vrrp]]\ninterface = \"eth1\"\nvrid = 1\nvirtual_ips = [\"192.0.2.1\"]\n",
}

// said returns what a text is blamed for at its last line, and at what other
// line if it is blamed there.
func said(text string, readKey keyReader) []string {
	c, err := parse("f", []byte(text), 0, readKey)
	faults, _ := err.(Errors)
	if c != nil {
		faults = c.Warnings
	}
	var out []string
	for _, f := range faults {
		s := f.Msg
		if c != nil {
			s = "warning: " + s
		}
		if line := strings.Count(text, "\n"); f.Line != line {
			s += fmt.Sprintf(" (line %d of %d)", f.Line, line)
		}
		out = append(out, s)
	}
	return out
}

// TestRules has each rule with both sides of its edge. Without a fault the line
// is right, and nothing is to be said about it.
func TestRules(t *testing.T) {
	const device = " is not the name of a network interface: 1 to 15 bytes without space, slash or colon"
	long := func(n int) string { return strings.Repeat("x", n) }
	for _, tt := range []struct{ head, line, want string }{
		{"daemon", `metrics = ""`, ""},
		{"daemon", `metrics = ":9650"`, ""},
		{"daemon", `metrics = "[::1]:65535"`, ""},
		{"daemon", `metrics = "127.0.0.1:0"`, ""},
		{"daemon", `metrics = "127.0.0.1:65536"`, `metrics "127.0.0.1:65536" must be host:port with a port of 0 to 65535, such as "127.0.0.1:9650"`},
		{"daemon", `record = "/var/lib/fhrpd/record"`, ""},
		{"daemon", `record = ""`, ""},
		{"daemon", `record = "record"`, `record "record" must be the absolute path of a folder, such as "/var/lib/fhrpd/record"`},
		{"daemon", "record = \"/var/\\n\"", `record "/var/\n" must be the absolute path of a folder, such as "/var/lib/fhrpd/record"`},
		{"daemon", `metrics = "127.0.0.1:http"`, `metrics "127.0.0.1:http" must be host:port with a port of 0 to 65535, such as "127.0.0.1:9650"`},
		{"daemon", `log = "debug"`, ""},
		{"daemon", `log = "warn"`, ""},
		{"daemon", `log = "error"`, ""},
		{"daemon", `log = "INFO"`, `log "INFO" must be one of info, debug, warn, error`},
		{"daemon", `format = "json"`, ""},
		{"daemon", `format = ""`, `format "" must be one of text, json`},
		{"daemon", `realtime = false`, ""},
		{"daemon", `realtime = 1`, "realtime must be true or false, not 1"},
		{"daemon", `lease = "off"`, ""},
		{"daemon", `lease = "500ms"`, ""},
		{"daemon", `lease = "499ms"`, `lease "499ms" must be "auto", "off" or a duration of 500ms to 1h`},
		{"daemon", `lease = "1h"`, ""},
		{"daemon", `lease = "1h0m1s"`, `lease "1h0m1s" must be "auto", "off" or a duration of 500ms to 1h`},
		{"daemon", `lease = "0"`, `lease "0" must be "auto", "off" or a duration of 500ms to 1h`},
		{"daemon", `forwarding = "require"`, ""},
		{"daemon", `maintenance = "return"`, ""},
		{"daemon", `maintenance = true`, "maintenance must be a string, not true"},
		{"daemon", `maintenance = "on"`, `maintenance "on" must be one of stay, return`},
		{"daemon", `forwarding = "off"`, `forwarding "off" must be one of warn, require`},

		{"bare", `interface = ""`, `interface ""` + device},
		{"bare", `interface = "fifteen.charact"`, ""},
		{"bare", `interface = "sixteen.characte"`, `interface "sixteen.characte"` + device},
		{"bare", `interface = "."`, `interface "."` + device},
		{"bare", `interface = ".."`, `interface ".."` + device},
		{"bare", `interface = "a/b"`, `interface "a/b"` + device},
		{"bare", `interface = "eth0:1"`, `interface "eth0:1"` + device},
		{"bare", `interface = "a b"`, `interface "a b"` + device},
		{"bare", `interface = "a\u0007"`, `interface "a\a"` + device},

		{"hsrp", `name = "` + long(64) + `"`, ""},
		{"hsrp", `name = "` + long(65) + `"`, `name "` + long(65) + `" must be 1 to 64 bytes without space or colon, and not begin with a dash`},
		{"hsrp", `name = ""`, `name "" must be 1 to 64 bytes without space or colon, and not begin with a dash`},
		{"hsrp", `name = "-a"`, `name "-a" must be 1 to 64 bytes without space or colon, and not begin with a dash`},
		{"hsrp", `name = "a-b"`, ""},
		{"hsrp", `name = "a:b"`, `name "a:b" must be 1 to 64 bytes without space or colon, and not begin with a dash`},
		{"hsrp", `name = "a\u0007"`, `name "a\a" must be 1 to 64 bytes without space or colon, and not begin with a dash`},

		{"hsrp", `priority = 1`, ""},
		{"hsrp", `priority = 0`, "priority 0 must be 1 to 255"},
		{"hsrp", `priority = 255`, ""},
		{"hsrp", `priority = 256`, "priority 256 must be 1 to 255"},
		{"hsrp", `version = 0`, "version 0 must be 1 to 2"},
		{"hsrp", `version = 3`, "version 3 must be 1 to 2"},
		{"hsrp", `group = 0`, ""},
		{"hsrp", `group = -1`, "group -1 must be 0 to 4095 in version 2"},
		{"hsrp", `group = 4095`, ""},
		{"hsrp", `group = 4096`, "group 4096 must be 0 to 4095 in version 2"},
		{"hsrp1", `group = 255`, ""},
		{"hsrp1", `group = 256`, "group 256 must be 0 to 255 in version 1"},
		{"hsrp1", `virtual_ips = ["fe80::1"]`, "virtual_ips fe80::1: version 1 is IPv4 only, set version = 2"},
		{"hsrp", "preempt = true\npreempt_delay = \"1h\"", ""},
		{"hsrp", "preempt = true\npreempt_delay = \"3601s\"", "preempt_delay 1h0m1s must be 0s to 1h"},
		{"hsrp", "preempt = true\npreempt_delay = \"-1ms\"", "preempt_delay -1ms must be 0s to 1h"},
		{"hsrp", `preempt_delay = "1s"`, "warning: preempt_delay has no effect without preempt = true"},
		{"hsrp", `preempt_delay = "0s"`, ""},
		{"vrrp", "confirm = true\npeers = [\"192.0.2.9\"]", "warning: confirm has no effect with peers: it asks routers of the segment (line 5 of 6)"},
		{"vrrp", "preempt = false\npreempt_delay = \"1s\"", "warning: preempt_delay has no effect without preempt = true"},
		{"vrrp", `preempt_delay = "1s"`, ""},

		{"hsrp", `delay = { minimum = "1h", reload = "1h" }`, ""},
		{"hsrp", `delay = { minimum = "3601s" }`, "delay.minimum 1h0m1s must be 0s to 1h"},
		{"hsrp", `delay = { minimum = "-1ms" }`, "delay.minimum -1ms must be 0s to 1h"},
		{"vrrp", `delay = { reload = "3601s" }`, "delay.reload 1h0m1s must be 0s to 1h"},
		{"vrrp", `delay = { reload = "-1ms" }`, "delay.reload -1ms must be 0s to 1h"},
		{"hsrp", `delay = { minimum = "30s" }`, ""},
		{"hsrp", `delay = { minimum = "30s", reload = "0s" }`, ""},
		{"hsrp", `delay = { reload = "30s" }`, ""},
		{"hsrp", `delay = { minimum = "30s", reload = "30s" }`, ""},
		{"hsrp", `delay = { minimum = "30s", reload = "29s" }`, "warning: delay.reload 29s has no effect: delay.minimum 30s is longer and holds after the first start too"},
		{"hsrp", `delay = "30s"`, `delay must be a table, not the string "30s"`},
		{"hsrp", `delay = { minimum = 30 }`, `delay.minimum 30 is a bare number: a duration is a string with a unit, such as "30s" or "30ms"`},
		{"vrrp", `delay = { min = "30s" }`, "unknown key delay.min: known here are minimum, reload"},
		{"owner", `delay = { minimum = "30s" }`, ""},
		{"leader", `delay = { minimum = "30s" }`, ""},
		{"copy", `delay = { reload = "30s" }`, ""},

		{"hsrp", "hold = \"1s\"\nhello = \"3ms\"", ""},
		{"hsrp", "hold = \"1s\"\nhello = \"2ms\"", "hello 2ms must be 3ms to 254s"},
		{"hsrp", "hold = \"255s\"\nhello = \"85s\"", ""},
		{"hsrp", `hello = "254001ms"`, "hello 4m14.001s must be 3ms to 254s"},
		{"hsrp", `hold = "255s"`, ""},
		{"hsrp", `hold = "255001ms"`, "hold 4m15.001s must be 3ms to 255s"},
		{"hsrp", "hold = \"1s\"\nhello = \"10500us\"", "hello 10.5ms must be whole milliseconds"},
		{"hsrp", `hold = "100500us"`, "hold 100.5ms must be whole milliseconds"},
		{"hsrp1", "hello = \"1s\"\nhold = \"3500ms\"", "hold 3.5s must be whole seconds in version 1, unless hello is below 1s"},
		{"hsrp1", "hello = \"999ms\"\nhold = \"3500ms\"", ""},
		{"hsrp", "hello = \"1s\"\nhold = \"3s\"", ""},
		{"hsrp", "hello = \"1s\"\nhold = \"2999ms\"", "warning: hold 2.999s is less than three times hello 1s: two lost packets can move the group"},
		{"hsrp", "hello = \"1s\"\nhold = \"1001ms\"", "warning: hold 1.001s is less than three times hello 1s: two lost packets can move the group"},
		{"hsrp", "hello = \"1s\"\nhold = \"1s\"", "hold 1s must exceed hello 1s; three times as much is usual"},
		{"hsrp", `hello = "1s"`, ""},
		{"hsrp", `hello = "999ms"`, "warning: hello 999ms without hold: a takeover takes 10s"},
		{"hsrp", `hello = "86s"`, "warning: hold 255s is less than three times hello 86s: two lost packets can move the group"},
		{"hsrp", `hello = "1"`, `hello "1" is not a duration: write a number and a unit, such as "3s" or "500ms"`},
		{"hsrp", `hello = "+1."`, `hello "+1." is not a duration: write a number and a unit, such as "3s" or "500ms"`},

		{"hsrp", `virtual_ips = []`, ""},
		{"hsrp", `virtual_ips = ["0.1.2.3"]`, `virtual_ips "0.1.2.3": not the address of a host`},
		{"hsrp", `virtual_ips = ["1.0.0.0"]`, ""},
		{"hsrp", `virtual_ips = ["::"]`, `virtual_ips "::": not the address of a host`},
		{"hsrp", `virtual_ips = ["::1"]`, `virtual_ips "::1": a loopback address, unicast on the segment is wanted`},
		{"hsrp", `virtual_ips = ["ff02::1"]`, `virtual_ips "ff02::1": a multicast address, unicast is wanted`},
		{"hsrp", `virtual_ips = ["255.255.255.254"]`, ""},
		{"hsrp", `virtual_ips = ["255.255.255.255"]`, `virtual_ips "255.255.255.255": the broadcast address, unicast is wanted`},
		{"hsrp", "virtual_ips = [\"192.0.2.1\"]\nneighbors = [\"192.0.2.2\", \"192.0.2.2\"]", "neighbors has 192.0.2.2 twice"},
		{"hsrp", "virtual_ips = [\"192.0.2.1\"]\nneighbors = [\"192.0.2.1\"]", "neighbors 192.0.2.1 is a virtual address of the group itself"},
		{"hsrp6", `neighbors = ["192.0.2.2"]`, "neighbors 192.0.2.2 is IPv4 in a group of IPv6: one family per table"},

		{"hsrp", `mac = "virtual"`, ""},
		{"hsrp", `mac = "interface"`, ""},
		{"hsrp", `mac = "02:00:00:00:00:01"`, ""},
		{"hsrp", `mac = "02:00:00:00:00:00:00:01"`, `mac "02:00:00:00:00:00:00:01" must be "virtual", "interface" or an address such as "02:00:5e:10:00:01"`},
		{"hsrp", `mac = "03:00:00:00:00:01"`, "mac 03:00:00:00:00:01 is a multicast address, unicast is wanted"},
		{"hsrp", `mac = "00-00-00-00-00-00"`, "mac 00:00:00:00:00:00 is not the address of a host"},

		{"hsrp", `announce = { count = 1 }`, ""},
		{"hsrp", `announce = { count = 0 }`, "announce.count 0 must be 1 to 60"},
		{"hsrp", `announce = { count = 60 }`, ""},
		{"hsrp", `announce = { count = 61 }`, "announce.count 61 must be 1 to 60"},
		{"hsrp", `announce = { interval = "100ms" }`, ""},
		{"hsrp", `announce = { interval = "99ms" }`, "announce.interval 99ms must be 100ms to 1h"},
		{"hsrp", `announce = { interval = "1h" }`, ""},
		{"hsrp", `announce = { interval = "3601s" }`, "announce.interval 1h0m1s must be 100ms to 1h"},
		{"hsrp", `announce = { refresh = "off" }`, ""},
		{"hsrp", `announce = { refresh = "1s" }`, ""},
		{"hsrp", `announce = { refresh = "999ms" }`, `announce.refresh "999ms" must be "off" or a duration of 1s to 24h`},
		{"hsrp", `announce = { refresh = "299s" }`, ""},
		{"hsrp", `announce = { refresh = "300s" }`, "warning: announce.refresh 5m: switches forget a silent MAC after 5m"},
		{"hsrp", `announce = { refresh = "24h" }`, "warning: announce.refresh 24h: switches forget a silent MAC after 5m"},
		{"hsrp", `announce = { refresh = "24h1s" }`, `announce.refresh "24h1s" must be "off" or a duration of 1s to 24h`},
		{"hsrp", `announce = { probe = "off" }`, ""},
		{"hsrp", `announce = { probe = "veto" }`, ""},
		{"hsrp", `announce = { probe = "on" }`, `announce.probe "on" must be one of warn, off, veto`},
		{"hsrp", `announce = { real_ip = false }`, ""},
		{"hsrp", `announce = { real_ip = "on" }`, ""},
		{"hsrp", `announce = { real_ip = "yes" }`, `announce.real_ip "yes" must be one of auto, on, off`},
		{"hsrp6", `announce = { router_lifetime = "off" }`, ""},
		{"hsrp6", `announce = { router_lifetime = "1s" }`, ""},
		{"hsrp6", `announce = { router_lifetime = "999ms" }`, `announce.router_lifetime "999ms" must be "off" or a duration of 1s to 2h30m`},
		{"hsrp6", `announce = { router_lifetime = "9000s" }`, ""},
		{"hsrp6", `announce = { router_lifetime = "9001s" }`, `announce.router_lifetime "9001s" must be "off" or a duration of 1s to 2h30m`},
		{"hsrp6", `announce = { router_lifetime = "1500ms" }`, "announce.router_lifetime 1.5s: whole seconds are wanted"},
		{"vrrp", `announce = { router_lifetime = "30m" }`, "announce.router_lifetime is for IPv6 groups"},
		{"vrrp", `announce = { router_lifetime = "off" }`, ""},

		{"hsrp", `hooks = { active = ["/x", ""] }`, ""},
		{"hsrp", `hooks = { active = ["", "/x"] }`, "hooks.active begins with an empty string: the first is the program to run"},
		{"hsrp", `hooks = { standby = ["x"] }`, `warning: hooks.standby "x" is not an absolute path: it is looked up in the daemon's PATH`},
		{"hsrp", `hooks = { standby = ["/x", "a\u0000"] }`, "hooks.standby must not contain a NUL byte"},
		{"hsrp", `hooks = { pre_active = { command = ["/x"], deadline = "10ms" } }`, ""},
		{"hsrp", `hooks = { pre_active = { command = ["/x"], deadline = "9ms" } }`, "hooks.pre_active.deadline 9ms must be 10ms to 1m"},
		{"hsrp", `hooks = { pre_active = { command = ["/x"], deadline = "1m" } }`, ""},
		{"hsrp", `hooks = { pre_active = { command = ["/x"], deadline = "61s" } }`, "hooks.pre_active.deadline 61s must be 10ms to 1m"},
		{"hsrp", `hooks = { pre_active = { command = [] } }`, "hooks.pre_active without command: the program that is waited for"},

		{"hsrp", `track = [{ object = "uplink" }]`, `track object "uplink" does not exist: none is defined`},
		{"object", `track = [{ object = "uplink", decrement = 1 }]`, ""},
		{"object", `track = [{ object = "uplink", decrement = 0 }]`, "track.decrement 0 must be 1 to 255"},
		{"object", `track = [{ object = "uplink", decrement = 255 }]`, ""},
		{"object", `track = [{ object = "uplink", decrement = 256 }]`, "track.decrement 256 must be 1 to 255"},
		{"object", `track = [{ object = "uplink", shutdown = true }]`, ""},
		{"object", `track = [{ object = "uplink", shutdown = true, decrement = 10 }]`, "track has both decrement and shutdown: a group that leaves the election has no priority to lower"},
		{"object", `track = [{ object = "uplink", shutdown = false, decrement = 10 }]`, ""},
		{"object", `track = [{ object = "uplink" }, { object = "uplink" }]`, `track object "uplink" is used twice in the group`},
		{"object", `track = [{}]`, "track without object: the name of a [[track]]"},
		{"object", `track = [{ object = "uplnk" }]`, `track object "uplnk" does not exist: did you mean uplink?`},
		{"object", `track = [{ object = "provider" }]`, `track object "provider" does not exist: known are uplink`},

		{"hsrp", `auth = {}`, "auth is empty: one of md5, md5_file, text, keychain is needed"},
		{"hsrp", `auth = { text = "cisco" }`, ""},
		{"hsrp", `auth = { text = "8 bytes." }`, "warning: auth.text is sent in the clear: it guards against mistakes, not against people"},
		{"hsrp", `auth = { text = "9 bytes.." }`, "auth.text has 9 bytes: 1 to 8 are allowed"},
		{"hsrp", `auth = { text = "" }`, "auth.text has 0 bytes: 1 to 8 are allowed"},
		{"hsrp", `auth = { text = "a\u0000" }`, "auth.text must not contain a NUL byte: it ends the text on the wire"},
		{"hsrp", `auth = { text = "cisco", key_id = 0 }`, "auth.key_id belongs to md5 and md5_file, not to text"},
		{"hsrp", `auth = { text = "cisco", md5 = "k" }`, "auth has more than one of md5, md5_file, text, keychain: exactly one is allowed"},
		{"hsrp", `auth = { md5 = "k", md5_file = "one" }`, "auth has more than one of md5, md5_file, text, keychain: exactly one is allowed"},
		{"hsrp", `auth = { md5 = "k", key_id = 4294967295 }`, ""},
		{"hsrp", `auth = { md5 = "k", key_id = 4294967296 }`, "auth.key_id 4294967296 must be 0 to 4294967295"},
		{"hsrp", `auth = { md5 = "` + long(55) + `" }`, ""},
		{"hsrp", `auth = { md5 = "` + long(56) + `" }`, "warning: auth.md5: the key has 56 bytes; above 55 other makers' routers may disagree"},
		{"hsrp", `auth = { md5 = "` + long(64) + `" }`, "warning: auth.md5: the key has 64 bytes; above 55 other makers' routers may disagree"},
		{"hsrp", `auth = { md5 = "` + long(65) + `" }`, "auth.md5: the key has 65 bytes, 1 to 64 are allowed"},
		{"hsrp", `auth = { md5 = "" }`, "auth.md5: the key has 0 bytes, 1 to 64 are allowed"},
		{"hsrp", `auth = { md5_file = "/one" }`, ""},
		{"hsrp", `auth = { md5_file = "/open" }`, "warning: auth.md5_file /open is open to everybody (mode 0604): chmod 640 or less"},
		{"hsrp", `auth = { md5_file = "/two" }`, "auth.md5_file /two: the key must be one line of text"},
		{"hsrp", `auth = { md5_file = "/nul" }`, "auth.md5_file /nul: the key must be one line of text"},
		{"hsrp", `auth = { md5_file = "/empty" }`, "auth.md5_file: the key has 0 bytes, 1 to 64 are allowed"},
		{"hsrp", `auth = { md5_file = "/none" }`, "auth.md5_file /none: file does not exist"},
		{"vrrp2", `auth = { text = "plain" }`, "warning: auth.text is sent in the clear: it guards against mistakes, not against people"},
		{"vrrp2", `auth = { text = "9 bytes.." }`, "auth.text has 9 bytes: 1 to 8 are allowed"},
		{"vrrp2", `auth = {}`, "auth without keychain or text: VRRP version 2 knows no other"},
		{"vrrp2", `auth = { text = "cisco", md5 = "k" }`, "auth.md5 is HSRP only: VRRP has the HMAC of a keychain"},
		{"vrrp2", `auth = { text = "cisco", md5_file = "/one" }`, "auth.md5_file is HSRP only: VRRP has the HMAC of a keychain"},
		{"vrrp2", `auth = { text = "cisco", key_id = 1 }`, "auth.key_id is HSRP only"},
		{"vrrp", `auth = { text = "cisco" }`, "auth.text is not part of VRRP version 3 (RFC 9568 section 9): use a keychain, or set version = 2"},

		{"router", `vrid = 1`, ""},
		{"router", `vrid = 0`, "vrid 0 must be 1 to 255"},
		{"router", `vrid = 255`, ""},
		{"router", `vrid = 256`, "vrid 256 must be 1 to 255"},
		{"vrrp", `version = 1`, "version 1 must be 2 to 3"},
		{"vrrp", `version = 4`, "version 4 must be 2 to 3"},
		{"vrrp", `advertise = "10ms"`, ""},
		{"vrrp", `advertise = "9ms"`, "advertise 9ms must be whole centiseconds of 10ms to 40.95s in version 3"},
		{"vrrp", `advertise = "11ms"`, "advertise 11ms must be whole centiseconds of 10ms to 40.95s in version 3"},
		{"vrrp", `advertise = "40950ms"`, ""},
		{"vrrp", `advertise = "40960ms"`, "advertise 40.96s must be whole centiseconds of 10ms to 40.95s in version 3"},
		{"vrrp2", `advertise = "990ms"`, "advertise 990ms must be whole seconds of 1s to 255s in version 2"},
		{"vrrp2", `advertise = "1010ms"`, "advertise 1.01s must be whole seconds of 1s to 255s in version 2"},
		{"vrrp2", `advertise = "255s"`, ""},
		{"vrrp2", `advertise = "256s"`, "advertise 256s must be whole seconds of 1s to 255s in version 2"},
		{"vrrp", `peers = ["192.0.2.2"]`, ""},
		{"vrrp", `peers = ["192.0.2.1"]`, "peers 192.0.2.1 is a virtual address of the group of line 1: name the router by an address of its own"},
		{"two", `virtual_ips = ["192.0.2.2"]`, ""},
		{"two", `virtual_ips = ["192.0.2.1"]`, "warning: virtual_ips 192.0.2.1 is on another interface as well, in the group of line 1"},
		{"two6", `virtual_ips = ["fe80::1"]`, ""},
		{"vrrp", `peers = ["fe80::2"]`, "peers fe80::2 is IPv6 in a group of IPv4: one family per table"},
		{"vrrp6", `peers = ["fe80::2", "fe80::3"]`, ""},
		{"vrrp6", `peers = ["2001:db8::2", "2001:db8::3"]`, ""},
		{"vrrp6", `peers = ["2001:db8::2", "fe80::3"]`, "peers 2001:db8::2 and fe80::3 are of two scopes: name all by link-local addresses or none"},
		{"empty", "virtual_ips = []", "virtual_ips is missing: VRRP needs at least one address"},
		{"empty", "virtual_ips = [" + addressList("192.0.2.%d", 255) + "]", ""},
		{"empty", "virtual_ips = [" + addressList("192.0.2.%d", 255) + `, "192.0.3.1"]`, "virtual_ips has 256 addresses: 1 to 255 are allowed"},
		{"empty", `virtual_ips = ["fe80::1", ` + addressList("2001:db8::%x", 89) + "]", ""},
		{"empty", `virtual_ips = ["fe80::1", ` + addressList("2001:db8::%x", 90) + "]", "warning: virtual_ips has 91 addresses: above 90 an advertisement exceeds 1500 bytes"},
		{"empty", `virtual_ips = ["2001:db8::1"]`, `virtual_ips has no link-local address: VRRP for IPv6 needs one (RFC 9568 section 5.2.9), such as "fe80::1"`},
		{"empty", "version = 2\nvirtual_ips = [\"fe80::1\"]", "virtual_ips fe80::1: version 2 is IPv4 only, set version = 3"},
		{"vrrp", `checksum = "rfc9568"`, ""},
		{"vrrp", `checksum = "pseudo-header"`, ""},
		{"vrrp", `checksum = "none"`, `checksum "none" must be one of auto, rfc9568, pseudo-header`},
		{"vrrp2", `checksum = "auto"`, ""},
		{"vrrp2", `checksum = "rfc9568"`, `checksum "rfc9568": there is a choice in IPv4 version 3 only, leave it out`},
		{"vrrp6", `checksum = "pseudo-header"`, `checksum "pseudo-header": there is a choice in IPv4 version 3 only, leave it out`},
		{"owner", `preempt = true`, ""},
		{"owner", `peers = ["192.0.2.9"]`, ""},
		{"empty", "priority = 255\nvirtual_ips = [\"10.77.0.1/24\"]", "priority 255 is for the owner of the addresses, which the interface has itself: virtual_ips 10.77.0.1/24 with the length of a subnet brings it along only while active; take another priority, or leave the length out and give the address to the interface (line 4 of 5)"},
		{"empty", "priority = 254\nvirtual_ips = [\"10.77.0.1/24\"]", ""},
		{"owner", `preempt = false`, "warning: preempt = false has no effect: the address owner (priority 255) always preempts"},
		{"hsrp", "priority = 255\npreempt = false", ""},
		{"vrrp", "peers = [\"192.0.2.9\"]\nmin_ttl = 255", ""},
		{"vrrp", "peers = [\"192.0.2.9\"]\nmin_ttl = 1", ""},
		{"vrrp", `min_ttl = 0`, "min_ttl 0 must be 1 to 255"},
		{"vrrp", `min_ttl = 256`, "min_ttl 256 must be 1 to 255"},
		{"vrrp", `min_ttl = 255`, "warning: min_ttl 255 has no effect without peers: multicast packets must have 255 anyway"},
		{"vrrp", `min_ttl = 1`, ""},
		{"hsrp", `off_subnet = "ignore"`, ""},
		{"hsrp", `off_subnet = "accept"`, ""},
		{"hsrp", `off_subnet = "reject"`, `off_subnet "reject" must be one of ignore, accept`},
		{"hsrp", `off_subnet = true`, `off_subnet must be a string, not true`},

		{"kind", `route = "0.0.0.0/0"`, ""},
		{"kind", `route = "2001:db8::/32"`, ""},
		{"kind", `route = "192.0.2.0"`, `route "192.0.2.0": not a prefix, such as "0.0.0.0/0"`},
		{"kind", `route = "::ffff:192.0.2.0/120"`, `route "::ffff:192.0.2.0/120": write the prefix as IPv4`},
		{"kind", `route = "192.0.2.1/31"`, `route "192.0.2.1/31": bits are set behind the prefix length: write "192.0.2.0/31"`},
		{"kind", `ping = "fe80::1%eth0"`, ""},
		{"kind", `ping = "127.0.0.1"`, ""},
		{"kind", `ping = "host"`, `ping "host": not an IP address`},
		{"kind", `ping = "::ffff:192.0.2.1"`, `ping "::ffff:192.0.2.1": write the IPv4 address as 192.0.2.1`},
		{"kind", `ping = "fe80::1%a b"`, `ping "fe80::1%a b": the zone is not the name of a network interface`},
		{"kind", `ping = "0.0.0.0"`, `ping "0.0.0.0": not the address of a host`},
		{"kind", `arp = "192.0.2.1"`, ""},
		{"kind", `arp = "fe80::1"`, `arp "fe80::1": not an IPv4 address: for IPv6 use ping`},
		{"kind", `arp = "127.0.0.1"`, `arp "127.0.0.1": a loopback address, unicast on the segment is wanted`},
		{"kind", `tcp = "[2001:db8::1]:65535"`, ""},
		{"kind", `tcp = "192.0.2.1:0"`, `tcp "192.0.2.1:0": not host:port with a port of 1 to 65535, such as "203.0.113.1:443"`},
		{"kind", `tcp = ":1"`, `tcp ":1": not host:port with a port of 1 to 65535, such as "203.0.113.1:443"`},
		{"kind", `tcp = "192.0.2.1:1"`, ""},
		{"kind", `http = "https://[2001:db8::1]:8443/health?a=b"`, ""},
		{"kind", `http = "http:///health"`, `http "http:///health": not an address such as "http://203.0.113.1/health"`},
		{"kind", `http = "ftp://192.0.2.1/"`, `http "ftp://192.0.2.1/": not an address such as "http://203.0.113.1/health"`},
		{"kind", `http = "http://a b/"`, `http "http://a b/": not an address such as "http://203.0.113.1/health"`},
		{"kind", `file = "/run/x"`, ""},
		{"kind", `file = "run/x"`, `file "run/x": not an absolute path without control characters`},
		{"kind", `file = "/run/\u0000"`, `file "/run/\x00": not an absolute path without control characters`},
		{"kind", `interface = "eth0:1"`, `interface "eth0:1": not the name of a network interface: 1 to 15 bytes without space, slash or colon`},
		{"kind", `command = ["/x"]`, ""},
		{"kind", `command = []`, "command is empty: the first string is the program to run"},
		{"kind", `command = ["x"]`, `warning: command "x" is not an absolute path: it is looked up in the daemon's PATH`},
		{"track", `interval = "100ms"`, ""},
		{"track", `interval = "99ms"`, "interval 99ms must be 100ms to 1h"},
		{"track", `interval = "1h"`, ""},
		{"track", `interval = "3601s"`, "interval 1h0m1s must be 100ms to 1h"},
		{"track", `timeout = "10ms"`, ""},
		{"track", `timeout = "9ms"`, "timeout 9ms must be 10ms to 1h"},
		{"track", `timeout = "1s"`, ""},
		{"track", `timeout = "1001ms"`, "timeout 1.001s must not exceed the interval 1s"},
		{"track", `rise = 1`, ""},
		{"track", `rise = 0`, "rise 0 must be 1 to 255"},
		{"track", `rise = 255`, ""},
		{"track", `rise = 256`, "rise 256 must be 1 to 255"},
		{"track", `fall = 0`, "fall 0 must be 1 to 255"},
		{"track", `fall = 255`, ""},
		{"track", `fall = 256`, "fall 256 must be 1 to 255"},
		{"track", `delay_up = "1h"`, ""},
		{"track", `delay_up = "3601s"`, "delay_up 1h0m1s must be 0s to 1h"},
		{"track", `delay_down = "1h"`, ""},
		{"track", `delay_down = "3601s"`, "delay_down 1h0m1s must be 0s to 1h"},
		{"track", `delay_down = "-1ns"`, "delay_down -1ns must be 0s to 1h"},

		{"leader", `hello = "1s"`, `warning: hello has no effect: the group follows "lead"`},
		{"leader", `priority = 100`, ""},
		{"leader", `priority = 99`, `warning: priority has no effect: the group follows "lead"`},
		{"leader", "confirm = true", `warning: confirm has no effect: the group follows "lead"`},
		{"leader", "preempt = true\npreempt_delay = \"1s\"", `warning: preempt_delay has no effect: the group follows "lead"`},
		{"copy", `advertise = "1s"`, ""},
		{"copy", `advertise = "2s"`, `warning: advertise has no effect: the group follows "lead"`},
		{"other", `follow = "lead"`, `follow "lead": that group speaks hsrp, this one vrrp`},
		{"other", `follow = "led"`, `follow "led": no group has that name: did you mean lead?`},
		{"other", `name = "lead"`, `name "lead" is taken by the group of line 1`},
		{"other", `name = "lead2"`, ""},

		{"hsrp", `auth = 3`, "auth must be a table, not a number or boolean"},
		{"hsrp", `auth = { md5 = true }`, "auth.md5 must be a string, not a number or boolean"},
		{"hsrp", `auth = { md5 = [] }`, "auth.md5 must be a string, not an array"},
		{"hsrp", `auth = { md5 = {} }`, "auth.md5 must be a string, not a table"},
		{"hsrp", `auth = { md5 = 1979-05-27 }`, "auth.md5 must be a string, not a date or time"},
		{"hsrp", `mac = true`, "mac must be a string, not true"},
		{"hsrp", `mac = 0.5`, "mac must be a string, not 0.5"},
		{"hsrp", `hello = 0.5`, `hello 0.5 is a bare number: a duration is a string with a unit, such as "0.5s" or "0.5ms"`},
		{"hsrp", `hello = true`, "hello must be a duration, not true"},
		{"hsrp", `virtual_ips = [1]`, "virtual_ips must be a string, not 1"},
		{"hsrp", `announce = { refesh = "1s" }`, "unknown key announce.refesh: did you mean refresh?"},
		{"daemon", `colour = "red"`, "unknown key colour: known here are format, forwarding, lease, log, maintenance, metrics, readers, realtime, record"},
	} {
		want := []string{}
		if tt.want != "" {
			want = append(want, tt.want)
		}
		got := slices.DeleteFunc(said(heads[tt.head]+tt.line+"\n", keys), func(s string) bool {
			return strings.HasPrefix(s, "warning: no [[hsrp]] and no [[vrrp]] table")
		})
		if diff := cmp.Diff(want, append([]string{}, got...)); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", tt.head, tt.line, diff)
		}
	}
}

// What depends on a value that is wrong is not complained about as well.
func TestAMistakeIsToldOnce(t *testing.T) {
	const hsrp, vrrp = "[[hsrp]]\ninterface = \"eth1\"\n", "[[vrrp]]\ninterface = \"eth1\"\nvrid = 1\n"
	twice := func(table string) string { return table + table }
	for _, tt := range []struct {
		text     string
		mistakes int
	}{
		{twice("[[hsrp]]\ninterface = 1\n"), 2},
		{twice("[[hsrp]]\ninterface = \"a b\"\nvirtual_ips = [\"192.0.2.1\"]\nmac = \"02:00:00:00:00:01\"\n"), 2},
		{twice(hsrp + "group = \"x\"\n"), 2},
		{twice(hsrp + "group = 5000\n"), 2},
		{twice(hsrp + "virtual_ips = \"192.0.2.1\"\n"), 2},
		{twice(hsrp + "virtual_ips = [\"192.0.2.1/24\"]\n"), 2},
		{hsrp + "name = \"a b\"\n" + hsrp + "group = 1\nname = \"a b\"\n", 2},
		{hsrp + "version = 3\ngroup = 300\n", 1},
		{hsrp + "version = \"1\"\nvirtual_ips = [\"fe80::1\"]\n", 1},
		{hsrp + "group = 5000\nvirtual_ips = [\"2001:db8::1\"]\n", 1},
		{hsrp + "hello = 3\nhold = \"2s\"\n", 1},
		{hsrp + "hello = \"2s\"\nhold = 1\n", 1},
		{hsrp + "hello = \"2ms\"\nhold = \"1ms\"\n", 2},
		{hsrp + "hello = \"10500us\"\nhold = \"10100us\"\n", 2},
		{hsrp + "mac = 5\n", 1},
		{hsrp + "auth = { md5 = 5, key_id = 1 }\n", 1},
		{hsrp + "track = 5\n", 1},
		{hsrp + "track = [{ object = 5 }]\n", 1},
		{hsrp + "track = [5]\n", 1},
		{hsrp + "hooks = { active = [5] }\n", 1},
		{hsrp + "hooks = { active = 5 }\n", 1},
		{hsrp + "hooks = { pre_active = { command = [5] } }\n", 1},
		{hsrp + "hooks = { pre_active = { command = 5 } }\n", 1},
		{hsrp + "hooks = { pre_active = 5 }\n", 1},
		{hsrp + "follow = 5\n", 1},
		{hsrp + "follow = \"a b\"\n", 1},
		{hsrp + "neighbors = [\"192.0.2.1/24\"]\n", 1},
		{"[[track]]\nname = \"t\"\ncommand = 5\n", 1},
		{"[[track]]\nname = \"t\"\ncommand = [5]\n", 1},
		{"[[track]]\nname = \"t\"\nping = 5\n", 1},
		{"[[track]]\nname = 5\nping = \"192.0.2.1\"\n", 1},
		{"[[track]]\nname = \"t\"\nping = \"192.0.2.1\"\ninterval = 1\ntimeout = \"2s\"\n", 1},
		{vrrp + "virtual_ips = [5]\n", 1},
		{vrrp + "virtual_ips = [\"2001:db8::1%x\"]\n", 1},
		{vrrp + "virtual_ips = [\"2001:db8::1\", \"192.0.2.1\"]\n", 1},
		{vrrp + "virtual_ips = [\"192.0.2.1\"]\nversion = \"2\"\nadvertise = \"5ms\"\n", 1},
		{vrrp + "virtual_ips = [\"192.0.2.1\"]\nversion = 2\nchecksum = \"x\"\n", 1},
		{vrrp + "virtual_ips = [\"192.0.2.1\"]\nchecksum = \"rfc9568\"\nversion = 4\n", 1},
		{vrrp + "virtual_ips = [\"fe80::1\"]\nversion = 4\n", 1},
		{vrrp + "virtual_ips = [\"192.0.2.1\"]\npriority = 256\npreempt = false\n", 1},
		{twice("[[vrrp]]\ninterface = \"eth1\"\nvrid = 0\nvirtual_ips = [\"192.0.2.1\"]\n"), 3}, // one address in both
	} {
		if got := said(tt.text, keys); len(got) != tt.mistakes {
			t.Errorf("%d faults, want %d, in\n%s\n%s", len(got), tt.mistakes, tt.text, strings.Join(got, "\n"))
		}
	}
}

// addressList returns n addresses as the elements of an array.
func addressList(format string, n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"`+format+`"`, i+1)
	}
	return strings.Join(list, ", ")
}

// keys is a folder of key files.
func keys(path string) ([]byte, fs.FileMode, error) {
	switch path {
	case "/one":
		return []byte("planted-key\r\n"), 0o640, nil
	case "/open":
		return []byte("planted-key\n"), 0o604, nil
	case "/two":
		return []byte("planted-key\nplanted-key\n"), 0o600, nil
	case "/nul":
		return []byte("planted-key\x00"), 0o600, nil
	case "/empty":
		return []byte("\n"), 0o600, nil
	}
	return nil, 0, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}

// Whatever is wrong with a key, or beside it, is told without it.
func TestFaultsNeverShowKeys(t *testing.T) {
	const key = "planted-key"
	for _, head := range []string{"hsrp", "vrrp", "vrrp2"} {
		for _, auth := range []string{
			`auth = { md5 = "` + strings.Repeat(key, 6) + `" }`, // above 55 bytes
			`auth = { md5 = "planted-key", text = "planted-key" }`,
			`auth = { md5 = "planted-key", key_id = -1 }`,
			`auth = { md5 = ["planted-key"] }`,
			`auth = { md5 = { a = "planted-key" } }`,
			`auth = { md = "planted-key" }`,
			`auth = { text = "planted-key" }`,
			`auth = { text = "planted-key\u0000" }`,
			`auth = { text = ["planted-key"] }`,
			`auth = { text = 'planted-key', key_id = "1" }`,
			`auth = { md5_file = ["planted-key"] }`,
			`auth = { md5_file = "/two" }`,
			`auth = { md5_file = "/nul" }`,
			`auth = { md5_file = "/open" }`,
			`auth = "planted-key"`,
			`auth = ["planted-key"]`,
			`auth.md5 = true` + "\n" + `auth.text = "planted-key"`,
			`auhT = { md5 = "planted-key" }`,
			`auth = { md5 = "planted-key }`,
			`auth = { md5 = "planted-key\q" }`,
			`auth = { md5 = "planted-key" "planted-key" }`,
			`auth = { md5 = planted-key }`,
		} {
			said := said(heads[head]+auth+"\n", keys)
			if len(said) == 0 {
				t.Errorf("%s: nothing is said of %s", head, auth)
			}
			for _, s := range said {
				if strings.Contains(s, key) {
					t.Errorf("%s: %s is told with its key: %s", head, auth, s)
				}
			}
		}
	}
}
