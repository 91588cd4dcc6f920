package simulate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/fsm/sim"
	"github.com/fhrpd/fhrpd/hello"
)

// Entry is one line of the story.
type Entry struct {
	AtMS   float64  `json:"at_ms"`  // from time zero
	Router string   `json:"router"` // a or b; "clients" for what hosts of the segment see, "" for all routers
	Groups []string `json:"groups"` // that it is about, none for a whole router
	Kind   string   `json:"kind"`   // fault, role, frame, traffic, or the kind of an event of fhrpd events
	Text   string   `json:"text"`
	Role   string   `json:"role,omitempty"` // of the router in these groups from now on; "" = as before

	at time.Time
}

// Kinds of entries that are no events of a daemon.
const (
	kindFault   = "fault"
	kindRole    = "role"
	kindFrame   = "frame"
	kindTraffic = "traffic"
)

// Roles, as the lanes of story and picture draw them.
const (
	roleActive = "active"
	roleWait   = "standby"
	roleOther  = "other"
	roleGone   = "gone" // no power
)

// clients is who sends through the virtual addresses.
const clients = "clients"

// framesOf is of how many groups the frames are told.
const framesOf = 8

// roleOf returns the role that a state means.
func roleOf(state string) string {
	switch state {
	case "Active":
		return roleActive
	case "Standby", "Backup":
		return roleWait
	}
	return roleOther
}

