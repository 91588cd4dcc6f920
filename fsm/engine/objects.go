package engine

import "time"

// object is a tracked object as the groups see it. What is not known yet
// counts as up: a restart must not cost priority before the first result. It is no
// reason to take a role from another router either: see restraint.
type object struct {
	Track
	until   time.Time // the first result is waited for
	known   bool
	up      bool
	since   time.Time
	changes int
	detail  string
	told    *Record // of the last change
}

func newObject(now time.Time, t Track) *object {
	return &object{Track: t, until: now.Add(t.First), up: true, detail: "no result yet"}
}

func (o *object) down() bool { return o != nil && o.known && !o.up }

// awaited reports whether the first result is still waited for.
func (o *object) awaited(now time.Time) bool { return o != nil && !o.known && now.Before(o.until) }

// use is how a group depends on an object. The object is nil when there is none
// of that name.
type use struct {
	TrackUse
	object *object
}
