// Package doctor looks at a host and its segments and says what would break a
// virtual router there, and how to cure it.
//
// Every check is a function of a Host, a value that Collect fills from the
// kernel, and of the configuration; it reads and changes nothing else. The
// words of each finding are in one list, rules, from which docs/doctor.md
// is written too.
package doctor

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/vip"
)

// Severity says how much a finding matters.
type Severity string

// The severities, in order.
const (
	OK   Severity = "ok"   // looked at, nothing to do
	Warn Severity = "warn" // something breaks under some circumstances
	Fail Severity = "fail" // something is broken
)

// Finding is one thing that was looked at.
type Finding struct {
	Rule     string   `json:"rule"` // ID of the rule it comes from
	Severity Severity `json:"severity"`
	Object   string   `json:"object"`           // interface, group, setting, process
	Found    string   `json:"found"`            // what is there
	Effect   string   `json:"effect,omitempty"` // what breaks; "" when OK
	Cure     string   `json:"cure,omitempty"`   // names the file, setting or command; "" when OK
}

// Examine applies every rule to a host. Without a configuration (nil) only
// what needs none is looked at. The worst come first; otherwise the order is
// that of docs/doctor.md.
func Examine(h *Host, c *configs.Config) []Finding {
	e := newExam(h, c)
	for _, check := range []func(*exam){
		checkRights, checkClock, checkNftables, checkChains, checkSavedTables, checkForwarding, checkARP, checkProxies, checkReversePath, checkBeside,
		checkSysctls, checkRestored, checkConntrack,
		checkInterfaces, checkGlobals, checkRoutes, checkBridges, checkDrivers, checkAddresses, checkOwners, checkPeers, checkTracks, checkRefresh, checkManagers, checkOthers,
		checkHeard, checkClaims, checkOwnClaims, checkUnderstudy, checkConfirm,
	} {
		check(e)
	}
	return e.sorted()
}

// Proxies looks at the interfaces of a configuration for answers of the kernel
// that no failover moves, and returns what is wrong.
func Proxies(c *configs.Config) []Finding { return proxies(c, vip.Probe) }

func proxies(c *configs.Config, try func() (vip.Nftables, error)) []Finding {
	e := newExam(&Host{}, c)
	e.readSysctls(e.devices())
	e.Interfaces, _ = interfaces() // as far as the kernel tells
	answers := func(dev string) bool { return e.Sysctls["ipv4/conf/"+dev+"/proxy_arp"] == "1" }
	if answers("all") || slices.ContainsFunc(e.devices(), answers) { // else the kernel need not be tried
		e.probe(try)
	}
	checkProxies(e)
	return e.findings
}

// Clean reports whether there is nothing to fix.
func Clean(list []Finding) bool {
	return !slices.ContainsFunc(list, func(f Finding) bool { return f.Severity != OK })
}

// exam gathers findings.
type exam struct {
	*Host
	config   *configs.Config
	groups   []*engine.Group
	findings []Finding
	askUntil time.Time // whom it hears later is not asked any more
}

// wrong reports a rule's violation. names are pairs of a word in the rule's
// effect and cure and what stands for it here: "INTERFACE", "eth1".
func (e *exam) wrong(id, object, found string, names ...string) {
	r := rules[indexOf(id)]
	words := strings.NewReplacer(names...)
	e.add(Finding{
		Rule: id, Severity: r.Severity, Object: object, Found: found,
		Effect: words.Replace(r.Effect), Cure: words.Replace(r.Cure),
	})
}

// fine reports that there is nothing to do about a rule.
func (e *exam) fine(id, object, found string) {
	e.add(Finding{Rule: rules[indexOf(id)].ID, Severity: OK, Object: object, Found: found})
}

// add keeps a finding, once.
func (e *exam) add(f Finding) {
	if !slices.Contains(e.findings, f) {
		e.findings = append(e.findings, f)
	}
}

func (e *exam) sorted() []Finding {
	weight := map[Severity]int{Fail: 0, Warn: 1, OK: 2}
	slices.SortStableFunc(e.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(weight[a.Severity], weight[b.Severity]), cmp.Compare(indexOf(a.Rule), indexOf(b.Rule)))
	})
	return e.findings
}
