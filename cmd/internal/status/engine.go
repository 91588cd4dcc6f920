package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/garp/prove"
	"github.com/fhrpd/fhrpd/hello"
)

// Of returns st in the shape that scripts rely on. What the engine does not know
// is left empty: the daemon itself, its hooks, what is tracked.
func Of(now time.Time, st engine.Status) *Status {
	out := &Status{Maintenance: st.Maintenance, Leave: leaveOf(st.Leave), Groups: []Group{}, Tracks: []Track{}}
	for i := range st.Groups {
		out.Groups = append(out.Groups, groupOf(now, &st.Groups[i]))
	}
	for _, i := range st.Interfaces {
		out.Interfaces = append(out.Interfaces, interfaceOf(i))
	}
	for _, t := range st.Tracks {
		out.Tracks = append(out.Tracks, Track{
			Name: t.Name, Up: t.Up, Known: t.Known, Since: t.Since, Changes: t.Changes, Detail: t.Detail,
			UsedBy: texts(t.UsedBy),
		})
	}
	out.numberTracks()
	return out
}

// numberTracks gives every use of an object the number that stands in "show
// track".
func (st *Status) numberTracks() {
	numbers := map[string]int{}
	for i, t := range st.Tracks {
		numbers[t.Name] = i + 1
	}
	for i := range st.Groups {
		for j := range st.Groups[i].Tracks {
			t := &st.Groups[i].Tracks[j]
			t.Number = numbers[t.Object]
		}
	}
}

func groupOf(now time.Time, g *engine.GroupStatus) Group {
	m := &g.Machine
	out := Group{
		Protocol: g.Protocol.String(), Version: int(g.Version), Family: int(g.Family),
		Interface: g.Interface, ID: int(g.Number), Name: g.Name, Follow: g.Follow,
		State: m.State, Since: g.Since, Obstacle: g.Obstacle, ForwardingOff: g.ForwardingOff,
		Priority: int(g.InForce.Effective), ConfiguredPriority: int(g.InForce.Configured),
		Preempt: g.Preempt, PreemptDelayMS: g.PreemptDelay.Milliseconds(),
		VirtualIPs: texts(m.VirtualIPs), VirtualMAC: g.MAC.String(), MACMode: macMode(&g.Group), Install: install(&g.Group),
		Delay:  Delay{MinimumMS: g.Delay.Minimum.Milliseconds(), ReloadMS: g.Delay.Reload.Milliseconds(), LeftMS: g.DelayLeft.Milliseconds()},
		Active: peerOf(now, m.Active), Standby: peerOf(now, m.Standby),
		HelloMS: m.HelloTime.Milliseconds(), HoldMS: m.HoldTime.Milliseconds(), NextHelloMS: until(now, m.NextHello),
		Accept: g.Accepts(), Tracks: []TrackRef{},
		Transitions: g.Transitions, LastTransition: lastOf(g.Last), Takeover: takeover(g),
		Counters: Counters{
			Sent: g.Counters.Sent, Received: g.Counters.Received, Rejected: rejects(g.Counters.Rejected),
			Announced: g.Counters.Announced, Answered: g.Counters.Answered, Conflicts: g.Counters.Conflicts,
			Understudied: g.Counters.Understudied, Questioned: g.Counters.Questioned, Handovers: ends(g.Counters.Handovers),
		},
		Announce:  Announce{NextRefreshMS: until(now, g.NextRefresh), Refreshes: g.Refreshes},
		PreActive: preActiveOf(&g.Wait),
		Yielded:   g.Yielded, Handover: HandoverOf(g.Handover),
	}
	if out.Name == "" { // the name that Cisco gives a group without one
		out.Name, out.NameDefault = g.DefaultName(), true
	}
	if len(g.Heirs) > 0 {
		out.Heirs = texts(g.Heirs)
	}
	if g.Address.IsValid() {
		out.Address = g.Address.String()
	}
	out.setAuth(&g.Group)
	out.HMAC = hmacOf(g)
	out.setMaintenance(g)
	if u := g.Covers; u != nil {
		out.Understudy = &Understudy{Since: u.Since, Of: u.Of.String(), Packets: u.Packets}
	}
	if g.SetPriority >= 0 {
		out.SetPriority = new(g.SetPriority)
	}
	for _, u := range g.Tracks {
		out.Tracks = append(out.Tracks, TrackRef{
			Object: u.Object, Up: !slices.Contains(g.DownTracks, u.Object), Decrement: u.Decrement, Shutdown: u.Shutdown,
		})
	}
	for _, r := range g.RouteStates {
		out.Routes = append(out.Routes, Route{r.What, string(r.State), r.Why})
	}
	for _, r := range g.RuleStates {
		out.Rules = append(out.Rules, Route{r.What, string(r.State), r.Why})
	}
	if len(g.Outside) > 0 {
		out.Outside = texts(g.Outside)
	}
	if !g.LastRefresh.IsZero() {
		out.Announce.LastRefresh = &g.LastRefresh
	}
	if c := g.Conflict; !c.At.IsZero() {
		out.Conflict = &Conflict{Address: c.Address.String(), MAC: c.MAC.String(), Who: string(c.Who), Reason: string(c.Reason), At: c.At}
	}
	out.Duplicate = duplicateOf(&g.Duplicate)
	if r := g.Rival; !r.At.IsZero() {
		out.Rival = rivalOf(&r, g.BothActive)
	}
	return out
}

