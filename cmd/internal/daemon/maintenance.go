package daemon

import (
	"context"
	"fmt"
	"os/user"
	"slices"
	"strconv"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// maintainWithin bounds how long an order that is stored waits for the loop.
const maintainWithin = 10 * time.Second

// Maintenance implements control.Backend. What comes of the order is stored before the
// loop hears of it: a crash in between is a maintenance as well.
func (d *Daemon) Maintenance(ctx context.Context, on bool, groups []string) ([]string, error) {
	refs, err := d.maintain(ctx, on, groups)
	if err != nil || !on {
		return refs, err
	}
	return refs, d.departed(ctx, refs)
}

// maintain carries an order out, and returns the groups that elect for themselves and
// that it was about.
func (d *Daemon) maintain(ctx context.Context, on bool, groups []string) ([]string, error) {
	d.reloading.Lock() // nor do the groups change meanwhile
	defer d.reloading.Unlock()
	by := caller(ctx)
	var o engine.MaintenanceOrder
	var was engine.Maintenance
	var refs []string
	leave := engine.Leave{Since: time.Now().Round(0).Truncate(time.Second), By: d.nameOf(by)}
	err := d.command(ctx, func(now time.Time) (err error) {
		was = d.engine.Maintenance()
		o, err = d.engine.OrderMaintenance(on, by, groups, leave)
		refs = subjects(o.Groups, d.engine.Status(now).Groups)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := d.kept.save(o.After); err != nil {
		return nil, fmt.Errorf("%w: nothing has changed", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maintainWithin)
	defer cancel()
	if err := d.command(ctx, func(now time.Time) error { return d.engine.Maintain(now, o) }); err != nil {
		if undo := d.kept.save(was); undo != nil {
			d.log.Error("maintenance", "error", undo)
		}
		return nil, err
	}
	d.roles.away(awayText(o.After))
	return refs, nil
}

// subjects are the groups that an order is about: those it names, or all.
func subjects(named []engine.Ref, groups []engine.GroupStatus) (refs []string) {
	for i := range groups {
		if g := &groups[i]; g.Follow == "" && (len(named) == 0 || slices.Contains(named, g.Ref)) {
			refs = append(refs, g.Ref.String())
		}
	}
	return refs
}

// departPoll is how often it is looked whether groups have left.
const departPoll = 10 * time.Millisecond

// departed waits until groups have handed over and left.
func (d *Daemon) departed(ctx context.Context, refs []string) error {
	tick := time.NewTicker(departPoll)
	defer tick.Stop()
	for {
		_, st, err := d.snapshot(ctx)
		leaves := func(g engine.GroupStatus) bool { return g.Departing && slices.Contains(refs, g.Ref.String()) }
		if err != nil || !slices.ContainsFunc(st.Groups, leaves) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// returned implements engine.Options.Returned. The disk may be slow, and the loop has
// a role to take.
func (d *Daemon) returned(m engine.Maintenance) {
	d.roles.away(awayText(m))
	go func() {
		d.reloading.Lock()
		defer d.reloading.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), maintainWithin)
		defer cancel()
		if d.loop.Do(ctx, func() { m = d.engine.Maintenance() }) != nil {
			return // it ends, and the next start finds out again
		}
		if err := d.kept.save(m); err != nil {
			d.log.Error("the next start is in maintenance again", "error", err)
		}
	}()
}

// tellUnconfigured says which groups are in maintenance and not configured, unless
// that was so before.
func (d *Daemon) tellUnconfigured(before, now []engine.Ref) {
	for _, ref := range now {
		if !slices.Contains(before, ref) {
			d.log.Warn("a group in maintenance is not configured; it stays in maintenance, should it come back",
				"group", ref.String(), "cure", "fhrpd maintenance off "+ref.String())
		}
	}
}

// nameOf names who gives a command, as far as this host knows the name.
func nameOf(c engine.Caller) string {
	if !c.Known {
		return c.String()
	}
	uid := strconv.FormatUint(uint64(c.UID), 10)
	if u, err := user.LookupId(uid); err == nil && u.Username != "" {
		return fmt.Sprintf("%s, uid %s", u.Username, uid)
	}
	return "uid " + uid
}

// awayText is what "systemctl status" says of maintenance, "" for none.
func awayText(m engine.Maintenance) string {
	switch {
	case m.All != nil:
		return m.All.String()
	case len(m.Groups) == 1:
		for ref, l := range m.Groups {
			return ref.String() + ": " + l.String()
		}
	case len(m.Groups) > 1:
		return fmt.Sprintf("%d groups in maintenance", len(m.Groups))
	}
	return ""
}
