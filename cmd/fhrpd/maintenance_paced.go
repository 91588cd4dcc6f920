package main

import (
	"context"
	"slices"
	"sync"
	"time"
)

// pacedMaintenance is an order for one group after the other, and at last for all where
// none was named: those that are yet to come belong to it as well. It stops at the first
// group that does not obey.
func (a *app) pacedMaintenance(ctx context.Context, on bool, named []string, every time.Duration) (refs []string, err error) {
	daemon := a.daemon()
	defer daemon.Close()
	groups := named
	if len(named) == 0 {
		st, err := daemon.Status(ctx)
		if err != nil {
			return nil, err
		}
		for i := range st.Groups {
			if g := &st.Groups[i]; g.Follow == "" && g.Maintenance != on {
				groups = append(groups, g.Ref())
			}
		}
	}
	var mu sync.Mutex
	paced(ctx, groups, every, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return err == nil && ctx.Err() == nil
	}, func(_ int, group string) {
		got, why := daemon.Maintenance(ctx, on, []string{group})
		mu.Lock()
		defer mu.Unlock()
		refs = append(refs, got...)
		if err == nil {
			err = why
		}
	})
	switch {
	case err != nil:
		return refs, err
	case ctx.Err() != nil:
		return refs, context.Cause(ctx)
	case len(named) == 0:
		return daemon.Maintenance(ctx, on, nil)
	}
	slices.Sort(refs)
	return slices.Compact(refs), nil
}
