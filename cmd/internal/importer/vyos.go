package importer

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/configs"
)

// vyos is a configuration of VyOS on its way. VyOS makes keepalived's of it, so that
// what is common to both is read by keepalived's code.
type vyos struct {
	*keepalived
	groups []*vyosGroup
	syncs  []*vyosGroup
	global []setting
	lines  int
}

// vyosGroup is a group, or a sync group, and its settings, without the path to it.
type vyosGroup struct {
	at       position
	name     string
	settings []setting
}

func readVyOS(d *draft, file string, text []byte) error {
	list, err := settings(file, text)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("%s has no setting", file)
	}
	x := &vyos{keepalived: &keepalived{draft: d, version: 2, objects: map[string]watch{}, watches: map[*group][]watch{}}}
	for _, s := range list {
		x.sort(s)
	}
	for _, s := range x.global {
		x.parameter(s)
	}
	for _, g := range x.groups {
		x.group(g)
	}
	for _, g := range x.syncs {
		x.syncGroup(g)
	}
	for _, g := range d.groups {
		d.depend(g, x.watches[g])
		d.linkLocal(g)
	}
	if x.lines > 0 {
		d.note(position{file: file}, "", fmt.Sprintf("lines about other things than VRRP, left alone: %d", x.lines))
	}
	return nil
}

// sort puts a setting where it belongs. One that only opens a block says nothing.
func (x *vyos) sort(s setting) {
	p := s.path
	switch {
	case len(p) > 2 && slices.Equal(p[:2], []string{"high-availability", "vrrp"}):
		rest := setting{s.at, p[3:], s.opens}
		switch p[2] {
		case "group":
			x.groups = settle(x.groups, rest)
		case "sync-group":
			x.syncs = settle(x.syncs, rest)
		case "global-parameters":
			x.global = append(x.global, rest)
		default:
			x.not(s.at, text(p[2:]), "fhrpd has nothing like it")
		}
	case len(p) > 2 && slices.Equal(p[:2], []string{"high-availability", "virtual-server"}):
		x.not(s.at, text(p[1:]), "load balancing is not what fhrpd does")
	case p[0] == "high-availability" && s.opens:
	case p[0] == "high-availability":
		x.not(s.at, text(p[1:]), "fhrpd has nothing like it")
	case p[0] == "interfaces" && slices.Contains(p, "vrrp-group"):
		x.not(s.at, text(p), "it is of VyOS 1.1: let a newer VyOS read the file first, it writes high-availability")
	case p[0] == "cluster":
		x.not(s.at, text(p), "it is Heartbeat, which VyOS itself has given up")
	default:
		x.lines++
	}
}

// settle gives a setting to the group that its first word names.
func settle(list []*vyosGroup, s setting) []*vyosGroup {
	if len(s.path) == 0 {
		return list
	}
	i := slices.IndexFunc(list, func(g *vyosGroup) bool { return g.name == s.path[0] })
	if i < 0 {
		i = len(list)
		list = append(list, &vyosGroup{at: s.at, name: s.path[0]})
	}
	if g := list[i]; len(s.path) > 1 {
		g.settings = append(g.settings, setting{s.at, s.path[1:], s.opens})
	}
	return list
}

// text is a path for a remark, without its secret.
func text(path []string) string {
	for n, w := range path {
		if slices.Contains(secretWords, w) && w != "key" && w != "authentication" && n+1 < len(path) {
			return strings.Join(path[:n+1], " ") + " …"
		}
	}
	return strings.Join(path, " ")
}

// statement is a setting as keepalived would have it.
func (s setting) statement(words ...string) *statement {
	return &statement{at: s.at, words: words}
}

func (x *vyos) parameter(s setting) {
	if s.opens || len(s.path) == 0 {
		return
	}
	value := s.path[len(s.path)-1]
	switch strings.Join(s.path[:len(s.path)-1], " ") {
	case "version":
		x.keepalived.global(s.statement("vrrp_version", value))
	case "startup-delay":
		x.startup(s.statement("startup-delay", value))
	case "garp master-delay":
		x.announce.delay = s.statement("garp master-delay", value)
	case "garp master-refresh":
		x.announce.refresh = s.statement("garp master-refresh", value)
	case "garp interval", "garp master-repeat", "garp master-refresh-repeat":
		x.not(s.at, text(s.path), announceWhy)
	default:
		x.not(s.at, text(s.path), "fhrpd has nothing like it")
	}
}

