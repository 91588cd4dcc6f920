package e2e

import (
	"fmt"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

// change is something that is done to a couple.
type change struct {
	name, text string        // of the benchmark, and for the page
	first      func(p *pair) // done before, and not measured; may be nil
	play       func(p *pair)
	not        func(c couple) bool // couples that it is not for
}

// changes are all that a pair is planned to go through, and the crashes of a process.
func changes() (list []change) {
	for _, r := range []struct{ name, text, keys, daemon string }{
		{"same", "of the same file", "", ""},
		{"preempt", "`preempt`, `preempt_delay`", "preempt = true\npreempt_delay = \"5s\"", ""},
		{"track", "`track`", "track = [{ object = \"flag\", decrement = 5 }]", "[[track]]\nname = \"flag\"\nfile = \"/proc/self/status\"\n"},
		{"hooks", "`hooks`", "hooks = { active = [\"/bin/true\"] }", ""},
		{"announce", "`announce`", "announce = { refresh = \"1s\" }", ""},
		{"install", "`install`", "install = \"route\"", ""},
		{"understudy", "`understudy`, `confirm`", "understudy = false\nconfirm = true", ""},
		{"daemon", "`log`, `format`, `metrics`, `lease`", "", "[daemon]\nlog = \"debug\"\nformat = \"json\"\nmetrics = \"127.0.0.1:0\"\nlease = \"5s\"\n"},
	} {
		list = append(list, change{name: "reload-" + r.name, text: "reload: " + r.text + ", and back", play: func(p *pair) {
			p.reload(r.daemon + p.with(r.keys))
			p.reload(p.groups)
		}})
	}
	alone := func(c couple) bool { return c.name == "follow" }
	return append(list, []change{
		{name: "reload-timers", text: "reload: timers, and back", play: func(p *pair) {
			p.reload(strings.NewReplacer("200ms", "250ms", "700ms", "900ms").Replace(p.groups))
			p.reload(p.groups)
		}},
		{name: "reload-priority", text: "reload: `priority`, and back", play: func(p *pair) {
			reload(p.b, p.groups, 105)
			reload(p.b, p.groups, 100)
		}},
		{name: "reload-addresses", text: "addresses added and removed while Active", play: func(p *pair) {
			if p.six() {
				p.reload(strings.Replace(p.groups, "fe80::1\"", "fe80::1\", \"2001:db8:1::1\"", 1))
			} else {
				p.reload(strings.Replace(p.groups, "192.168.1.1\"", "192.168.1.1\", \"192.168.1.4\"", 1))
			}
			p.reload(p.groups)
		}},
		{name: "reload-group", text: "another group added and removed", not: alone, play: func(p *pair) {
			p.reload(p.groups + another)
			p.a.WaitState("vrrp:eth0:20", "Active")
			p.reload(p.groups)
		}},
		{name: "key-rolled", text: "a key rolled: received, sent, the old one gone", not: alone,
			first: func(p *pair) { p.reload(chain(1, 0) + p.with(signedAuth)); p.asBefore() },
			play: func(p *pair) {
				for _, k := range []string{chain(1, 2), chain(2, 1), chain(2, 0)} {
					p.reload(k + p.with(signedAuth))
				}
			}},
		{name: "handover", text: "hand-over, over and back", play: func(p *pair) { p.over(p.a, p.b); p.over(p.b, p.a) }},
		{name: "maintenance", text: "maintenance on and off", play: func(p *pair) { p.maintain() }},
		{name: "maintenance-group", text: "maintenance of the group on and off", play: func(p *pair) { p.maintain("users") }},
		{name: "upgrade", text: "upgrade of both", play: func(p *pair) { upgrade(p.b); upgrade(p.a) }},
		{name: "downgrade", text: "an older program takes a's place, and the present one again", not: func(c couple) bool { return c.name != "hsrp2" && c.name != "vrrp3" },
			first: func(p *pair) {
				p.older = olderProgram(p.t)
				p.a.Stop()
				p.put = p.replaceable()
				p.a.Restart()
				p.back()
				if !serves(p.a) {
					p.over(p.b, p.a)
				}
				p.asBefore()
				p.withoutNewKeys(p.groups)
			},
			play: func(p *pair) { p.downgrade(p.put, p.older) }},
		{name: "restart", text: "a stopped and started", play: func(p *pair) {
			p.a.Stop()
			p.b.WaitAll("Active")
			p.a.Restart()
			p.back()
		}},
		{name: "stop", text: "a stopped", play: func(p *pair) { p.a.Stop(); p.b.WaitAll("Active") }},
		{name: "crash-alone", text: "a killed and started after 1 s, hold 3 s, nobody else there",
			first: func(p *pair) { p.b.Stop(); reload(p.a, slowly(p.groups), 110) }, play: crashed},
		{name: "crash-standby", text: "a killed and started after 1 s, hold 3 s, b there",
			first: func(p *pair) { p.reload(slowly(p.groups)); p.asBefore() }, play: crashed},
		{name: "crash", text: "a killed and not started", play: func(p *pair) { p.a.Kill(); p.b.WaitAll("Active") }},
	}...)
}

// crashed kills a and starts it again within its lease.
func crashed(p *pair) {
	p.a.Kill()
	fhrptest.Pass(p.t, time.Second)
	p.a.Restart()
	p.a.WaitAll("Active")
}

// maintain takes a away and has it back.
func (p *pair) maintain(groups ...string) {
	p.t.Helper()
	for _, way := range []string{"on", "off"} {
		if out, exit := p.a.Command(append([]string{"maintenance", way}, groups...)...); exit != 0 {
			p.t.Fatalf("maintenance %s: exit %d: %s", way, exit, out)
		}
	}
	p.back()
}

// back waits until a has the role again, or is ready for it where it does not preempt.
func (p *pair) back() {
	p.t.Helper()
	p.a.Eventually("a is back", func() bool {
		g := p.a.Group("users")
		return serves(p.a) || ready(g) && !g.Preempt
	})
}

// chain is a keychain with a key that is sent and another that is only received, 0 for
// none.
func chain(sent, other int) string {
	secrets := []string{1: firstSecret, 2: secondSecret}
	keys := fmt.Sprintf("{ id = %d, secret = %q }", sent, secrets[sent])
	if other != 0 {
		keys += fmt.Sprintf(", { id = %d, secret = %q, send_until = 2020-01-01T00:00:00Z }", other, secrets[other])
	}
	return "[[keychain]]\nname = \"lan\"\nkeys = [" + keys + "]\n"
}
