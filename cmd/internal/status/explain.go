package status

// Explanation is why a group is in the state it is in.
type Explanation struct {
	Group      string      `json:"group"`      // full reference, see Group.Ref
	Transition *Transition `json:"transition"` // the last one; null when there was none
	Lines      []string    `json:"lines"`      // the same for a person, at most five
	Facts      []Fact      `json:"facts"`      // what was known when it was decided
}
