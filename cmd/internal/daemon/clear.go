package daemon

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// baselines are the counters as they stood when an operator cleared them, by
// reference and by interface. The zero value has none.
type baselines struct {
	mu     sync.Mutex `state:"nobody works on it"`
	groups map[string]*status.Cleared
	ifaces map[string]*status.ClearedInterface
}

// ClearCounters implements control.Backend.
func (d *Daemon) ClearCounters(ctx context.Context, protocol, groups string) (int, error) {
	f, err := show.ParseFilter(protocol, strings.Fields(groups))
	if err != nil {
		return 0, fmt.Errorf("%w: %v", control.ErrInvalid, err)
	}
	st, err := d.Status(ctx)
	if err != nil {
		return 0, err
	}
	chosen, err := f.Groups(st.Groups)
	if err != nil {
		return 0, err
	}
	d.cleared.take(time.Now(), st, chosen)
	d.commanded(ctx, control.CommandClear, strings.TrimSpace(protocol+" "+groups))
	return len(chosen), nil
}

// take remembers the counters of groups, and of their interfaces what belongs to
// no group.
func (b *baselines) take(now time.Time, st *status.Status, groups []status.Group) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.groups == nil {
		b.groups, b.ifaces = map[string]*status.Cleared{}, map[string]*status.ClearedInterface{}
	}
	for i := range groups {
		g := &groups[i]
		b.groups[g.Ref()] = &status.Cleared{At: now, Counters: g.Counters}
		for j := range st.Interfaces {
			if n := &st.Interfaces[j]; n.Name == g.Interface {
				b.ifaces[n.Name] = &status.ClearedInterface{At: now, Rejected: n.Rejected}
			}
		}
	}
}

// show puts what was remembered beside the counters, which go on.
func (b *baselines) show(st *status.Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range st.Groups {
		st.Groups[i].Cleared = b.groups[st.Groups[i].Ref()]
	}
	for i := range st.Interfaces {
		st.Interfaces[i].Cleared = b.ifaces[st.Interfaces[i].Name]
	}
}
