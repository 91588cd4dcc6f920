package lab

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// Verdict is the outcome of a run. Times are in milliseconds.
type Verdict struct {
	Protocol    string   `json:"protocol"`
	Fault       string   `json:"fault"`
	Passed      bool     `json:"passed"`
	OutageMS    float64  `json:"outage_ms"`
	Lost        int      `json:"lost"`
	Duplicated  int      `json:"duplicated"`
	TwoOwnersMS float64  `json:"two_owners_ms"`
	Active      string   `json:"active"` // gw1 or gw2; both with a space between; "" for none
	GARPs       []string `json:"garps"`  // of the router that took over, as seen on the wire, in order
	ARP         Change   `json:"arp"`    // the client's entry for the virtual address
	FDB         Change   `json:"fdb"`    // the switch's port for the virtual MAC
	BoundMS     float64  `json:"bound_ms"`

	Family         int                  `json:"family"`
	Groups         int                  `json:"groups"`
	Reasons        []string             `json:"reasons"` // why it did not pass
	Sent           int                  `json:"sent"`
	TakeoverMS     *float64             `json:"takeover_ms"` // from the fault to the first claim of the router that took over, all groups; null unless it took over all
	TwoOwnersBound float64              `json:"two_owners_bound_ms"`
	SlowestMS      float64              `json:"slowest_ms"`          // longest time of a datagram on the way
	StallMS        float64              `json:"stall_ms"`            // longest time that the machine held up the sender
	StandbyFrames  int                  `json:"standby_frames"`      // from the virtual MAC, by the standby, before the fault
	RealARP        map[string]Change    `json:"real_arp"`            // the client's entries for the real addresses
	RealReachable  map[string]Reachable `json:"real_reachable"`      // whether those answer
	OwnersAfterMS  float64              `json:"two_owners_after_ms"` // once a partition has ended; else as two_owners_ms
	Served         []stretch            `json:"served"`              // which router carried the stream, and when

	boundText string
	open      bool // the outage had no end
	missing   int  // groups that were not taken over
	parted    bool // the partition has ended
	endMS     float64
}

// Change is a value before the fault and in the end; "" is none.
type Change struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

// Reachable is whether an address answers before the fault and in the end.
type Reachable struct {
	Before bool `json:"before"`
	After  bool `json:"after"`
}

// snapshot is what the client and the switch know, and who is active.
type snapshot struct {
	arp    map[netip.Addr]hello.MAC
	port   string          // behind which the switch has the virtual MAC
	pings  map[string]bool // by gateway
	active []string        // gateways that report it
}

func (s snapshot) mac(ip netip.Addr) string {
	if m, ok := s.arp[ip]; ok {
		return m.String()
	}
	return ""
}

// Allowances, explained in the package's documentation.
const (
	slack       = 250 * time.Millisecond
	ownersSlack = 50 * time.Millisecond
)

// judge weighs the record of a run.
func judge(r record) Verdict {
	p, a := r.plan, r.account()
	v := Verdict{
		Protocol: p.name, Fault: p.fault.name, Family: int(p.family), Groups: p.groups,
		OutageMS: ms(a.Outage), Lost: a.Lost, Duplicated: a.Duplicated, Sent: a.Sent,
		SlowestMS: ms(a.WorstDelay), StallMS: ms(a.Stall),
		Active: strings.Join(r.after.active, " "),
		GARPs:  r.announced(), StandbyFrames: r.standbyFrames(),
		ARP: Change{r.before.mac(p.vip()), r.after.mac(p.vip())},
		FDB: Change{r.before.port, r.after.port},
	}
	v.bounds(r, a)
	v.TwoOwnersMS, v.OwnersAfterMS = ms(overlap(r.spans(time.Time{}))), ms(overlap(r.spans(r.second)))
	v.realAddresses(r)
	v.Served, v.open = r.served(), a.Open
	v.parted, v.endMS = !r.second.IsZero(), ms(r.end.Sub(r.fault))
	var takeover time.Duration
	if takeover, v.missing = r.takeover(); v.missing == 0 {
		v.TakeoverMS = new(ms(takeover))
	}
	v.findReasons(r, a, v.missing)
	v.Passed = len(v.Reasons) == 0
	return v
}

