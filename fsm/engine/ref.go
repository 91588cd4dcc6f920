package engine

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/fhrpd/fhrpd/hello"
)

// Ref is the unambiguous name of a group: "hsrp:eth1:10" as text.
type Ref struct {
	Protocol  hello.Protocol
	Family    hello.Family
	Number    uint16 // HSRP group or VRID
	Interface string
}

// Kind returns hsrp, hsrp6, vrrp or vrrp6.
func (r Ref) Kind() string {
	if r.Family == hello.IPv6 {
		return r.Protocol.String() + "6"
	}
	return r.Protocol.String()
}

// String returns KIND:INTERFACE:NUMBER.
func (r Ref) String() string { return fmt.Sprintf("%s:%s:%d", r.Kind(), r.Interface, r.Number) }

// ParseRef reads what Ref.String returns. Interfaces have no colon in their names.
func ParseRef(text string) (Ref, error) {
	parts := strings.Split(text, ":")
	for _, r := range []Ref{
		{Protocol: hello.ProtocolHSRP, Family: hello.IPv4}, {Protocol: hello.ProtocolHSRP, Family: hello.IPv6},
		{Protocol: hello.ProtocolVRRP, Family: hello.IPv4}, {Protocol: hello.ProtocolVRRP, Family: hello.IPv6},
	} {
		if len(parts) != 3 || parts[0] != r.Kind() || parts[1] == "" {
			continue
		}
		n, err := strconv.ParseUint(parts[2], 10, 16)
		if err != nil {
			break
		}
		r.Interface, r.Number = parts[1], uint16(n)
		return r, nil
	}
	return Ref{}, fmt.Errorf("group %q: want KIND:INTERFACE:NUMBER with hsrp, hsrp6, vrrp or vrrp6 as its kind", text)
}

// Named is a group with everything that an operator may call it.
type Named struct {
	Ref
	Name string // "" when it has none
}

// Matches reports whether text is KIND:INTERFACE:NUMBER, INTERFACE:NUMBER, the name
// of n (a default one where it has none), or n as "show" and the log write it (see
// Spelled). It may fit other groups too.
func (n Named) Matches(text string) bool {
	w := newWanted(text)
	return w.fits(&n)
}

// ErrUnknownGroup says that a text fits no group, and ErrAmbiguousGroup that it
// fits more than one.
var (
	ErrUnknownGroup   = errors.New("no such group")
	ErrAmbiguousGroup = errors.New("more than one group fits")
)

// Find returns the index of the one group that text names, in a form that
// Matches knows. Any other number of matches is a *GroupError.
func Find(groups []Named, text string) (int, error) {
	var found []int
	w := newWanted(text)
	for i := range groups {
		if w.fits(&groups[i]) {
			found = append(found, i)
		}
	}
	e := &GroupError{Ref: text, Err: ErrAmbiguousGroup}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		e.Err = ErrUnknownGroup
		for i := range groups {
			found = append(found, i)
		}
	}
	for _, i := range found {
		e.Candidates = append(e.Candidates, groups[i].Ref.String())
	}
	return -1, e
}

// GroupError is a text that does not name exactly one group.
type GroupError struct {
	Ref        string   // the text
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

// Unwrap returns the sentinel.
func (e *GroupError) Unwrap() error { return e.Err }

// listed is how many items a message has room for.
const listed = 8

// Listing joins items for a message: the first few, and how many there are
// besides.
func Listing(items []string) string {
	if len(items) <= listed {
		return strings.Join(items, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(items[:listed], ", "), len(items)-listed)
}

// ErrRefused is wrapped by every *RefusedError.
var ErrRefused = errors.New("refused")

// RefusedError is a command that was understood and not carried out.
type RefusedError struct {
	Command string // set priority, announce, verify
	Group   string // its reference
	Reason  string
}

// Error implements error.
func (e *RefusedError) Error() string {
	about := e.Command
	if e.Group != "" {
		about += " " + e.Group
	}
	return fmt.Sprintf("%s: %v: %s", about, ErrRefused, e.Reason)
}

// Unwrap returns ErrRefused.
func (e *RefusedError) Unwrap() error { return ErrRefused }