// check is a health-check while its settings come in any order.
type check struct {
	at       position
	script   []string
	ping     string
	interval time.Duration
	fall     int
}

// group reads a group.
func (x *vyos) group(g *vyosGroup) {
	if slices.ContainsFunc(g.settings, func(s setting) bool { return s.path[0] == "disable" }) {
		x.not(g.at, "group "+g.name, "it is disabled there")
		return
	}
	n := newVRRP(g.at, "group "+g.name)
	i := &instance{keepalived: x.keepalived, g: n, v: n.vrrp, announce: x.announce}
	i.v.MACMode, i.v.Delay.Reload = configs.MACInterface, x.draft.startup
	c := &check{interval: time.Minute, fall: 3}
	vips := &statement{at: g.at, words: []string{"address"}}
	other := &statement{at: g.at, words: []string{"excluded-address"}}
	auth := &statement{words: []string{"authentication"}}
	for _, s := range g.settings {
		switch word := s.path[0]; {
		case word == "address", word == "virtual-address":
			x.addAddress(vips, s)
		case word == "excluded-address", word == "virtual-address-excluded":
			x.addAddress(other, s)
		case s.opens && (len(s.path) == 1 || word == "rfc3768-compatibility"):
			x.opened(i, s)
		case word == "authentication":
			auth.at, auth.has = s.at, true
			auth.block = append(auth.block, authOf(s))
		case word == "health-check":
			x.checkSetting(c, s)
		default:
			x.groupSetting(i, s)
		}
	}
	i.vips, i.other = []*statement{vips}, []*statement{other}
	if auth.has {
		i.auth = auth
	}
	i.complete()
	x.draft.add(n)
	x.name(n, g.name)
	if w, ok := x.checked(c, g.name); ok {
		i.list = append(i.list, w)
	}
	x.watches[n] = i.list
	i.excluded()
}

// opened reads a block with nothing in it that says something, as old files have it.
func (x *vyos) opened(i *instance, s setting) {
	if s.path[0] == "rfc3768-compatibility" {
		i.v.MACMode = configs.MACVirtual
	}
}

// addAddress adds "A" or "A interface I" to a list.
func (x *vyos) addAddress(list *statement, s setting) {
	if len(s.path) < 2 {
		return
	}
	words := []string{s.path[1]}
	switch {
	case len(s.path) > 3 && s.path[2] == "interface":
		words = append(words, "dev", s.path[3])
	case len(s.path) > 2:
		x.not(s.at, text(s.path), "fhrpd has nothing like it")
	}
	for _, b := range list.block { // the block of an address, and what is in it, are two settings
		if b.words[0] == s.path[1] {
			if len(words) > 1 {
				b.at, b.words = s.at, words
			}
			return
		}
	}
	list.block = append(list.block, s.statement(words...))
}

func authOf(s setting) *statement {
	switch words := s.path[1:]; {
	case len(words) == 2 && words[0] == "password":
		return s.statement("auth_pass", words[1])
	case len(words) == 2 && words[0] == "type" && words[1] == "plaintext-password":
		return s.statement("auth_type", "PASS")
	case len(words) == 2 && words[0] == "type":
		return s.statement("auth_type", words[1])
	default:
		return s.statement(words...)
	}
}

// groupSetting reads a setting that stands alone.
func (x *vyos) groupSetting(i *instance, s setting) {
	value := s.path[len(s.path)-1]
	switch strings.Join(s.path[:max(1, len(s.path)-1)], " ") {
	case "interface":
		i.v.Interface = value
	case "vrid":
		i.statement(s.statement("virtual_router_id", value))
	case "priority":
		i.statement(s.statement("priority", value))
	case "advertise-interval":
		i.advert = s.statement("advertise-interval", value)
	case "no-preempt":
		i.noPre = s.statement("no-preempt")
	case "preempt-delay":
		i.statement(s.statement("preempt_delay", value))
	case "peer-address":
		x.peer(i, s, value)
	case "hello-source-address":
		i.not(s.at, text(s.path), "packets come from the first address of the interface: peers must know this router by that one")
	case "rfc3768-compatibility":
		i.v.MACMode = configs.MACVirtual
	case "description":
		i.note(s.at, text(s.path), "there are comments for that")
	case "garp master-delay":
		i.announce.delay = s.statement("garp master-delay", value)
	case "garp master-refresh":
		i.announce.refresh = s.statement("garp master-refresh", value)
	case "garp interval", "garp master-repeat", "garp master-refresh-repeat":
		i.not(s.at, text(s.path), announceWhy)
	case "track interface":
		name := x.interfaceObject(s.at, x.draft.iface(value))
		i.list = append(i.list, watch{at: s.at, what: text(s.path), object: name})
	case "transition-script master":
		i.v.Hooks.Active = i.hook(s.statement("transition-script master", value))
	case "transition-script backup":
		i.v.Hooks.Standby = i.hook(s.statement("transition-script backup", value))
	case "track":
		why := "fhrpd has nothing like it"
		if value == "exclude-vrrp-interface" {
			why = "a router that cannot be heard on its interface is not active"
		}
		i.not(s.at, text(s.path), why)
	case "transition-script fault", "transition-script stop":
		i.not(s.at, text(s.path), "hooks.standby runs whenever the router leaves Active, and there is no other")
	default:
		i.not(s.at, text(s.path), "fhrpd has nothing like it")
	}
}