func (v *Verdict) bounds(r record, a account) {
	p := r.plan
	v.BoundMS = ms(p.wait() + slack + a.Stall)
	if p.wait() > 0 {
		v.boundText = fmt.Sprintf("%s %s + ", p.waitName(), show(p.wait()))
	}
	v.boundText += fmt.Sprintf("slack %s + machine's own stall %s", show(slack), show(a.Stall))
	owners := ownersSlack + a.Stall
	if p.fault.split() {
		owners += p.hello
	}
	v.TwoOwnersBound = ms(owners)
}

func (v *Verdict) realAddresses(r record) {
	v.RealARP, v.RealReachable = map[string]Change{}, map[string]Reachable{}
	for name, at := range gateways {
		ip := at.addr(r.plan.family)
		v.RealARP[ip.String()] = Change{r.before.mac(ip), r.after.mac(ip)}
		v.RealReachable[ip.String()] = Reachable{r.before.pings[name], r.after.pings[name]}
	}
}

// void reports whether a failed verdict proves nothing: the machine stood still for
// so long that a healthy router may have seemed dead.
func (v *Verdict) void(p plan) bool {
	return !v.Passed && v.stall() >= (p.detect()-p.hello)/2
}

// stall returns how long the machine held up the sender at most.
func (v *Verdict) stall() time.Duration { return time.Duration(v.StallMS * float64(time.Millisecond)) }

// findReasons finds why the run has not passed.
func (v *Verdict) findReasons(r record, a account, missing int) {
	p, f := r.plan, r.plan.fault
	v.Reasons = append([]string{}, r.notes...)
	fault := func(bad bool, format string, args ...any) {
		if bad {
			v.Reasons = append(v.Reasons, fmt.Sprintf(format, args...))
		}
	}
	mac, owners := p.mac(1).String(), v.TwoOwnersMS
	if f.split() {
		owners = v.OwnersAfterMS
	}
	fault(r.missed > 0, "the captures lost %d frames, so nothing else here is certain", r.missed)
	fault(v.Active != f.last, "active in the end: want %s, have %q", f.last, v.Active)
	fault(v.OutageMS > v.BoundMS, "outage of %s: the timers allow %.1f ms", v.outage(), v.BoundMS)
	fault(!a.Healthy, "traffic does not flow at the end")
	fault(v.Duplicated > 0, "%d datagrams arrived twice", v.Duplicated)
	fault(owners > v.TwoOwnersBound, "two owners for %.1f ms: want at most %.1f ms", owners, v.TwoOwnersBound)
	for _, want := range p.wanted() {
		fault(!slices.Contains(v.GARPs, want), "announcement not seen: %s", want)
	}
	fault(v.ARP.After != mac, "client has %s at %q: want %s", p.vip(), v.ARP.After, mac)
	fault(v.FDB.After != f.last, "switch has %s behind port %q: want %s", mac, v.FDB.After, f.last)
	fault(v.StandbyFrames > 0, "the standby sent %d frames from the virtual MAC", v.StandbyFrames)
	fault(f.stays && missing < p.groups, "%s has taken %d of %d groups: want none", f.taker(), p.groups-missing, p.groups)
	fault(!f.stays && missing > 0, "%d of %d groups were not taken over", missing, p.groups)
	for _, name := range pair {
		ip, real, first := gateways[name].addr(p.family), gateways[name].mac.String(), name == nodeGW1
		answers, back := v.RealReachable[ip.String()], v.RealARP[ip.String()].After
		fault(!answers.Before && !f.cuts, "%s did not answer before the fault", ip)
		fault(!answers.After && !(first && f.cuts), "%s does not answer in the end", ip)
		fault(first && f.returns && p.family == hello.IPv4 && back != real, "client has %s at %q: want the real %s", ip, back, real)
	}
}

// outage words the longest time without traffic.
func (v Verdict) outage() string {
	if v.open {
		return fmt.Sprintf("at least %.1f ms, to the end", v.OutageMS)
	}
	return fmt.Sprintf("%.1f ms", v.OutageMS)
}

// ms returns d in milliseconds, rounded to a microsecond.
func ms(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}

// show returns d for a person: whole milliseconds where those say enough.
func show(d time.Duration) string {
	if d >= 10*time.Millisecond {
		return fmt.Sprintf("%.0f ms", ms(d))
	}
	return fmt.Sprintf("%.1f ms", ms(d))
}
