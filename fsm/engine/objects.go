package engine

import "time"

// object is a tracked object as the groups see it. What is not known yet
// counts as up: a restart must not cost priority before the first result.
type object struct {
	Track
	known   bool
	up      bool
	since   time.Time
	changes int
	detail  string
	told    *Record // of the last change
}

func newObject(t Track) *object { return &object{Track: t, up: true, detail: "no result yet"} }

func (o *object) down() bool { return o != nil && o.known && !o.up }

// use is how a group depends on an object. The object is nil when there is none
// of that name.
type use struct {
	TrackUse
	object *object
}
