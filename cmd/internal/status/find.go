package status

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrUnknownGroup says that a group reference fits no group, and
// ErrAmbiguousGroup that it fits more than one. Find wraps them in a
// *GroupError, which lists the candidates.
var (
	ErrUnknownGroup   = errors.New("no such group")
	ErrAmbiguousGroup = errors.New("more than one group fits")
)

// GroupError is a group reference that does not name exactly one group.
type GroupError struct {
	Ref        string
	Err        error    // ErrUnknownGroup or ErrAmbiguousGroup
	Candidates []string // references that would have worked
}

// Error implements error.
func (e *GroupError) Error() string {
	s := fmt.Sprintf("group %q: %v", e.Ref, e.Err)
	if len(e.Candidates) == 0 {
		return s + "; none is configured"
	}
	return s + "; choose one of " + Listing(e.Candidates)
}

// listed is how many references an error has room for.
const listed = 8

// Listing joins references for an error: the first few, and how many there are
// besides.
func Listing(refs []string) string {
	if len(refs) <= listed {
		return strings.Join(refs, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(refs[:listed], ", "), len(refs)-listed)
}

// Unwrap returns the sentinel.
func (e *GroupError) Unwrap() error { return e.Err }

// Ref returns the full reference of g, unique within a daemon: protocol and
// family, interface and number, as in "hsrp6:eth1:10".
func (g *Group) Ref() string {
	return fmt.Sprintf("%s:%s:%d", g.kind(), g.Interface, g.ID)
}

// kind returns hsrp, hsrp6, vrrp or vrrp6.
func (g *Group) kind() string {
	if g.Family == 6 {
		return g.Protocol + "6"
	}
	return g.Protocol
}

// Find returns the index of the one group that ref names: INTERFACE:ID,
// KIND:INTERFACE:ID with a kind of hsrp, hsrp6, vrrp or vrrp6, or the group's
// name. Any other number of matches is a *GroupError.
func Find(groups []Group, ref string) (int, error) {
	var found []int
	for i := range groups {
		if groups[i].Matches(ref) {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 0:
		return -1, &GroupError{Ref: ref, Err: ErrUnknownGroup, Candidates: refs(groups, all(groups))}
	case 1:
		return found[0], nil
	}
	return -1, &GroupError{Ref: ref, Err: ErrAmbiguousGroup, Candidates: refs(groups, found)}
}

// Matches reports whether ref, in one of the forms of Find, fits g; it may fit
// other groups too.
func (g *Group) Matches(ref string) bool {
	if ref == "" {
		return false
	}
	short := g.Interface + ":" + strconv.Itoa(g.ID)
	return ref == g.Name || ref == short || ref == g.Ref()
}

func all(groups []Group) []int {
	out := make([]int, len(groups))
	for i := range out {
		out[i] = i
	}
	return out
}

func refs(groups []Group, of []int) []string {
	var out []string
	for _, i := range of {
		out = append(out, groups[i].Ref())
	}
	return out
}