// install says, in the word of the file, what an active group makes of its
// addresses.
func install(g *engine.Group) string {
	if g.RouteOnly {
		return "route"
	}
	return "address"
}

func macMode(g *engine.Group) string {
	switch {
	case g.InterfaceMAC:
		return "interface"
	case !g.MAC.IsZero():
		return "chosen"
	}
	return "virtual"
}

// setAuth names the scheme. As on Cisco IOS the default of HSRP has no name, and
// neither has VRRP without authentication.
func (out *Group) setAuth(g *engine.Group) {
	text := g.Auth.Text()
	out.Keychain = g.Keychain.Name
	switch {
	case out.Keychain != "" && g.Protocol == hello.ProtocolVRRP:
		out.Auth = "hmac"
	case out.Keychain != "":
		out.Auth = "md5"
	case g.Auth == (hello.Auth{}), g.Protocol == hello.ProtocolHSRP && text == hello.DefaultText:
	case g.Protocol == hello.ProtocolVRRP:
		out.Auth = "text"
	default:
		out.Auth, out.AuthText = g.Auth.Kind(), text
	}
}

func interfaceOf(i engine.InterfaceStatus) Interface {
	out := Interface{
		Name: i.Name, Up: i.Up, MAC: i.MAC.String(), Addresses: texts(i.Addrs),
		Advertises: i.Advertises, Rejected: rejects(i.Rejected), SendErrors: i.Unsent,
	}
	out.Duplicate = duplicateOf(&i.Duplicate)
	out.Restored = Restored{Addresses: i.Restored.Addresses, Settings: i.Restored.Settings, Filter: i.Restored.Filter, Routes: i.Restored.Routes}
	if !i.Restored.Last.IsZero() {
		out.Restored.Last = &i.Restored.Last
	}
	if i.LastError != nil {
		out.LastError = i.LastError.Error()
	}
	return out
}

// takeover returns the proofs of the present term. What neighbours did before,
// or never had to do, is nothing that a router which is not active should tell.
func takeover(g *engine.GroupStatus) []Takeover {
	if g.Machine.State == hello.Active.String() {
		return TakeoverOf(g.Proofs)
	}
	out := []Takeover{}
	for _, r := range g.Proofs {
		out = append(out, Takeover{Address: r.Neighbor.String(), Idle: true, Detail: "nothing to prove: this router is in " + g.Machine.State})
	}
	return out
}

func rivalOf(r *engine.Rival, both bool) *Rival {
	out := &Rival{MAC: r.MAC.String(), Reason: r.Reason, Detail: r.Detail, At: r.At, BothActive: both}
	if r.From.IsValid() {
		out.Address = r.From.String()
	}
	return out
}

// duplicateOf returns nil when there was none.
func duplicateOf(d *engine.Duplicate) *Duplicate {
	if d.At.IsZero() {
		return nil
	}
	return &Duplicate{Address: d.Address.String(), MAC: d.MAC.String(), At: d.At}
}

// TakeoverOf returns proofs in the shape that scripts rely on.
func TakeoverOf(proofs []prove.Result) []Takeover {
	out := []Takeover{}
	for _, r := range proofs {
		out = append(out, Takeover{
			Address: r.Neighbor.String(), Proven: r.Proven, Method: string(r.Method),
			MS: float64(r.Took.Microseconds()) / 1000, Nudges: r.Nudges, Detail: r.String(),
		})
	}
	return out
}