// tell returns the story of a run, in order of time.
func tell(s *sim.Scene, r *sim.Record) []Entry {
	t := &teller{s: s, r: r}
	t.beginning()
	t.incidents()
	t.events()
	t.coups() // a Coup leaves before the first hello of its moment
	t.claims()
	t.frames()
	t.traffic()
	slices.SortStableFunc(t.list, func(a, b Entry) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	return merge(t.list)
}

type teller struct {
	s    *sim.Scene
	r    *sim.Record
	list []Entry
}

func (t *teller) add(at time.Time, router, kind, role, text string, groups ...string) {
	t.list = append(t.list, Entry{AtMS: ms(at.Sub(t.r.Zero)), Router: router, Groups: groups, Kind: kind, Text: text, Role: role, at: at})
}

func (t *teller) name(host int) string { return t.s.Hosts[host].Name }

// frame adds a frame of a router, whose group has the name that its own file gives it.
func (t *teller) frame(at time.Time, host int, c *sim.GroupRecord, text string) {
	ref := t.s.Hosts[host].Config.Groups[c.IDs[host]-1].Ref
	t.add(at, t.name(host), kindFrame, "", text, ref.String())
}

// beginning tells who has which role at time zero.
func (t *teller) beginning() {
	states := map[int]map[engine.Ref]string{}
	for _, e := range t.r.Told {
		if tr := e.Transition; tr != nil && tr.At.Before(t.r.Zero) {
			if states[e.Host] == nil {
				states[e.Host] = map[engine.Ref]string{}
			}
			states[e.Host][tr.Group] = tr.To
		}
	}
	for i := range t.s.Hosts {
		for n := range t.s.Hosts[i].Config.Groups {
			ref := t.s.Hosts[i].Config.Groups[n].Ref
			state := cmp.Or(states[i][ref], "Init")
			t.add(t.r.Zero, t.name(i), kindRole, roleOf(state), "is "+state, ref.String())
		}
	}
}

// incidents tells what fails and what is mended.
func (t *teller) incidents() {
	for _, c := range t.s.Incidents {
		at := t.r.Zero.Add(c.At)
		if c.Host == sim.AllHosts {
			t.add(at, "", kindFault, "", "everything that has failed is mended")
			continue
		}
		text, role := "", ""
		switch {
		case c.NIC != "" && c.Heal:
			text = c.NIC + " has its link again"
		case c.NIC != "":
			text = c.NIC + " loses its link"
		case c.Heal:
			text = "has power again, and starts"
		default:
			text, role = "loses its power", roleGone
		}
		t.add(at, t.name(c.Host), kindFault, role, text)
	}
}

// told are the kinds of event that a story has, beside transitions.
var told = []engine.Kind{engine.KindTrack, engine.KindReject, engine.KindConflict, engine.KindUnderstudy, engine.KindNotice, engine.KindWarning, engine.KindLease}

// events tells what the engines report. Before time zero only what is wrong counts.
func (t *teller) events() {
	for _, e := range t.r.Told {
		early := e.At.Before(t.r.Zero)
		switch tr := e.Transition; {
		case tr != nil && !early:
			why := string(tr.Cause)
			if tr.Detail != "" {
				why += ": " + tr.Detail
			}
			t.add(e.At, t.name(e.Host), string(e.Kind), roleOf(tr.To), fmt.Sprintf("%s → %s (%s)", tr.From, tr.To, why), tr.Group.String())
		case tr != nil || !slices.Contains(told, e.Kind):
		case early && e.Kind != engine.KindReject && e.Kind != engine.KindWarning:
		case e.Group == engine.Ref{}:
			t.add(e.At, t.name(e.Host), string(e.Kind), "", e.Message)
		default:
			t.add(e.At, t.name(e.Host), string(e.Kind), "", e.Message, e.Group.String())
		}
	}
}

// claims tells when a router begins to say that it is active, and when it has ended.
func (t *teller) claims() {
	for i := range t.r.Groups[:min(len(t.r.Groups), framesOf)] {
		c := &t.r.Groups[i]
		for host, runs := range c.Claims {
			for _, run := range runs {
				if !run.From.Before(t.r.Zero) {
					t.frame(run.From, host, c, "first "+claimName(c.Ref))
				}
				if !run.To.Before(t.r.Zero) && t.r.End.Sub(run.To) > c.Detect {
					t.frame(run.To, host, c, "last "+claimName(c.Ref))
				}
			}
		}
	}
}

// claimName is the message that says "I am active".
func claimName(r engine.Ref) string {
	if r.Protocol == hello.ProtocolVRRP {
		return "advertisement"
	}
	return "Hello Active"
}

// coups tells who took the role by word.
func (t *teller) coups() {
	for _, f := range t.r.Frames {
		if f.Kind == sim.SightCoup && f.Group < framesOf {
			t.frame(f.At, f.Host, &t.r.Groups[f.Group], "Coup")
		}
	}
}

// frames tells the other frames that matter. Announcements of one moment are one line,
// and their repetitions none.
func (t *teller) frames() {
	for i := 0; i < len(t.r.Frames); {
		f := t.r.Frames[i]
		n := i + 1
		c := &t.r.Groups[f.Group]
		switch {
		case f.Group >= framesOf || f.Kind == sim.SightClaim || f.Kind == sim.SightCoup:
		case f.Kind == sim.SightAnnounce:
			n = i + t.burst(t.r.Frames[i:])
			if !t.repeats(f) {
				t.frame(f.At, f.Host, c, announces(t.r.Frames[i:n]))
			}
		default:
			t.frame(f.At, f.Host, c, resignName(c.Ref))
		}
		i = n
	}
}

// burst returns how many of the first frames are announcements of one moment.
func (t *teller) burst(list []sim.Sighting) int {
	first := list[0]
	n := slices.IndexFunc(list, func(f sim.Sighting) bool {
		return !f.At.Equal(first.At) || f.Host != first.Host || f.Group != first.Group || f.Kind != first.Kind || f.MAC != first.MAC
	})
	if n < 0 {
		return len(list)
	}
	return n
}

// fresh is how long after a router's first claim its announcements are told.
const fresh = time.Second

// repeats reports whether a router has been active for a while when it announces.
func (t *teller) repeats(f sim.Sighting) bool {
	since := f.At
	list := t.r.Groups[f.Group].Owned
	for i := len(list) - 1; i >= 0; i-- {
		switch {
		case list[i].From.After(f.At):
		case !list[i].Hosts.Has(f.Host):
			return f.At.Sub(since) > fresh
		default:
			since = list[i].From
		}
	}
	return true // since before time zero
}

// resignName is the message that says "I am active no more".
func resignName(r engine.Ref) string {
	if r.Protocol == hello.ProtocolVRRP {
		return "advertisement with priority 0"
	}
	return "Resign"
}

func announces(burst []sim.Sighting) string {
	var addrs []string
	for _, f := range burst {
		if a := f.Address.String(); !slices.Contains(addrs, a) {
			addrs = append(addrs, a)
		}
	}
	verb, noun := "is", "frame"
	if len(addrs) > 1 {
		verb = "are"
	}
	if len(burst) > 1 {
		noun = "frames"
	}
	return fmt.Sprintf("announces that %s %s at %s (%d %s)", strings.Join(addrs, ", "), verb, burst[0].MAC, len(burst), noun)
}

// mostTurns is how many changes of the traffic of a group are told.
const mostTurns = 24

// traffic tells who forwards for the hosts of the segment, when that changes.
func (t *teller) traffic() {
	for i := range t.r.Groups {
		c := &t.r.Groups[i]
		if !c.Address.IsValid() {
			continue
		}
		for n, st := range c.Served {
			if n == mostTurns && len(c.Served) > n {
				t.add(st.From, clients, kindTraffic, "", fmt.Sprintf("traffic goes another way again and again, %d times more", len(c.Served)-n), c.Ref.String())
				break
			}
			text := "traffic goes through " + t.s.Names(st.Hosts, " and ")
			switch {
			case st.Hosts == 0:
				text = "traffic stops"
			case n > 0 && c.Served[n-1].Hosts == 0:
				text += fmt.Sprintf(" again, %s later", show(st.From.Sub(c.Served[n-1].From)))
			}
			t.add(st.From, clients, kindTraffic, "", text, c.Ref.String())
		}
	}
}

// merge makes one line of what is said of several groups at one moment.
func merge(list []Entry) (out []Entry) {
	for _, e := range list {
		i := slices.IndexFunc(out[max(0, len(out)-most):], func(o Entry) bool {
			return o.at.Equal(e.at) && o.Router == e.Router && o.Text == e.Text && o.Kind == e.Kind && len(o.Groups) > 0 && len(e.Groups) > 0
		})
		if i < 0 {
			if e.Groups == nil {
				e.Groups = []string{}
			}
			out = append(out, e)
			continue
		}
		o := &out[max(0, len(out)-most)+i]
		if !slices.Contains(o.Groups, e.Groups[0]) {
			o.Groups = append(o.Groups, e.Groups...)
		}
	}
	return out
}

// most is how many lines are looked through for one that says the same.
const most = 32
