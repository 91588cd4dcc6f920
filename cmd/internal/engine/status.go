package engine

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// Status fills in what the engine knows of the daemon: groups, interfaces, and
// tracked objects in the order of the configuration.
func (e *Engine) Status(now time.Time) *status.Status {
	st := &status.Status{Maintenance: e.maintenance, Groups: []status.Group{}, Tracks: []status.Track{}}
	for _, g := range e.groups {
		st.Groups = append(st.Groups, e.groupStatus(now, g))
	}
	for _, s := range e.segments {
		st.Interfaces = append(st.Interfaces, s.status())
	}
	for _, t := range e.objects {
		st.Tracks = append(st.Tracks, e.trackStatus(t))
	}
	return st
}

func (e *Engine) groupStatus(now time.Time, g *group) status.Group {
	m := g.machine.Status()
	out := status.Group{
		Protocol: g.wire.protocol.String(), Version: int(g.wire.version), Family: int(g.wire.family),
		Interface: g.seg.name, ID: int(g.wire.number), Name: g.cfg.Name,
		State: m.State, Since: g.changed(e.started), Priority: int(g.priority.told.Effective), ConfiguredPriority: int(g.priority.told.Configured),
		Preempt: g.cfg.Preempt, PreemptDelayMS: g.cfg.PreemptDelay.Milliseconds(),
		VirtualIPs: addresses(m.VirtualIPs), VirtualMAC: g.mac.String(), MACMode: string(g.cfg.MACMode),
		Active: peer(now, m.Active), Standby: peer(now, m.Standby),
		HelloMS: m.HelloTime.Milliseconds(), HoldMS: m.HoldTime.Milliseconds(), NextHelloMS: until(now, m.NextHello),
		Accept: g.accept, Follow: g.cfg.Follow, Transitions: g.transitions, LastTransition: g.last,
		Tracks: []status.TrackRef{}, Takeover: g.proofs(), Counters: g.counters.status(),
	}
	if out.Name == "" {
		out.Name, out.NameDefault = defaultName(g), true
	}
	if a := g.seg.link.Addr(g.wire.family); a.IsValid() {
		out.Address = a.String()
	}
	switch c := g.codec.(type) {
	case *hsrpCodec:
		// Like Cisco IOS: the default is not worth a line.
		if c.shown != "" && c.shown != "cisco" || c.auth.Kind() != "text" {
			out.Auth, out.AuthText = c.auth.Kind(), c.shown
		}
	case *vrrpCodec:
		if c.text != "" {
			out.Auth = "text"
		}
	}
	if g.priority.override >= 0 {
		out.SetPriority = new(g.priority.override)
	}
	for _, ref := range g.cfg.Track {
		out.Tracks = append(out.Tracks, status.TrackRef{
			Object: ref.Object, Up: !e.tracks[ref.Object].down(), Decrement: ref.Decrement, Shutdown: ref.Shutdown,
		})
	}
	if !g.up {
		_, out.Obstacle = e.obstacle(g)
	}
	for _, a := range g.outside() {
		out.Outside = append(out.Outside, a.String())
	}
	out.Announce = g.announceStatus(now)
	out.Conflict = g.conflict.status()
	out.Rival = g.rivalStatus(now, m.HoldTime)
	out.PreActive = g.preActiveStatus(now)
	return out
}

// changed returns since when the group has been in its state.
func (g *group) changed(started time.Time) time.Time {
	if g.since.IsZero() {
		return started
	}
	return g.since
}

// defaultName is the name that Cisco gives a group without one.
func defaultName(g *group) string {
	return fmt.Sprintf("%s-%s-%d", g.wire.protocol, g.seg.name, g.wire.number)
}

func (g *group) announceStatus(now time.Time) status.Announce {
	a := status.Announce{NextRefreshMS: -1, Refreshes: g.schedule.Refreshes()}
	if at, ok := g.schedule.LastRefresh(); ok {
		a.LastRefresh = &at
	}
	if at, ok := g.schedule.NextRefresh(); ok {
		a.NextRefreshMS = until(now, at)
	}
	return a
}

func (c *counters) status() status.Counters {
	return status.Counters{
		Sent: c.sent, Received: c.received, Rejected: rejects(c.rejected),
		Announced: c.announced, Answered: c.answered, Conflicts: c.conflicts,
	}
}

func (s *segment) status() status.Interface {
	i := status.Interface{
		Name: s.name, Up: s.link.Up, MAC: s.link.MAC.String(), Addresses: []string{},
		Advertises: s.advertises, Rejected: rejects(s.rejected), SendErrors: s.framesLost,
	}
	for _, p := range s.link.Addrs {
		i.Addresses = append(i.Addresses, p.String())
	}
	if s.lastError != nil {
		i.LastError = s.lastError.Error()
	}
	return i
}

func (e *Engine) trackStatus(t *track) status.Track {
	out := status.Track{
		Name: t.cfg.Name, Kind: string(t.cfg.Kind), Target: t.cfg.Target, Up: t.up, Known: t.known,
		Since: t.since, Changes: t.changes, Detail: t.detail, UsedBy: []string{},
	}
	for _, g := range e.groups {
		if uses(g, t) {
			out.UsedBy = append(out.UsedBy, g.ref())
		}
	}
	return out
}

func uses(g *group, t *track) bool {
	for _, ref := range g.cfg.Track {
		if ref.Object == t.cfg.Name {
			return true
		}
	}
	return false
}

func rejects(m map[hello.Reject]uint64) map[string]uint64 {
	out := make(map[string]uint64, len(m))
	for why, n := range m {
		out[string(why)] = n
	}
	return out
}

func peer(now time.Time, p fsm.Peer) *status.Peer {
	if !p.Known {
		return nil
	}
	out := &status.Peer{Address: "local", Priority: int(p.Priority), MAC: p.MAC.String()}
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

func addresses(list []netip.Addr) []string {
	out := make([]string, 0, len(list))
	for _, a := range list {
		out = append(out, a.String())
	}
	return out
}

// Transitions returns the recent transitions of all groups, oldest first.
func (e *Engine) Transitions() []status.Transition {
	return e.history.list()
}

// active returns the group that ref names, which must be active here.
func (e *Engine) active(ref, command string) (*group, error) {
	g, err := e.find(ref)
	if err == nil && g.hold.on {
		err = refused(command, g, "its address is not taken yet: it waits for the pre_active command")
	}
	if err == nil && !g.active() {
		err = refused(command, g, "it is not active here (state %s)", g.machine.Status().State)
	}
	return g, err
}

// RefusedError is a command that was understood and not carried out.
type RefusedError struct{ Command, Group, Reason string }

// Error implements error.
func (e *RefusedError) Error() string { return e.Command + " " + e.Group + ": " + e.Reason }

func refused(command string, g *group, reason string, args ...any) error {
	return &RefusedError{Command: command, Group: g.ref(), Reason: fmt.Sprintf(reason, args...)}
}

// find returns the group that an operator's reference names.
func (e *Engine) find(ref string) (*group, error) {
	names := make([]status.Group, len(e.groups))
	for i, g := range e.groups {
		names[i] = status.Group{
			Protocol: g.wire.protocol.String(), Family: int(g.wire.family),
			Interface: g.seg.name, ID: int(g.wire.number), Name: g.cfg.Name,
		}
	}
	i, err := status.Find(names, ref)
	if err != nil {
		return nil, err
	}
	return e.groups[i], nil
}
