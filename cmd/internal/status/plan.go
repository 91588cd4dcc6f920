package status

import "github.com/fhrpd/fhrpd/configs/setup"

// Plan is what a reload does, or did.
type Plan struct {
	Changes []PlanChange `json:"changes"` // not null when there are none
}

// PlanChange is what becomes of one group, of "track NAME", "keychain NAME", or of
// "daemon".
type PlanChange struct {
	Group string      `json:"group"`
	Keys  []KeyChange `json:"keys"`
	Cost  string      `json:"cost"` // "none", "a transition" or "the next start"
}

// KeyChange is one key, with its values as TOML. "" is none, and for a secret both
// are.
type KeyChange struct {
	Key  string `json:"key"`
	From string `json:"from"`
	To   string `json:"to"`
}

// PlanOf converts a plan.
func PlanOf(changes []setup.Change) *Plan {
	p := &Plan{Changes: []PlanChange{}}
	for _, c := range changes {
		out := PlanChange{Group: c.Group, Cost: c.Cost, Keys: []KeyChange{}}
		for _, k := range c.Keys {
			out.Keys = append(out.Keys, KeyChange{k.Key, k.From, k.To})
		}
		p.Changes = append(p.Changes, out)
	}
	return p
}
