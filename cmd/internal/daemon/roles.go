package daemon

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// statusEvery is how often "systemctl status" is told other roles at most: a
// thousand groups may change together.
const statusEvery = time.Second

// mostRoles is how long a list of roles may be, in bytes, before their number is
// told instead.
const mostRoles = 100

// roles are the states of all groups, as the events tell them. The zero value has
// no groups.
type roles struct {
	mu      sync.Mutex
	groups  []engine.Ref // in the order of the configuration
	states  map[engine.Ref]string
	gone    string // who is in maintenance, in words; "": nobody
	changed nudge
}

// init takes the first states.
func (r *roles) init(groups []engine.GroupStatus) {
	r.changed = newNudge()
	r.reset(groups)
}

// len returns how many groups there are.
func (r *roles) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.groups)
}

// reset takes the states of other groups.
func (r *roles) reset(groups []engine.GroupStatus) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.groups, r.states = nil, map[engine.Ref]string{}
	for i := range groups {
		r.groups = append(r.groups, groups[i].Ref)
		r.states[groups[i].Ref] = groups[i].Machine.State
	}
}

// note takes the new state of a group.
func (r *roles) note(t *status.Transition) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.states == nil {
		return
	}
	r.states[t.Ref()] = t.To
	r.changed.give()
}

// away takes who is in maintenance, in words.
func (r *roles) away(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = text
	r.changed.give()
}

// String returns "eth1:10 Active, eth1:20 Standby", or for many groups "812 Active,
// 188 Standby", and in front of it who is in maintenance.
func (r *roles) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone != "" {
		return r.gone + "; " + r.list()
	}
	return r.list()
}

func (r *roles) list() string {
	if len(r.groups) == 0 {
		return "no groups"
	}
	var list []string
	length := 0
	for _, ref := range r.groups {
		list = append(list, r.name(ref)+" "+r.states[ref])
		if length += len(list[len(list)-1]) + 2; length > mostRoles {
			return r.count()
		}
	}
	return strings.Join(list, ", ")
}

// name is as short as it can be for people.
func (r *roles) name(ref engine.Ref) string {
	same := func(o engine.Ref) bool { return o != ref && o.Interface == ref.Interface && o.Number == ref.Number }
	if slices.ContainsFunc(r.groups, same) {
		return ref.String()
	}
	return fmt.Sprintf("%s:%d", ref.Interface, ref.Number)
}

// roleOrder is the order in which states are counted.
var roleOrder = []string{"Active", "Standby", "Backup", "Speak", "Listen", "Learn", "Init", "Initialize"}

func (r *roles) count() string {
	n := map[string]int{}
	for _, s := range r.states {
		n[s]++
	}
	var list []string
	for _, s := range roleOrder {
		if n[s] > 0 {
			list = append(list, fmt.Sprintf("%d %s", n[s], s))
		}
	}
	return strings.Join(list, ", ")
}

// followRoles tells systemd the roles when they have changed.
func (d *Daemon) followRoles(ctx context.Context) {
	if os.Getenv("NOTIFY_SOCKET") == "" {
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.roles.changed:
		}
		d.notify(d.statusLine())
		select {
		case <-ctx.Done():
			return
		case <-time.After(statusEvery):
		}
	}
}