func (x *vyos) peer(i *instance, s setting, value string) {
	a, err := netip.ParseAddr(value)
	if err != nil {
		i.not(s.at, text(s.path), "it is not an address")
		return
	}
	if !slices.Contains(i.v.Peers, a) {
		i.v.Peers = append(i.v.Peers, a)
	}
}

func (x *vyos) checkSetting(c *check, s setting) {
	if len(s.path) != 3 {
		x.not(s.at, text(s.path), "fhrpd has nothing like it")
		return
	}
	if c.at.line == 0 {
		c.at = s.at
	}
	st := s.statement(s.path[1], s.path[2])
	switch s.path[1] {
	case "script":
		c.script = x.command(st, 1)
	case "ping":
		c.ping = s.path[2]
	case "interval":
		x.period(st, &c.interval)
	case "failure-count":
		x.count(st, &c.fall)
	default:
		x.not(s.at, text(s.path), "fhrpd has nothing like it")
	}
}

// checked makes an object of a health-check.
func (x *vyos) checked(c *check, name string) (w watch, ok bool) {
	if len(c.script) == 0 && c.ping == "" {
		return w, false
	}
	t := configs.NewTrack()
	t.Name, t.Interval, t.Rise, t.Fall = "check-"+label(name), c.interval, 1, c.fall
	t.Timeout = min(t.Timeout, t.Interval)
	if len(c.script) > 0 {
		t.Kind, t.Command, t.Target = configs.TrackCommand, c.script, c.script[0]
		t.Timeout = t.Interval
	} else {
		t.Kind, t.Target = configs.TrackPing, c.ping
	}
	return watch{at: c.at, what: "health-check of " + name, object: x.object(c.at, t)}, true
}

// notifies are the words that keepalived has for VyOS's scripts.
var notifies = map[string]string{"master": "notify_master", "backup": "notify_backup", "fault": "notify_fault", "stop": "notify_stop"}

// syncGroup gives its members one election: that of the first.
func (x *vyos) syncGroup(g *vyosGroup) {
	sync := &statement{at: g.at, words: []string{"sync-group", g.name}}
	members := &statement{at: g.at, words: []string{"group"}, has: true}
	c := &check{interval: time.Minute, fall: 3}
	for _, s := range g.settings {
		switch value := s.path[len(s.path)-1]; {
		case s.opens && len(s.path) == 1:
		case s.path[0] == "disable":
			x.not(s.at, "sync-group "+g.name, "it is disabled there: its members elect for themselves")
			return
		case s.path[0] == "member" && len(s.path) > 1:
			members.block = append(members.block, s.statement(value))
		case s.path[0] == "health-check":
			x.checkSetting(c, s)
		case s.path[0] == "transition-script" && len(s.path) == 3 && notifies[s.path[1]] != "":
			sync.block = append(sync.block, s.statement(notifies[s.path[1]], value))
		default:
			x.not(s.at, text(s.path), "fhrpd has nothing like it")
		}
	}
	sync.block = append([]*statement{members}, sync.block...)
	x.keepalived.sync(sync)
	lead := x.named(label(firstWord(members)))
	if w, ok := x.checked(c, g.name); ok && lead != nil {
		if lead.common().Follow != "" {
			lead = x.named(lead.common().Follow)
		}
		x.watches[lead] = append(x.watches[lead], w)
	}
}

func firstWord(s *statement) string {
	if len(s.block) == 0 {
		return ""
	}
	return s.block[0].arg(0)
}