// EventOf returns ev in the shape that scripts rely on.
func EventOf(ev engine.Event) Event {
	out := Event{
		At: ev.At, Kind: string(ev.Kind), Message: ev.Message,
		Transition: lastOf(ev.Transition), PreActive: preActiveOf(ev.Wait), Command: CommandOf(ev.Command),
	}
	if ev.Group != (engine.Ref{}) {
		out.Group = ev.Group.String()
	}
	return out
}

// TransitionOf returns t in the shape that scripts rely on.
func TransitionOf(t engine.Transition) Transition {
	return Transition{
		ID: t.ID, Protocol: t.Group.Protocol.String(), Interface: t.Group.Interface,
		Group: int(t.Group.Number), Family: int(t.Group.Family), Name: t.Name,
		From: t.From, To: t.To, At: t.At, Cause: string(t.Cause), Detail: t.Detail,
		Facts: factsOf(&t), Waits: t.Waits,
	}
}

// lastOf returns nil when there was no transition.
func lastOf(t *engine.Transition) *Transition {
	if t == nil {
		return nil
	}
	return new(TransitionOf(*t))
}

// preActiveOf returns nil when there was no wait.
func preActiveOf(w *engine.Wait) *PreActive {
	if w == nil || w.Outcome == "" {
		return nil
	}
	out := &PreActive{
		Transition: w.Transition, Outcome: w.Outcome, Since: w.Since,
		WaitedMS: w.Waited.Milliseconds(), LeftMS: w.Left.Milliseconds(), Error: w.Err,
	}
	if w.Leader != (engine.Ref{}) {
		out.Leader = w.Leader.String()
	}
	return out
}

// factsOf words what a decision was based on.
func factsOf(t *engine.Transition) []Fact {
	f := &t.Facts
	out := []Fact{
		{"own priority", priorities(f.Priority)},
		{"active router", describe(t.At, f.Active)},
	}
	if t.Group.Protocol == hello.ProtocolHSRP {
		out = append(out, Fact{"standby router", describe(t.At, f.Standby)})
	}
	if f.HelloTime > 0 { // a follower has no timers
		out = append(out, Fact{"timers", fmt.Sprintf("hello %v, hold %v", f.HelloTime, f.HoldTime)})
	}
	if h := f.Heard; !h.At.IsZero() {
		out = append(out, Fact{"last heard", fmt.Sprintf("%s from %s, priority %d, %v before",
			h, h.From, h.Priority, t.At.Sub(h.At).Round(time.Millisecond))})
	}
	if f.Lateness > 0 {
		out = append(out, Fact{"own lateness", fmt.Sprintf("the timer was served %v late", f.Lateness.Round(time.Millisecond))})
	}
	if len(f.Down) > 0 {
		out = append(out, Fact{"tracked objects down", strings.Join(f.Down, ", ")})
	}
	return out
}

func priorities(p fsm.SetPriority) string {
	return fmt.Sprintf("%d (configured %d)", p.Effective, p.Configured)
}

func describe(now time.Time, p fsm.Peer) string {
	switch {
	case !p.Known:
		return "unknown"
	case p.Local:
		return "local"
	case p.Expires.IsZero():
		return fmt.Sprintf("%s, priority %d", p.Addr, p.Priority)
	}
	return fmt.Sprintf("%s, priority %d, expires in %v", p.Addr, p.Priority, p.Expires.Sub(now).Round(time.Millisecond))
}

func peerOf(now time.Time, p fsm.Peer) *Peer {
	if !p.Known {
		return nil
	}
	out := &Peer{Address: "local", Priority: int(p.Priority), MAC: p.MAC.String()}
	if !p.Local {
		out.Address = p.Addr.String()
		out.ExpiresMS = max(until(now, p.Expires), 0)
	}
	return out
}

// until returns the milliseconds from now to at, -1 when at is never.
func until(now, at time.Time) int64 {
	if at.IsZero() {
		return -1
	}
	return at.Sub(now).Milliseconds()
}

func rejects(m map[hello.Reject]uint64) map[string]uint64 {
	out := make(map[string]uint64, len(m))
	for why, n := range m {
		out[string(why)] = n
	}
	return out
}

func texts[T fmt.Stringer](list []T) []string {
	out := make([]string, 0, len(list))
	for _, x := range list {
		out = append(out, x.String())
	}
	return out
}
