package setup

import (
	"slices"

	"github.com/fhrpd/fhrpd/configs"
)

// What a change costs.
const (
	CostNone       = "none"           // no role moves, and no frame is late
	CostTransition = "a transition"   // the group leaves its role, or starts anew
	CostRestart    = "the next start" // nothing changes before the daemon starts again
)

// Change is what becomes of one group, tracked object or the daemon itself when the
// daemon goes on with another file. The daemon's keys may have two costs.
type Change struct {
	Group string // the group's reference, "track NAME", "keychain NAME" or "daemon"
	Keys  []configs.KeyChange
	Cost  string
}

// Plan says what differs between two files, and what it costs to go from one to the
// other without a restart.
func Plan(was, is *configs.Config) []Change {
	var out []Change
	old, groups := Groups(was), Groups(is)
	for _, c := range configs.Changes(was, is) {
		change := Change{Group: c.Table, Keys: c.Keys, Cost: CostNone}
		switch {
		case c.Table == "daemon":
			out = append(out, ofDaemon(c.Keys)...)
			continue
		case c.Table == "track" && c.New >= 0:
			change.Group += " " + is.Tracks[c.New].Name
		case c.Table == "track":
			change.Group += " " + was.Tracks[c.Old].Name
		case c.Table == "keychain" && c.New >= 0:
			change.Group += " " + is.Keychains[c.New].Name
		case c.Table == "keychain":
			change.Group += " " + was.Keychains[c.Old].Name
		case c.New < 0:
			change.Group, change.Cost = old[c.Old].Ref.String(), CostTransition
		default:
			change.Group = groups[c.New].Ref.String()
			if c.Old >= 0 && old[c.Old].Group.Replaced(&groups[c.New].Group) {
				change.Cost = CostTransition
			}
		}
		out = append(out, change)
	}
	return out
}

// ofDaemon tells the keys that are in force at once from those that are not.
func ofDaemon(keys []configs.KeyChange) (list []Change) {
	later := slices.DeleteFunc(slices.Clone(keys), func(k configs.KeyChange) bool { return !needsRestart(k) })
	if now := slices.DeleteFunc(slices.Clone(keys), needsRestart); len(now) > 0 {
		list = append(list, Change{"daemon", now, CostNone})
	}
	if len(later) > 0 {
		list = append(list, Change{"daemon", later, CostRestart})
	}
	return list
}

// needsRestart reports whether a key of the daemon is about how the process was
// started.
func needsRestart(k configs.KeyChange) bool {
	return k.Key == "realtime" || k.Key == "readers"
}
